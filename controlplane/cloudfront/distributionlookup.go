package cloudfront

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// distributionQuery is the input of a reverse lookup: which distributions, and
// which page of them.
type distributionQuery struct {
	marker   *string
	maxItems *int32

	// text stands in the record of every distribution that is wanted, so that
	// most others need not be decoded; "": nothing does.
	text string
	uses func(*cloudfrontapi.DistributionConfig) bool
}

// distributionPage is one page of a reverse lookup.
type distributionPage struct {
	marker, nextMarker *string
	maxItems, quantity *int32
	truncated          *bool
	found              []stored
}

// lookup finds the account's distributions that a query wants, by id; the
// marker is the last id of the page before.
func (s *Service) lookup(call *api.Call, q distributionQuery) (distributionPage, error) {
	most, err := pageSize(q.maxItems)
	if err != nil {
		return distributionPage{}, err
	}
	needle, err := json.Marshal(q.text)
	if err != nil {
		return distributionPage{}, internalError(err)
	}
	needle = bytes.Trim(needle, `"`)
	prefix, after := Key(call.Account, KindDistribution, ""), ""
	if marker := value(q.marker); marker != "" {
		after = prefix + marker
	}
	var found []stored
	var broken error
	err = s.eachAfter(call, prefix, after, func(entry store.Entry) bool {
		if !bytes.Contains(entry.Value, needle) {
			return true
		}
		var record *DistributionRecord
		if record, broken = Decode[DistributionRecord](entry.Key, entry.Value); broken != nil {
			return false
		}
		if q.uses(&record.Config) {
			found = append(found, stored{record, entry.ModRevision})
		}
		return len(found) <= most
	})
	switch {
	case err != nil:
		return distributionPage{}, err
	case broken != nil:
		return distributionPage{}, internalError(broken)
	}
	page := distributionPage{marker: new(value(q.marker)), maxItems: new(int32(most)), truncated: new(len(found) > most)}
	if len(found) > most {
		found = found[:most]
		page.nextMarker = new(found[most-1].ID)
	}
	page.found, page.quantity = found, new(int32(len(found)))
	return page, nil
}

// ids is the form of a page that names distributions.
func (p *distributionPage) ids() *cloudfrontapi.DistributionIdList {
	list := &cloudfrontapi.DistributionIdList{
		Marker: p.marker, NextMarker: p.nextMarker, MaxItems: p.maxItems, IsTruncated: p.truncated, Quantity: p.quantity,
	}
	for _, d := range p.found {
		list.Items = append(list.Items, d.ID)
	}
	return list
}

// summaries is the form of a page that shows distributions.
func (s *Service) summaries(call *api.Call, p distributionPage) *cloudfrontapi.DistributionList {
	list := &cloudfrontapi.DistributionList{
		Marker: p.marker, NextMarker: p.nextMarker, MaxItems: p.maxItems, IsTruncated: p.truncated, Quantity: p.quantity,
	}
	for _, d := range p.found {
		list.Items = append(list.Items, *s.distributionSummary(call, d))
	}
	return list
}

// anyBehavior makes a query's test of one of a cache behavior.
func anyBehavior(uses func(*cloudfrontapi.CacheBehavior) bool) func(*cloudfrontapi.DistributionConfig) bool {
	return func(c *cloudfrontapi.DistributionConfig) bool {
		return slices.ContainsFunc(allBehaviors(c), func(b cloudfrontapi.CacheBehavior) bool { return uses(&b) })
	}
}

// ListDistributionsByCachePolicyId lists the distributions with a behavior
// that has a cache policy.
func (s *Service) ListDistributionsByCachePolicyId(call *api.Call, in *cloudfrontapi.ListDistributionsByCachePolicyIdRequest) (*cloudfrontapi.ListDistributionsByCachePolicyIdResult, error) {
	id := value(in.CachePolicyId)
	if _, err := s.cachePolicyFamily().get(call, in.CachePolicyId); err != nil {
		return nil, err
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		anyBehavior(func(b *cloudfrontapi.CacheBehavior) bool { return value(b.CachePolicyId) == id })})
	return &cloudfrontapi.ListDistributionsByCachePolicyIdResult{DistributionIdList: page.ids()}, err
}

