package lock

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// Method is a way to lock: which header field carries the secret, and who
// demands it.
type Method string

// The methods of the article.
const (
	APIKey  Method = "api-key" // x-api-key: methods demand a key of a usage plan
	Referer Method = "referer" // Referer: the resource policy denies requests without it
)

// header is the origin custom header that carries the secret.
func (m Method) header() string {
	if m == APIKey {
		return "x-api-key"
	}
	return "Referer"
}

// target is one stage, the distributions before it, and what decides about
// who comes in.
type target struct {
	api, stage   string
	rest         *apigateway.GetRestApiOutput
	at           *apigateway.GetStageOutput
	otherStages  []string
	resources    []apitypes.Resource
	policy       string    // of the working copy
	deployed     summary   // nil: the stage has no deployment
	document     *document // nil: exportError says why
	exportError  error
	domains      []domain
	distribution *cdntypes.DistributionSummary // the one that was named
	all          []cdntypes.DistributionSummary
}

// readTarget reads both ends. With stage "" the distribution's origins say
// which API and stage is meant.
func (a *Account) readTarget(ctx context.Context, distribution, api, stage string) (*target, error) {
	t := &target{api: api, stage: stage}
	var err error
	if t.all, err = a.distributions(ctx); err != nil {
		return nil, fmt.Errorf("list the distributions: %w", err)
	}
	at := slices.IndexFunc(t.all, func(d cdntypes.DistributionSummary) bool { return aws.ToString(d.Id) == distribution })
	if at < 0 {
		return nil, fmt.Errorf("there is no distribution %s in account %s", distribution, a.ID)
	}
	t.distribution = &t.all[at]
	if t.api == "" {
		if t.api, t.stage, err = onlyStage(t.distribution); err != nil {
			return nil, err
		}
	}
	if t.domains, err = a.domains(ctx); err != nil {
		return nil, fmt.Errorf("list the custom domains: %w", err)
	}
	if err := a.readStage(ctx, t); err != nil {
		return nil, err
	}
	if len(t.origins(t.distribution)) == 0 {
		return nil, fmt.Errorf("distribution %s has no origin that leads to %s/%s; add one with domain %s and path /%s",
			distribution, t.api, t.stage, a.apiHost(t.api), t.stage)
	}
	return t, nil
}

// onlyStage is the one API/STAGE that a distribution's origins name.
func onlyStage(d *cdntypes.DistributionSummary) (api, stage string, err error) {
	var found []string
	for _, origin := range originsOf(d.Origins) {
		m := executeAPI.FindStringSubmatch(strings.ToLower(aws.ToString(origin.DomainName)))
		first, _, _ := strings.Cut(strings.TrimPrefix(aws.ToString(origin.OriginPath), "/"), "/")
		if m == nil || first == "" {
			continue
		}
		if name := m[1] + "/" + first; !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", "", fmt.Errorf("distribution %s leads to %d stages by name (%s); say which by --api API/STAGE",
			aws.ToString(d.Id), len(found), strings.Join(found, ", "))
	}
	api, stage, _ = strings.Cut(found[0], "/")
	return api, stage, nil
}

// readStage reads the API and the stage.
func (a *Account) readStage(ctx context.Context, t *target) (err error) {
	if t.rest, err = a.APIGateway.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &t.api}); err != nil {
		return fmt.Errorf("read API %s: %w", t.api, err)
	}
	if t.policy, err = policyText(t.rest.Policy); err != nil {
		return err
	}
	if t.at, err = a.APIGateway.GetStage(ctx, &apigateway.GetStageInput{RestApiId: &t.api, StageName: &t.stage}); err != nil {
		return fmt.Errorf("read stage %s/%s: %w", t.api, t.stage, err)
	}
	stages, err := a.stages(ctx, t.api)
	if err != nil {
		return fmt.Errorf("list the stages of %s: %w", t.api, err)
	}
	t.otherStages = nil
	for _, s := range stages {
		if name := aws.ToString(s.StageName); name != t.stage {
			t.otherStages = append(t.otherStages, name)
		}
	}
	slices.Sort(t.otherStages)
	if t.resources, err = a.resources(ctx, t.api); err != nil {
		return fmt.Errorf("read the resources of %s: %w", t.api, err)
	}
	t.deployed, t.document, t.exportError = nil, nil, nil
	if aws.ToString(t.at.DeploymentId) == "" {
		return nil
	}
	if t.deployed, err = a.summary(ctx, t.api, *t.at.DeploymentId); err != nil {
		return fmt.Errorf("read deployment %s: %w", *t.at.DeploymentId, err)
	}
	if t.deployed == nil {
		t.deployed = summary{}
	}
	text, err := a.export(ctx, t.api, t.stage)
	if err == nil {
		t.document, err = parseExport(text)
	}
	t.exportError = err
	return nil
}

// origins are those of a distribution that lead to the stage.
func (t *target) origins(d *cdntypes.DistributionSummary) []cdntypes.Origin {
	var found []cdntypes.Origin
	for _, origin := range originsOf(d.Origins) {
		if leadsTo(&origin, t.api, t.stage, t.domains) {
			found = append(found, origin)
		}
	}
	return found
}

// sent is the value that the distribution's origins before the stage send in a
// header; "" if none does.
func (t *target) sent(header string) string {
	for _, origin := range t.origins(t.distribution) {
		if value, ok := headerOf(&origin, header); ok && value != "" {
			return value
		}
	}
	return ""
}

// deployedPolicy is the policy that the stage enforces, nil if that cannot be
// read.
func (t *target) deployedPolicy() *policy {
	if t.document == nil {
		return nil
	}
	p, err := parsePolicy(t.document.policyText())
	if err != nil {
		return nil
	}
	return p
}

// demandsKey tells whether any method that the stage serves needs an API key.
func (t *target) demandsKey() bool {
	for _, byVerb := range t.deployed {
		for _, method := range byVerb {
			if method.ApiKeyRequired {
				return true
			}
		}
	}
	return false
}

// method is how the stage is locked with this distribution, or "".
func (t *target) method() Method {
	if t.sent(APIKey.header()) != "" && t.demandsKey() {
		return APIKey
	}
	if value := t.sent(Referer.header()); value != "" {
		if p := t.deployedPolicy(); p == nil || slices.Contains(p.referers(), value) {
			return Referer
		}
	}
	return ""
}

// apiHost is the name of an API's own endpoint.
func (a *Account) apiHost(api string) string {
	suffix := ".amazonaws.com"
	if strings.HasPrefix(a.Region, "cn-") {
		suffix += ".cn"
	}
	return api + ".execute-api." + a.Region + suffix
}

// stageARN names a stage for tags (api-gateway.md 1.5).
func (a *Account) stageARN(api, stage string) string {
	return "arn:" + a.Partition() + ":apigateway:" + a.Region + "::/restapis/" + api + "/stages/" + stage
}

// executeARN names an API for policies.
func (a *Account) executeARN(api string) string {
	return "arn:" + a.Partition() + ":execute-api:" + a.Region + ":" + a.ID + ":" + api
}

// byCloudFormation names what a stack made, for the warning that its next
// update undoes ours.
func (t *target) byCloudFormation() []string {
	const stack = "aws:cloudformation:stack-name"
	var found []string
	if name := t.rest.Tags[stack]; name != "" {
		found = append(found, "API "+t.api+" (stack "+name+")")
	}
	if name := t.at.Tags[stack]; name != "" {
		found = append(found, "stage "+t.stage+" (stack "+name+")")
	}
	return found
}
