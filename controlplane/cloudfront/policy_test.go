package cloudfront_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

func TestCachePolicyRules(t *testing.T) {
	type policy = cloudfrontapi.CachePolicyConfig
	type keyConfig = cloudfrontapi.ParametersInCacheKeyAndForwardedToOrigin
	disabled := func(name string, edit func(k *keyConfig)) policyCase[policy] {
		return policyCase[policy]{"caching disabled", name, func(c *policy) {
			c.MinTTL, c.DefaultTTL, c.MaxTTL = new(int64(0)), new(int64(0)), new(int64(0))
			key := c.ParametersInCacheKeyAndForwardedToOrigin
			key.EnableAcceptEncodingGzip = new(false)
			edit(key)
		}, invalidArgument, 400, "The parameter " + name + " is invalid for policy with caching disabled."}
	}
	headers := func(name, code, text string, list ...string) policyCase[policy] {
		return policyCase[policy]{"headers", name, func(c *policy) {
			c.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.HeaderBehavior = new("whitelist")
			c.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers = names(list...)
		}, code, 400, text}
	}
	cookies := func(name, behavior, code string, list ...string) policyCase[policy] {
		return policyCase[policy]{"cookies", name, func(c *policy) {
			c.ParametersInCacheKeyAndForwardedToOrigin.CookiesConfig = &cloudfrontapi.CachePolicyCookiesConfig{
				CookieBehavior: new(behavior), Cookies: &cloudfrontapi.CookieNames{Quantity: new(int32(len(list))), Items: list},
			}
		}, code, 400, ""}
	}
	query := func(name, behavior, code string, list ...string) policyCase[policy] {
		return policyCase[policy]{"query strings", name, func(c *policy) {
			c.ParametersInCacheKeyAndForwardedToOrigin.QueryStringsConfig = &cloudfrontapi.CachePolicyQueryStringsConfig{
				QueryStringBehavior: new(behavior), QueryStrings: &cloudfrontapi.QueryStringNames{Quantity: new(int32(len(list))), Items: list},
			}
		}, code, 400, ""}
	}
	cases := []policyCase[policy]{
		{"name and comment", "no name", func(c *policy) { c.Name = nil }, invalidArgument, 400, "The parameter Name is required."},
		{"name and comment", "empty name", func(c *policy) { c.Name = new("") }, invalidArgument, 400, ""},
		{"name and comment", "long name", func(c *policy) { c.Name = new(strings.Repeat("n", 129)) }, invalidArgument, 400, ""},
		{"name and comment", "comment", func(c *policy) { c.Comment = new(strings.Repeat("c", 129)) }, invalidArgument, 400, ""},
		{"TTL order", "no MinTTL", func(c *policy) { c.MinTTL = nil }, invalidArgument, 400, "The parameter MinTTL is required."},
		{"TTL order", "negative", func(c *policy) { c.MinTTL = new(int64(-1)) }, invalidArgument, 400, ""},
		{"TTL order", "default", func(c *policy) { c.DefaultTTL = new(int64(0)) }, invalidArgument, 400, ""},
		{"TTL order", "max", func(c *policy) { c.MaxTTL = new(int64(2)) }, invalidArgument, 400, ""},
		disabled("HeaderBehavior", func(k *keyConfig) {
			k.HeadersConfig = &cloudfrontapi.CachePolicyHeadersConfig{HeaderBehavior: new("whitelist"), Headers: names("Origin")}
		}),
		disabled("CookieBehavior", func(k *keyConfig) { k.CookiesConfig.CookieBehavior = new("all") }),
		disabled("QueryStringBehavior", func(k *keyConfig) { k.QueryStringsConfig.QueryStringBehavior = new("all") }),
		disabled("EnableAcceptEncodingGzip", func(k *keyConfig) { k.EnableAcceptEncodingGzip = new(true) }),
		disabled("EnableAcceptEncodingBrotli", func(k *keyConfig) { k.EnableAcceptEncodingBrotli = new(true) }),
		headers("none named", invalidArgument, ""),
		headers("too many", "TooManyHeadersInCachePolicy", "", numberedNames(11)...),
		headers("viewer address", invalidArgument, "The parameter Headers contains CloudFront-Viewer-Address that is not allowed.",
			"CloudFront-Viewer-Address"),
		{"headers", "unknown behavior", func(c *policy) {
			c.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.HeaderBehavior = new("allViewer")
		}, invalidArgument, 400, ""},
		{"headers", "quantity", func(c *policy) {
			c.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers = &cloudfrontapi.Headers{Quantity: new(int32(3))}
		}, "InconsistentQuantities", 400, ""},
		cookies("none named", "whitelist", invalidArgument), cookies("named", "all", invalidArgument, "a"),
		cookies("too many", "allExcept", "TooManyCookiesInCachePolicy", numberedNames(11)...),
		cookies("too long", "whitelist", invalidArgument, strings.Repeat("c", 1025)), cookies("unknown", "x", invalidArgument),
		query("none named", "whitelist", invalidArgument), query("named", "none", invalidArgument, "a"),
		query("too many", "whitelist", "TooManyQueryStringsInCachePolicy", numberedNames(11)...),
		query("twice", "whitelist", invalidArgument, "a", "a"), query("unknown", "x", invalidArgument),
	}
	known, _ := cloudfront.PolicyRuleNames()
	runPolicyCases(t, known, cases, func(s *cloudfront.Service, edit func(*policy)) error {
		c := cachePolicyConfig("p")
		edit(c)
		_, err := s.CreateCachePolicy(call(account), &cloudfrontapi.CreateCachePolicyRequest{CachePolicyConfig: c})
		return err
	})
}

