package cloudfront

import (
	"context"
	"regexp"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// ConnectionGroupRecord is a stored connection group: how viewers reach tenants.
type ConnectionGroupRecord = EntityRecord[groupConfig]

var groupName = regexp.MustCompile(`\A[0-9A-Za-z]([0-9A-Za-z_.-]{0,126}[0-9A-Za-z])?\z`)

// groupConfig is what is stored of a connection group.
type groupConfig struct {
	IPv6Enabled     bool
	Enabled         bool
	AnycastIPListID string
	RoutingEndpoint string // "d111111abcdef8.cloudfront.net"
	IsDefault       bool
}

// defaultGroupName is that of the group of tenants that name none.
const defaultGroupName = "CreatedByCloudFront-DefaultConnectionGroup"

func (s *Service) groupFamily() *entityFamily[groupConfig] {
	return &entityFamily[groupConfig]{
		service: s, kind: KindConnectionGroup, arnType: "connection-group", idKind: IDConnectionGroup,
		limit: s.limits.ConnectionGroups, noSuch: entityNotFound, tooMany: entityLimit,
	}
}

func (s *Service) showGroup(call *api.Call, g entity[groupConfig]) (*cloudfrontapi.ConnectionGroup, error) {
	family := s.groupFamily()
	tags, err := s.showTags(call, entityTagsKey(call.Account, family.arnType, g.ID))
	return &cloudfrontapi.ConnectionGroup{
		Id: new(g.ID), Name: new(g.Name), Arn: new(family.arn(call, g.ID)), CreatedTime: new(g.CreatedTime),
		LastModifiedTime: new(g.LastModifiedTime), Tags: tags, Ipv6Enabled: new(g.Config.IPv6Enabled),
		RoutingEndpoint: new(g.Config.RoutingEndpoint), AnycastIpListId: unlessEmpty(g.Config.AnycastIPListID),
		Status: s.deploymentStatus(g.revision), Enabled: new(g.Config.Enabled), IsDefault: new(g.Config.IsDefault),
	}, err
}

func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return new(text)
}

func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

