package lock

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// Managed policies of CloudFront (AWS: Use managed cache policies, Use managed
// origin request policies).
const (
	cachingOptimized          = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	cachingDisabled           = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewer                 = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

const stageName = "prod"

// stack is an API with one stage and the distribution in front of it.
type stack struct {
	*session
	region       string
	api          string // id
	root         string // resource id of /
	distribution string // id
	domain       string // of the distribution
}

// createAPI makes an API whose GET / answers 200 by a MOCK integration, and
// deploys it.
func (s *stack) createAPI(ctx context.Context, name string) error {
	made, err := do(ctx, s.session, call(s.clients.APIGateway.CreateRestApi,
		&apigateway.CreateRestApiInput{Name: aws.String(name)}).keep("API", "id"))
	if err != nil {
		return err
	}
	if err := s.learn("API", made.Id); err != nil {
		return err
	}
	s.api = *made.Id
	resources, err := do(ctx, s.session, call(s.clients.APIGateway.GetResources,
		&apigateway.GetResourcesInput{RestApiId: &s.api}).keep("ROOT", "items[0].id"))
	if err != nil {
		return err
	}
	if len(resources.Items) != 1 {
		return s.failure(fmt.Errorf("a new API has %d resources, not the root alone", len(resources.Items)))
	}
	if err := s.learn("ROOT", resources.Items[0].Id); err != nil {
		return err
	}
	s.root = *resources.Items[0].Id
	return s.mockMethod(ctx, s.root)
}

// mockMethod gives a resource a GET that needs no key and answers 200 itself.
func (s *stack) mockMethod(ctx context.Context, resource string) error {
	gateway, get, ok := s.clients.APIGateway, aws.String("GET"), aws.String("200")
	return steps(ctx,
		step(s.session, call(gateway.PutMethod, &apigateway.PutMethodInput{
			RestApiId: &s.api, ResourceId: &resource, HttpMethod: get, AuthorizationType: aws.String("NONE"),
		})),
		step(s.session, call(gateway.PutMethodResponse, &apigateway.PutMethodResponseInput{
			RestApiId: &s.api, ResourceId: &resource, HttpMethod: get, StatusCode: ok,
		})),
		step(s.session, call(gateway.PutIntegration, &apigateway.PutIntegrationInput{
			RestApiId: &s.api, ResourceId: &resource, HttpMethod: get, Type: apitypes.IntegrationTypeMock,
			RequestTemplates: map[string]string{"application/json": `{"statusCode": 200}`},
		})),
		step(s.session, call(gateway.PutIntegrationResponse, &apigateway.PutIntegrationResponseInput{
			RestApiId: &s.api, ResourceId: &resource, HttpMethod: get, StatusCode: ok,
		})),
		s.deploy,
	)
}

// deploy puts the API's working copy in force.
func (s *stack) deploy(ctx context.Context) error {
	_, err := do(ctx, s.session, call(s.clients.APIGateway.CreateDeployment,
		&apigateway.CreateDeploymentInput{RestApiId: &s.api, StageName: aws.String(stageName)}))
	return err
}

// requireKey sets the key flag of a GET, in the working copy.
func (s *stack) requireKey(ctx context.Context, resource string) error {
	_, err := do(ctx, s.session, call(s.clients.APIGateway.UpdateMethod, &apigateway.UpdateMethodInput{
		RestApiId: &s.api, ResourceId: &resource, HttpMethod: aws.String("GET"),
		PatchOperations: []apitypes.PatchOperation{{
			Op: apitypes.OpReplace, Path: aws.String("/apiKeyRequired"), Value: aws.String("true"),
		}},
	}))
	return err
}

// direct is a probe of the API by its own name.
func (s *stack) direct(path string, fields ...Field) Probe {
	return Probe{
		Host: s.api + ".execute-api." + s.region + ".amazonaws.com",
		Path: "/" + stageName + strings.TrimSuffix(path, "/"), Fields: fields,
	}
}

// edge is a probe by way of the distribution.
func (s *stack) edge(path string, fields ...Field) Probe {
	return Probe{Host: s.domain, Path: path, Fields: fields}
}

// createDistribution puts a distribution in front of the stage. The origin path
// is the stage, so that viewers need not type it.
func (s *stack) createDistribution(ctx context.Context, cachePolicy string) error {
	config := &cdntypes.DistributionConfig{
		CallerReference: aws.String("for-" + s.api),
		Comment:         aws.String("the only way in to " + s.api),
		Enabled:         aws.Bool(true),
		Origins: &cdntypes.Origins{Quantity: aws.Int32(1), Items: []cdntypes.Origin{{
			Id: aws.String("api"), DomainName: aws.String(s.direct("").Host), OriginPath: aws.String("/" + stageName),
			CustomOriginConfig: &cdntypes.CustomOriginConfig{
				HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
				OriginProtocolPolicy: cdntypes.OriginProtocolPolicyHttpsOnly,
				OriginSslProtocols: &cdntypes.OriginSslProtocols{
					Quantity: aws.Int32(1), Items: []cdntypes.SslProtocol{cdntypes.SslProtocolTLSv12},
				},
			},
		}}},
		DefaultCacheBehavior: &cdntypes.DefaultCacheBehavior{
			TargetOriginId:        aws.String("api"),
			ViewerProtocolPolicy:  cdntypes.ViewerProtocolPolicyHttpsOnly,
			CachePolicyId:         &cachePolicy,
			OriginRequestPolicyId: aws.String(allViewerExceptHostHeader),
		},
	}
	made, err := do(ctx, s.session, call(s.clients.CloudFront.CreateDistribution,
		&cloudfront.CreateDistributionInput{DistributionConfig: config}).keep("DIST", "Distribution.Id"))
	if err != nil {
		return err
	}
	if made.Distribution == nil {
		return s.failure(fmt.Errorf("the answer has no distribution"))
	}
	if err := s.learn("DIST", made.Distribution.Id); err != nil {
		return err
	}
	s.distribution = *made.Distribution.Id
	if err := s.readDomain(ctx); err != nil {
		return err
	}
	return s.deployed(ctx)
}

func (s *stack) readDomain(ctx context.Context) error {
	read, err := do(ctx, s.session, call(s.clients.CloudFront.GetDistribution,
		&cloudfront.GetDistributionInput{Id: &s.distribution}).keep("DOMAIN", "Distribution.DomainName"))
	if err != nil {
		return err
	}
	if read.Distribution == nil {
		return s.failure(fmt.Errorf("the answer has no distribution"))
	}
	if err := s.learn("DOMAIN", read.Distribution.DomainName); err != nil {
		return err
	}
	s.domain = *read.Distribution.DomainName
	return nil
}

// Waiting for a distribution: the first look is at once, further ones follow
// after these delays.
const (
	deployedPoll = 2 * time.Second
	deployedWait = 15 * time.Minute
)

// deployed waits until every edge location has the distribution's latest form.
func (s *stack) deployed(ctx context.Context) error {
	s.command("aws cloudfront wait distribution-deployed --id " + s.shell.word(s.distribution))
	waiter := cloudfront.NewDistributionDeployedWaiter(s.clients.CloudFront, func(o *cloudfront.DistributionDeployedWaiterOptions) {
		o.MinDelay, o.MaxDelay = deployedPoll, deployedPoll
	})
	if err := waiter.Wait(ctx, &cloudfront.GetDistributionInput{Id: &s.distribution}, deployedWait); err != nil {
		return s.failure(err)
	}
	return nil
}

// change is an edit of a distribution's configuration, for us and for jq.
type change struct {
	jq   string   // filter on the DistributionConfig
	args []string // --arg NAME VALUE for it
	edit func(*cdntypes.DistributionConfig)
}

// withOriginHeader has the edge send a header of its own to the origin.
func withOriginHeader(name, value string) change {
	return change{
		jq:   `.Origins.Items[0].CustomHeaders = {Quantity: 1, Items: [{HeaderName: "` + name + `", HeaderValue: $value}]}`,
		args: []string{"--arg", "value", value},
		edit: func(config *cdntypes.DistributionConfig) {
			config.Origins.Items[0].CustomHeaders = &cdntypes.CustomHeaders{
				Quantity: aws.Int32(1),
				Items:    []cdntypes.OriginCustomHeader{{HeaderName: &name, HeaderValue: &value}},
			}
		},
	}
}

// withOriginRequestPolicy selects what of a viewer's request is forwarded.
func withOriginRequestPolicy(id string) change {
	return change{
		jq:   `.DefaultCacheBehavior.OriginRequestPolicyId = $policy`,
		args: []string{"--arg", "policy", id},
		edit: func(config *cdntypes.DistributionConfig) { config.DefaultCacheBehavior.OriginRequestPolicyId = &id },
	}
}

// prepareUpdate reads the configuration, applies the changes and returns the
// update that would put them in force.
func (s *stack) prepareUpdate(ctx context.Context, changes ...change) (operation[cloudfront.UpdateDistributionOutput], error) {
	var none operation[cloudfront.UpdateDistributionOutput]
	read, err := do(ctx, s.session, call(s.clients.CloudFront.GetDistributionConfig,
		&cloudfront.GetDistributionConfigInput{Id: &s.distribution}).
		shown("aws cloudfront get-distribution-config --id "+s.shell.word(s.distribution)+" --output json > was.json"))
	if err != nil {
		return none, err
	}
	config := read.DistributionConfig
	if config == nil || config.Origins == nil || len(config.Origins.Items) == 0 || config.DefaultCacheBehavior == nil {
		return none, s.failure(fmt.Errorf("the answer has no origin or no default behavior"))
	}
	words, filter := []string{"jq"}, ".DistributionConfig"
	for _, c := range changes {
		c.edit(config)
		words, filter = append(words, c.args...), filter+" | "+c.jq
	}
	s.command(s.shell.line(append(words, filter, "was.json")) + " > distribution.json")
	return call(s.clients.CloudFront.UpdateDistribution, &cloudfront.UpdateDistributionInput{
		Id: &s.distribution, IfMatch: read.ETag, DistributionConfig: config,
	}).shown("aws cloudfront update-distribution --id " + s.shell.word(s.distribution) +
		" --if-match $(jq -r .ETag was.json) --distribution-config file://distribution.json"), nil
}

// update changes the distribution and waits until the change is in force.
func (s *stack) update(ctx context.Context, changes ...change) error {
	update, err := s.prepareUpdate(ctx, changes...)
	if err != nil {
		return err
	}
	if _, err := do(ctx, s.session, update); err != nil {
		return err
	}
	return s.deployed(ctx)
}