func TestOriginRequestPolicyRules(t *testing.T) {
	type policy = cloudfrontapi.OriginRequestPolicyConfig
	headers := func(name, behavior, code, text string, list ...string) policyCase[policy] {
		return policyCase[policy]{"headers", name, func(c *policy) {
			c.HeadersConfig = &cloudfrontapi.OriginRequestPolicyHeadersConfig{HeaderBehavior: new(behavior), Headers: names(list...)}
		}, code, 400, text}
	}
	cases := []policyCase[policy]{
		{"name and comment", "", func(c *policy) { c.Name = new("") }, invalidArgument, 400, ""},
		headers("Authorization", "whitelist", invalidArgument, "The parameter Headers contains Authorization that is not allowed.", "Authorization"),
		headers("Accept-Encoding", "whitelist", invalidArgument, "The parameter Headers contains Accept-Encoding that is not allowed.", "Accept-Encoding"),
		headers("viewer's beside all", "allViewerAndWhitelistCloudFront", invalidArgument, "", "Referer"),
		headers("named beside all", "allViewer", invalidArgument, "", "Referer"),
		headers("too many", "whitelist", "TooManyHeadersInOriginRequestPolicy", "", numberedNames(11)...),
		headers("unknown", "x", invalidArgument, ""),
		{"cookies", "too many", func(c *policy) {
			c.CookiesConfig = &cloudfrontapi.OriginRequestPolicyCookiesConfig{
				CookieBehavior: new("whitelist"), Cookies: &cloudfrontapi.CookieNames{Quantity: new(int32(11)), Items: numberedNames(11)},
			}
		}, "TooManyCookiesInOriginRequestPolicy", 400, ""},
		{"query strings", "too many", func(c *policy) {
			c.QueryStringsConfig = &cloudfrontapi.OriginRequestPolicyQueryStringsConfig{
				QueryStringBehavior: new("whitelist"), QueryStrings: &cloudfrontapi.QueryStringNames{Quantity: new(int32(11)), Items: numberedNames(11)},
			}
		}, "TooManyQueryStringsInOriginRequestPolicy", 400, ""},
	}
	_, known := cloudfront.PolicyRuleNames()
	runPolicyCases(t, known, cases, func(s *cloudfront.Service, edit func(*policy)) error {
		c := originRequestPolicyConfig("p", "none")
		edit(c)
		_, err := s.CreateOriginRequestPolicy(call(account), &cloudfrontapi.CreateOriginRequestPolicyRequest{OriginRequestPolicyConfig: c})
		return err
	})
}

func numberedNames(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("n", i))
	}
	return all
}

type policyCase[C any] struct {
	rule, name string
	edit       func(*C)
	code       string
	status     int
	text       string
}

