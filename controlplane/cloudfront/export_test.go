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
