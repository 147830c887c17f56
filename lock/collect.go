package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"

	"drawbridge/lock/audit"
)

// CollectOptions say what is read: the APIs named, those that the distributions
// named lead to, or all; with nothing named, those that any distribution leads to.
type CollectOptions struct {
	All           bool
	Distributions []string
	Stages        []audit.StageRef // without a Stage: every one of the API
}

// Collect reads both ends of locks into audit's model. What may not be read is
// noted in the model with its reason; the error is about what was named and is
// not there.
func Collect(ctx context.Context, a *Account, o CollectOptions) (*audit.Stack, error) {
	c := &collecting{account: a, options: o, stack: &audit.Stack{
		Source: "account " + a.ID + ", " + a.Region, Partition: a.Partition(), Account: a.ID, Region: a.Region, Drawbridge: a.Drawbridge,
	}}
	if a.Endpoint != "" {
		c.stack.Source += ", " + a.Endpoint
	}
	if err := c.lists(ctx); err != nil {
		return nil, err
	}
	if err := c.readAPIs(ctx); err != nil {
		return nil, err
	}
	return c.stack, c.readDistributions(ctx)
}

// collecting is one run of Collect.
type collecting struct {
	account *Account
	options CollectOptions
	stack   *audit.Stack

	distributions []cdntypes.DistributionSummary
	apis          []apitypes.RestApi
	domains       []domain

	mu       sync.Mutex
	policies map[string]audit.Maybe[audit.HeaderSet]
}

// gap notes a part that could not be read; nil is no gap. A cancelled run is an
// error.
func (c *collecting) gap(ctx context.Context, resource string, err error) error {
	return c.note(ctx, audit.Gap{Resource: resource}, err)
}

func (c *collecting) note(ctx context.Context, gap audit.Gap, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		gap.Reason = reasonOf(err)
		c.stack.Gaps = append(c.stack.Gaps, gap)
	}
	return nil
}

// reasonOf is an API's refusal in a few words.
func reasonOf(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode() + ": " + refusal.ErrorMessage()
	}
	return err.Error()
}

// lists reads what an account has, at the same time.
func (c *collecting) lists(ctx context.Context) error {
	a := c.account
	jobs := []struct {
		resource string
		read     func(context.Context) error
	}{
		{"distributions", func(ctx context.Context) (err error) { c.distributions, err = a.distributions(ctx); return err }},
		{"APIs", func(ctx context.Context) (err error) { c.apis, err = a.apis(ctx); return err }},
		{"custom domains", func(ctx context.Context) (err error) { c.domains, err = a.domains(ctx); return err }},
		{"API keys", func(ctx context.Context) error {
			keys, err := a.keys(ctx, "")
			c.stack.Keys = modelKeys(keys)
			return err
		}},
		{"usage plans", func(ctx context.Context) error {
			plans, err := a.plans(ctx)
			c.stack.Plans = modelPlans(plans)
			return err
		}},
	}
	err := inParallel(ctx, len(jobs), func(ctx context.Context, i int) error {
		return c.gap(ctx, jobs[i].resource, jobs[i].read(ctx))
	})
	if err != nil {
		return err
	}
	c.stack.Domains = modelDomains(c.domains)
	for _, id := range c.options.Distributions {
		if !slices.ContainsFunc(c.distributions, func(d cdntypes.DistributionSummary) bool { return aws.ToString(d.Id) == id }) {
			return fmt.Errorf("there is no distribution %s in account %s that can be read", id, a.ID)
		}
	}
	for _, ref := range c.options.Stages {
		if !slices.ContainsFunc(c.apis, func(api apitypes.RestApi) bool { return aws.ToString(api.Id) == ref.API }) {
			return fmt.Errorf("there is no API %s in account %s, region %s, that can be read", ref.API, a.ID, a.Region)
		}
	}
	return nil
}

// wanted tells whether an API is to be judged.
func (c *collecting) wanted(api string) bool {
	if c.options.All || slices.ContainsFunc(c.options.Stages, func(ref audit.StageRef) bool { return ref.API == api }) {
		return true
	}
	linked := len(c.options.Distributions) == 0 && len(c.options.Stages) == 0
	return slices.ContainsFunc(c.distributions, func(d cdntypes.DistributionSummary) bool {
		return (linked || slices.Contains(c.options.Distributions, aws.ToString(d.Id))) && c.leads(&d, api)
	})
}

// leads tells whether a distribution has an origin that leads to an API.
func (c *collecting) leads(d *cdntypes.DistributionSummary, api string) bool {
	return slices.ContainsFunc(originsOf(d.Origins), func(o cdntypes.Origin) bool {
		if m := executeAPI.FindStringSubmatch(strings.ToLower(aws.ToString(o.DomainName))); m != nil {
			return m[1] == api
		}
		return slices.ContainsFunc(c.domains, func(d domain) bool {
			return slices.ContainsFunc(d.mappings, func(m apitypes.BasePathMapping) bool {
				return aws.ToString(m.RestApiId) == api && leadsTo(&o, api, aws.ToString(m.Stage), c.domains)
			})
		})
	})
}