func runPolicyCases[C any](t *testing.T, rules []string, cases []policyCase[C], create func(*cloudfront.Service, func(*C)) error) {
	t.Helper()
	covered := make(map[string]bool)
	for _, test := range cases {
		covered[test.rule] = true
		t.Run(test.rule+"/"+test.name, func(t *testing.T) {
			s := newService(t, cloudfront.Options{})
			wantError(t, create(s, test.edit), test.code, test.status, test.text)
			if err := create(s, func(*C) {}); err != nil {
				t.Errorf("the unedited policy is refused: %v", err)
			}
		})
	}
	for _, rule := range rules {
		if !covered[rule] {
			t.Errorf("no case for the rule %q", rule)
		}
	}
}

func TestCachePolicyLife(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	made := createCachePolicy(t, s, cachePolicyConfig("mine"))
	id := made.CachePolicy.Id
	if want := "https://cloudfront.amazonaws.com/2020-05-31/cache-policy/" + *id; *made.Location != want {
		t.Errorf("Location %s, want %s", *made.Location, want)
	}
	stored := made.CachePolicy.CachePolicyConfig
	if *stored.DefaultTTL != 86400 || *stored.MaxTTL != 31536000 || *stored.Comment != "" ||
		*stored.ParametersInCacheKeyAndForwardedToOrigin.EnableAcceptEncodingBrotli {
		t.Errorf("defaults: %+v", stored)
	}
	_, err := s.CreateCachePolicy(call(account), &cloudfrontapi.CreateCachePolicyRequest{CachePolicyConfig: cachePolicyConfig("mine")})
	wantError(t, err, "CachePolicyAlreadyExists", 409, "")
	_, err = s.GetCachePolicy(call(otherAccount), &cloudfrontapi.GetCachePolicyRequest{Id: id})
	wantError(t, err, "NoSuchCachePolicy", 404, "The specified cache policy does not exist.")

	c := config("user")
	c.DefaultCacheBehavior.CachePolicyId = id
	user := create(t, s, account, c)
	remove := func(etag *string) error {
		return s.DeleteCachePolicy(call(account), &cloudfrontapi.DeleteCachePolicyRequest{Id: id, IfMatch: etag})
	}
	wantError(t, remove(made.ETag), "CachePolicyInUse", 409,
		"The specified cache policy is currently associated with a cache behavior. Please disassociate the policy before deleting.")

	updated, err := s.UpdateCachePolicy(call(account), &cloudfrontapi.UpdateCachePolicyRequest{
		Id: id, IfMatch: made.ETag, CachePolicyConfig: cachePolicyConfig("renamed", "Origin"),
	})
	if err != nil {
		t.Fatal(err)
	}
	createCachePolicy(t, s, cachePolicyConfig("mine")) // the old name is free

	c = sent(t, user.Distribution.DistributionConfig)
	c.DefaultCacheBehavior.CachePolicyId = new(cachingOff)
	if _, err := update(s, user.Distribution.Id, user.ETag, c); err != nil {
		t.Fatal(err)
	}
	wantError(t, remove(nil), "InvalidIfMatchVersion", 400, "")
	wantError(t, remove(made.ETag), "PreconditionFailed", 412, "")
	if err := remove(updated.ETag); err != nil {
		t.Fatal(err)
	}
	wantError(t, remove(updated.ETag), "NoSuchCachePolicy", 404, "")
	createCachePolicy(t, s, cachePolicyConfig("renamed"))
}

func TestPolicyQuotas(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{DistributionsPerPolicy: 1}})
	policy := createCachePolicy(t, s, cachePolicyConfig("0")).CachePolicy.Id
	for i := range 19 {
		createCachePolicy(t, s, cachePolicyConfig(fmt.Sprint(i+1)))
	}
	_, err := s.CreateCachePolicy(call(account), &cloudfrontapi.CreateCachePolicyRequest{CachePolicyConfig: cachePolicyConfig("20")})
	wantError(t, err, "TooManyCachePolicies", 400, "")

	first, second := config("1"), config("2")
	first.DefaultCacheBehavior.CachePolicyId, second.DefaultCacheBehavior.CachePolicyId = policy, policy
	create(t, s, account, first)
	_, err = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: second})
	wantError(t, err, "TooManyDistributionsAssociatedToCachePolicy", 400, "")
}

