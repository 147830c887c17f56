package cloudfront

import (
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// Lengths of origin access controls' texts.
const (
	maxControlName        = 64  // characters
	maxControlDescription = 256 // characters
)

func (s *Service) originAccessControlFamily() *recordFamily[cloudfrontapi.OriginAccessControlConfig] {
	return &recordFamily[cloudfrontapi.OriginAccessControlConfig]{
		service: s,
		kind:    KindOriginAccessControl,
		newID:   func(*cloudfrontapi.OriginAccessControlConfig) string { return s.newID(IDDistribution) },
		name:    func(c *cloudfrontapi.OriginAccessControlConfig) string { return value(c.Name) },
		prepare: preparation[cloudfrontapi.OriginAccessControlConfig]{
			"CreateOriginAccessControl",
			func(c *cloudfrontapi.OriginAccessControlConfig) { fill(&c.Description, "") },
			originAccessControlRules,
		}.with(&s.limits),
		limit: s.limits.OriginAccessControls,
		noSuch: func() error {
			return cloudfrontapi.NoSuchOriginAccessControl("The specified origin access control does not exist.")
		},
		exists: func() error {
			return cloudfrontapi.OriginAccessControlAlreadyExists("An origin access control with the same name already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.OriginAccessControlInUse("The CloudFront origin access control is still being used.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyOriginAccessControls("The number of origin access controls in your " +
				"Amazon Web Services account exceeds the maximum allowed.")
		},
	}
}

func originAccessControlRules() []configRule[cloudfrontapi.OriginAccessControlConfig] {
	type config = cloudfrontapi.OriginAccessControlConfig
	return []configRule[config]{
		{"name", func(c *config, _ *Limits) error {
			switch name := value(c.Name); {
			case name == "":
				return badParameter("Name is required.")
			case utf8.RuneCountInString(name) > maxControlName:
				return badParameter("Name is too big.")
			}
			return policyText(value(c.Name), "")
		}},
		{"description", func(c *config, _ *Limits) error {
			if utf8.RuneCountInString(value(c.Description)) > maxControlDescription {
				return badParameter("Description is too big.")
			}
			return nil
		}},
		{"signing", func(c *config, _ *Limits) error {
			switch {
			case !oneOf(value(c.SigningProtocol), cloudfrontapi.OriginAccessControlSigningProtocolsValues):
				return badParameter("SigningProtocol is not valid.")
			case !oneOf(value(c.SigningBehavior), cloudfrontapi.OriginAccessControlSigningBehaviorsValues):
				return badParameter("SigningBehavior is not valid.")
			}
			return nil
		}},
		{"origin type", func(c *config, _ *Limits) error {
			if !oneOf(value(c.OriginAccessControlOriginType), cloudfrontapi.OriginAccessControlOriginTypesValues) {
				return badParameter("OriginAccessControlOriginType is not valid.")
			}
			return nil
		}},
	}
}

// signableDomain tells whether an origin access control of a type can sign
// requests to a domain.
func signableDomain(originType, domain string) bool {
	inAmazon := func(part string) bool {
		return strings.Contains(domain, part) &&
			(strings.HasSuffix(domain, ".amazonaws.com") || strings.HasSuffix(domain, ".amazonaws.com.cn"))
	}
	switch originType {
	case "s3":
		return s3Domain.MatchString(domain) || inAmazon(".s3") // access points, too
	case "mediastore":
		return inAmazon(".mediastore.")
	case "mediapackagev2":
		return inAmazon(".mediapackagev2.")
	case "lambda":
		return strings.Contains(domain, ".lambda-url.") && strings.HasSuffix(domain, ".on.aws")
	}
	return true
}

func originAccessControl(r *OriginAccessControlRecord) *cloudfrontapi.OriginAccessControl {
	return &cloudfrontapi.OriginAccessControl{Id: new(r.ID), OriginAccessControlConfig: &r.Config}
}

// CreateOriginAccessControl makes an origin access control.
func (s *Service) CreateOriginAccessControl(call *api.Call, in *cloudfrontapi.CreateOriginAccessControlRequest) (*cloudfrontapi.CreateOriginAccessControlResult, error) {
	record, err := s.originAccessControlFamily().create(call, in.OriginAccessControlConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateOriginAccessControlResult{
		OriginAccessControl: originAccessControl(record), ETag: new(record.ETag),
		Location: new(endpoint + "origin-access-control/" + record.ID),
	}, nil
}

// GetOriginAccessControl shows an origin access control.
func (s *Service) GetOriginAccessControl(call *api.Call, in *cloudfrontapi.GetOriginAccessControlRequest) (*cloudfrontapi.GetOriginAccessControlResult, error) {
	record, err := s.originAccessControlFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetOriginAccessControlResult{OriginAccessControl: originAccessControl(record), ETag: new(record.ETag)}, nil
}

// GetOriginAccessControlConfig shows the configuration of an origin access control.
func (s *Service) GetOriginAccessControlConfig(call *api.Call, in *cloudfrontapi.GetOriginAccessControlConfigRequest) (*cloudfrontapi.GetOriginAccessControlConfigResult, error) {
	record, err := s.originAccessControlFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetOriginAccessControlConfigResult{OriginAccessControlConfig: &record.Config, ETag: new(record.ETag)}, nil
}

// UpdateOriginAccessControl replaces the configuration of an origin access control.
func (s *Service) UpdateOriginAccessControl(call *api.Call, in *cloudfrontapi.UpdateOriginAccessControlRequest) (*cloudfrontapi.UpdateOriginAccessControlResult, error) {
	record, err := s.originAccessControlFamily().update(call,
		recordUpdate[cloudfrontapi.OriginAccessControlConfig]{in.Id, in.IfMatch, in.OriginAccessControlConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateOriginAccessControlResult{OriginAccessControl: originAccessControl(record), ETag: new(record.ETag)}, nil
}

// DeleteOriginAccessControl deletes an origin access control that no origin uses.
func (s *Service) DeleteOriginAccessControl(call *api.Call, in *cloudfrontapi.DeleteOriginAccessControlRequest) error {
	return s.originAccessControlFamily().remove(call, in.Id, in.IfMatch)
}

// ListOriginAccessControls lists the account's origin access controls by id.
func (s *Service) ListOriginAccessControls(call *api.Call, in *cloudfrontapi.ListOriginAccessControlsRequest) (*cloudfrontapi.ListOriginAccessControlsResult, error) {
	page, err := s.originAccessControlFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.OriginAccessControlList{
		Marker: new(value(in.Marker)), MaxItems: page.maxItems, NextMarker: page.nextMarker,
		IsTruncated: new(page.nextMarker != nil), Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		c := &item.record.Config
		list.Items = append(list.Items, cloudfrontapi.OriginAccessControlSummary{
			Id: new(item.record.ID), Name: c.Name, Description: c.Description, SigningProtocol: c.SigningProtocol,
			SigningBehavior: c.SigningBehavior, OriginAccessControlOriginType: c.OriginAccessControlOriginType,
		})
	}
	return &cloudfrontapi.ListOriginAccessControlsResult{OriginAccessControlList: list}, nil
}
