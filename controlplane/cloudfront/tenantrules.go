package cloudfront

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api/cloudfrontapi"
)

var (
	parameterName = regexp.MustCompile(`\A[0-9A-Za-z_-]+\z`)
	placeholder   = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
)

func unsupportedForTenants(what string) error {
	return badParameter("%s is not supported for multi-tenant distributions.", what)
}

// isTenantOnly tells whether a distribution serves tenants, and nothing under
// its own name.
func isTenantOnly(config *cloudfrontapi.DistributionConfig) bool {
	return value(config.ConnectionMode) == cloudfrontapi.ConnectionModeTenantOnly
}

// connectionMode: what a multi-tenant distribution cannot have
// (reference/cloudfront.md 5.9), and the parameters that its tenants fill in.
func connectionMode(c *distributionCheck) error {
	config := c.config
	if mode := value(config.ConnectionMode); mode != "" && !oneOf(mode, cloudfrontapi.ConnectionModeValues) {
		return badParameter("ConnectionMode is not valid.")
	}
	if !isTenantOnly(config) {
		if config.TenantConfig != nil {
			return badParameter("TenantConfig is only supported for multi-tenant distributions.")
		}
		return nil
	}
	certificate, webACLID := config.ViewerCertificate, value(config.WebACLId)
	for _, row := range []struct {
		name string
		used bool
	}{
		{"Aliases", len(config.Aliases.Items) > 0},
		{"Staging", value(config.Staging)},
		{"ContinuousDeploymentPolicyId", value(config.ContinuousDeploymentPolicyId) != ""},
		{"PriceClass", value(config.PriceClass) != cloudfrontapi.PriceClassPriceClassAll},
		{"Logging", value(config.Logging.Enabled)},
		{"IsIPV6Enabled", value(config.IsIPV6Enabled)},
		{"AnycastIpListId", value(config.AnycastIpListId) != ""},
		{"WebACLId of AWS WAF Classic", webACLID != "" && !strings.HasPrefix(webACLID, "arn:")},
		{"IAMCertificateId", value(certificate.IAMCertificateId) != ""},
		{"SSLSupportMethod other than sni-only", !value(certificate.CloudFrontDefaultCertificate) &&
			value(certificate.SSLSupportMethod) != cloudfrontapi.SSLSupportMethodSniOnly},
		{"Origin access identity", usesIdentity(config)},
	} {
		if row.used {
			return unsupportedForTenants(row.name)
		}
	}
	for _, behavior := range c.behaviors {
		switch {
		case behavior.ForwardedValues != nil:
			return unsupportedForTenants("ForwardedValues")
		case len(behavior.TrustedSigners.Items) > 0:
			return unsupportedForTenants("TrustedSigners")
		case value(behavior.SmoothStreaming):
			return unsupportedForTenants("SmoothStreaming")
		}
	}
	return tenantParameters(c)
}

func usesIdentity(config *cloudfrontapi.DistributionConfig) bool {
	for _, origin := range config.Origins.Items {
		if origin.S3OriginConfig != nil && value(origin.S3OriginConfig.OriginAccessIdentity) != "" {
			return true
		}
	}
	return false
}

// parameterDefinitions are those of a multi-tenant distribution.
func parameterDefinitions(config *cloudfrontapi.DistributionConfig) []cloudfrontapi.ParameterDefinition {
	if config.TenantConfig == nil {
		return nil
	}
	return config.TenantConfig.ParameterDefinitions
}

// tenantParameters: definitions are few, named once, and every placeholder of
// an origin is defined.
func tenantParameters(c *distributionCheck) error {
	defined := make(map[string]bool)
	definitions := parameterDefinitions(c.config)
	if len(definitions) > c.limits.TenantParameters {
		return entityLimit()
	}
	for _, definition := range definitions {
		name := value(definition.Name)
		if len(name) > maxParameterNameBytes || !parameterName.MatchString(name) || defined[name] {
			return badParameter("ParameterDefinition Name is not valid.")
		}
		defined[name] = true
		if definition.Definition == nil || definition.Definition.StringSchema == nil || definition.Definition.StringSchema.Required == nil {
			return badParameter("StringSchema is required.")
		}
		schema := definition.Definition.StringSchema
		if len(value(schema.DefaultValue)) > maxParameterValueBytes || utf8.RuneCountInString(value(schema.Comment)) > maxParameterCommentBytes {
			return badParameter("StringSchema is not valid.")
		}
	}
	for _, origin := range c.config.Origins.Items {
		for _, text := range []string{value(origin.DomainName), value(origin.OriginPath)} {
			found := placeholder.FindAllStringSubmatch(text, -1)
			if len(found) > c.limits.ParametersPerField {
				return badParameter("Origin has more parameters in a field than are allowed.")
			}
			for _, match := range found {
				if !defined[match[1]] {
					return badParameter("Origin refers to the parameter %s that is not defined.", quote(match[1]))
				}
			}
		}
	}
	return nil
}

// untemplated gives an origin's text with something harmless for each
// placeholder, so that the rules of plain texts can read it.
func (c *distributionCheck) untemplated(text string) string {
	if !isTenantOnly(c.config) {
		return text
	}
	return placeholder.ReplaceAllString(text, "x")
}