// ListDistributionsByOriginRequestPolicyId lists the distributions with a
// behavior that has an origin request policy.
func (s *Service) ListDistributionsByOriginRequestPolicyId(call *api.Call, in *cloudfrontapi.ListDistributionsByOriginRequestPolicyIdRequest) (*cloudfrontapi.ListDistributionsByOriginRequestPolicyIdResult, error) {
	id := value(in.OriginRequestPolicyId)
	if _, err := s.originRequestPolicyFamily().get(call, in.OriginRequestPolicyId); err != nil {
		return nil, err
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		anyBehavior(func(b *cloudfrontapi.CacheBehavior) bool { return value(b.OriginRequestPolicyId) == id })})
	return &cloudfrontapi.ListDistributionsByOriginRequestPolicyIdResult{DistributionIdList: page.ids()}, err
}

// ListDistributionsByResponseHeadersPolicyId lists the distributions with a
// behavior that has a response headers policy.
func (s *Service) ListDistributionsByResponseHeadersPolicyId(call *api.Call, in *cloudfrontapi.ListDistributionsByResponseHeadersPolicyIdRequest) (*cloudfrontapi.ListDistributionsByResponseHeadersPolicyIdResult, error) {
	id := value(in.ResponseHeadersPolicyId)
	if _, err := s.responseHeadersPolicyFamily().get(call, in.ResponseHeadersPolicyId); err != nil {
		return nil, err
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		anyBehavior(func(b *cloudfrontapi.CacheBehavior) bool { return value(b.ResponseHeadersPolicyId) == id })})
	return &cloudfrontapi.ListDistributionsByResponseHeadersPolicyIdResult{DistributionIdList: page.ids()}, err
}

// ListDistributionsByKeyGroup lists the distributions with a behavior that
// trusts a key group.
func (s *Service) ListDistributionsByKeyGroup(call *api.Call, in *cloudfrontapi.ListDistributionsByKeyGroupRequest) (*cloudfrontapi.ListDistributionsByKeyGroupResult, error) {
	id := value(in.KeyGroupId)
	if _, err := s.keyGroupFamily().get(call, in.KeyGroupId); err != nil {
		return nil, err
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		anyBehavior(func(b *cloudfrontapi.CacheBehavior) bool {
			return b.TrustedKeyGroups != nil && slices.Contains(b.TrustedKeyGroups.Items, id)
		})})
	return &cloudfrontapi.ListDistributionsByKeyGroupResult{DistributionIdList: page.ids()}, err
}

// ListDistributionsByRealtimeLogConfig lists the distributions with a behavior
// that has a real-time log configuration, named or by its ARN.
func (s *Service) ListDistributionsByRealtimeLogConfig(call *api.Call, in *cloudfrontapi.ListDistributionsByRealtimeLogConfigRequest) (*cloudfrontapi.ListDistributionsByRealtimeLogConfigResult, error) {
	name, err := namedLogConfig(call, in.RealtimeLogConfigName, in.RealtimeLogConfigArn)
	if err != nil {
		return nil, err
	}
	arn := realtimeLogConfigARN(call, value(name))
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, arn,
		anyBehavior(func(b *cloudfrontapi.CacheBehavior) bool { return value(b.RealtimeLogConfigArn) == arn })})
	return &cloudfrontapi.ListDistributionsByRealtimeLogConfigResult{DistributionList: s.summaries(call, page)}, err
}

