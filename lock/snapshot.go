package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// document is the part of a stage's export that is looked at.
type document struct {
	Paths       map[string]map[string]json.RawMessage `json:"paths"`
	Policy      json.RawMessage                       `json:"x-amazon-apigateway-policy"`
	KeySource   string                                `json:"x-amazon-apigateway-api-key-source"`
	BinaryTypes []string                              `json:"x-amazon-apigateway-binary-media-types"`
	Compression *int32                                `json:"x-amazon-apigateway-minimum-compression-size"`
	Servers     []struct {
		Endpoint struct {
			Disabled bool `json:"disableExecuteApiEndpoint"`
		} `json:"x-amazon-apigateway-endpoint-configuration"`
	} `json:"servers"`
}

// defaultEndpointDisabled tells whether the API's own name answers nobody.
func (d *document) defaultEndpointDisabled() bool {
	for _, server := range d.Servers {
		if server.Endpoint.Disabled {
			return true
		}
	}
	return false
}

// exportedOperation is one operation of an export.
type exportedOperation struct {
	Parameters []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
	} `json:"parameters"`
	Responses   map[string]json.RawMessage `json:"responses"`
	Integration *exportedIntegration       `json:"x-amazon-apigateway-integration"`
}

// exportedIntegration is x-amazon-apigateway-integration.
type exportedIntegration struct {
	Type                string                      `json:"type"`
	HTTPMethod          string                      `json:"httpMethod"`
	URI                 string                      `json:"uri"`
	Credentials         string                      `json:"credentials"`
	ConnectionID        string                      `json:"connectionId"`
	ConnectionType      string                      `json:"connectionType"`
	ContentHandling     string                      `json:"contentHandling"`
	PassthroughBehavior string                      `json:"passthroughBehavior"`
	Timeout             int32                       `json:"timeoutInMillis"`
	RequestParameters   map[string]string           `json:"requestParameters"`
	RequestTemplates    map[string]string           `json:"requestTemplates"`
	Responses           map[string]exportedResponse `json:"responses"`
}

type exportedResponse struct {
	StatusCode         string             `json:"statusCode"`
	ContentHandling    string             `json:"contentHandling"`
	ResponseParameters map[string]string  `json:"responseParameters"`
	ResponseTemplates  map[string]*string `json:"responseTemplates"`
}

// anyMethod is how OpenAPI documents of API Gateway write ANY.
const anyMethod = "x-amazon-apigateway-any-method"

// defaultTimeout is an integration's when it says none (api-gateway.md 1.7).
const defaultTimeout = 29000

func parseExport(text []byte) (*document, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("the stage's export: %w", err)
	}
	return &d, nil
}

// policyText is the deployed resource policy; "" if there is none.
func (d *document) policyText() string {
	if string(d.Policy) == "null" {
		return ""
	}
	return string(d.Policy)
}

// operations are the methods of the document by "VERB /path".
func (d *document) operations() (map[string]exportedOperation, error) {
	found := map[string]exportedOperation{}
	for path, item := range d.Paths {
		for key, text := range item {
			verb := strings.ToUpper(key)
			switch {
			case key == anyMethod:
				verb = "ANY"
			case !slices.Contains(verbs, verb):
				continue // "parameters", "servers", extensions
			}
			var op exportedOperation
			if err := json.Unmarshal(text, &op); err != nil {
				return nil, fmt.Errorf("the stage's export: %s %s: %w", verb, path, err)
			}
			found[verb+" "+path] = op
		}
	}
	return found, nil
}

var verbs = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

// facts say what an API is like, by name; two states of one API differ where
// their facts do.
type facts map[string]string

const keyFact = ": apiKeyRequired"

func (f facts) set(name, value string) {
	if value != "" {
		f[name] = value
	}
}

// workingFacts are those of the working copy.
func workingFacts(api *target) facts {
	f := facts{}
	f.api(string(api.rest.ApiKeySource), api.rest.BinaryMediaTypes, api.rest.MinimumCompressionSize)
	for i := range api.resources {
		path := aws.ToString(api.resources[i].Path)
		for verb, method := range api.resources[i].ResourceMethods {
			name := verb + " " + path
			f[name] = "a method"
			f[name+": authorizationType"] = aws.ToString(method.AuthorizationType)
			f[name+keyFact] = fmt.Sprint(aws.ToBool(method.ApiKeyRequired))
			for parameter, required := range method.RequestParameters {
				if place, key, ok := strings.Cut(strings.TrimPrefix(parameter, "method.request."), "."); ok && place != "path" {
					f[name+": parameter "+place+" "+key] = fmt.Sprint(required)
				}
			}
			for status := range method.MethodResponses {
				f[name+": response "+status] = "a response"
			}
			if method.MethodIntegration != nil {
				f.integration(name, ofSDK(method.MethodIntegration))
			}
		}
	}
	return f
}

func (f facts) api(keySource string, binary []string, compression *int32) {
	if keySource == "" {
		keySource = "HEADER"
	}
	f["API: apiKeySource"] = keySource
	f.set("API: binaryMediaTypes", strings.Join(slices.Sorted(slices.Values(binary)), ","))
	if compression != nil {
		f["API: minimumCompressionSize"] = fmt.Sprint(*compression)
	}
}

