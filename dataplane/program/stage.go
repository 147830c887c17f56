package program

import (
	"regexp"
	"time"

	"drawbridge/engine/policy"
	"drawbridge/engine/vtl"
)

// Stage is one unit: a stage's live settings and its deployment.
type Stage struct {
	Name      string
	Revision  int64
	Variables map[string]string
	// Settings are the method settings by "path/VERB" ("*/*" for all).
	Settings   map[string]MethodSetting
	Deployment *Deployment // nil: the stage has none that could be compiled
}

// MethodSetting is what a stage sets for a method without a new deployment.
type MethodSetting struct {
	Throttle *Throttle // nil: the account's
}

// Deployment is a frozen copy of an API, parsed. Several stages may share it.
type Deployment struct {
	ID string
	// Policy is the resource policy the deployment was made with; nil: none.
	Policy                    *policy.Policy
	DisableExecuteAPIEndpoint bool
	KeySource                 KeySource
	BinaryMediaTypes          []string
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
	APIKeyRequired    bool
	RequestParameters map[string]bool // "method.request.querystring.q" → required
	// Responses are the declared method responses by status code.
	Responses   map[string]MethodResponse
	Integration *Integration // nil: none, a call fails with API_CONFIGURATION_ERROR
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
}

// IntegrationResponse is how one answer of the backend is mapped.
type IntegrationResponse struct {
	StatusCode int
	// Pattern selects by whole-string match; nil is the default response.
	Pattern            *regexp.Regexp
	ResponseParameters map[string]string // "method.response.header.X" → source
	Templates          Templates
}

// Templates are mapping templates in the order they were stored.
type Templates []Template

// Template is a mapping template for a content type. A nil VTL is an empty
// template: the body passes unmapped.
type Template struct {
	ContentType string
	VTL         *vtl.Template
}

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