// ListDistributionsByWebACLId lists the distributions with a web ACL; "null"
// stands for those without one.
func (s *Service) ListDistributionsByWebACLId(call *api.Call, in *cloudfrontapi.ListDistributionsByWebACLIdRequest) (*cloudfrontapi.ListDistributionsByWebACLIdResult, error) {
	id := value(in.WebACLId)
	switch {
	case id == "null":
		id = ""
	case !webACL.MatchString(id):
		return nil, cloudfrontapi.InvalidWebACLId("A web ACL ID specified is not valid.")
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		func(c *cloudfrontapi.DistributionConfig) bool { return value(c.WebACLId) == id }})
	return &cloudfrontapi.ListDistributionsByWebACLIdResult{DistributionList: s.summaries(call, page)}, err
}

// ListDistributionsByVpcOriginId lists the distributions with a VPC origin.
func (s *Service) ListDistributionsByVpcOriginId(call *api.Call, in *cloudfrontapi.ListDistributionsByVpcOriginIdRequest) (*cloudfrontapi.ListDistributionsByVpcOriginIdResult, error) {
	id := value(in.VpcOriginId)
	if err := s.exists(call, KindVPCOrigin, id); err != nil {
		return nil, err
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id, usesVPCOrigin(id)})
	return &cloudfrontapi.ListDistributionsByVpcOriginIdResult{DistributionIdList: page.ids()}, err
}

func usesVPCOrigin(id string) func(*cloudfrontapi.DistributionConfig) bool {
	return func(c *cloudfrontapi.DistributionConfig) bool {
		return slices.ContainsFunc(c.Origins.Items, func(o cloudfrontapi.Origin) bool {
			return o.VpcOriginConfig != nil && value(o.VpcOriginConfig.VpcOriginId) == id
		})
	}
}

// exists answers EntityNotFound for a record that does not.
func (s *Service) exists(call *api.Call, kind Kind, id string) error {
	revision, err := s.revision(call, Key(call.Account, kind, id))
	if err == nil && (revision == 0 || id == "") {
		err = cloudfrontapi.EntityNotFound("The entity was not found.")
	}
	return err
}

// ListDistributionsByAnycastIpListId lists the distributions with an Anycast
// static IP list.
func (s *Service) ListDistributionsByAnycastIpListId(call *api.Call, in *cloudfrontapi.ListDistributionsByAnycastIpListIdRequest) (*cloudfrontapi.ListDistributionsByAnycastIpListIdResult, error) {
	id := value(in.AnycastIpListId)
	if err := s.exists(call, KindAnycastIPList, id); err != nil {
		return nil, err
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		func(c *cloudfrontapi.DistributionConfig) bool { return value(c.AnycastIpListId) == id }})
	return &cloudfrontapi.ListDistributionsByAnycastIpListIdResult{DistributionList: s.summaries(call, page)}, err
}

// ListDistributionsByConnectionMode lists the standard (direct) or the
// multi-tenant (tenant-only) distributions.
func (s *Service) ListDistributionsByConnectionMode(call *api.Call, in *cloudfrontapi.ListDistributionsByConnectionModeRequest) (*cloudfrontapi.ListDistributionsByConnectionModeResult, error) {
	mode := value(in.ConnectionMode)
	if !oneOf(mode, cloudfrontapi.ConnectionModeValues) {
		return nil, badParameter("ConnectionMode is not valid.")
	}
	text := "" // direct is the default, which few configurations spell out
	if mode == cloudfrontapi.ConnectionModeTenantOnly {
		text = mode
	}
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, text,
		func(c *cloudfrontapi.DistributionConfig) bool {
			tenants := value(c.ConnectionMode) == cloudfrontapi.ConnectionModeTenantOnly
			return tenants == (mode == cloudfrontapi.ConnectionModeTenantOnly)
		}})
	return &cloudfrontapi.ListDistributionsByConnectionModeResult{DistributionList: s.summaries(call, page)}, err
}

