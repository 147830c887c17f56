package lock

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"
)

// collectors is how many calls are under way at once: enough to hide the way to
// AWS, few enough for API Gateway's control rates.
const collectors = 8

// pageSize is the largest page that API Gateway gives (api-gateway.md 1.6).
const pageSize = 500

// maxPages bounds a listing whose pages never end.
const maxPages = 1000

var errEndless = errors.New("the listing does not end")

// inParallel does n jobs, a few at a time, and returns the first error.
func inParallel(ctx context.Context, n int, job func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(n, collectors) {
		wait.Go(func() {
			for i := range next {
				if err := job(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wait.Wait()
	return context.Cause(ctx)
}

// pager is what the SDK's paginators have in common.
type pager[O, F any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*F)) (*O, error)
}

// all reads every page of a listing.
func all[O, F, T any](ctx context.Context, pages pager[O, F], items func(*O) []T) ([]T, error) {
	var list []T
	for range maxPages {
		if !pages.HasMorePages() {
			return list, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, items(page)...)
	}
	return nil, errEndless
}

// distributions are all of the account, with origins and their custom headers.
func (a *Account) distributions(ctx context.Context) ([]cdntypes.DistributionSummary, error) {
	return all(ctx, cloudfront.NewListDistributionsPaginator(a.CloudFront, &cloudfront.ListDistributionsInput{}),
		func(o *cloudfront.ListDistributionsOutput) []cdntypes.DistributionSummary {
			if o.DistributionList == nil {
				return nil
			}
			return o.DistributionList.Items
		})
}

func (a *Account) apis(ctx context.Context) ([]apitypes.RestApi, error) {
	return all(ctx, apigateway.NewGetRestApisPaginator(a.APIGateway, &apigateway.GetRestApisInput{Limit: aws.Int32(pageSize)}),
		func(o *apigateway.GetRestApisOutput) []apitypes.RestApi { return o.Items })
}

// resources are the working copy of an API, with methods and integrations.
func (a *Account) resources(ctx context.Context, api string) ([]apitypes.Resource, error) {
	return all(ctx, apigateway.NewGetResourcesPaginator(a.APIGateway,
		&apigateway.GetResourcesInput{RestApiId: &api, Embed: []string{"methods"}, Limit: aws.Int32(pageSize)}),
		func(o *apigateway.GetResourcesOutput) []apitypes.Resource { return o.Items })
}

func (a *Account) stages(ctx context.Context, api string) ([]apitypes.Stage, error) {
	read, err := a.APIGateway.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api})
	if err != nil {
		return nil, err
	}
	return read.Item, nil
}

// summary is what a deployment says of its methods: path, verb.
type summary = map[string]map[string]apitypes.MethodSnapshot

func (a *Account) summary(ctx context.Context, api, deployment string) (summary, error) {
	read, err := a.APIGateway.GetDeployment(ctx, &apigateway.GetDeploymentInput{
		RestApiId: &api, DeploymentId: &deployment, Embed: []string{"apisummary"},
	})
	if err != nil {
		return nil, err
	}
	return read.ApiSummary, nil
}

// export is what a stage has deployed, as an OpenAPI document with
// API Gateway's extensions.
func (a *Account) export(ctx context.Context, api, stage string) ([]byte, error) {
	read, err := a.APIGateway.GetExport(ctx, &apigateway.GetExportInput{
		RestApiId: &api, StageName: &stage, ExportType: aws.String("oas30"), Accepts: aws.String("application/json"),
		Parameters: map[string]string{"extensions": "apigateway"},
	})
	if err != nil {
		return nil, err
	}
	return read.Body, nil
}

// keys are the account's API keys with their values; name is a prefix.
func (a *Account) keys(ctx context.Context, name string) ([]apitypes.ApiKey, error) {
	input := &apigateway.GetApiKeysInput{IncludeValues: aws.Bool(true), Limit: aws.Int32(pageSize)}
	if name != "" {
		input.NameQuery = &name
	}
	return all(ctx, apigateway.NewGetApiKeysPaginator(a.APIGateway, input),
		func(o *apigateway.GetApiKeysOutput) []apitypes.ApiKey { return o.Items })
}

// plan is a usage plan and the ids of its keys.
type plan struct {
	apitypes.UsagePlan
	keys []string
}

// opens tells whether the plan is for a stage.
func (p plan) opens(api, stage string) bool {
	for _, s := range p.ApiStages {
		if aws.ToString(s.ApiId) == api && aws.ToString(s.Stage) == stage {
			return true
		}
	}
	return false
}

func (a *Account) plans(ctx context.Context) ([]plan, error) {
	listed, err := all(ctx, apigateway.NewGetUsagePlansPaginator(a.APIGateway, &apigateway.GetUsagePlansInput{Limit: aws.Int32(pageSize)}),
		func(o *apigateway.GetUsagePlansOutput) []apitypes.UsagePlan { return o.Items })
	if err != nil {
		return nil, err
	}
	plans := make([]plan, len(listed))
	err = inParallel(ctx, len(listed), func(ctx context.Context, i int) error {
		keys, err := all(ctx, apigateway.NewGetUsagePlanKeysPaginator(a.APIGateway,
			&apigateway.GetUsagePlanKeysInput{UsagePlanId: listed[i].Id, Limit: aws.Int32(pageSize)}),
			func(o *apigateway.GetUsagePlanKeysOutput) []apitypes.UsagePlanKey { return o.Items })
		plans[i].UsagePlan = listed[i]
		for _, key := range keys {
			plans[i].keys = append(plans[i].keys, aws.ToString(key.Id))
		}
		return err
	})
	return plans, err
}

// domain is a custom domain name and where its paths lead.
type domain struct {
	apitypes.DomainName
	mappings []apitypes.BasePathMapping
}

func (a *Account) domains(ctx context.Context) ([]domain, error) {
	listed, err := all(ctx, apigateway.NewGetDomainNamesPaginator(a.APIGateway, &apigateway.GetDomainNamesInput{Limit: aws.Int32(pageSize)}),
		func(o *apigateway.GetDomainNamesOutput) []apitypes.DomainName { return o.Items })
	if err != nil {
		return nil, err
	}
	domains := make([]domain, len(listed))
	err = inParallel(ctx, len(listed), func(ctx context.Context, i int) error {
		mappings, err := all(ctx, apigateway.NewGetBasePathMappingsPaginator(a.APIGateway, &apigateway.GetBasePathMappingsInput{
			DomainName: listed[i].DomainName, DomainNameId: listed[i].DomainNameId, Limit: aws.Int32(pageSize),
		}), func(o *apigateway.GetBasePathMappingsOutput) []apitypes.BasePathMapping { return o.Items })
		domains[i] = domain{listed[i], mappings}
		return err
	})
	return domains, err
}

// executeAPI finds the API's id in the name of an execute-api endpoint.
var executeAPI = regexp.MustCompile(`^([a-z0-9]+)\.execute-api\.`)

// leadsTo tells whether an origin is a way to a stage: by the API's own name or
// by a custom domain's. An origin without a path leads to every stage.
func leadsTo(origin *cdntypes.Origin, api, stage string, domains []domain) bool {
	name, path := strings.ToLower(aws.ToString(origin.DomainName)), aws.ToString(origin.OriginPath)
	if m := executeAPI.FindStringSubmatch(name); m != nil && m[1] == api {
		first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		return first == "" || first == stage
	}
	for i := range domains {
		if d := &domains[i]; name == strings.ToLower(aws.ToString(d.DomainName.DomainName)) || name == aws.ToString(d.RegionalDomainName) {
			for _, m := range d.mappings {
				if aws.ToString(m.RestApiId) == api && (aws.ToString(m.Stage) == "" || aws.ToString(m.Stage) == stage) {
					return true
				}
			}
		}
	}
	return false
}

// originsOf are the origins of a list, which AWS may leave out.
func originsOf(origins *cdntypes.Origins) []cdntypes.Origin {
	if origins == nil {
		return nil
	}
	return origins.Items
}

// headerOf is the value of an origin's custom header.
func headerOf(origin *cdntypes.Origin, name string) (string, bool) {
	if origin.CustomHeaders == nil {
		return "", false
	}
	for _, header := range origin.CustomHeaders.Items {
		if strings.EqualFold(aws.ToString(header.HeaderName), name) {
			return aws.ToString(header.HeaderValue), true
		}
	}
	return "", false
}

// isNotFound tells whether AWS says that there is no such thing.
func isNotFound(err error) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && (refusal.ErrorCode() == "NotFoundException" || refusal.ErrorCode() == "NoSuchDistribution" || refusal.ErrorCode() == "NoSuchResource")
}

// policyText undoes the escaping with which API Gateway reads a policy back
// (api-gateway.md 3.1).
func policyText(stored *string) (string, error) {
	text := strings.TrimSpace(aws.ToString(stored))
	if text == "" || text[0] == '{' && !strings.HasPrefix(text, `{\"`) {
		return text, nil
	}
	plain := strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\/`, `/`).Replace(text)
	if plain == "" || plain[0] != '{' {
		return "", fmt.Errorf("the resource policy reads as %d characters that are no JSON object", len(text))
	}
	return plain, nil
}
