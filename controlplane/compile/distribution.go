package compile

import (
	"crypto"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

// policies finds what a behavior names: the account's own policies, AWS's
// managed ones, and functions.
type policies interface {
	cachePolicy(account, id string) (*cloudfrontapi.CachePolicyConfig, bool)
	originRequestPolicy(account, id string) (*cloudfrontapi.OriginRequestPolicyConfig, bool)
	responseHeadersPolicy(account, id string) (*cloudfrontapi.ResponseHeadersPolicyConfig, bool)
	originAccessControl(account, id string) (*cloudfrontapi.OriginAccessControlConfig, bool)
	continuousDeployment(account, id string) (*continuousRecord, bool)
	vpcOrigin(account, id string) (*vpcRecord, bool)
	keyGroup(account, id string) (map[string]crypto.PublicKey, bool)
	function(account, name string) (*program.EdgeFunction, bool)
}

// distribution compiles a stored distribution.
func distribution(record *cloudfront.DistributionRecord, revision int64, known policies) (*program.Distribution, error) {
	config := &record.Config
	d := &program.Distribution{
		ID: record.ID, Account: record.Account, DomainName: record.DomainName, Revision: revision,
		Enabled:           value(config.Enabled),
		DefaultRootObject: value(config.DefaultRootObject),
		HTTP2:             strings.Contains(value(config.HttpVersion), "http2"),
		Errors:            errorResponses(config.CustomErrorResponses),
	}
	if viewer := config.ViewerCertificate; viewer != nil {
		d.Certificate = valueOr(viewer.ACMCertificateArn, value(viewer.IAMCertificateId))
		d.MinTLS = minTLS(value(viewer.MinimumProtocolVersion))
	}
	if config.Aliases != nil {
		for _, alias := range config.Aliases.Items {
			d.Aliases = append(d.Aliases, strings.ToLower(alias))
		}
	}
	d.Geo = geoRestriction(config)
	if config.CacheTagConfig != nil {
		d.TagHeader = value(config.CacheTagConfig.HeaderName)
	}
	d.Unlisted, d.Traffic = value(config.Staging), traffic(record, known)
	targets, err := originTargets(record.Account, config, known)
	if err != nil {
		return nil, err
	}
	d.Origins = make(map[string]*program.Origin, len(targets))
	for id, to := range targets {
		if to.group == nil {
			d.Origins[id] = to.origin
		}
	}
	for _, behavior := range behaviors(config) {
		compiled, err := compileBehavior(record.Account, behavior, targets, known)
		if err != nil {
			return nil, fmt.Errorf("behavior %s: %w", value(behavior.PathPattern), err)
		}
		d.Behaviors = append(d.Behaviors, compiled)
	}
	return d, nil
}

// minTLS is the protocol version that a security policy begins with; listeners
// speak TLS 1.2 and later, whatever older versions a policy would allow.
func minTLS(policy string) uint16 {
	if policy == cloudfrontapi.MinimumProtocolVersionTLSv1_3_2025 {
		return tls.VersionTLS13
	}
	return 0
}

// reachable tells whether viewers get at a distribution without a tenant: a
// multi-tenant one has no way in but its tenants (reference/cloudfront.md 5.9).
func reachable(config *cloudfrontapi.DistributionConfig) bool {
	return value(config.ConnectionMode) != cloudfrontapi.ConnectionModeTenantOnly
}

// behaviors returns the cache behaviors in order with the default one, pattern "*", last.
func behaviors(config *cloudfrontapi.DistributionConfig) []cloudfrontapi.CacheBehavior {
	var all []cloudfrontapi.CacheBehavior
	if config.CacheBehaviors != nil {
		all = slices.Clone(config.CacheBehaviors.Items)
	}
	if b := config.DefaultCacheBehavior; b != nil {
		all = append(all, cloudfrontapi.CacheBehavior{
			PathPattern: new("*"), TargetOriginId: b.TargetOriginId, ViewerProtocolPolicy: b.ViewerProtocolPolicy,
			AllowedMethods: b.AllowedMethods, Compress: b.Compress, CachePolicyId: b.CachePolicyId,
			OriginRequestPolicyId: b.OriginRequestPolicyId, ForwardedValues: b.ForwardedValues,
			MinTTL: b.MinTTL, DefaultTTL: b.DefaultTTL, MaxTTL: b.MaxTTL,
			FunctionAssociations: b.FunctionAssociations, LambdaFunctionAssociations: b.LambdaFunctionAssociations,
			TrustedKeyGroups: b.TrustedKeyGroups, TrustedSigners: b.TrustedSigners,
			FieldLevelEncryptionId: b.FieldLevelEncryptionId, ResponseHeadersPolicyId: b.ResponseHeadersPolicyId,
			RealtimeLogConfigArn: b.RealtimeLogConfigArn, GrpcConfig: b.GrpcConfig, SmoothStreaming: b.SmoothStreaming,
		})
	}
	return all
}

// target is what a behavior's TargetOriginId leads to: an origin or a group.
type target struct {
	origin *program.Origin
	group  *program.OriginGroup
}

func originTargets(account string, config *cloudfrontapi.DistributionConfig, known policies) (map[string]target, error) {
	targets := make(map[string]target)
	if config.Origins != nil {
		for i := range config.Origins.Items {
			o, err := origin(account, &config.Origins.Items[i], known)
			if err != nil {
				return nil, err
			}
			targets[o.ID] = target{origin: o}
		}
	}
	if config.OriginGroups == nil {
		return targets, nil
	}
	for i := range config.OriginGroups.Items {
		group, err := originGroup(&config.OriginGroups.Items[i], targets)
		if err != nil {
			return nil, err
		}
		targets[group.ID] = target{origin: group.Members[0], group: group}
	}
	return targets, nil
}

func originGroup(config *cloudfrontapi.OriginGroup, targets map[string]target) (*program.OriginGroup, error) {
	group := &program.OriginGroup{ID: value(config.Id), FailoverOn: map[int]bool{}}
	if config.Members == nil || len(config.Members.Items) != len(group.Members) {
		return nil, fmt.Errorf("origin group %s does not have two members", group.ID)
	}
	for i, member := range config.Members.Items {
		group.Members[i] = targets[value(member.OriginId)].origin
		if group.Members[i] == nil {
			return nil, fmt.Errorf("origin group %s names the unknown origin %s", group.ID, value(member.OriginId))
		}
	}
	if config.FailoverCriteria != nil && config.FailoverCriteria.StatusCodes != nil {
		for _, code := range config.FailoverCriteria.StatusCodes.Items {
			group.FailoverOn[int(code)] = true
		}
	}
	return group, nil
}

func compileBehavior(account string, config cloudfrontapi.CacheBehavior, targets map[string]target, known policies) (*program.Behavior, error) {
	to, ok := targets[value(config.TargetOriginId)]
	if !ok {
		return nil, fmt.Errorf("unknown origin %s", value(config.TargetOriginId))
	}
	b := &program.Behavior{
		Pattern:        program.NewPathPattern(value(config.PathPattern)),
		Origin:         to.origin,
		Group:          to.group,
		ViewerProtocol: viewerProtocol(value(config.ViewerProtocolPolicy)),
		Allowed:        program.MethodGET | program.MethodHEAD,
		Cached:         program.MethodGET | program.MethodHEAD,
		Compress:       value(config.Compress),
	}
	if methods := config.AllowedMethods; methods != nil && len(methods.Items) > 0 {
		b.Allowed = methodSet(methods.Items)
		if methods.CachedMethods != nil && len(methods.CachedMethods.Items) > 0 {
			b.Cached = methodSet(methods.CachedMethods.Items)
		}
	}
	var err error
	if b.Cache, err = behaviorCachePolicy(account, &config, known); err != nil {
		return nil, err
	}
	if b.Request, err = behaviorRequestPolicy(account, &config, known); err != nil {
		return nil, err
	}
	if b.Response, err = behaviorResponsePolicy(account, &config, known); err != nil {
		return nil, err
	}
	if err = behaviorSigners(account, &config, b, known); err != nil {
		return nil, err
	}
	b.ViewerRequest, b.ViewerResponse, err = behaviorFunctions(account, &config, known)
	return b, err
}

func viewerProtocol(policy string) program.ViewerProtocolPolicy {
	switch policy {
	case cloudfrontapi.ViewerProtocolPolicyHttpsOnly:
		return program.HTTPSOnly
	case cloudfrontapi.ViewerProtocolPolicyRedirectToHttps:
		return program.RedirectToHTTPS
	}
	return program.AllowAll
}

func methodSet(names []string) program.MethodSet {
	var set program.MethodSet
	for _, name := range names {
		set |= program.MethodOf(name)
	}
	return set
}

func errorResponses(config *cloudfrontapi.CustomErrorResponses) map[int]program.ErrorResponse {
	if config == nil || len(config.Items) == 0 {
		return nil
	}
	responses := make(map[int]program.ErrorResponse, len(config.Items))
	for _, r := range config.Items {
		status, _ := strconv.Atoi(value(r.ResponseCode)) // "" keeps the status: 0
		responses[int(value(r.ErrorCode))] = program.ErrorResponse{
			PagePath: value(r.ResponsePagePath), StatusCode: status,
			CachingTTL: ttl(r.ErrorCachingMinTTL, program.DefaultErrorTTL),
		}
	}
	return responses
}

// value returns what p points to, or the zero value for an absent member.
func value[T any](p *T) T {
	var zero T
	return valueOr(p, zero)
}

// valueOr returns what p points to, or fallback for an absent member.
func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