// ListDistributionsByTrustStore lists the distributions with a trust store.
func (s *Service) ListDistributionsByTrustStore(call *api.Call, in *cloudfrontapi.ListDistributionsByTrustStoreRequest) (*cloudfrontapi.ListDistributionsByTrustStoreResult, error) {
	store, err := s.trustStoreFamily().identify(call, in.TrustStoreIdentifier)
	if err != nil {
		return nil, err
	}
	id := store.ID
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		func(c *cloudfrontapi.DistributionConfig) bool {
			mtls := c.ViewerMtlsConfig
			return mtls != nil && mtls.TrustStoreConfig != nil && value(mtls.TrustStoreConfig.TrustStoreId) == id
		}})
	return &cloudfrontapi.ListDistributionsByTrustStoreResult{DistributionList: s.summaries(call, page)}, err
}

// ListDistributionsByConnectionFunction lists the distributions with a
// connection function.
func (s *Service) ListDistributionsByConnectionFunction(call *api.Call, in *cloudfrontapi.ListDistributionsByConnectionFunctionRequest) (*cloudfrontapi.ListDistributionsByConnectionFunctionResult, error) {
	function, err := s.connectionFamily().identify(call, in.ConnectionFunctionIdentifier)
	if err != nil {
		return nil, err
	}
	id := function.ID
	page, err := s.lookup(call, distributionQuery{in.Marker, in.MaxItems, id,
		func(c *cloudfrontapi.DistributionConfig) bool {
			return c.ConnectionFunctionAssociation != nil && value(c.ConnectionFunctionAssociation.Id) == id
		}})
	return &cloudfrontapi.ListDistributionsByConnectionFunctionResult{DistributionList: s.summaries(call, page)}, err
}

// ownedResource makes a query of the ARN of a resource that can be shared.
func (s *Service) ownedResource(call *api.Call, arn string) (distributionQuery, error) {
	name, ours := strings.CutPrefix(arn, arnPrefix(call))
	if !strings.HasPrefix(arn, "arn:") {
		return distributionQuery{}, badParameter("ResourceArn is not valid.")
	}
	resourceType, id, _ := strings.Cut(name, "/")
	switch {
	case !ours:
		return distributionQuery{}, cloudfrontapi.EntityNotFound("The entity was not found.")
	case resourceType == "vpcorigin":
		return distributionQuery{text: id, uses: usesVPCOrigin(id)}, s.exists(call, KindVPCOrigin, id)
	case resourceType == "anycast-ip-list":
		uses := func(c *cloudfrontapi.DistributionConfig) bool { return value(c.AnycastIpListId) == id }
		return distributionQuery{text: id, uses: uses}, s.exists(call, KindAnycastIPList, id)
	}
	return distributionQuery{}, cloudfrontapi.UnsupportedOperation("This operation is not supported for this resource.")
}

// ListDistributionsByOwnedResource lists the distributions with a resource
// that the account owns and can share: a VPC origin or an Anycast static IP
// list. Accounts do not see each other's resources here, so the
// distributions are the account's own.
func (s *Service) ListDistributionsByOwnedResource(call *api.Call, in *cloudfrontapi.ListDistributionsByOwnedResourceRequest) (*cloudfrontapi.ListDistributionsByOwnedResourceResult, error) {
	found, err := s.ownedResource(call, value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	found.marker, found.maxItems = in.Marker, in.MaxItems
	page, err := s.lookup(call, found)
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.DistributionIdOwnerList{
		Marker: page.marker, NextMarker: page.nextMarker, MaxItems: page.maxItems,
		IsTruncated: page.truncated, Quantity: page.quantity,
	}
	for _, d := range page.found {
		list.Items = append(list.Items, cloudfrontapi.DistributionIdOwner{
			DistributionId: new(d.ID), OwnerAccountId: new(d.Account),
		})
	}
	return &cloudfrontapi.ListDistributionsByOwnedResourceResult{DistributionList: list}, nil
}
