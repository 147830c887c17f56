package compile

import (
	"cmp"
	"encoding/json"
	"slices"

	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

// noteDomain takes a custom domain in, which is a unit of its own and needs no
// other record: its mappings stand in it, and the APIs they name are looked up
// at run time. It is found by its name and by its regional name.
func (g *gatewayState) noteDomain(p *pending, ref apigateway.Ref, from source) {
	before := g.domains[ref.ID]
	if from.value == nil {
		if before != nil {
			p.dropDomain(before)
		}
		delete(g.domains, ref.ID)
		return
	}
	record := new(apigateway.DomainRecord)
	if err := json.Unmarshal(from.value, record); err != nil {
		p.problem("domain "+ref.ID, err)
		return
	}
	if before != nil {
		p.dropDomain(before)
	}
	d := domain(record)
	d.Account = ref.Account
	g.domains[ref.ID] = d
	for _, host := range domainHosts(d) {
		p.update.Gateway.Domains[host] = d
	}
}

func (p *pending) dropDomain(d *program.Domain) {
	for _, host := range domainHosts(d) {
		p.update.Gateway.Domains[host] = nil
	}
}

func domainHosts(d *program.Domain) []string {
	if d.RegionalName == "" {
		return []string{d.Name}
	}
	return []string{d.Name, d.RegionalName}
}

// domain compiles a custom domain: the longest base path comes first, as the
// longest match wins (reference/api-gateway.md 2.1).
func domain(record *apigateway.DomainRecord) *program.Domain {
	d := &program.Domain{Name: value(record.Domain.DomainName), RegionalName: value(record.Domain.RegionalDomainName)}
	for _, arn := range []*string{record.Domain.RegionalCertificateArn, record.Domain.CertificateArn} {
		if arn != nil {
			d.Certificates = append(d.Certificates, *arn)
		}
	}
	if m := record.Domain.MutualTlsAuthentication; m != nil {
		d.MutualTLS = &program.MutualTLS{TruststoreURI: value(m.TruststoreUri), TruststoreVersion: value(m.TruststoreVersion)}
	}
	for path, m := range record.Mappings {
		if path == apigateway.NoBasePath {
			path = ""
		}
		d.Mappings = append(d.Mappings, program.BasePathMapping{BasePath: path, APIID: value(m.RestApiId), Stage: value(m.Stage)})
	}
	slices.SortFunc(d.Mappings, func(a, b program.BasePathMapping) int {
		return cmp.Or(cmp.Compare(len(b.BasePath), len(a.BasePath)), cmp.Compare(a.BasePath, b.BasePath))
	})
	return d
}