func TestManagedPolicies(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	got, err := s.GetCachePolicy(call(account), &cloudfrontapi.GetCachePolicyRequest{Id: new(cachingOff)})
	if err != nil {
		t.Fatal(err)
	}
	c := got.CachePolicy.CachePolicyConfig
	if *c.Name != "Managed-CachingDisabled" || *c.MinTTL != 0 || *c.DefaultTTL != 0 || *c.MaxTTL != 0 {
		t.Errorf("CachingDisabled is %+v", c)
	}
	wantError(t, s.DeleteCachePolicy(call(account), &cloudfrontapi.DeleteCachePolicyRequest{Id: new(cachingOff), IfMatch: got.ETag}),
		"IllegalDelete", 400, "")
	_, err = s.UpdateCachePolicy(call(account), &cloudfrontapi.UpdateCachePolicyRequest{
		Id: new(cachingOff), IfMatch: got.ETag, CachePolicyConfig: cachePolicyConfig("x")})
	wantError(t, err, "IllegalUpdate", 400, "")
	_, err = s.CreateCachePolicy(call(account), &cloudfrontapi.CreateCachePolicyRequest{CachePolicyConfig: cachePolicyConfig("Managed-CachingDisabled")})
	wantError(t, err, "CachePolicyAlreadyExists", 409, "")

	headers, err := s.GetOriginRequestPolicyConfig(call(account), &cloudfrontapi.GetOriginRequestPolicyConfigRequest{Id: new("33f36d7e-f396-46d9-90e0-52428a34d9dc")})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(headers.OriginRequestPolicyConfig.HeadersConfig.Headers.Items); n != 21 {
		t.Errorf("AllViewerAndCloudFrontHeaders-2022-06 has %d headers", n)
	}
	rhp, err := s.ListResponseHeadersPolicies(call(account), &cloudfrontapi.ListResponseHeadersPoliciesRequest{})
	if err != nil || len(rhp.ResponseHeadersPolicyList.Items) != 5 {
		t.Errorf("response headers policies: %v, %v", rhp, err)
	}
	for _, item := range rhp.ResponseHeadersPolicyList.Items {
		one, err := s.GetResponseHeadersPolicy(call(account), &cloudfrontapi.GetResponseHeadersPolicyRequest{Id: item.ResponseHeadersPolicy.Id})
		if err != nil || *one.ResponseHeadersPolicy.Id != *item.ResponseHeadersPolicy.Id {
			t.Errorf("%s: %v", *item.ResponseHeadersPolicy.Id, err)
		}
	}
	_, err = s.GetResponseHeadersPolicyConfig(call(account), &cloudfrontapi.GetResponseHeadersPolicyConfigRequest{Id: new("x")})
	wantError(t, err, "NoSuchResponseHeadersPolicy", 404, "The specified response headers policy does not exist.")
}

// TestManagedPoliciesKeepTheRules: what AWS manages passes the rules that
// custom policies must pass, but for the number of headers.
func TestManagedPoliciesKeepTheRules(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{PolicyNames: 21}})
	caches, err := s.ListCachePolicies(call(account), &cloudfrontapi.ListCachePoliciesRequest{Type: new("managed")})
	if err != nil || len(caches.CachePolicyList.Items) != 7 {
		t.Fatalf("%v, %v", caches, err)
	}
	for _, item := range caches.CachePolicyList.Items {
		c := item.CachePolicy.CachePolicyConfig
		c.Name = new("copy of " + *c.Name)
		createCachePolicy(t, s, c)
	}
	requests, err := s.ListOriginRequestPolicies(call(account), &cloudfrontapi.ListOriginRequestPoliciesRequest{Type: new("managed")})
	if err != nil || len(requests.OriginRequestPolicyList.Items) != 8 {
		t.Fatalf("%v, %v", requests, err)
	}
	for _, item := range requests.OriginRequestPolicyList.Items {
		c := item.OriginRequestPolicy.OriginRequestPolicyConfig
		c.Name = new("copy of " + *c.Name)
		createOriginRequestPolicy(t, s, c)
	}
}

