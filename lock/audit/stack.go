package audit

// Stack is both ends of a lock as somebody read them: the distributions that may
// call APIs, and the APIs with everything that decides who may call them.
// Names are AWS's; ids may be the logical names of a template.
type Stack struct {
	// Source says where the stack was read, for people: "account 123456789012,
	// us-east-1", "terraform plan plan.json".
	Source     string `json:"source,omitempty"`
	File       string `json:"file,omitempty"`      // the document, when it is one
	Partition  string `json:"partition,omitempty"` // "aws" when empty
	Account    string `json:"account,omitempty"`   // 12 digits; empty: not known
	Region     string `json:"region,omitempty"`    // empty: not known
	Drawbridge bool   `json:"drawbridge,omitempty"`
	// Static: read from a document. Nothing is deployed there; the snapshot of
	// a stage is what deploying the document gives.
	Static        bool           `json:"static,omitempty"`
	Distributions []Distribution `json:"distributions,omitempty"`
	APIs          []API          `json:"apis,omitempty"`
	Keys          []Key          `json:"keys,omitempty"`
	Plans         []UsagePlan    `json:"plans,omitempty"`
	Domains       []Domain       `json:"domains,omitempty"`
	// Gaps are whole parts that could not be read: other doors may be there.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Gap is a part of an account that could not be read.
type Gap struct {
	Resource string `json:"resource"` // "distributions", "usage plans", "api a1b2c3d4e5"
	Reason   string `json:"reason"`
	// Minor: no door can hide in it (tags, say), so it does not touch the verdict.
	Minor bool `json:"minor,omitempty"`
}

// Tags are a resource's tags. CloudFormation's begin "aws:cloudformation:".
type Tags map[string]string

// Distribution is one CloudFront distribution.
type Distribution struct {
	ID         string        `json:"id"`
	ARN        string        `json:"arn,omitempty"`
	DomainName string        `json:"domainName,omitempty"`
	Aliases    []string      `json:"aliases,omitempty"`
	Enabled    bool          `json:"enabled"`
	Deployed   bool          `json:"deployed,omitempty"`  // Status is Deployed, not InProgress
	Staging    bool          `json:"staging,omitempty"`   // a staging copy
	PrimaryID  string        `json:"primaryId,omitempty"` // Staging: whose copy, when known
	WebACL     string        `json:"webAcl,omitempty"`
	ViewerMTLS bool          `json:"viewerMtls,omitempty"`
	Origins    []Origin      `json:"origins"`
	Groups     []OriginGroup `json:"groups,omitempty"`
	Behaviors  []Behavior    `json:"behaviors"` // in matching order, the default last
	Tags       Tags          `json:"tags,omitempty"`
}

// Origin is one origin of a distribution.
type Origin struct {
	ID         string `json:"id"`
	DomainName string `json:"domainName"` // may hold a reference's name in a static stack
	Path       string `json:"path,omitempty"`
	// API is the id of the API that DomainName names, where the reader knows it
	// better than the name tells (a reference in a template). Usually empty.
	API string `json:"api,omitempty"`
	// Protocol is OriginProtocolPolicy: http-only, match-viewer, https-only;
	// empty when the origin is no custom origin.
	Protocol     string   `json:"protocol,omitempty"`
	SSLProtocols []string `json:"sslProtocols,omitempty"` // OriginSslProtocols: "TLSv1.2"
	Headers      []Header `json:"headers,omitempty"`      // CustomHeaders
}

// Header is an origin custom header.
type Header struct {
	Name  string        `json:"name"`
	Value Maybe[Secret] `json:"value"`
}

// OriginGroup is a pair of origins, the first before the second.
type OriginGroup struct {
	ID      string   `json:"id"`
	Members []string `json:"members"` // origin ids
}

// Behavior is one cache behavior.
type Behavior struct {
	PathPattern    string   `json:"pathPattern"` // "*": the default
	TargetID       string   `json:"targetId"`    // of an origin or an origin group
	ViewerProtocol string   `json:"viewerProtocol,omitempty"`
	AllowedMethods []string `json:"allowedMethods,omitempty"`
	// KeyHeaders are the viewer's header fields in the cache key (cache policy,
	// or the header list of ForwardedValues, which is both).
	KeyHeaders Maybe[HeaderSet] `json:"keyHeaders"`
	// ForwardedHeaders are the viewer's header fields that the origin request
	// policy (or ForwardedValues) sends on, beside those of the cache key.
	ForwardedHeaders Maybe[HeaderSet] `json:"forwardedHeaders"`
	RealtimeLog      string           `json:"realtimeLog,omitempty"` // ARN of a real-time log configuration
	EdgeFunctions    []string         `json:"edgeFunctions,omitempty"`
}

// HeaderMode is how a policy names header fields.
type HeaderMode string

// The values of HeaderBehavior (cloudfront.md 1.10). The zero value is none.
const (
	HeadersNone              HeaderMode = "none"
	HeadersWhitelist         HeaderMode = "whitelist"
	HeadersAllViewer         HeaderMode = "allViewer"
	HeadersAllViewerAndEdges HeaderMode = "allViewerAndWhitelistCloudFront"
	HeadersAllExcept         HeaderMode = "allExcept"
)

// HeaderSet names header fields of the viewer's request.
type HeaderSet struct {
	Mode  HeaderMode `json:"mode"`
	Names []string   `json:"names,omitempty"` // of a whitelist, or the exceptions of allExcept
}

// API is one REST API. What its stages serve stands in their snapshots; the
// members here are the working copy.
type API struct {
	ID                      string   `json:"id"`
	Name                    string   `json:"name,omitempty"`
	EndpointTypes           []string `json:"endpointTypes,omitempty"` // EDGE, REGIONAL, PRIVATE
	DefaultEndpointDisabled bool     `json:"defaultEndpointDisabled,omitempty"`
	KeySource               string   `json:"keySource,omitempty"` // HEADER when empty, or AUTHORIZER
	// Policy is the resource policy as JSON; Known and empty: there is none.
	Policy  Maybe[Secret]   `json:"policy"`
	Methods Maybe[[]Method] `json:"methods"`
	Stages  []Stage         `json:"stages"`
	Tags    Tags            `json:"tags,omitempty"`
}

// Stage is one stage of an API.
type Stage struct {
	Name         string   `json:"name"`
	DeploymentID string   `json:"deploymentId,omitempty"`
	Deployed     Snapshot `json:"deployed"`
	Canary       *Canary  `json:"canary,omitempty"`
	// MethodSettings by "*/*" or "path/VERB" as AWS writes them.
	MethodSettings    map[string]MethodSetting `json:"methodSettings,omitempty"`
	AccessLogFormat   string                   `json:"accessLogFormat,omitempty"`
	WebACL            string                   `json:"webAcl,omitempty"` // ARN
	ClientCertificate string                   `json:"clientCertificate,omitempty"`
	Tags              Tags                     `json:"tags,omitempty"`
}

// Canary is the share of a stage's traffic that another deployment serves.
type Canary struct {
	DeploymentID string   `json:"deploymentId"`
	Percent      float64  `json:"percent"`
	Deployed     Snapshot `json:"deployed"`
}

// Snapshot is what a deployment froze (api-gateway.md 1.12).
type Snapshot struct {
	Methods Maybe[[]Method] `json:"methods"`
	// Policy as in API.Policy, in its deployed form.
	Policy                  Maybe[Secret] `json:"policy"`
	KeySource               Maybe[string] `json:"keySource"` // HEADER or AUTHORIZER
	DefaultEndpointDisabled Maybe[bool]   `json:"defaultEndpointDisabled"`
}

// MethodSetting is the part of a stage's method settings that writes logs.
type MethodSetting struct {
	LoggingLevel string `json:"loggingLevel,omitempty"` // OFF, ERROR, INFO
	DataTrace    bool   `json:"dataTrace,omitempty"`
}

// The values of Method.Authorization.
const (
	AuthNone    = "NONE"
	AuthIAM     = "AWS_IAM"
	AuthCustom  = "CUSTOM"
	AuthCognito = "COGNITO_USER_POOLS"
)

// Method is a method of a resource.
type Method struct {
	Path           string `json:"path"`                    // of the resource: "/users/{id}"
	Verb           string `json:"verb"`                    // "GET", "ANY"
	Authorization  string `json:"authorization,omitempty"` // NONE when empty
	APIKeyRequired bool   `json:"apiKeyRequired,omitempty"`
	// Integration is nil when it was not read.
	Integration *Integration `json:"integration,omitempty"`
}

// Integration is the part of an integration that shows what a backend is sent.
type Integration struct {
	Type                string            `json:"type"` // MOCK, HTTP, HTTP_PROXY, AWS, AWS_PROXY
	URI                 string            `json:"uri,omitempty"`
	RequestParameters   map[string]string `json:"requestParameters,omitempty"`
	RequestTemplates    map[string]string `json:"requestTemplates,omitempty"`
	ResponseTemplates   []string          `json:"responseTemplates,omitempty"`
	PassthroughBehavior string            `json:"passthroughBehavior,omitempty"`
}

// Key is an API key.
type Key struct {
	ID      string        `json:"id"`
	Name    string        `json:"name,omitempty"`
	Enabled bool          `json:"enabled"`
	Value   Maybe[Secret] `json:"value"`
	Tags    Tags          `json:"tags,omitempty"`
}

// UsagePlan says which keys open which stages.
type UsagePlan struct {
	ID     string     `json:"id"`
	Name   string     `json:"name,omitempty"`
	Stages []StageRef `json:"stages,omitempty"`
	Keys   []string   `json:"keys,omitempty"` // key ids
	Tags   Tags       `json:"tags,omitempty"`
}

// StageRef names a stage.
type StageRef struct {
	API   string `json:"api"`
	Stage string `json:"stage"`
}

// String is "a1b2c3d4e5/prod".
func (r StageRef) String() string { return r.API + "/" + r.Stage }

// Domain is an API Gateway custom domain name.
type Domain struct {
	Name         string    `json:"name"`
	RegionalName string    `json:"regionalName,omitempty"` // d-….execute-api.… or the distribution's name
	MutualTLS    bool      `json:"mutualTls,omitempty"`
	Mappings     []Mapping `json:"mappings,omitempty"`
	Tags         Tags      `json:"tags,omitempty"`
}

// Mapping is one base path mapping.
type Mapping struct {
	BasePath string `json:"basePath,omitempty"` // "(none)" or empty: all
	API      string `json:"api"`
	Stage    string `json:"stage,omitempty"` // empty: the path's next segment
}
