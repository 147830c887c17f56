package cloudfront

import (
	"fmt"
	"net/netip"
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// An Anycast IP list is stored and named by distributions and connection
// groups; Drawbridge announces no routes: its addresses are of the network
// that RFC 5737 keeps for documentation, and viewers come by the listeners.

// anycastConfig is what is stored of an Anycast IP list.
type anycastConfig struct {
	IPAddressType string
	IPCount       int32
	CIDRs         []cloudfrontapi.IpamCidrConfig
}

func (s *Service) anycastFamily() *entityFamily[anycastConfig] {
	return &entityFamily[anycastConfig]{
		service: s, kind: KindAnycastIPList, arnType: "anycast-ip-list", idKind: IDAnycastIPList,
		limit: s.limits.AnycastIPLists, noSuch: entityNotFound, tooMany: entityLimit,
	}
}

// anycastAddresses makes the addresses that a list shows.
func anycastAddresses(count int32) []string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf("198.51.100.%d", i+1))
	}
	return all
}

func ipamConfig(config *anycastConfig) *cloudfrontapi.IpamConfig {
	if len(config.CIDRs) == 0 {
		return nil
	}
	return &cloudfrontapi.IpamConfig{Quantity: new(int32(len(config.CIDRs))), IpamCidrConfigs: config.CIDRs}
}

func (s *Service) showAnycast(call *api.Call, a entity[anycastConfig]) *cloudfrontapi.AnycastIpList {
	return &cloudfrontapi.AnycastIpList{
		Id: new(a.ID), Name: new(a.Name), Status: s.vpcStatus(a.revision), Arn: new(s.anycastFamily().arn(call, a.ID)),
		IpAddressType: new(a.Config.IPAddressType), IpamConfig: ipamConfig(&a.Config),
		AnycastIps: anycastAddresses(a.Config.IPCount), IpCount: new(a.Config.IPCount), LastModifiedTime: new(a.LastModifiedTime),
	}
}

// anycastCounts are the sizes that AWS gives.
func anycastCounts() []int32 { return []int32{3, 21} }

func checkAnycast(config *anycastConfig) error {
	switch {
	case !slices.Contains(anycastCounts(), config.IPCount):
		return badParameter("IpCount is not valid.")
	case !oneOf(config.IPAddressType, cloudfrontapi.IpAddressTypeValues):
		return badParameter("IpAddressType is not valid.")
	case len(config.CIDRs) > int(config.IPCount):
		return badParameter("IpamCidrConfigs has more items than IpCount.")
	}
	for _, cidr := range config.CIDRs {
		prefix, err := netip.ParsePrefix(value(cidr.Cidr))
		if err != nil || prefix.Masked() != prefix || value(cidr.IpamPoolArn) == "" || len(*cidr.IpamPoolArn) > maxARNBytes {
			return badParameter("IpamCidrConfigs is not valid.")
		}
	}
	return nil
}

// maxARNBytes bounds the ARNs of other services that are only kept.
const maxARNBytes = 1600

// CreateAnycastIpList makes an Anycast IP list.
func (s *Service) CreateAnycastIpList(call *api.Call, in *cloudfrontapi.CreateAnycastIpListRequest) (*cloudfrontapi.CreateAnycastIpListResult, error) {
	config := anycastConfig{IPAddressType: value(in.IpAddressType), IPCount: value(in.IpCount), CIDRs: in.IpamCidrConfigs}
	if config.IPAddressType == "" {
		config.IPAddressType = cloudfrontapi.IpAddressTypeIpv4
	}
	if !entityName.MatchString(value(in.Name)) {
		return nil, badParameter("Name is not valid.")
	}
	if err := checkAnycast(&config); err != nil {
		return nil, err
	}
	family := s.anycastFamily()
	var record *EntityRecord[anycastConfig]
	revision, err := s.write(call, func(c *change) error {
		var err error
		if record, err = family.create(call, c, *in.Name, config); err != nil {
			return err
		}
		return s.putTags(c, entityTagsKey(call.Account, family.arnType, record.ID), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateAnycastIpListResult{
		AnycastIpList: s.showAnycast(call, entity[anycastConfig]{record, revision}), ETag: new(record.ETag),
	}, nil
}

// GetAnycastIpList shows an Anycast IP list.
func (s *Service) GetAnycastIpList(call *api.Call, in *cloudfrontapi.GetAnycastIpListRequest) (*cloudfrontapi.GetAnycastIpListResult, error) {
	found, err := s.anycastFamily().find(call, call.Account, value(in.Id))
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetAnycastIpListResult{AnycastIpList: s.showAnycast(call, found), ETag: new(found.ETag)}, nil
}

// UpdateAnycastIpList changes the address type and the CIDRs of a list.
func (s *Service) UpdateAnycastIpList(call *api.Call, in *cloudfrontapi.UpdateAnycastIpListRequest) (*cloudfrontapi.UpdateAnycastIpListResult, error) {
	family := s.anycastFamily()
	var record *EntityRecord[anycastConfig]
	revision, err := s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		config := old.Config
		if in.IpAddressType != nil {
			config.IPAddressType = *in.IpAddressType
		}
		if in.IpamCidrConfigs != nil {
			config.CIDRs = in.IpamCidrConfigs
		}
		if err := checkAnycast(&config); err != nil {
			return err
		}
		record = family.replace(call, c, old, config)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateAnycastIpListResult{
		AnycastIpList: s.showAnycast(call, entity[anycastConfig]{record, revision}), ETag: new(record.ETag),
	}, nil
}

// DeleteAnycastIpList deletes a list that nothing uses.
func (s *Service) DeleteAnycastIpList(call *api.Call, in *cloudfrontapi.DeleteAnycastIpListRequest) error {
	return deleteUnused(call, s.anycastFamily(), in.Id, in.IfMatch)
}

// deleteUnused deletes a resource of a family that nothing uses.
func deleteUnused[C any](call *api.Call, family *entityFamily[C], id, ifMatch *string) error {
	_, err := family.service.write(call, func(c *change) error {
		gone, err := family.current(call, id, ifMatch)
		if err != nil {
			return err
		}
		if err := family.unused(call, c, gone.ID, entityInUse); err != nil {
			return err
		}
		return family.remove(call, c, gone)
	})
	return err
}

// ListAnycastIpLists lists the account's Anycast IP lists by id.
func (s *Service) ListAnycastIpLists(call *api.Call, in *cloudfrontapi.ListAnycastIpListsRequest) (*cloudfrontapi.ListAnycastIpListsResult, error) {
	page, err := s.anycastFamily().list(call, pageQuery{in.Marker, in.MaxItems}, nil)
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.AnycastIpListCollection{
		Marker: new(value(in.Marker)), NextMarker: page.next, MaxItems: new(int32(page.most)),
		IsTruncated: new(page.next != nil), Quantity: new(int32(len(page.items))),
	}
	for _, a := range page.items {
		list.Items = append(list.Items, cloudfrontapi.AnycastIpListSummary{
			Id: new(a.ID), Name: new(a.Name), Status: s.vpcStatus(a.revision), Arn: new(s.anycastFamily().arn(call, a.ID)),
			IpCount: new(a.Config.IPCount), LastModifiedTime: new(a.LastModifiedTime), IpAddressType: new(a.Config.IPAddressType),
			ETag: new(a.ETag), IpamConfig: ipamConfig(&a.Config),
		})
	}
	return &cloudfrontapi.ListAnycastIpListsResult{AnycastIpLists: list}, nil
}
