//lint:file-ignore SA1019 ForwardedValues is what distributions without a cache policy have, and they are still there.

package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// reasons are why a method does not fit a stage.
type reasons map[Method][]string

// fits finds out which methods the API and the distribution allow
// (reference/article.md, the points to note of both methods).
func (a *Account) fits(ctx context.Context, t *target, plans []plan) (reasons, error) {
	against := reasons{}
	add := func(m Method, format string, args ...any) {
		against[m] = append(against[m], fmt.Sprintf(format, args...))
	}
	if t.rest.ApiKeySource == apitypes.ApiKeySourceTypeAuthorizer {
		add(APIKey, "the API takes its keys from an authorizer (apiKeySource AUTHORIZER), not from x-api-key")
	}
	if names := t.customerKeys(plans); len(names) > 0 && t.sent(APIKey.header()) == "" {
		add(APIKey, "its methods demand keys already and usage plans of the stage have other keys (%s): customers use them, and the distribution would overwrite theirs", strings.Join(names, ", "))
	}
	if where := t.readsReferer(); where != "" {
		add(Referer, "the backend is sent the viewer's Referer (%s), and the secret would take its place", where)
	}
	if where := t.wouldOpen(); where != "" {
		add(Referer, "without a resource policy %s, and the policy's Allow for everybody would let in whom that does not allow; write a resource policy first", where)
	}
	for _, m := range []Method{APIKey, Referer} {
		where, err := a.forwarded(ctx, t, m.header())
		if err != nil {
			return nil, err
		}
		if where != "" {
			add(m, "%s names the header %s; CloudFront refuses a header that is both forwarded and an origin custom header", where, m.header())
		}
	}
	return against, nil
}

// choose picks the method that nothing speaks against, the policy first: it
// covers methods that are added later.
func choose(against reasons, wanted Method) (Method, string, error) {
	if wanted != "" {
		if why := against[wanted]; len(why) > 0 {
			return "", "", fmt.Errorf("method %s does not fit: %s", wanted, strings.Join(why, "; "))
		}
		return wanted, "", nil
	}
	key, referer := against[APIKey], against[Referer]
	switch {
	case len(key) == 0 && len(referer) == 0:
		return Referer, "the resource policy covers methods that are added later, too", nil
	case len(key) == 0:
		return APIKey, "not referer: " + strings.Join(referer, "; "), nil
	case len(referer) == 0:
		return Referer, "not api-key: " + strings.Join(key, "; "), nil
	}
	return "", "", errors.New("neither method fits: api-key: " + strings.Join(key, "; ") + "; referer: " + strings.Join(referer, "; "))
}

// customerKeys are the keys of the stage's usage plans that are not the lock's.
func (t *target) customerKeys(plans []plan) []string {
	if !t.demandsKey() {
		return nil
	}
	var names []string
	for _, p := range plans {
		if p.opens(t.api, t.stage) && !strings.HasPrefix(aws.ToString(p.Name), resourceName(t.api, t.stage)) {
			names = append(names, p.keys...)
		}
	}
	return names
}

// readsReferer names a method whose integration passes the Referer on.
func (t *target) readsReferer() string {
	for i := range t.resources {
		for verb, method := range t.resources[i].ResourceMethods {
			in := method.MethodIntegration
			if in == nil {
				continue
			}
			for _, source := range in.RequestParameters {
				if strings.EqualFold(source, "method.request.header.Referer") {
					return verb + " " + aws.ToString(t.resources[i].Path)
				}
			}
			for _, template := range in.RequestTemplates {
				if strings.Contains(strings.ToLower(template), "referer") {
					return verb + " " + aws.ToString(t.resources[i].Path)
				}
			}
		}
	}
	return ""
}

// wouldOpen names a method that the Allow of a first resource policy opens: one
// where an Allow of either policy is enough, the caller's own (or its
// authorizer's) or the resource's (api-gateway.md 3.3, Table A).
func (t *target) wouldOpen() string {
	if p, err := parsePolicy(t.policy); err != nil || len(p.statements) > 0 {
		return "" // then the lock adds no Allow
	}
	for i := range t.resources {
		for _, verb := range sortedMethods(&t.resources[i]) {
			kind, name := aws.ToString(t.resources[i].ResourceMethods[verb].AuthorizationType), verb+" "+aws.ToString(t.resources[i].Path)
			switch kind {
			case "AWS_IAM":
				return name + " is decided by IAM policies alone"
			case "CUSTOM":
				return name + " is decided by its authorizer's policy alone"
			}
		}
	}
	return ""
}

