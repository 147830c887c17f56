package cloudfront

import (
	"regexp"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// A VPC origin's ports and protocol are the edge's; what its ARN stands for is
// not known here: it is called by the origin's domain name.

type vpcConfig = cloudfrontapi.VpcOriginEndpointConfig

var vpcEndpointARN = regexp.MustCompile(`\Aarn:aws[a-z-]*:(elasticloadbalancing|ec2):[0-9a-z-]+:[0-9]{12}:(loadbalancer/(app|net)|instance)/[0-9A-Za-z/_-]{1,255}\z`)

func (s *Service) vpcOriginFamily() *entityFamily[vpcConfig] {
	return &entityFamily[vpcConfig]{
		service: s, kind: KindVPCOrigin, arnType: "vpcorigin", idKind: IDVPCOrigin,
		limit: s.limits.VPCOrigins, noSuch: entityNotFound, tooMany: entityLimit,
	}
}

// vpcStatus: AWS says Deploying until a VPC origin is usable.
func (s *Service) vpcStatus(revision int64) *string {
	if s.deployed(revision) {
		return new(statusDeployed)
	}
	return new("Deploying")
}

func (s *Service) showVPCOrigin(call *api.Call, v entity[vpcConfig]) *cloudfrontapi.VpcOrigin {
	return &cloudfrontapi.VpcOrigin{
		Id: new(v.ID), Arn: new(s.vpcOriginFamily().arn(call, v.ID)), AccountId: new(call.Account), Status: s.vpcStatus(v.revision),
		CreatedTime: new(v.CreatedTime), LastModifiedTime: new(v.LastModifiedTime), VpcOriginEndpointConfig: &v.Config,
	}
}

// CreateVpcOrigin makes a VPC origin.
func (s *Service) CreateVpcOrigin(call *api.Call, in *cloudfrontapi.CreateVpcOriginRequest) (*cloudfrontapi.CreateVpcOriginResult, error) {
	if err := prepareVPCOrigin(in.VpcOriginEndpointConfig); err != nil {
		return nil, err
	}
	family := s.vpcOriginFamily()
	var record *EntityRecord[vpcConfig]
	revision, err := s.write(call, func(c *change) error {
		var err error
		if record, err = family.create(call, c, *in.VpcOriginEndpointConfig.Name, *in.VpcOriginEndpointConfig); err != nil {
			return err
		}
		return s.putTags(c, entityTagsKey(call.Account, family.arnType, record.ID), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateVpcOriginResult{
		VpcOrigin: s.showVPCOrigin(call, entity[vpcConfig]{record, revision}), ETag: new(record.ETag),
		Location: new(endpoint + "vpc-origin/" + record.ID),
	}, nil
}

// GetVpcOrigin shows a VPC origin.
func (s *Service) GetVpcOrigin(call *api.Call, in *cloudfrontapi.GetVpcOriginRequest) (*cloudfrontapi.GetVpcOriginResult, error) {
	found, err := s.vpcOriginFamily().find(call, call.Account, value(in.Id))
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetVpcOriginResult{VpcOrigin: s.showVPCOrigin(call, found), ETag: new(found.ETag)}, nil
}

// UpdateVpcOrigin replaces the configuration of a VPC origin that no
// distribution uses; its name stays.
func (s *Service) UpdateVpcOrigin(call *api.Call, in *cloudfrontapi.UpdateVpcOriginRequest) (*cloudfrontapi.UpdateVpcOriginResult, error) {
	family := s.vpcOriginFamily()
	var record *EntityRecord[vpcConfig]
	revision, err := s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		if err := prepareVPCOrigin(in.VpcOriginEndpointConfig); err != nil {
			return err
		}
		if *in.VpcOriginEndpointConfig.Name != old.Name {
			return cloudfrontapi.IllegalUpdate("The update contains modifications that are not allowed.")
		}
		if err := family.unused(call, c, old.ID, entityKeepsUse); err != nil {
			return err
		}
		record = family.replace(call, c, old, *in.VpcOriginEndpointConfig)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateVpcOriginResult{
		VpcOrigin: s.showVPCOrigin(call, entity[vpcConfig]{record, revision}), ETag: new(record.ETag),
	}, nil
}

// DeleteVpcOrigin deletes a VPC origin that no distribution uses, and shows it
// for the last time.
func (s *Service) DeleteVpcOrigin(call *api.Call, in *cloudfrontapi.DeleteVpcOriginRequest) (*cloudfrontapi.DeleteVpcOriginResult, error) {
	family := s.vpcOriginFamily()
	var gone entity[vpcConfig]
	revision, err := s.write(call, func(c *change) error {
		var err error
		if gone, err = family.current(call, in.Id, in.IfMatch); err != nil {
			return err
		}
		if err := family.unused(call, c, gone.ID, entityInUse); err != nil {
			return err
		}
		return family.remove(call, c, gone)
	})
	if err != nil {
		return nil, err
	}
	gone.revision = revision
	return &cloudfrontapi.DeleteVpcOriginResult{VpcOrigin: s.showVPCOrigin(call, gone), ETag: new(gone.ETag)}, nil
}

// ListVpcOrigins lists the account's VPC origins by id.
func (s *Service) ListVpcOrigins(call *api.Call, in *cloudfrontapi.ListVpcOriginsRequest) (*cloudfrontapi.ListVpcOriginsResult, error) {
	page, err := s.vpcOriginFamily().list(call, pageQuery{in.Marker, in.MaxItems}, nil)
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.VpcOriginList{
		Marker: new(value(in.Marker)), NextMarker: page.next, MaxItems: new(int32(page.most)),
		IsTruncated: new(page.next != nil), Quantity: new(int32(len(page.items))),
	}
	for _, v := range page.items {
		list.Items = append(list.Items, cloudfrontapi.VpcOriginSummary{
			Id: new(v.ID), Name: new(v.Name), Status: s.vpcStatus(v.revision), CreatedTime: new(v.CreatedTime),
			LastModifiedTime: new(v.LastModifiedTime), Arn: new(s.vpcOriginFamily().arn(call, v.ID)), AccountId: new(call.Account),
			OriginEndpointArn: v.Config.Arn, IpAddressType: v.Config.IpAddressType,
		})
	}
	return &cloudfrontapi.ListVpcOriginsResult{VpcOriginList: list}, nil
}

// maxVPCOriginName is the length of a VPC origin's name.
const maxVPCOriginName = 64

// prepareVPCOrigin validates a VPC origin and fills in what AWS shows on read.
func prepareVPCOrigin(config *vpcConfig) error {
	if config == nil {
		return missingBody()
	}
	for _, member := range []struct {
		name    string
		present bool
	}{
		{"Name", value(config.Name) != ""}, {"Arn", value(config.Arn) != ""}, {"HTTPPort", config.HTTPPort != nil},
		{"HTTPSPort", config.HTTPSPort != nil}, {"OriginProtocolPolicy", config.OriginProtocolPolicy != nil},
	} {
		if !member.present {
			return badParameter("%s is required.", member.name)
		}
	}
	if err := quantities(config); err != nil {
		return err
	}
	port := func(p *int32) bool { return *p == 80 || *p == 443 || *p >= 1024 && *p <= 65535 }
	fill(&config.OriginSslProtocols, cloudfrontapi.OriginSslProtocols{Quantity: new(int32(1)), Items: []string{"TLSv1.2"}})
	fill(&config.IpAddressType, cloudfrontapi.VpcIpAddressTypeIpv4)
	switch {
	case utf8.RuneCountInString(*config.Name) > maxVPCOriginName:
		return badParameter("VPC Origin Name is too big.")
	case !vpcEndpointARN.MatchString(*config.Arn):
		return badParameter("VPC Origin Arn is not valid.")
	case !port(config.HTTPPort):
		return badParameter("HTTPPort is not valid.")
	case !port(config.HTTPSPort):
		return badParameter("HTTPSPort is not valid.")
	case !oneOf(*config.OriginProtocolPolicy, cloudfrontapi.OriginProtocolPolicyValues):
		return badParameter("OriginProtocolPolicy is not valid.")
	case len(config.OriginSslProtocols.Items) == 0 || !distinctOf(config.OriginSslProtocols.Items, cloudfrontapi.SslProtocolValues):
		return badParameter("OriginSslProtocols is not valid.")
	case !oneOf(*config.IpAddressType, cloudfrontapi.VpcIpAddressTypeValues):
		return badParameter("IpAddressType is not valid.")
	}
	return nil
}