// ofSDK is an integration of the working copy as an export writes it.
func ofSDK(i *apitypes.Integration) *exportedIntegration {
	out := &exportedIntegration{
		Type: string(i.Type), HTTPMethod: aws.ToString(i.HttpMethod), URI: aws.ToString(i.Uri),
		Credentials: aws.ToString(i.Credentials), ConnectionID: aws.ToString(i.ConnectionId),
		ConnectionType: string(i.ConnectionType), ContentHandling: string(i.ContentHandling),
		PassthroughBehavior: aws.ToString(i.PassthroughBehavior), Timeout: i.TimeoutInMillis,
		RequestParameters: i.RequestParameters, RequestTemplates: i.RequestTemplates,
		Responses: map[string]exportedResponse{},
	}
	for _, r := range i.IntegrationResponses {
		pattern := aws.ToString(r.SelectionPattern)
		if pattern == "" {
			pattern = "default"
		}
		templates := map[string]*string{}
		for mediaType, template := range r.ResponseTemplates {
			templates[mediaType] = &template
		}
		out.Responses[pattern] = exportedResponse{
			StatusCode: aws.ToString(r.StatusCode), ContentHandling: string(r.ContentHandling),
			ResponseParameters: r.ResponseParameters, ResponseTemplates: templates,
		}
	}
	return out
}

// integration sets the facts of one; what is the default is left out, because
// exports leave some of it out.
func (f facts) integration(name string, i *exportedIntegration) {
	name += ": integration "
	set := func(what, value, usual string) {
		if value = strings.ToLower(value); value != usual {
			f.set(name+what, value)
		}
	}
	set("type", i.Type, "")
	set("connectionType", i.ConnectionType, "internet")
	set("contentHandling", i.ContentHandling, "")
	set("passthroughBehavior", i.PassthroughBehavior, "when_no_match")
	if i.Type != "" && !strings.EqualFold(i.Type, "mock") { // AWS drops a MOCK's
		set("httpMethod", i.HTTPMethod, "")
		f.set(name+"uri", i.URI)
	}
	f.set(name+"credentials", i.Credentials)
	f.set(name+"connectionId", i.ConnectionID)
	if i.Timeout != 0 && i.Timeout != defaultTimeout {
		f[name+"timeoutInMillis"] = fmt.Sprint(i.Timeout)
	}
	for key, value := range i.RequestParameters {
		f[name+"requestParameters "+key] = value
	}
	for key, value := range i.RequestTemplates {
		f[name+"requestTemplates "+key] = "=" + value
	}
	for pattern, r := range i.Responses {
		response := name + "response " + pattern
		f[response] = r.StatusCode + " " + strings.ToLower(r.ContentHandling)
		for key, value := range r.ResponseParameters {
			f[response+" parameters "+key] = value
		}
		for key, value := range r.ResponseTemplates {
			f.set(response+" templates "+key, aws.ToString(value))
		}
	}
}

// deployedFacts are those of what a stage serves: authorization and key from
// the deployment's summary, the rest from the export.
func deployedFacts(methods summary, d *document) (facts, error) {
	f := facts{}
	f.api(d.KeySource, d.BinaryTypes, d.Compression)
	for path, byVerb := range methods {
		for verb, method := range byVerb {
			name := verb + " " + path
			f[name] = "a method"
			f[name+": authorizationType"] = aws.ToString(method.AuthorizationType)
			f[name+keyFact] = fmt.Sprint(method.ApiKeyRequired)
		}
	}
	operations, err := d.operations()
	if err != nil {
		return nil, err
	}
	for name, op := range operations {
		for _, p := range op.Parameters {
			if place := map[string]string{"query": "querystring", "header": "header"}[p.In]; place != "" {
				f[name+": parameter "+place+" "+p.Name] = fmt.Sprint(p.Required)
			}
		}
		for status := range op.Responses {
			f[name+": response "+status] = "a response"
		}
		if op.Integration != nil {
			f.integration(name, op.Integration)
		}
	}
	return f, nil
}

// differences names the facts in which two states differ, methods first and
// once where one side has no such method.
func differences(working, deployed facts) []string {
	var list []string
	names := slices.Sorted(maps.Keys(working))
	for name := range deployed {
		if _, ok := working[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		method, detail, _ := strings.Cut(name, ": ")
		was, isDeployed := deployed[method]
		_, isWorking := working[method]
		switch {
		case detail == "" && !isDeployed:
			list = append(list, name+": new, not deployed")
		case detail == "" && !isWorking:
			list = append(list, name+": deployed, but deleted since")
		case detail == "" && was == "a method", method != "API" && isDeployed != isWorking:
			// The line of the method says it all.
		case working[name] != deployed[name]:
			list = append(list, name)
		}
	}
	return list
}

// ErrPending says that a deployment would put more in force than the lock.
var ErrPending = errors.New("the working copy has changes that are not deployed")

// pending compares the working copy with what the stage serves. tolerate is
// called with both sides' facts and policies to take out what is the lock's own.
func (t *target) pending(tolerate func(working, deployed facts), policyOf func(*policy) string) ([]string, error) {
	if t.deployed == nil {
		return nil, nil // nothing is deployed yet: there is nothing to surprise
	}
	if t.document == nil {
		return []string{"what the stage has deployed cannot be read: " + t.exportError.Error()}, nil
	}
	working := workingFacts(t)
	deployed, err := deployedFacts(t.deployed, t.document)
	if err != nil {
		return nil, err
	}
	if tolerate != nil {
		tolerate(working, deployed)
	}
	list := differences(working, deployed)
	now, err := parsePolicy(t.policy)
	if err != nil {
		return nil, err
	}
	then, err := parsePolicy(t.document.policyText())
	if err != nil {
		return nil, err
	}
	if policyOf(now) != policyOf(then) {
		list = append(list, "API: resource policy")
	}
	return list, nil
}
