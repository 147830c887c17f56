package cloudfront_test

import (
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

const unsupported = " is not supported for multi-tenant distributions."

// tenantOnly makes of a configuration that of a multi-tenant distribution.
func tenantOnly(c *distributionConfig, edit func(*distributionConfig)) {
	c.ConnectionMode = new("tenant-only")
	c.ViewerCertificate = &cloudfrontapi.ViewerCertificate{ACMCertificateArn: new(certificate), SSLSupportMethod: new("sni-only"), MinimumProtocolVersion: new("TLSv1.2_2021")}
	edit(c)
}

// define gives a multi-tenant distribution parameters that tenants must fill in.
func define(c *distributionConfig, names ...string) {
	c.TenantConfig = &cloudfrontapi.TenantConfig{}
	for _, name := range names {
		c.TenantConfig.ParameterDefinitions = append(c.TenantConfig.ParameterDefinitions, cloudfrontapi.ParameterDefinition{
			Name:       new(name),
			Definition: &cloudfrontapi.ParameterDefinitionSchema{StringSchema: &cloudfrontapi.StringSchemaConfig{Required: new(true)}},
		})
	}
}

// attachedCases are the rules of staging, continuous deployment, tenants and
// VPC origins.
func attachedCases() []ruleCase {
	tenants := func(name, text string, edit func(*distributionConfig)) ruleCase {
		return ruleCase{"connection mode", name, func(c *distributionConfig) { tenantOnly(c, edit) }, invalidArgument, 400, text, false}
	}
	cases := []ruleCase{
		{"update: kind of distribution kept", "staging", func(c *distributionConfig) { c.Staging = new(true) },
			"IllegalUpdate", 400, "Staging cannot be updated.", true},
		{"update: kind of distribution kept", "mode", func(c *distributionConfig) { c.ConnectionMode = new("tenant-only") },
			"IllegalUpdate", 400, "ConnectionMode cannot be updated.", true},
		{"continuous deployment policy", "unknown", func(c *distributionConfig) { c.ContinuousDeploymentPolicyId = new("x") },
			"NoSuchContinuousDeploymentPolicy", 404, "The continuous deployment policy doesn't exist.", false},
		{"VPC origins", "unknown", func(c *distributionConfig) {
			origin(c).CustomOriginConfig, origin(c).VpcOriginConfig = nil, &cloudfrontapi.VpcOriginConfig{VpcOriginId: new("vo_1")}
		}, "EntityNotFound", 404, "The entity was not found.", false},
		{"VPC origins", "long", func(c *distributionConfig) {
			origin(c).CustomOriginConfig = nil
			origin(c).VpcOriginConfig = &cloudfrontapi.VpcOriginConfig{VpcOriginId: new(strings.Repeat("v", 129))}
		}, invalidArgument, 400, "The parameter VPC Origin Name is too big.", false},
		{"connection mode", "unknown", func(c *distributionConfig) { c.ConnectionMode = new("x") }, invalidArgument, 400, "The parameter ConnectionMode is not valid.", false},
		{"connection mode", "direct with definitions", func(c *distributionConfig) { define(c, "a") }, invalidArgument, 400, "", false},
		tenants("aliases", "The parameter Aliases"+unsupported, func(c *distributionConfig) { setAliases(c, "www.example.com") }),
		tenants("staging", "The parameter Staging"+unsupported, func(c *distributionConfig) { c.Staging = new(true) }),
		tenants("price class", "The parameter PriceClass"+unsupported, func(c *distributionConfig) { c.PriceClass = new("PriceClass_100") }),
		tenants("IPv6", "The parameter IsIPV6Enabled"+unsupported, func(c *distributionConfig) { c.IsIPV6Enabled = new(true) }),
		tenants("logging", "The parameter Logging"+unsupported, func(c *distributionConfig) {
			c.Logging = &cloudfrontapi.LoggingConfig{Enabled: new(true), Bucket: new("b.s3.amazonaws.com")}
		}),
		tenants("classic WAF", "The parameter WebACLId of AWS WAF Classic"+unsupported, func(c *distributionConfig) {
			c.WebACLId = new("0a1b2c3d-0000-4000-8000-000000000000")
		}),
		tenants("IAM", "The parameter IAMCertificateId"+unsupported, func(c *distributionConfig) {
			c.ViewerCertificate = &cloudfrontapi.ViewerCertificate{IAMCertificateId: new("ASCA1"), SSLSupportMethod: new("sni-only"), MinimumProtocolVersion: new("TLSv1.2_2021")}
		}),
		tenants("dedicated IP", "The parameter SSLSupportMethod other than sni-only"+unsupported, func(c *distributionConfig) { c.ViewerCertificate.SSLSupportMethod = new("vip") }),
		tenants("forwarded values", "The parameter ForwardedValues"+unsupported, func(c *distributionConfig) { legacy(c) }),
		tenants("signers", "The parameter TrustedSigners"+unsupported, func(c *distributionConfig) {
			c.DefaultCacheBehavior.TrustedSigners = &cloudfrontapi.TrustedSigners{Enabled: new(true), Quantity: new(int32(1)), Items: []string{"self"}}
		}),
		tenants("smooth streaming", "The parameter SmoothStreaming"+unsupported, func(c *distributionConfig) { c.DefaultCacheBehavior.SmoothStreaming = new(true) }),
		tenants("undefined", "The parameter Origin refers to the parameter tenant that is not defined.", func(c *distributionConfig) {
			origin(c).DomainName = new("{{tenant}}.example.com")
		}),
		tenants("three", "The parameter Origin has more parameters in a field than are allowed.", func(c *distributionConfig) {
			define(c, "a", "b", "c")
			origin(c).DomainName = new("{{a}}.{{b}}.{{c}}.example.com")
		}),
		tenants("name", "The parameter ParameterDefinition Name is not valid.", func(c *distributionConfig) { define(c, "a b") }),
		tenants("twice", "The parameter ParameterDefinition Name is not valid.", func(c *distributionConfig) { define(c, "a", "a") }),
		tenants("no schema", "The parameter StringSchema is required.", func(c *distributionConfig) {
			define(c, "a")
			c.TenantConfig.ParameterDefinitions[0].Definition = nil
		}),
		tenants("origin", "The parameter origin name must be a domain name.", func(c *distributionConfig) {
			define(c, "a")
			origin(c).DomainName = new("{{a}}..example.com")
		}),
	}
	cases[len(cases)-1].rule = "origin domain names"
	many := tenants("six", "The entity limit has been exceeded.", func(c *distributionConfig) { define(c, "a", "b", "c", "d", "e", "f") })
	many.code = "EntityLimitExceeded"
	return append(cases, many)
}
