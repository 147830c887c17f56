package apigateway

import (
	"fmt"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
)

// Limits are the quotas of an account and region (reference/api-gateway.md 8).
// A field of 0 or less means AWS's default.
type Limits struct {
	RestAPIs                 int // 1320: AWS's 600 regional, 120 edge and 600 private ones together
	Resources                int // per API: 300
	Stages                   int // per API: 10
	Deployments              int // per API: 600; ours, so that an API goes in one transaction
	Keys                     int // 10000
	Plans                    int // 300
	PlansPerKey              int // 10
	MethodThrottles          int // per stage of a plan: 20
	StageVariables           int // per stage: 100
	Tags                     int // per resource: 50
	PolicyChars              int // 8192
	TemplateBytes            int // per mapping template: 300 KB
	IntegrationTimeoutMillis int // 29000
	APIBytes                 int // of one API's record: 7 MiB; ours, below the store's limit
	Authorizers              int // per API: 10
	ModelBytes               int // of all models of an API: 400 KB
	DocumentationParts       int // per API: 2000
	Certificates             int // 60
	VpcLinks                 int // 20
	Domains                  int // 170: AWS's 120 public and 50 private ones together
	BasePaths                int // per domain: 200
	AccountRate              int // calls a second, as GetAccount shows them: 10000
	AccountBurst             int // 5000
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.RestAPIs, 1320},
		{&l.Resources, 300},
		{&l.Stages, 10},
		{&l.Deployments, 600},
		{&l.Keys, 10_000},
		{&l.Plans, 300},
		{&l.PlansPerKey, 10},
		{&l.MethodThrottles, 20},
		{&l.StageVariables, 100},
		{&l.Tags, 50},
		{&l.PolicyChars, 8192},
		{&l.TemplateBytes, 300 << 10},
		{&l.IntegrationTimeoutMillis, 29_000},
		{&l.APIBytes, 7 << 20},
		{&l.Authorizers, 10},
		{&l.ModelBytes, 400 << 10},
		{&l.DocumentationParts, 2000},
		{&l.Certificates, 60},
		{&l.VpcLinks, 20},
		{&l.Domains, 170},
		{&l.BasePaths, 200},
		{&l.AccountRate, 10_000},
		{&l.AccountBurst, 5000},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	// A transaction holds all deployments and stages of an API, and the usage
	// plans that name it.
	l.Deployments = min(l.Deployments, store.MaxTxnOps*6/10)
	l.Stages = min(l.Stages, store.MaxTxnOps/20)
	l.Plans = min(l.Plans, store.MaxTxnOps*3/10)
	l.APIBytes = min(l.APIBytes, store.MaxValueBytes-64<<10)
	return l
}

// tooMany is AWS's answer to one more than a quota allows. The sentence is the
// one AWS gives for resources.
func tooMany(what, of string) error {
	return apigatewayapi.LimitExceededException(fmt.Sprintf(
		"Maximum number of %s for this %s has been reached. Please contact AWS if you need additional %s.", what, of, what))
}