// behaviorsTo are the behaviors that lead to one of the origins, also by way of
// a group.
func behaviorsTo(config *cdntypes.DistributionConfig, origins []string) []cdntypes.DefaultCacheBehavior {
	leads := func(id *string) bool {
		if slices.Contains(origins, aws.ToString(id)) {
			return true
		}
		if config.OriginGroups == nil {
			return false
		}
		return slices.ContainsFunc(config.OriginGroups.Items, func(g cdntypes.OriginGroup) bool {
			return aws.ToString(g.Id) == aws.ToString(id) && g.Members != nil &&
				slices.ContainsFunc(g.Members.Items, func(m cdntypes.OriginGroupMember) bool {
					return slices.Contains(origins, aws.ToString(m.OriginId))
				})
		})
	}
	var found []cdntypes.DefaultCacheBehavior
	if d := config.DefaultCacheBehavior; d != nil && leads(d.TargetOriginId) {
		found = append(found, *d)
	}
	if config.CacheBehaviors != nil {
		for _, b := range config.CacheBehaviors.Items {
			if leads(b.TargetOriginId) {
				found = append(found, cdntypes.DefaultCacheBehavior{
					TargetOriginId: b.TargetOriginId, CachePolicyId: b.CachePolicyId,
					OriginRequestPolicyId: b.OriginRequestPolicyId, ForwardedValues: b.ForwardedValues,
				})
			}
		}
	}
	return found
}

// forwarded names the policy by which a behavior of the stage's origins
// forwards a header by name, or "".
func (a *Account) forwarded(ctx context.Context, t *target, header string) (string, error) {
	var ids []string
	for _, origin := range t.origins(t.distribution) {
		ids = append(ids, aws.ToString(origin.Id))
	}
	read, err := a.CloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: t.distribution.Id})
	if err != nil || read.DistributionConfig == nil {
		return "", fmt.Errorf("read distribution %s: %w", aws.ToString(t.distribution.Id), err)
	}
	named := func(h *cdntypes.Headers) bool {
		return h != nil && slices.ContainsFunc(h.Items, func(name string) bool { return strings.EqualFold(name, header) })
	}
	for _, b := range behaviorsTo(read.DistributionConfig, ids) {
		if b.ForwardedValues != nil && named(b.ForwardedValues.Headers) {
			return "a behavior's ForwardedValues", nil
		}
		if id := aws.ToString(b.OriginRequestPolicyId); id != "" {
			p, err := a.CloudFront.GetOriginRequestPolicy(ctx, &cloudfront.GetOriginRequestPolicyInput{Id: &id})
			if err != nil {
				return "", fmt.Errorf("read origin request policy %s: %w", id, err)
			}
			config := p.OriginRequestPolicy.OriginRequestPolicyConfig
			if h := config.HeadersConfig; h != nil && h.HeaderBehavior == cdntypes.OriginRequestPolicyHeaderBehaviorWhitelist && named(h.Headers) {
				return "origin request policy " + aws.ToString(config.Name), nil
			}
		}
		if id := aws.ToString(b.CachePolicyId); id != "" {
			p, err := a.CloudFront.GetCachePolicy(ctx, &cloudfront.GetCachePolicyInput{Id: &id})
			if err != nil {
				return "", fmt.Errorf("read cache policy %s: %w", id, err)
			}
			config := p.CachePolicy.CachePolicyConfig
			if in := config.ParametersInCacheKeyAndForwardedToOrigin; in != nil && in.HeadersConfig != nil && named(in.HeadersConfig.Headers) {
				return "cache policy " + aws.ToString(config.Name), nil
			}
		}
	}
	return "", nil
}

// resourceName begins the names of what the lock makes for a stage.
func resourceName(api, stage string) string { return "drawbridge-lock-" + api + "-" + stage }