// readAPIs reads the APIs that are wanted.
func (c *collecting) readAPIs(ctx context.Context) error {
	var wanted []apitypes.RestApi
	for _, api := range c.apis {
		if c.wanted(aws.ToString(api.Id)) {
			wanted = append(wanted, api)
		}
	}
	c.stack.APIs = make([]audit.API, len(wanted))
	return inParallel(ctx, len(wanted), func(ctx context.Context, i int) error {
		return c.readAPI(ctx, &wanted[i], &c.stack.APIs[i])
	})
}

func (c *collecting) readAPI(ctx context.Context, rest *apitypes.RestApi, out *audit.API) error {
	id := aws.ToString(rest.Id)
	*out = audit.API{
		ID: id, Name: aws.ToString(rest.Name), DefaultEndpointDisabled: rest.DisableExecuteApiEndpoint,
		KeySource: string(rest.ApiKeySource), Tags: rest.Tags, Policy: modelPolicy(rest.Policy),
	}
	if rest.EndpointConfiguration != nil {
		for _, kind := range rest.EndpointConfiguration.Types {
			out.EndpointTypes = append(out.EndpointTypes, string(kind))
		}
	}
	resources, err := c.account.resources(ctx, id)
	out.Methods = audit.Known(modelMethods(resources))
	if err != nil {
		out.Methods = audit.Unknown[[]audit.Method](reasonOf(err))
	}
	stages, err := c.account.stages(ctx, id)
	if err != nil {
		return c.gap(ctx, "stages of API "+id, err)
	}
	out.Stages = make([]audit.Stage, len(stages))
	for i := range stages {
		if err := c.readStage(ctx, id, &stages[i], &out.Stages[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *collecting) readStage(ctx context.Context, api string, stage *apitypes.Stage, out *audit.Stage) error {
	*out = audit.Stage{
		Name: aws.ToString(stage.StageName), DeploymentID: aws.ToString(stage.DeploymentId), WebACL: aws.ToString(stage.WebAclArn),
		ClientCertificate: aws.ToString(stage.ClientCertificateId), Tags: stage.Tags, MethodSettings: map[string]audit.MethodSetting{},
	}
	if stage.AccessLogSettings != nil {
		out.AccessLogFormat = aws.ToString(stage.AccessLogSettings.Format)
	}
	for key, setting := range stage.MethodSettings {
		out.MethodSettings[key] = audit.MethodSetting{LoggingLevel: aws.ToString(setting.LoggingLevel), DataTrace: setting.DataTraceEnabled}
	}
	if out.DeploymentID == "" {
		out.Deployed = audit.Snapshot{
			Methods: audit.Known([]audit.Method(nil)), Policy: audit.Known(audit.Secret{}),
			KeySource: audit.Known(""), DefaultEndpointDisabled: audit.Known(false),
		}
		return nil
	}
	methods, err := c.account.summary(ctx, api, out.DeploymentID)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text, exportErr := c.account.export(ctx, api, out.Name)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exported *document
	if exportErr == nil {
		exported, exportErr = parseExport(text)
	}
	out.Deployed = c.snapshot(methods, err, exported, exportErr)
	if stage.CanarySettings == nil || aws.ToString(stage.CanarySettings.DeploymentId) == "" {
		return nil
	}
	out.Canary = &audit.Canary{DeploymentID: aws.ToString(stage.CanarySettings.DeploymentId), Percent: stage.CanarySettings.PercentTraffic}
	methods, err = c.account.summary(ctx, api, out.Canary.DeploymentID)
	out.Canary.Deployed = c.snapshot(methods, err, nil, errors.New("the export of a stage shows its deployment, not its canary's"))
	return nil
}

// snapshot is what a deployment froze: methods by its summary, the rest by the
// export of its stage.
func (c *collecting) snapshot(methods summary, err error, exported *document, exportErr error) audit.Snapshot {
	out := audit.Snapshot{}
	operations := map[string]exportedOperation{}
	if exported != nil {
		operations, exportErr = exported.operations()
	}
	if err != nil {
		out.Methods = audit.Unknown[[]audit.Method](reasonOf(err))
	} else {
		out.Methods = audit.Known(modelSnapshot(methods, operations))
	}
	if exportErr != nil {
		why := "what the stage has deployed cannot be exported: " + reasonOf(exportErr)
		out.Policy, out.KeySource = audit.Unknown[audit.Secret](why), audit.Unknown[string](why)
		out.DefaultEndpointDisabled = audit.Unknown[bool](why)
		return out
	}
	out.KeySource = audit.Known(exported.KeySource)
	out.DefaultEndpointDisabled = audit.Known(exported.defaultEndpointDisabled())
	switch text := exported.policyText(); {
	case text != "" || c.account.Drawbridge:
		out.Policy = audit.Known(audit.NewSecret(text))
	default:
		// Whether AWS leaves out what is not there, or what it does not show, is
		// not known (docs/evidence.md).
		out.Policy = audit.Unknown[audit.Secret]("the stage's export shows no resource policy")
	}
	return out
}

// readDistributions reads those that lead to the APIs, and those that were named.
func (c *collecting) readDistributions(ctx context.Context) error {
	var relevant []cdntypes.DistributionSummary
	for _, d := range c.distributions {
		leads := slices.ContainsFunc(c.stack.APIs, func(api audit.API) bool { return c.leads(&d, api.ID) })
		if leads || c.options.All || slices.Contains(c.options.Distributions, aws.ToString(d.Id)) {
			relevant = append(relevant, d)
		}
	}
	if err := c.readPolicies(ctx, relevant); err != nil {
		return err
	}
	c.stack.Distributions = make([]audit.Distribution, len(relevant))
	return inParallel(ctx, len(relevant), func(ctx context.Context, i int) error {
		c.stack.Distributions[i] = c.modelDistribution(&relevant[i])
		tags, err := c.account.CloudFront.ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: relevant[i].ARN})
		if err == nil && tags.Tags != nil {
			c.stack.Distributions[i].Tags = audit.Tags{}
			for _, tag := range tags.Tags.Items {
				c.stack.Distributions[i].Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
		}
		return c.note(ctx, audit.Gap{Resource: "tags of distribution " + aws.ToString(relevant[i].Id), Minor: true}, err)
	})
}

// readPolicies reads every cache and origin request policy that behaviors name.
func (c *collecting) readPolicies(ctx context.Context, relevant []cdntypes.DistributionSummary) error {
	var ids []string
	add := func(prefix string, id *string) {
		if name := prefix + aws.ToString(id); aws.ToString(id) != "" && !slices.Contains(ids, name) {
			ids = append(ids, name)
		}
	}
	for i := range relevant {
		for _, b := range behaviorsOf(&relevant[i]) {
			add(cachePolicy, b.CachePolicyId)
			add(requestPolicy, b.OriginRequestPolicyId)
		}
	}
	c.policies = map[string]audit.Maybe[audit.HeaderSet]{}
	return inParallel(ctx, len(ids), func(ctx context.Context, i int) error {
		set, err := c.account.policyHeaders(ctx, ids[i])
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.policies[ids[i]] = audit.Known(set)
		if err != nil {
			c.policies[ids[i]] = audit.Unknown[audit.HeaderSet](reasonOf(err))
		}
		return nil
	})
}

// Prefixes of the names under which policies are kept.
const (
	cachePolicy   = "cache "
	requestPolicy = "request "
)

// policyHeaders are the header fields that a policy names.
func (a *Account) policyHeaders(ctx context.Context, name string) (audit.HeaderSet, error) {
	if id, ok := strings.CutPrefix(name, cachePolicy); ok {
		if set, ok := audit.ManagedCacheKeyHeaders(id); ok {
			return set, nil
		}
		read, err := a.CloudFront.GetCachePolicy(ctx, &cloudfront.GetCachePolicyInput{Id: &id})
		if err != nil {
			return audit.HeaderSet{}, err
		}
		if p := read.CachePolicy.CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin; p != nil && p.HeadersConfig != nil {
			return headerSet(string(p.HeadersConfig.HeaderBehavior), p.HeadersConfig.Headers), nil
		}
		return audit.HeaderSet{Mode: audit.HeadersNone}, nil
	}
	id := strings.TrimPrefix(name, requestPolicy)
	if set, ok := audit.ManagedOriginRequestHeaders(id); ok {
		return set, nil
	}
	read, err := a.CloudFront.GetOriginRequestPolicy(ctx, &cloudfront.GetOriginRequestPolicyInput{Id: &id})
	if err != nil {
		return audit.HeaderSet{}, err
	}
	if h := read.OriginRequestPolicy.OriginRequestPolicyConfig.HeadersConfig; h != nil {
		return headerSet(string(h.HeaderBehavior), h.Headers), nil
	}
	return audit.HeaderSet{Mode: audit.HeadersNone}, nil
}

func headerSet(mode string, headers *cdntypes.Headers) audit.HeaderSet {
	set := audit.HeaderSet{Mode: audit.HeaderMode(mode)}
	if headers != nil {
		set.Names = headers.Items
	}
	return set
}