// CreateConnectionGroup makes a connection group.
func (s *Service) CreateConnectionGroup(call *api.Call, in *cloudfrontapi.CreateConnectionGroupRequest) (*cloudfrontapi.CreateConnectionGroupResult, error) {
	if !groupName.MatchString(value(in.Name)) {
		return nil, badParameter("Name is not valid.")
	}
	config := groupConfig{
		IPv6Enabled: valueOr(in.Ipv6Enabled, true), Enabled: valueOr(in.Enabled, true), AnycastIPListID: value(in.AnycastIpListId),
	}
	var record *EntityRecord[groupConfig]
	revision, err := s.write(call, func(c *change) error {
		var err error
		if record, err = s.makeGroup(call, c, *in.Name, config); err != nil {
			return err
		}
		return s.putTags(c, entityTagsKey(call.Account, s.groupFamily().arnType, record.ID), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showGroup(call, entity[groupConfig]{record, revision})
	return &cloudfrontapi.CreateConnectionGroupResult{ConnectionGroup: shown, ETag: new(record.ETag)}, err
}

// makeGroup notes in a change a new connection group with its endpoint.
func (s *Service) makeGroup(call *api.Call, c *change, name string, config groupConfig) (*EntityRecord[groupConfig], error) {
	if err := s.useAnycast(call, c, call.Account, [2]string{"", config.AnycastIPListID}); err != nil {
		return nil, err
	}
	label := s.newID(IDDomainLabel)
	config.RoutingEndpoint = label + ".cloudfront.net"
	record, err := s.groupFamily().create(call, c, name, config)
	if err != nil {
		return nil, err
	}
	c.create(idKey(label), distributionRef{call.Account, record.ID}.String())
	return record, nil
}

// useAnycast notes in a change that a connection group gives up an Anycast IP
// list, lists[0], and takes another, lists[1]; "": none.
func (s *Service) useAnycast(ctx context.Context, c *change, account string, lists [2]string) error {
	if lists[0] == lists[1] {
		return nil
	}
	if lists[0] != "" {
		if err := s.countUses(ctx, c, useCountKey(account, string(KindAnycastIPList), lists[0]), use{by: -1}); err != nil {
			return err
		}
	}
	if lists[1] == "" {
		return nil
	}
	found, err := s.anycastFamily().find(ctx, account, lists[1])
	if err != nil {
		return err
	}
	c.expect(s.anycastFamily().key(account, found.ID), found.revision)
	return s.countUses(ctx, c, useCountKey(account, string(KindAnycastIPList), found.ID), use{1, s.limits.ConnectionGroupsPerAnycast, entityLimit})
}

// GetConnectionGroup shows a connection group by id, name or ARN.
func (s *Service) GetConnectionGroup(call *api.Call, in *cloudfrontapi.GetConnectionGroupRequest) (*cloudfrontapi.GetConnectionGroupResult, error) {
	found, err := s.groupFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	shown, err := s.showGroup(call, found)
	return &cloudfrontapi.GetConnectionGroupResult{ConnectionGroup: shown, ETag: new(found.ETag)}, err
}

// GetConnectionGroupByRoutingEndpoint shows the connection group that has an endpoint.
func (s *Service) GetConnectionGroupByRoutingEndpoint(call *api.Call, in *cloudfrontapi.GetConnectionGroupByRoutingEndpointRequest) (*cloudfrontapi.GetConnectionGroupByRoutingEndpointResult, error) {
	name := strings.ToLower(value(in.RoutingEndpoint))
	text, _, err := s.readIndex(call, idKey(domainLabel(name)))
	if err != nil {
		return nil, err
	}
	_, id, _ := strings.Cut(text, "/")
	found, err := s.groupFamily().find(call, call.Account, id)
	if err != nil {
		return nil, err
	}
	if found.Config.RoutingEndpoint != name {
		return nil, entityNotFound()
	}
	shown, err := s.showGroup(call, found)
	return &cloudfrontapi.GetConnectionGroupByRoutingEndpointResult{ConnectionGroup: shown, ETag: new(found.ETag)}, err
}

// UpdateConnectionGroup changes what is given.
func (s *Service) UpdateConnectionGroup(call *api.Call, in *cloudfrontapi.UpdateConnectionGroupRequest) (*cloudfrontapi.UpdateConnectionGroupResult, error) {
	family := s.groupFamily()
	var record *EntityRecord[groupConfig]
	revision, err := s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		config := old.Config
		config.IPv6Enabled = valueOr(in.Ipv6Enabled, config.IPv6Enabled)
		config.Enabled = valueOr(in.Enabled, config.Enabled)
		config.AnycastIPListID = valueOr(in.AnycastIpListId, config.AnycastIPListID)
		if err := s.useAnycast(call, c, call.Account, [2]string{old.Config.AnycastIPListID, config.AnycastIPListID}); err != nil {
			return err
		}
		record = family.replace(call, c, old, config)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showGroup(call, entity[groupConfig]{record, revision})
	return &cloudfrontapi.UpdateConnectionGroupResult{ConnectionGroup: shown, ETag: new(record.ETag)}, err
}

// DeleteConnectionGroup deletes a connection group that is disabled and has no tenants.
func (s *Service) DeleteConnectionGroup(call *api.Call, in *cloudfrontapi.DeleteConnectionGroupRequest) error {
	family := s.groupFamily()
	_, err := s.write(call, func(c *change) error {
		gone, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		if gone.Config.Enabled || !s.deployed(gone.revision) {
			return resourceNotDisabled()
		}
		if err := family.unused(call, c, gone.ID, entityInUse); err != nil {
			return err
		}
		if err := s.useAnycast(call, c, call.Account, [2]string{gone.Config.AnycastIPListID, ""}); err != nil {
			return err
		}
		c.delete(idKey(domainLabel(gone.Config.RoutingEndpoint)))
		return family.remove(call, c, gone)
	})
	return err
}

// ListConnectionGroups lists the account's connection groups by id, all or
// those of an Anycast IP list.
func (s *Service) ListConnectionGroups(call *api.Call, in *cloudfrontapi.ListConnectionGroupsRequest) (*cloudfrontapi.ListConnectionGroupsResult, error) {
	var keep func(*EntityRecord[groupConfig]) bool
	if filter := in.AssociationFilter; filter != nil && value(filter.AnycastIpListId) != "" {
		keep = func(r *EntityRecord[groupConfig]) bool { return r.Config.AnycastIPListID == *filter.AnycastIpListId }
	}
	page, err := s.groupFamily().list(call, pageQuery{in.Marker, in.MaxItems}, keep)
	if err != nil {
		return nil, err
	}
	out := &cloudfrontapi.ListConnectionGroupsResult{NextMarker: page.next}
	for _, g := range page.items {
		out.ConnectionGroups = append(out.ConnectionGroups, cloudfrontapi.ConnectionGroupSummary{
			Id: new(g.ID), Name: new(g.Name), Arn: new(s.groupFamily().arn(call, g.ID)), ETag: new(g.ETag),
			RoutingEndpoint: new(g.Config.RoutingEndpoint), CreatedTime: new(g.CreatedTime), LastModifiedTime: new(g.LastModifiedTime),
			AnycastIpListId: unlessEmpty(g.Config.AnycastIPListID), Enabled: new(g.Config.Enabled),
			Status: s.deploymentStatus(g.revision), IsDefault: new(g.Config.IsDefault),
		})
	}
	return out, nil
}
