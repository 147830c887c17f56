package program

import (
	"crypto/tls"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"drawbridge/engine/jsonpath"
	"drawbridge/engine/policy"
	"drawbridge/engine/vtl"
)

// Stage is one unit: a stage's live settings and its deployment.
type Stage struct {
	Name      string
	Revision  int64
	Variables map[string]string
	// Settings are the method settings by "path/VERB" ("*/*" for all).
	Settings map[string]MethodSetting
	// ClientCertificate is what HTTP backends are shown; nil: nothing.
	ClientCertificate *tls.Certificate
	Deployment        *Deployment // nil: the stage has none that could be compiled
	Canary            *Canary     // nil: none
	Cache             StageCache
	AccessLog         *AccessLog // nil: none
	Tracing           bool       // tracingEnabled
}

// Canary is the part of a stage's calls that goes another way
// (reference/api-gateway.md 1.12).
type Canary struct {
	Percent float64 // of the calls, 0 to 100
	// Stage is the stage as these calls see it: the canary's deployment, and its
	// variables over the stage's own.
	Stage *Stage
}

// Takes tells whether a call is the canary's; draw is its lot, from 0 up to but
// not including 1.
func (c *Canary) Takes(draw float64) bool { return draw*100 < c.Percent }

// Setting returns what the stage sets for a method: its own entry, else the one
// for all methods ("*/*"). Entries stand under the resource path without its
// leading slash, with it, or with slashes written as "~1"
// (reference/api-gateway.md 1.7).
func (s *Stage) Setting(m *Method) (MethodSetting, bool) {
	if len(s.Settings) == 0 {
		return MethodSetting{}, false
	}
	for _, key := range m.settingKeys {
		if setting, ok := s.Settings[key]; ok {
			return setting, true
		}
	}
	setting, ok := s.Settings["*/*"]
	return setting, ok
}

// MethodSetting is what a stage sets for a method without a new deployment.
type MethodSetting struct {
	Throttle *Throttle // nil: the account's
	Cache    MethodCache
	Log      LogLevel
	// DataTrace adds headers and bodies to what is written at LogInfo.
	DataTrace bool
	Metrics   bool // figures for the method beside those for the stage
}

// Deployment is a frozen copy of an API, parsed. Several stages may share it.
type Deployment struct {
	ID string
	// Policy is the resource policy the deployment was made with; nil: none.
	Policy                    *policy.Policy
	DisableExecuteAPIEndpoint bool
	KeySource                 KeySource
	BinaryMediaTypes          []string
	MinCompression            *int // bytes from which answers are compressed; nil: never
	Routes                    *Routes
	// Responses are the customised gateway responses by type ("ACCESS_DENIED",
	// "DEFAULT_4XX" …); types that are not here answer AWS's built-in bytes.
	Responses map[string]*GatewayResponse
}

// KeySource says where a request's API key value comes from.
type KeySource uint8

// Values of KeySource.
const (
	KeyFromHeader KeySource = iota
	KeyFromAuthorizer
)

// GatewayResponse is a customised gateway response. Templates are literal
// substitution, not VTL (reference/api-gateway.md section 2.6).
type GatewayResponse struct {
	StatusCode int // 0: the type's default
	Parameters map[string]string
	Templates  map[string]string
}

// AuthorizationType is how a method authorises its caller.
type AuthorizationType uint8

// Values of AuthorizationType.
const (
	AuthorizationNone AuthorizationType = iota
	AuthorizationIAM
	AuthorizationCustom
	AuthorizationCognito
)

// Method is a method of a resource with its integration.
type Method struct {
	ResourceID   string
	ResourcePath string // template: "/pets/{petId}"
	Verb         string // "GET" … or "ANY"
	// Key is "path/VERB" as method settings and plan throttles spell it.
	Key               string
	OperationName     string
	Authorization     AuthorizationType
	Authorizer        *Authorizer // of CUSTOM and COGNITO_USER_POOLS
	Scopes            []string    // of which an access token needs one
	APIKeyRequired    bool
	RequestParameters map[string]bool // "method.request.querystring.q" → required
	// ValidateParameters tells that a request validator checks the required parameters.
	ValidateParameters bool
	// Models are what a request validator holds bodies to; nil: nothing.
	Models Models
	// Responses are the declared method responses by status code.
	Responses   map[string]MethodResponse
	Integration *Integration // nil: none, a call fails with API_CONFIGURATION_ERROR

	// NewRoutes fills these from the fields above.

	// Required are the required parameters in the order of their full names.
	Required    []Parameter
	settingKeys []string
}

// Parameter is a request parameter of a method.
type Parameter struct {
	Place Place // header, query or path
	Name  string
}

// ready works out what is the same for every call of the method.
func (m *Method) ready() {
	m.Required = nil
	for _, full := range slices.Sorted(maps.Keys(m.RequestParameters)) {
		rest, ok := strings.CutPrefix(full, "method.request.")
		if place, name, _ := parsePlace(rest); ok && place != PlaceNone && m.RequestParameters[full] {
			m.Required = append(m.Required, Parameter{place, name})
		}
	}
	bare := strings.TrimPrefix(m.ResourcePath, "/")
	escaped := strings.ReplaceAll(m.ResourcePath, "/", "~1")
	m.settingKeys = []string{bare + "/" + m.Verb, m.ResourcePath + "/" + m.Verb, escaped + "/" + m.Verb}
	if m.Integration != nil {
		m.Integration.ready(m.Responses)
	}
}

// MethodResponse is a declared response of a method.
type MethodResponse struct {
	Parameters map[string]bool // "method.response.header.X"
}

// IntegrationType is the kind of backend.
type IntegrationType uint8

