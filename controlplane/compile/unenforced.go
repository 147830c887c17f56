package compile

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// unenforced names what a distribution asks for and the edge does not do yet,
// of all that decides who gets in or what is sent: nobody is to believe that
// it holds (design.md section 8). Nil: the edge does all of it.
func unenforced(config *cloudfrontapi.DistributionConfig) []string {
	var names []string
	note := func(name string, there bool) {
		if there {
			names = append(names, name)
		}
	}
	all := behaviors(config)
	var lambdas, signed, encrypted bool
	for _, b := range all {
		lambdas = lambdas || b.LambdaFunctionAssociations != nil && len(b.LambdaFunctionAssociations.Items) > 0
		signed = signed || b.TrustedKeyGroups != nil && value(b.TrustedKeyGroups.Enabled) || b.TrustedSigners != nil && value(b.TrustedSigners.Enabled)
		encrypted = encrypted || value(b.FieldLevelEncryptionId) != ""
	}
	note("Lambda@Edge", lambdas)
	note("signed URLs and cookies", signed)
	note("field-level encryption", encrypted)
	note("web ACL", value(config.WebACLId) != "")
	note("staging (no viewer gets at it)", value(config.Staging))
	note("distribution tenants (no viewer gets at them)", value(config.ConnectionMode) == cloudfrontapi.ConnectionModeTenantOnly)
	note("continuous deployment (all traffic stays here)", value(config.ContinuousDeploymentPolicyId) != "")
	note("Anycast IP list", value(config.AnycastIpListId) != "")
	note("VPC origin (called by its domain name)", hasVPCOrigin(config))
	if r := config.Restrictions; r != nil && r.GeoRestriction != nil {
		kind := value(r.GeoRestriction.RestrictionType)
		note("geo restriction", kind != "" && kind != cloudfrontapi.GeoRestrictionTypeNone)
	}
	return names
}

func hasVPCOrigin(config *cloudfrontapi.DistributionConfig) bool {
	if config.Origins == nil {
		return false
	}
	return slices.ContainsFunc(config.Origins.Items, func(o cloudfrontapi.Origin) bool { return o.VpcOriginConfig != nil })
}

// Warning is what a unit asks for and is not done.
type Warning struct {
	Unit string // "distribution E1…"
	Text string
}

func (p *pending) warn(unit string, names []string) {
	if len(names) > 0 {
		p.update.Warnings = append(p.update.Warnings, Warning{unit, strings.Join(names, ", ")})
	}
}
