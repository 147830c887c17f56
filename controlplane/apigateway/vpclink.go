package apigateway

import (
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// balancerForm is a network load balancer, the only target of a VPC link here
// (reference/api-gateway.md 1.13).
var balancerForm = regexp.MustCompile(`^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/\S+$`)

func vpcLinkRef(call *api.Call, id string) Ref { return accountRef(call, KindVpcLink, id) }

func noVpcLink() error {
	return apigatewayapi.NotFoundException("Invalid Vpc Link identifier specified")
}

func checkVpcLinkName(name string) error {
	if name == "" {
		return badRequest("Name cannot be empty")
	}
	return nil
}

// CreateVpcLink makes a VPC link. It answers PENDING as AWS does; as there is
// nothing to set up, the link is available when it is next looked at.
func (s *Service) CreateVpcLink(call *api.Call, in *apigatewayapi.CreateVpcLinkRequest) (*apigatewayapi.VpcLink, error) {
	if err := checkVpcLinkName(val(in.Name)); err != nil {
		return nil, err
	}
	for _, arn := range in.TargetArns {
		if !balancerForm.MatchString(arn) {
			return nil, badRequest("Invalid ARN. ARN is not well formed %s", arn)
		}
	}
	if len(in.TargetArns) != 1 {
		return nil, badRequest("Exactly one target ARN must be specified for a VPC link")
	}
	tags, err := s.checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := s.checkCount(call, KindVpcLink, s.limits.VpcLinks, "VPC links"); err != nil {
		return nil, err
	}
	wanted, err := wantedID(in.Tags, customID)
	if err != nil {
		return nil, err
	}
	var made apigatewayapi.VpcLink
	err = s.write(call, vpcLinkRef(call, "").Key(), func(t *tx) error {
		id := wanted
		if id == "" {
			id = s.newID(childIDLength)
		}
		taken, err := read[VpcLinkRecord](t, vpcLinkRef(call, id))
		if err != nil {
			return err
		}
		if taken != nil {
			return apigatewayapi.ConflictException("VPC link already exists: " + id)
		}
		made = apigatewayapi.VpcLink{
			Id: new(id), Name: in.Name, Description: filled(in.Description), TargetArns: in.TargetArns,
			Status: new(apigatewayapi.VpcLinkStatusAvailable), StatusMessage: new("Your vpc link is ready for use"), Tags: tags,
		}
		return t.put(vpcLinkRef(call, id), VpcLinkRecord{Link: made})
	})
	if err != nil {
		return nil, err
	}
	made.Status, made.StatusMessage = new(apigatewayapi.VpcLinkStatusPending), nil
	return &made, nil
}

// GetVpcLink answers one VPC link.
func (s *Service) GetVpcLink(call *api.Call, in *apigatewayapi.GetVpcLinkRequest) (*apigatewayapi.VpcLink, error) {
	rec, err := loadRecord[VpcLinkRecord](s, call, vpcLinkRef(call, val(in.VpcLinkId)), noVpcLink())
	if err != nil {
		return nil, err
	}
	rec.Link.Tags = shownTags(rec.Link.Tags)
	return &rec.Link, nil
}

// GetVpcLinks answers a page of VPC links, by id.
func (s *Service) GetVpcLinks(call *api.Call, in *apigatewayapi.GetVpcLinksRequest) (*apigatewayapi.VpcLinks, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.VpcLink]{
		prefix: Prefix(call.Account, call.Region, KindVpcLink), page: p,
		item: func(ref Ref, value []byte) (apigatewayapi.VpcLink, bool, error) {
			rec, err := decode[VpcLinkRecord](ref.Key(), value)
			if err != nil {
				return apigatewayapi.VpcLink{}, false, err
			}
			return rec.Link, true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.VpcLinks{Items: items, Position: next}, nil
}

func vpcLinkPatches() patchTable[apigatewayapi.VpcLink] {
	type target = apigatewayapi.VpcLink
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/name", func(l *target) **string { return &l.Name }, checkVpcLinkName),
		replaceText("/description", func(l *target) **string { return &l.Description }, nil),
	}}
}

// UpdateVpcLink patches a VPC link.
func (s *Service) UpdateVpcLink(call *api.Call, in *apigatewayapi.UpdateVpcLinkRequest) (*apigatewayapi.VpcLink, error) {
	var out apigatewayapi.VpcLink
	err := editRecord(s, call, recordEdit[VpcLinkRecord]{
		ref: vpcLinkRef(call, val(in.VpcLinkId)), missing: noVpcLink(),
		change: func(_ *tx, rec *VpcLinkRecord) error {
			err := vpcLinkPatches().apply(&rec.Link, in.PatchOperations)
			out = rec.Link
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	out.Tags = shownTags(out.Tags)
	return &out, nil
}

// DeleteVpcLink removes a VPC link.
func (s *Service) DeleteVpcLink(call *api.Call, in *apigatewayapi.DeleteVpcLinkRequest) error {
	return deleteRecord[VpcLinkRecord](s, call, vpcLinkRef(call, val(in.VpcLinkId)), noVpcLink())
}
