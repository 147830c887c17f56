package apigateway

import (
	"maps"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// tagOwner is a resource that can have tags.
type tagOwner struct {
	tags   func(s *Service, call *api.Call) (map[string]string, error)
	change func(s *Service, call *api.Call, change func(map[string]string) (map[string]string, error)) error
}

// taggedBy makes a tagOwner of a record; member is where it keeps its tags.
func taggedBy[R any](ref Ref, missing error, member func(*R) *map[string]string) *tagOwner {
	return &tagOwner{
		tags: func(s *Service, call *api.Call) (map[string]string, error) {
			rec, err := loadRecord[R](s, call, ref, missing)
			if err != nil {
				return nil, err
			}
			return *member(rec), nil
		},
		change: func(s *Service, call *api.Call, change func(map[string]string) (map[string]string, error)) error {
			return editRecord(s, call, recordEdit[R]{ref: ref, missing: missing, change: func(_ *tx, rec *R) (err error) {
				*member(rec), err = change(*member(rec))
				return err
			}})
		},
	}
}

// tagOwner finds the resource of an ARN: arn:aws:apigateway:<region>::/<path>
// (reference/api-gateway.md 1.5); private domain names and access associations
// have the account in theirs. nil for what cannot have tags.
func tagOwnerOf(call *api.Call, arn string) (*tagOwner, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "apigateway" || parts[3] != call.Region ||
		parts[4] != "" && parts[4] != call.Account || !strings.HasPrefix(parts[5], "/") {
		return nil, badRequest("Invalid ARN specified in the request")
	}
	kind, id, _ := strings.Cut(parts[5][1:], "/")
	if owner := tagOwnerAt(call, Kind(kind), id); owner != nil && id != "" {
		return owner, nil
	}
	if kind == string(KindAssociation) && id != "" {
		return taggedBy(accountRef(call, KindAssociation, arn), noAssociation(),
			func(r *AssociationRecord) *map[string]string { return &r.Association.Tags }), nil
	}
	return nil, badRequest("Invalid ARN specified in the request")
}

func tagOwnerAt(call *api.Call, kind Kind, id string) *tagOwner {
	switch kind {
	case KindRestAPI:
		if apiID, stage, ok := strings.Cut(id, "/stages/"); ok {
			return taggedBy(stageRef(call, apiID, stage), noStage(),
				func(r *StageRecord) *map[string]string { return &r.Stage.Tags })
		}
		return taggedBy(apiRef(call, id), noAPI(call, id), func(r *APIRecord) *map[string]string { return &r.Api.Tags })
	case KindKey:
		return taggedBy(keyRef(call, id), noKey(), func(r *KeyRecord) *map[string]string { return &r.Key.Tags })
	case KindPlan:
		return taggedBy(planRef(call, id), noPlan(), func(r *PlanRecord) *map[string]string { return &r.Plan.Tags })
	case KindDomain:
		name, _, _ := strings.Cut(id, "+") // a private name carries its id
		return taggedBy(domainRef(call, name), noDomain(), func(r *DomainRecord) *map[string]string { return &r.Domain.Tags })
	case KindCertificate:
		return taggedBy(certificateRef(call, id), noCertificate(),
			func(r *CertificateRecord) *map[string]string { return &r.Certificate.Tags })
	case KindVpcLink:
		return taggedBy(vpcLinkRef(call, id), noVpcLink(), func(r *VpcLinkRecord) *map[string]string { return &r.Link.Tags })
	}
	return nil
}

// GetTags answers the tags of a resource. AWS takes position and limit and has
// no use for them yet: at most 50 tags are one page.
func (s *Service) GetTags(call *api.Call, in *apigatewayapi.GetTagsRequest) (*apigatewayapi.Tags, error) {
	owner, err := tagOwnerOf(call, val(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	tags, err := owner.tags(s, call)
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.Tags{Tags: shownTags(tags)}, nil
}

// TagResource adds tags to a resource, or gives those it has new values.
func (s *Service) TagResource(call *api.Call, in *apigatewayapi.TagResourceRequest) error {
	owner, err := tagOwnerOf(call, val(in.ResourceArn))
	if err != nil {
		return err
	}
	return owner.change(s, call, func(have map[string]string) (map[string]string, error) {
		all := maps.Clone(shownTags(have))
		maps.Copy(all, in.Tags)
		return s.checkTags(all)
	})
}

// UntagResource removes tags from a resource; those it does not have are
// passed over.
func (s *Service) UntagResource(call *api.Call, in *apigatewayapi.UntagResourceRequest) error {
	owner, err := tagOwnerOf(call, val(in.ResourceArn))
	if err != nil {
		return err
	}
	return owner.change(s, call, func(have map[string]string) (map[string]string, error) {
		left := maps.Clone(have)
		for _, key := range in.TagKeys {
			delete(left, key)
		}
		if len(left) == 0 {
			return nil, nil
		}
		return left, nil
	})
}