// Values of IntegrationType.
const (
	IntegrationMock IntegrationType = iota
	IntegrationHTTP
	IntegrationHTTPProxy
	IntegrationAWS
	IntegrationAWSProxy
)

// Passthrough is what happens to a body that no request template matches.
type Passthrough uint8

// Values of Passthrough.
const (
	WhenNoMatch Passthrough = iota
	WhenNoTemplates
	Never
)

// Integration is a method's integration.
type Integration struct {
	Type              IntegrationType
	Verb              string // the backend's method; "" or "ANY": the caller's
	URI               string // with {name} and ${stageVariables.x} placeholders
	Timeout           time.Duration
	Passthrough       Passthrough
	RequestParameters map[string]string // "integration.request.header.X" → source
	RequestTemplates  Templates
	Responses         []*IntegrationResponse
	CacheNamespace    string
	ContentHandling   ContentHandling // of the request's body
	Stream            bool            // responseTransferMode STREAM
	InsecureTLS       bool            // tlsConfig.insecureSkipVerification
	// VPCLink is the id of the VPC link that an HTTP call goes through, with its
	// stage variables; nil: none.
	VPCLink URITemplate
	// CacheKeyParameters name what tells cached answers apart:
	// "method.request.querystring.q", "integration.request.header.X".
	CacheKeyParameters []string

	// NewRoutes fills these from the fields above.

	Endpoint        URITemplate // of HTTP and HTTP_PROXY
	RequestMappings []Mapping
	// Function is the Lambda function of an AWS or AWS_PROXY integration, by name
	// or ARN; nil: it is none.
	Function URITemplate
	// Service is what an AWS integration calls; nil: its URI names nothing.
	Service   *ServiceTarget
	CacheKeys []Source
}

// ContentHandling is what happens to a body between bytes and Base64 text
// (reference/api-gateway.md 5.3).
type ContentHandling uint8

// Values of ContentHandling.
const (
	HandlingNone ContentHandling = iota
	ConvertToBinary
	ConvertToText
)

// MockAnswer is what a MOCK answers whose request template is constant: its
// integration status and the response which that selects (nil: none).
type MockAnswer struct {
	Status   int
	Response *IntegrationResponse
}

func (i *Integration) ready(declared map[string]MethodResponse) {
	switch i.Type {
	case IntegrationHTTP, IntegrationHTTPProxy:
		i.Endpoint = ParseURI(i.URI)
	case IntegrationAWS, IntegrationAWSProxy:
		i.Service, i.Function = parseServiceURI(i.URI)
	}
	i.RequestMappings = Mappings(i.RequestParameters, "integration.request.", "method.request.")
	i.CacheKeys = i.cacheKeys()
	for _, r := range i.Responses {
		r.Mappings = Mappings(r.ResponseParameters, "method.response.", "integration.response.")
		_, r.Declared = declared[strconv.Itoa(r.StatusCode)]
	}
	if i.Type != IntegrationMock {
		return
	}
	for at := range i.RequestTemplates {
		t := &i.RequestTemplates[at]
		if t.VTL == nil {
			continue
		}
		if text, ok := t.VTL.Static(); ok {
			if status, ok := MockStatus(text); ok {
				t.Mock = &MockAnswer{Status: status, Response: i.Select(strconv.Itoa(status))}
			}
		}
	}
}

// MockStatus reads the status that a MOCK's rendered request template asks for:
// the integer member statusCode of an object in a lenient JSON
// (reference/api-gateway.md 5.4).
func MockStatus(text string) (int, bool) {
	tree, err := jsonpath.ParseLenient(text)
	if err != nil {
		return 0, false
	}
	object, ok := tree.(*jsonpath.Object)
	if !ok {
		return 0, false
	}
	v, _ := object.Get("statusCode")
	status, ok := v.(int64)
	return int(status), ok && status >= 0 && status < 1000
}

// Select returns the response for a backend's outcome (its status code as
// text): the first whose pattern matches, else the default one, else nil
// (reference/api-gateway.md 5.2).
func (i *Integration) Select(outcome string) *IntegrationResponse {
	var fallback *IntegrationResponse
	for _, r := range i.Responses {
		if r.Pattern == nil {
			if fallback == nil {
				fallback = r
			}
			continue
		}
		if r.Pattern.MatchString(outcome) {
			return r
		}
	}
	return fallback
}

// IntegrationResponse is how one answer of the backend is mapped.
type IntegrationResponse struct {
	StatusCode int
	// Pattern selects by whole-string match; nil is the default response.
	Pattern            *regexp.Regexp
	ContentHandling    ContentHandling
	ResponseParameters map[string]string // "method.response.header.X" → source
	Templates          Templates

	// NewRoutes fills these.

	Mappings []Mapping
	Declared bool // the method declares a response of this status
}

// Templates are mapping templates in the order they were stored.
type Templates []Template

// Template is a mapping template for a content type.
type Template struct {
	ContentType string
	VTL         *vtl.Template // nil and no Err: an empty template, the body passes unmapped
	// Err says why the text is no template. AWS takes it at deployment and fails
	// the calls that come to it (reference/api-gateway.md 5.7).
	Err error
	// Mock is set by NewRoutes for a constant request template of a MOCK.
	Mock *MockAnswer
}

// Empty tells that the template has no text: the body passes unmapped.
func (t *Template) Empty() bool { return t.VTL == nil && t.Err == nil }

// For returns the template for a media type ("application/json", without
// parameters).
func (t Templates) For(mediaType string) (Template, bool) {
	for _, template := range t {
		if template.ContentType == mediaType {
			return template, true
		}
	}
	return Template{}, false
}
