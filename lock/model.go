//lint:file-ignore SA1019 ForwardedValues is what distributions without a cache policy have, and they are still there.

package lock

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"drawbridge/lock/audit"
)

// behavior is a cache behavior, the default one with the pattern "*".
type behavior struct {
	cdntypes.DefaultCacheBehavior
	pattern string
}

// behaviorsOf are a distribution's behaviors in matching order.
func behaviorsOf(d *cdntypes.DistributionSummary) []behavior {
	var list []behavior
	if d.CacheBehaviors != nil {
		for _, b := range d.CacheBehaviors.Items {
			list = append(list, behavior{cdntypes.DefaultCacheBehavior{
				TargetOriginId: b.TargetOriginId, ViewerProtocolPolicy: b.ViewerProtocolPolicy, AllowedMethods: b.AllowedMethods,
				CachePolicyId: b.CachePolicyId, OriginRequestPolicyId: b.OriginRequestPolicyId, ForwardedValues: b.ForwardedValues,
				RealtimeLogConfigArn: b.RealtimeLogConfigArn, FunctionAssociations: b.FunctionAssociations,
				LambdaFunctionAssociations: b.LambdaFunctionAssociations,
			}, aws.ToString(b.PathPattern)})
		}
	}
	if d.DefaultCacheBehavior != nil {
		list = append(list, behavior{*d.DefaultCacheBehavior, "*"})
	}
	return list
}

func (c *collecting) modelDistribution(d *cdntypes.DistributionSummary) audit.Distribution {
	out := audit.Distribution{
		ID: aws.ToString(d.Id), ARN: aws.ToString(d.ARN), DomainName: aws.ToString(d.DomainName), Enabled: aws.ToBool(d.Enabled),
		Deployed: aws.ToString(d.Status) == "Deployed", Staging: aws.ToBool(d.Staging), WebACL: aws.ToString(d.WebACLId),
		ViewerMTLS: d.ViewerMtlsConfig != nil && d.ViewerMtlsConfig.Mode == cdntypes.ViewerMtlsModeRequired,
	}
	if d.Aliases != nil {
		out.Aliases = d.Aliases.Items
	}
	for _, origin := range originsOf(d.Origins) {
		out.Origins = append(out.Origins, modelOrigin(&origin))
	}
	if d.OriginGroups != nil {
		for _, group := range d.OriginGroups.Items {
			g := audit.OriginGroup{ID: aws.ToString(group.Id)}
			if group.Members != nil {
				for _, m := range group.Members.Items {
					g.Members = append(g.Members, aws.ToString(m.OriginId))
				}
			}
			out.Groups = append(out.Groups, g)
		}
	}
	for _, b := range behaviorsOf(d) {
		out.Behaviors = append(out.Behaviors, c.modelBehavior(b))
	}
	return out
}

func modelOrigin(origin *cdntypes.Origin) audit.Origin {
	out := audit.Origin{ID: aws.ToString(origin.Id), DomainName: aws.ToString(origin.DomainName), Path: aws.ToString(origin.OriginPath)}
	if custom := origin.CustomOriginConfig; custom != nil {
		out.Protocol = string(custom.OriginProtocolPolicy)
		if custom.OriginSslProtocols != nil {
			for _, version := range custom.OriginSslProtocols.Items {
				out.SSLProtocols = append(out.SSLProtocols, string(version))
			}
		}
	}
	if origin.CustomHeaders != nil {
		for _, h := range origin.CustomHeaders.Items {
			out.Headers = append(out.Headers, audit.Header{
				Name: aws.ToString(h.HeaderName), Value: audit.Known(audit.NewSecret(aws.ToString(h.HeaderValue))),
			})
		}
	}
	return out
}

func (c *collecting) modelBehavior(b behavior) audit.Behavior {
	out := audit.Behavior{
		PathPattern: b.pattern, TargetID: aws.ToString(b.TargetOriginId), ViewerProtocol: string(b.ViewerProtocolPolicy),
		RealtimeLog: aws.ToString(b.RealtimeLogConfigArn),
	}
	if b.AllowedMethods != nil {
		for _, verb := range b.AllowedMethods.Items {
			out.AllowedMethods = append(out.AllowedMethods, string(verb))
		}
	}
	none := audit.Known(audit.HeaderSet{Mode: audit.HeadersNone})
	out.KeyHeaders, out.ForwardedHeaders = none, none
	if id := aws.ToString(b.CachePolicyId); id != "" {
		out.KeyHeaders = c.policies[cachePolicy+id]
	}
	if id := aws.ToString(b.OriginRequestPolicyId); id != "" {
		out.ForwardedHeaders = c.policies[requestPolicy+id]
	}
	if f := b.ForwardedValues; f != nil && f.Headers != nil && len(f.Headers.Items) > 0 {
		set := headerSet(string(audit.HeadersWhitelist), f.Headers)
		if slices.Contains(set.Names, "*") {
			set = audit.HeaderSet{Mode: audit.HeadersAllViewer}
		}
		out.KeyHeaders = audit.Known(set)
	}
	if b.FunctionAssociations != nil {
		for _, f := range b.FunctionAssociations.Items {
			out.EdgeFunctions = append(out.EdgeFunctions, aws.ToString(f.FunctionARN))
		}
	}
	if b.LambdaFunctionAssociations != nil {
		for _, f := range b.LambdaFunctionAssociations.Items {
			out.EdgeFunctions = append(out.EdgeFunctions, aws.ToString(f.LambdaFunctionARN))
		}
	}
	return out
}

