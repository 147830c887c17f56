package apigateway

import (
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func domainPatches() patchTable[apigatewayapi.DomainName] {
	type target = apigatewayapi.DomainName
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		anyOpText("/certificateName", func(d *target) **string { return &d.CertificateName }),
		anyOpText("/certificateArn", func(d *target) **string { return &d.CertificateArn }),
		anyOpText("/regionalCertificateName", func(d *target) **string { return &d.RegionalCertificateName }),
		anyOpText("/regionalCertificateArn", func(d *target) **string { return &d.RegionalCertificateArn }),
		anyOpText("/ownershipVerificationCertificateArn", func(d *target) **string { return &d.OwnershipVerificationCertificateArn }),
		anyOpText("/mutualTlsAuthentication/truststoreUri", func(d *target) **string { return &trust(d).TruststoreUri }),
		anyOpText("/mutualTlsAuthentication/truststoreVersion", func(d *target) **string { return &trust(d).TruststoreVersion }),
		replaceText("/securityPolicy", func(d *target) **string { return &d.SecurityPolicy },
			oneOf("SecurityPolicy", apigatewayapi.SecurityPolicyValues)),
		replaceText("/endpointAccessMode", func(d *target) **string { return &d.EndpointAccessMode },
			oneOf("EndpointAccessMode", apigatewayapi.EndpointAccessModeValues)),
		replaceText("/routingMode", func(d *target) **string { return &d.RoutingMode },
			oneOf("RoutingMode", apigatewayapi.RoutingModeValues)),
		replaceText("/policy", func(d *target) **string { return &d.Policy }, nil),
		replaceText("/managementPolicy", func(d *target) **string { return &d.ManagementPolicy }, nil),
		replaceText("/endpointConfiguration/ipAddressType", func(d *target) **string { return &d.EndpointConfiguration.IpAddressType },
			func(value string) error {
				if !slices.Contains(apigatewayapi.IpAddressTypeValues, value) {
					return badRequest("ipAddressType must be either ipv4 or dualstack.")
				}
				return nil
			}),
		{path: "/endpointConfiguration/types", ops: []op{opAdd, opRemove}, apply: patchDomainType},
		{path: "/endpointConfiguration/types/{type}", ops: []op{opReplace, opRemove}, apply: func(d *target, e *edit) error {
			if e.op == opRemove { // Terraform's form: the type stands in the path
				return patchDomainType(d, &edit{op: opRemove, path: e.path, value: new(e.args[0])})
			}
			if err := patchDomainType(d, &edit{op: opAdd, path: e.path, value: e.value}); err != nil {
				return err
			}
			if e.args[0] == e.text() {
				return nil
			}
			return patchDomainType(d, &edit{op: opRemove, path: e.path, value: new(e.args[0])})
		}},
	}}
}

// trust is a domain's mutual TLS, made when it has none; settleDomain takes it
// away again when nothing is in it.
func trust(d *apigatewayapi.DomainName) *apigatewayapi.MutualTlsAuthentication {
	if d.MutualTlsAuthentication == nil {
		d.MutualTlsAuthentication = &apigatewayapi.MutualTlsAuthentication{}
	}
	return d.MutualTlsAuthentication
}

func patchDomainType(d *apigatewayapi.DomainName, e *edit) error {
	switch e.text() {
	case apigatewayapi.EndpointTypeRegional, apigatewayapi.EndpointTypeEdge:
	default: // a domain is private, or is not, from its making
		return badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE")
	}
	types := slices.DeleteFunc(d.EndpointConfiguration.Types, func(have string) bool { return have == e.text() })
	if e.op == opAdd {
		types = append(types, e.text())
	}
	d.EndpointConfiguration.Types = types
	return nil
}

// UpdateDomainName patches a custom domain; what the operations leave is
// checked as a whole.
func (s *Service) UpdateDomainName(call *api.Call, in *apigatewayapi.UpdateDomainNameRequest) (*apigatewayapi.DomainName, error) {
	var out apigatewayapi.DomainName
	err := editRecord(s, call, recordEdit[DomainRecord]{
		ref: domainRef(call, val(in.DomainName)), missing: noDomain(),
		change: func(t *tx, rec *DomainRecord) error {
			if err := checkDomainID(rec, in.DomainNameId); err != nil {
				return err
			}
			before := hosts(&rec.Domain)
			if err := domainPatches().apply(&rec.Domain, in.PatchOperations); err != nil {
				return err
			}
			if err := s.settleDomain(call, &rec.Domain); err != nil {
				return err
			}
			out = rec.Domain
			return takeHosts(call, t, before, hosts(&rec.Domain))
		},
	})
	if err != nil {
		return nil, err
	}
	out.Tags = shownTags(out.Tags)
	return &out, nil
}
