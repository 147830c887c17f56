package cloudfront

// RuleNames lists the rules of distributions, so that a test can see that each
// has a case.
func RuleNames() []string {
	var names []string
	for _, rule := range append(requestRules(), configRules()...) {
		names = append(names, rule.name)
	}
	return names
}

// PolicyRuleNames lists the rules of cache and origin request policies.
func PolicyRuleNames() (cache, originRequest []string) {
	for _, rule := range cachePolicyRules() {
		cache = append(cache, rule.name)
	}
	for _, rule := range originRequestPolicyRules() {
		originRequest = append(originRequest, rule.name)
	}
	return cache, originRequest
}

// AsBehavior and AsDefault are the conversions between the two shapes of a
// cache behavior.
var (
	AsBehavior = asBehavior
	AsDefault  = asDefault
)

// AliasAllowed and the others are parsers to fuzz.
var (
	AliasAllowed      = aliasAllowed
	IsAddress         = isAddress
	IsDomainName      = isDomainName
	ValidInvalidation = validInvalidation
	RandomID          = randomID
)

// FamilyRuleNames lists the rules of the other families, by the family.
func FamilyRuleNames() map[string][]string {
	return map[string][]string{
		"response headers policies":       ruleNames(responseHeadersPolicyRules()),
		"origin access controls":          ruleNames(originAccessControlRules()),
		"origin access identities":        ruleNames(originAccessIdentityRules()),
		"public keys":                     ruleNames(publicKeyRules()),
		"key groups":                      ruleNames(keyGroupRules()),
		"field-level encryption configs":  ruleNames(fieldLevelEncryptionRules()),
		"field-level encryption profiles": ruleNames(fieldLevelProfileRules()),
		"real-time log configs":           ruleNames(realtimeLogConfigRules()),
		"streaming distributions":         ruleNames(streamingDistributionRules()),
	}
}

func ruleNames[C any](rules []configRule[C]) []string {
	var names []string
	for _, rule := range rules {
		names = append(names, rule.name)
	}
	return names
}

// SignerKey and SignableDomain are parsers to fuzz.
var (
	SignerKey      = signerKey
	SignableDomain = signableDomain
)

// ParsePairs is a parser to fuzz.
var ParsePairs = parsePairs
