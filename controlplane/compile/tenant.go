package compile

import (
	"fmt"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

// tenantSource is a stored distribution tenant.
type tenantSource struct {
	account  string
	revision int64
	record   *cloudfront.TenantRecord
}

// noteTenant takes a tenant in, or out. Its unit has the tenant's id.
func (s *State) noteTenant(p *pending, r record) {
	p.distributions[r.name] = true
	if r.deleted() {
		delete(s.tenants, r.name)
		return
	}
	decoded, err := cloudfront.Decode[cloudfront.TenantRecord](r.key, r.value)
	if err != nil {
		p.problem("tenant "+r.name, err)
		return
	}
	s.tenants[r.name] = &tenantSource{r.account, r.revision, decoded}
}

// compileTenant makes the unit of a tenant: its distribution's configuration
// with the tenant's parameters, domains and customizations
// (reference/cloudfront.md section 5.9).
func (s *State) compileTenant(p *pending, id string) {
	from := s.tenants[id]
	found := &used{state: s, user: id}
	unit, err := s.tenant(from, found)
	if err != nil {
		p.problem("tenant "+id, err)
		return
	}
	p.update.Edge.Distributions[id] = unit
}

func (s *State) tenant(from *tenantSource, found *used) (*program.Distribution, error) {
	tenant := &from.record.Config
	found.note(cloudfront.KindDistribution, from.account+"/"+tenant.DistributionID)
	source, ok := s.distributions[tenant.DistributionID]
	if !ok {
		return nil, fmt.Errorf("unknown distribution %s", tenant.DistributionID)
	}
	stored, err := cloudfront.Decode[cloudfront.DistributionRecord](source.key, source.value)
	if err != nil {
		return nil, err
	}
	parameters := tenantParameters(&stored.Config, tenant.Parameters)
	fillOrigins(&stored.Config, parameters)
	unit, err := distribution(stored, max(source.revision, from.revision), found)
	if err != nil {
		return nil, err
	}
	unit.Tenant = &program.Tenant{ID: from.record.ID, Parameters: parameters}
	unit.Aliases, unit.DomainName = tenant.ActiveDomains, ""
	unit.Enabled = unit.Enabled && tenant.Enabled
	if group, ok := found.connectionGroup(from.account, tenant.ConnectionGroupID); ok {
		unit.DomainName = group.Config.RoutingEndpoint
		unit.Enabled = unit.Enabled && group.Config.Enabled
	}
	customize(unit, tenant.Customizations)
	if tenant.ManagedARN != "" && (tenant.Customizations == nil || tenant.Customizations.Certificate == nil) {
		unit.Certificate = tenant.ManagedARN
	}
	return unit, nil
}

// customize puts in force what a tenant has instead of its distribution's.
func customize(unit *program.Distribution, own *cloudfrontapi.Customizations) {
	if own == nil {
		return
	}
	if own.Certificate != nil {
		unit.Certificate = value(own.Certificate.Arn)
	}
	if geo := own.GeoRestrictions; geo != nil {
		unit.Geo = geoRestriction(&cloudfrontapi.DistributionConfig{Restrictions: &cloudfrontapi.Restrictions{
			GeoRestriction: &cloudfrontapi.GeoRestriction{RestrictionType: geo.RestrictionType, Items: geo.Locations},
		}})
	}
}

// tenantParameters are the values of a tenant's parameters: its own, else the
// defaults of the distribution.
func tenantParameters(config *cloudfrontapi.DistributionConfig, own []cloudfrontapi.Parameter) map[string]string {
	all := map[string]string{}
	if config.TenantConfig != nil {
		for _, p := range config.TenantConfig.ParameterDefinitions {
			if p.Definition != nil && p.Definition.StringSchema != nil && p.Definition.StringSchema.DefaultValue != nil {
				all[value(p.Name)] = *p.Definition.StringSchema.DefaultValue
			}
		}
	}
	for _, p := range own {
		all[value(p.Name)] = value(p.Value)
	}
	return all
}

// fillOrigins puts parameters in the place of "{{name}}" in the origins' domain
// names and paths.
func fillOrigins(config *cloudfrontapi.DistributionConfig, parameters map[string]string) {
	if config.Origins == nil {
		return
	}
	var pairs []string
	for name, text := range parameters {
		pairs = append(pairs, "{{"+name+"}}", text)
	}
	fill := strings.NewReplacer(pairs...)
	for i := range config.Origins.Items {
		o := &config.Origins.Items[i]
		o.DomainName, o.OriginPath = new(fill.Replace(value(o.DomainName))), new(fill.Replace(value(o.OriginPath)))
	}
}

func (u *used) connectionGroup(account, id string) (*cloudfront.ConnectionGroupRecord, bool) {
	u.note(cloudfront.KindConnectionGroup, account+"/"+id)
	group, ok := u.state.groups[account+"/"+id]
	return group, ok
}
