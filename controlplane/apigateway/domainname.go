package apigateway

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/engine/policy"
)

const (
	// edgeHostedZone is CloudFront's, the same everywhere.
	edgeHostedZone     = "Z2FDTNDATAQYW2"
	regionalNameLength = 10
	edgeNameLength     = 13
)

// regionalHostedZones are the Route 53 zones of regional names; memory of the
// AWS General Reference, shown for clients that make alias records.
var regionalHostedZones = map[string]string{
	"us-east-1": "Z1UJRXOUMOOFQ8", "us-east-2": "ZOJJZC49E0EPZ", "us-west-1": "Z2MUQ32089INYE", "us-west-2": "Z2OJLYMUO9EFXC",
	"ap-northeast-1": "Z1YSHQZHG15GKL", "ap-northeast-2": "Z20JF4UZKIW1U8", "ap-south-1": "Z3VO1THU9YC4UR",
	"ap-southeast-1": "ZL327KTPIQFUL", "ap-southeast-2": "Z2RPCDW04V8134", "ca-central-1": "Z19DQILCV0OWEC",
	"eu-central-1": "Z1U9ULNL0V5AJ3", "eu-north-1": "Z3UWIKFBOOGXPP", "eu-west-1": "ZLY8HYME6SFDD",
	"eu-west-2": "ZJ5UAJN8Y3Z2Q", "eu-west-3": "Z3KY65QIEKYHQQ", "sa-east-1": "ZCMLWB8V5SYIT",
}