// modelPolicy is a policy as it was read; it holds the secret.
func modelPolicy(stored *string) audit.Maybe[audit.Secret] {
	text, err := policyText(stored)
	if err != nil {
		return audit.Unknown[audit.Secret](err.Error())
	}
	return audit.Known(audit.NewSecret(text))
}

// modelMethods are those of the working copy.
func modelMethods(resources []apitypes.Resource) []audit.Method {
	var list []audit.Method
	for i := range resources {
		for _, verb := range slices.Sorted(maps.Keys(resources[i].ResourceMethods)) {
			method := resources[i].ResourceMethods[verb]
			out := audit.Method{
				Path: aws.ToString(resources[i].Path), Verb: verb, Authorization: aws.ToString(method.AuthorizationType),
				APIKeyRequired: aws.ToBool(method.ApiKeyRequired),
			}
			if method.MethodIntegration != nil {
				out.Integration = modelIntegration(ofSDK(method.MethodIntegration))
			}
			list = append(list, out)
		}
	}
	return list
}

// modelSnapshot are the methods of a deployment.
func modelSnapshot(methods summary, operations map[string]exportedOperation) []audit.Method {
	list := []audit.Method{}
	for _, path := range slices.Sorted(maps.Keys(methods)) {
		for _, verb := range slices.Sorted(maps.Keys(methods[path])) {
			method := methods[path][verb]
			out := audit.Method{Path: path, Verb: verb, Authorization: aws.ToString(method.AuthorizationType), APIKeyRequired: method.ApiKeyRequired}
			if op, ok := operations[verb+" "+path]; ok && op.Integration != nil {
				out.Integration = modelIntegration(op.Integration)
			}
			list = append(list, out)
		}
	}
	return list
}

// modelIntegration is what of an integration shows what a backend is sent.
func modelIntegration(in *exportedIntegration) *audit.Integration {
	out := &audit.Integration{
		Type: strings.ToUpper(in.Type), URI: in.URI, RequestParameters: in.RequestParameters,
		RequestTemplates: in.RequestTemplates, PassthroughBehavior: strings.ToUpper(in.PassthroughBehavior),
	}
	for _, pattern := range slices.Sorted(maps.Keys(in.Responses)) {
		templates := in.Responses[pattern].ResponseTemplates
		for _, mediaType := range slices.Sorted(maps.Keys(templates)) {
			out.ResponseTemplates = append(out.ResponseTemplates, aws.ToString(templates[mediaType]))
		}
	}
	return out
}

func modelKeys(keys []apitypes.ApiKey) []audit.Key {
	var list []audit.Key
	for _, k := range keys {
		key := audit.Key{ID: aws.ToString(k.Id), Name: aws.ToString(k.Name), Enabled: k.Enabled, Tags: k.Tags}
		key.Value = audit.Unknown[audit.Secret]("the value of the key is not shown to this caller")
		if k.Value != nil {
			key.Value = audit.Known(audit.NewSecret(*k.Value))
		}
		list = append(list, key)
	}
	return list
}

func modelPlans(plans []plan) []audit.UsagePlan {
	var list []audit.UsagePlan
	for _, p := range plans {
		out := audit.UsagePlan{ID: aws.ToString(p.Id), Name: aws.ToString(p.Name), Keys: p.keys, Tags: p.Tags}
		for _, s := range p.ApiStages {
			out.Stages = append(out.Stages, audit.StageRef{API: aws.ToString(s.ApiId), Stage: aws.ToString(s.Stage)})
		}
		list = append(list, out)
	}
	return list
}

func modelDomains(domains []domain) []audit.Domain {
	var list []audit.Domain
	for i := range domains {
		d := &domains[i]
		out := audit.Domain{
			Name: aws.ToString(d.DomainName.DomainName), RegionalName: aws.ToString(d.RegionalDomainName),
			MutualTLS: d.MutualTlsAuthentication != nil && aws.ToString(d.MutualTlsAuthentication.TruststoreUri) != "", Tags: d.Tags,
		}
		if out.RegionalName == "" {
			out.RegionalName = aws.ToString(d.DistributionDomainName)
		}
		for _, m := range d.mappings {
			out.Mappings = append(out.Mappings, audit.Mapping{BasePath: aws.ToString(m.BasePath), API: aws.ToString(m.RestApiId), Stage: aws.ToString(m.Stage)})
		}
		list = append(list, out)
	}
	return list
}