func TestPolicyPaging(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	for i := range 3 {
		createCachePolicy(t, s, cachePolicyConfig(fmt.Sprint(i)))
	}
	list := func(call *api.Call, kind, marker *string) *cloudfrontapi.CachePolicyList {
		t.Helper()
		out, err := s.ListCachePolicies(call, &cloudfrontapi.ListCachePoliciesRequest{Type: kind, Marker: marker, MaxItems: new(int32(4))})
		if err != nil {
			t.Fatal(err)
		}
		return out.CachePolicyList
	}
	var sizes []int
	var kinds []string
	for marker := (*string)(nil); ; {
		page := list(call(account), nil, marker)
		sizes = append(sizes, len(page.Items))
		for _, item := range page.Items {
			kinds = append(kinds, *item.Type)
		}
		if marker = page.NextMarker; marker == nil {
			break
		}
	}
	if !slices.Equal(sizes, []int{4, 4, 2}) || kinds[6] != "managed" || kinds[7] != "custom" {
		t.Errorf("pages %v of %v", sizes, kinds)
	}
	custom := list(call(account), new("custom"), nil)
	if len(custom.Items) != 3 || custom.NextMarker != nil || *custom.Quantity != 3 || *custom.MaxItems != 4 {
		t.Errorf("custom: %+v", custom)
	}
	if gone := list(call(account), new("custom"), new("00000000-0000-4000-8000-000000000000")); len(gone.Items) != 3 {
		t.Errorf("after a deleted policy: %d", len(gone.Items))
	}
	if other := list(call(otherAccount), new("custom"), nil); len(other.Items) != 0 {
		t.Errorf("another account sees %d", len(other.Items))
	}
	_, err := s.ListCachePolicies(call(account), &cloudfrontapi.ListCachePoliciesRequest{MaxItems: new(int32(0))})
	wantError(t, err, invalidArgument, 400, "")
}

func TestOriginRequestPolicyLife(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{OriginRequestPolicies: 1, DistributionsPerPolicy: 1}})
	made := createOriginRequestPolicy(t, s, originRequestPolicyConfig("p", "whitelist", "Accept"))
	id := made.OriginRequestPolicy.Id
	got, err := s.GetOriginRequestPolicy(call(account), &cloudfrontapi.GetOriginRequestPolicyRequest{Id: id})
	if err != nil || *got.ETag != *made.ETag || *got.OriginRequestPolicy.OriginRequestPolicyConfig.Name != "p" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = s.GetOriginRequestPolicyConfig(call(account), &cloudfrontapi.GetOriginRequestPolicyConfigRequest{Id: new("x")})
	wantError(t, err, "NoSuchOriginRequestPolicy", 404, "The specified origin request policy does not exist.")
	another := func(name string) error {
		_, err := s.CreateOriginRequestPolicy(call(account), &cloudfrontapi.CreateOriginRequestPolicyRequest{
			OriginRequestPolicyConfig: originRequestPolicyConfig(name, "allViewer")})
		return err
	}
	wantError(t, another("p"), "OriginRequestPolicyAlreadyExists", 409, "")
	wantError(t, another("q"), "TooManyOriginRequestPolicies", 400, "")

	c := config("1")
	c.Enabled, c.DefaultCacheBehavior.OriginRequestPolicyId = new(false), id
	user := create(t, s, account, c)
	second := config("2")
	second.DefaultCacheBehavior.OriginRequestPolicyId = id
	_, err = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: second})
	wantError(t, err, "TooManyDistributionsAssociatedToOriginRequestPolicy", 400, "")
	drop := func() error {
		return s.DeleteOriginRequestPolicy(call(account), &cloudfrontapi.DeleteOriginRequestPolicyRequest{Id: id, IfMatch: made.ETag})
	}
	wantError(t, drop(), "OriginRequestPolicyInUse", 409,
		"The specified origin request policy is currently associated with a cache behavior. Please disassociate the policy before deleting.")
	if err := remove(s, user.Distribution.Id, user.ETag); err != nil {
		t.Fatal(err)
	}
	if err := drop(); err != nil {
		t.Fatal(err)
	}
	if err := another("p"); err != nil {
		t.Errorf("the name of a deleted policy is not free: %v", err)
	}
}

func TestGetCachePolicyConfig(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	got, err := s.GetCachePolicyConfig(call(account), &cloudfrontapi.GetCachePolicyConfigRequest{Id: new(cachingOff)})
	if err != nil || *got.CachePolicyConfig.Name != "Managed-CachingDisabled" || *got.ETag == "" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = s.GetCachePolicyConfig(call(account), &cloudfrontapi.GetCachePolicyConfigRequest{Id: new(strings.Repeat("x", 2000))})
	wantError(t, err, "NoSuchCachePolicy", 404, "")
	_, err = s.CreateCachePolicy(call(account), &cloudfrontapi.CreateCachePolicyRequest{})
	wantError(t, err, "MissingBody", 400, "")
}