// domainForm: at least two labels; the first may be a wildcard.
var domainForm = regexp.MustCompile(`^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// ownSuffixes are names that AWS, or this server in AWS's place, owns
// (design.md 2).
var ownSuffixes = []string{"localhost", "amazonaws.com", "amazonaws.com.cn", "cloudfront.net", "localhost.localstack.cloud"}

func domainRef(call *api.Call, name string) Ref { return accountRef(call, KindDomain, name) }

func hostRef(host string) Ref { return Ref{Kind: KindHost, ID: host} }

func noDomain() error {
	return apigatewayapi.NotFoundException("Invalid domain name identifier specified")
}

func checkDomainName(name string) error {
	if name == "" {
		return badRequest("No Domain Name specified")
	}
	if _, err := netip.ParseAddr(name); err == nil || !domainForm.MatchString(name) || len(name) > 253 {
		return badRequest("The domain name %s is not valid", name)
	}
	for _, suffix := range ownSuffixes {
		if name == suffix || strings.HasSuffix(name, "."+suffix) {
			return badRequest("The domain name %s belongs to an AWS service or to this host", name)
		}
	}
	return nil
}

// newDomain checks the input and fills in the defaults. Certificates are
// names of what lies in ACM or IAM and are not looked up.
func (s *Service) newDomain(call *api.Call, in *apigatewayapi.CreateDomainNameRequest) (*apigatewayapi.DomainName, error) {
	if err := checkDomainName(val(in.DomainName)); err != nil {
		return nil, err
	}
	tags, err := s.checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	out := &apigatewayapi.DomainName{
		DomainName: in.DomainName, CertificateName: filled(in.CertificateName), CertificateArn: filled(in.CertificateArn),
		RegionalCertificateName: filled(in.RegionalCertificateName), RegionalCertificateArn: filled(in.RegionalCertificateArn),
		EndpointConfiguration: &apigatewayapi.EndpointConfiguration{Types: []string{apigatewayapi.EndpointTypeEdge}},
		DomainNameStatus:      new(apigatewayapi.DomainNameStatusAvailable),
		SecurityPolicy:        filled(in.SecurityPolicy), EndpointAccessMode: filled(in.EndpointAccessMode),
		OwnershipVerificationCertificateArn: filled(in.OwnershipVerificationCertificateArn),
		RoutingMode:                         in.RoutingMode, Policy: filled(in.Policy), Tags: tags,
	}
	if c := in.EndpointConfiguration; c != nil {
		out.EndpointConfiguration = &apigatewayapi.EndpointConfiguration{Types: c.Types, IpAddressType: c.IpAddressType}
	}
	if m := in.MutualTlsAuthentication; m != nil {
		out.MutualTlsAuthentication = &apigatewayapi.MutualTlsAuthentication{
			TruststoreUri: filled(m.TruststoreUri), TruststoreVersion: filled(m.TruststoreVersion),
		}
	}
	if out.SecurityPolicy == nil {
		out.SecurityPolicy = new("TLS_1_2")
	}
	if out.RoutingMode == nil {
		out.RoutingMode = new("BASE_PATH_MAPPING_ONLY")
	}
	if len(out.EndpointConfiguration.Types) > 1 {
		return nil, badRequest("Cannot create a domain name with multiple Endpoint Types.")
	}
	return out, s.settleDomain(call, out)
}

// settleDomain checks a domain as a whole and gives it the names that its
// endpoint types need.
func (s *Service) settleDomain(call *api.Call, d *apigatewayapi.DomainName) error {
	c := d.EndpointConfiguration
	private := slices.Contains(c.Types, apigatewayapi.EndpointTypePrivate)
	switch {
	case len(c.Types) == 0:
		return badRequest("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
	case private && len(c.Types) > 1:
		return badRequest("A private domain name cannot have other endpoint types")
	case private && val(c.IpAddressType) == apigatewayapi.IpAddressTypeIpv4:
		return badRequest(dualstackText)
	case !private && (d.Policy != nil || d.ManagementPolicy != nil):
		return badRequest("Policies are supported for private domain names only")
	case c.IpAddressType == nil && private:
		c.IpAddressType = new(apigatewayapi.IpAddressTypeDualstack)
	case c.IpAddressType == nil:
		c.IpAddressType = new(apigatewayapi.IpAddressTypeIpv4)
	}
	for _, document := range []*string{d.Policy, d.ManagementPolicy} {
		if err := s.checkDomainPolicy(val(document)); err != nil {
			return err
		}
	}
	if m := d.MutualTlsAuthentication; m != nil && m.TruststoreUri == nil {
		d.MutualTlsAuthentication = nil
	} else if m != nil && !strings.HasPrefix(*m.TruststoreUri, "s3://") {
		return badRequest("Invalid truststore URI specified: %s", *m.TruststoreUri)
	} else if m != nil && s.truststore != nil {
		m.TruststoreWarnings = s.truststore(*m.TruststoreUri, val(m.TruststoreVersion))
	}
	s.nameEndpoints(call, d)
	if d.CertificateArn == nil && d.CertificateName == nil {
		d.CertificateUploadDate = nil
	} else if d.CertificateUploadDate == nil {
		d.CertificateUploadDate = seconds(call.Now)
	}
	return nil
}

func (s *Service) checkDomainPolicy(document string) error {
	if document == "" {
		return nil
	}
	if utf8.RuneCountInString(document) > s.limits.PolicyChars {
		return badRequest(badPolicyText)
	}
	options := policy.Options{ResourceBased: true, MaxBytes: s.limits.PolicyChars * utf8.UTFMax}
	if _, err := policy.Parse([]byte(document), options); err != nil {
		return badRequest(badPolicyText)
	}
	return nil
}

// nameEndpoints gives a domain the names under which its endpoints are
// reached, and takes those away that it no longer has.
func (s *Service) nameEndpoints(call *api.Call, d *apigatewayapi.DomainName) {
	types := d.EndpointConfiguration.Types
	switch has := slices.Contains(types, apigatewayapi.EndpointTypeRegional); {
	case !has:
		d.RegionalDomainName, d.RegionalHostedZoneId = nil, nil
	case d.RegionalDomainName == nil:
		zone, known := regionalHostedZones[call.Region]
		if !known {
			zone = regionalHostedZones["us-east-1"]
		}
		suffix := ".amazonaws.com"
		if call.Partition == "aws-cn" {
			suffix += ".cn"
		}
		d.RegionalDomainName = new("d-" + s.newID(regionalNameLength) + ".execute-api." + call.Region + suffix)
		d.RegionalHostedZoneId = new(zone)
	}
	switch has := slices.Contains(types, apigatewayapi.EndpointTypeEdge); {
	case !has:
		d.DistributionDomainName, d.DistributionHostedZoneId = nil, nil
	case d.DistributionDomainName == nil:
		d.DistributionDomainName = new("d" + s.newID(edgeNameLength) + ".cloudfront.net")
		d.DistributionHostedZoneId = new(edgeHostedZone)
	}
	d.DomainNameArn = new("arn:" + call.Partition + ":apigateway:" + call.Region + "::/domainnames/" + val(d.DomainName))
	if slices.Contains(types, apigatewayapi.EndpointTypePrivate) {
		if d.DomainNameId == nil {
			d.DomainNameId = new(s.newID(apiIDLength))
		}
		d.DomainNameArn = new("arn:" + call.Partition + ":apigateway:" + call.Region + ":" + call.Account +
			":/domainnames/" + val(d.DomainName) + "+" + *d.DomainNameId)
	}
}

// hosts are the host names that lead to a domain.
func hosts(d *apigatewayapi.DomainName) []string {
	if d.RegionalDomainName == nil {
		return []string{val(d.DomainName)}
	}
	return []string{val(d.DomainName), *d.RegionalDomainName}
}

// takeHosts makes host names lead to a domain, or refuses one that leads
// elsewhere already, and frees those it had and has no more.
func takeHosts(call *api.Call, t *tx, before, after []string) error {
	domain := HostRecord{Account: call.Account, Region: call.Region}
	if len(after) > 0 {
		domain.Domain = after[0]
	}
	for _, host := range before {
		if !slices.Contains(after, host) {
			t.delete(hostRef(host))
		}
	}
	for _, host := range after {
		if slices.Contains(before, host) {
			continue
		}
		taken, err := read[HostRecord](t, hostRef(host))
		if err != nil {
			return err
		}
		if taken != nil {
			return apigatewayapi.ConflictException("The domain name you provided already exists.")
		}
		if err := t.put(hostRef(host), domain); err != nil {
			return err
		}
	}
	return nil
}

// CreateDomainName makes a custom domain. A host name leads to one domain on
// the whole server, as host names carry no account.
func (s *Service) CreateDomainName(call *api.Call, in *apigatewayapi.CreateDomainNameRequest) (*apigatewayapi.DomainName, error) {
	draft, err := s.newDomain(call, in)
	if err != nil {
		return nil, err
	}
	if err := s.checkCount(call, KindDomain, s.limits.Domains, "domain names"); err != nil {
		return nil, err
	}
	ref := domainRef(call, val(in.DomainName))
	err = s.write(call, ref.Key(), func(t *tx) error {
		if err := takeHosts(call, t, nil, hosts(draft)); err != nil {
			return err
		}
		return t.put(ref, DomainRecord{Domain: *draft})
	})
	if err != nil {
		return nil, err
	}
	return draft, nil
}

// loadDomain reads a domain; an id, where one is given, must be the domain's.
func (s *Service) loadDomain(call *api.Call, name, id *string) (*DomainRecord, error) {
	rec, err := loadRecord[DomainRecord](s, call, domainRef(call, val(name)), noDomain())
	if err != nil {
		return nil, err
	}
	return rec, checkDomainID(rec, id)
}

func checkDomainID(rec *DomainRecord, id *string) error {
	if val(id) != "" && *id != val(rec.Domain.DomainNameId) {
		return noDomain()
	}
	return nil
}

// GetDomainName answers one custom domain.
func (s *Service) GetDomainName(call *api.Call, in *apigatewayapi.GetDomainNameRequest) (*apigatewayapi.DomainName, error) {
	rec, err := s.loadDomain(call, in.DomainName, in.DomainNameId)
	if err != nil {
		return nil, err
	}
	rec.Domain.Tags = shownTags(rec.Domain.Tags)
	return &rec.Domain, nil
}

// GetDomainNames answers a page of custom domains, by name. Those of other
// accounts, which AWS shows when they are shared, do not exist here.
func (s *Service) GetDomainNames(call *api.Call, in *apigatewayapi.GetDomainNamesRequest) (*apigatewayapi.DomainNames, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	if val(in.ResourceOwner) == apigatewayapi.ResourceOwnerOtherAccounts {
		return &apigatewayapi.DomainNames{Items: []apigatewayapi.DomainName{}}, nil
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.DomainName]{
		prefix: Prefix(call.Account, call.Region, KindDomain), page: p,
		item: func(ref Ref, value []byte) (apigatewayapi.DomainName, bool, error) {
			rec, err := decode[DomainRecord](ref.Key(), value)
			if err != nil {
				return apigatewayapi.DomainName{}, false, err
			}
			return rec.Domain, true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.DomainNames{Items: items, Position: next}, nil
}

// DeleteDomainName removes a custom domain with its mappings and access
// associations.
func (s *Service) DeleteDomainName(call *api.Call, in *apigatewayapi.DeleteDomainNameRequest) error {
	ref := domainRef(call, val(in.DomainName))
	return s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[DomainRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noDomain()
		}
		if err := checkDomainID(rec, in.DomainNameId); err != nil {
			return err
		}
		if err := takeHosts(call, t, hosts(&rec.Domain), nil); err != nil {
			return err
		}
		associations, err := s.associations(call)
		if err != nil {
			return err
		}
		for _, a := range associations {
			if val(a.DomainNameArn) == val(rec.Domain.DomainNameArn) {
				t.delete(associationRef(call, val(a.DomainNameAccessAssociationArn)))
			}
		}
		t.delete(ref)
		return nil
	})
}
