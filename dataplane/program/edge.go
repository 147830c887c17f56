package program

import (
	"crypto"
	"maps"
	"slices"
	"strings"
	"time"
)

// Edge is the program of an edge location: which distribution owns which host.
// The zero value has no distributions.
type Edge struct {
	Revision  int64 // store revision this program stands for
	byID      map[string]*Distribution
	hosts     map[string]*Distribution // exact names: domain names and aliases, lower case
	wildcards map[string]*Distribution // "example.com" for the alias *.example.com
	unlisted  map[string]*Distribution // by domain name
	stores    map[string]*KeyValueStore
}

// EdgeChange is what a new program has that the old one has not: units by id, a
// nil one is removed.
type EdgeChange struct {
	Distributions map[string]*Distribution
	Stores        map[string]*KeyValueStore
}

// Empty tells that nothing changes.
func (c *EdgeChange) Empty() bool { return len(c.Distributions)+len(c.Stores) == 0 }

// With returns a program in which the given units stand in place of those with
// the same id. e itself does not change.
func (e *Edge) With(revision int64, change EdgeChange) *Edge {
	next := &Edge{
		Revision: revision,
		byID:     e.byID, hosts: e.hosts, wildcards: e.wildcards, unlisted: e.unlisted, stores: e.stores,
	}
	if len(change.Stores) > 0 {
		next.stores = maps.Clone(e.stores)
		if next.stores == nil {
			next.stores = map[string]*KeyValueStore{}
		}
		for id, s := range change.Stores {
			if s == nil {
				delete(next.stores, id)
			} else {
				next.stores[id] = s
			}
		}
	}
	if len(change.Distributions) == 0 {
		return next
	}
	next.byID, next.hosts, next.wildcards, next.unlisted = maps.Clone(e.byID), maps.Clone(e.hosts), maps.Clone(e.wildcards), maps.Clone(e.unlisted)
	if next.byID == nil {
		next.byID, next.hosts, next.wildcards = map[string]*Distribution{}, map[string]*Distribution{}, map[string]*Distribution{}
		next.unlisted = map[string]*Distribution{}
	}
	for id := range change.Distributions {
		next.remove(id)
	}
	for id, d := range change.Distributions {
		if d != nil {
			next.add(id, d)
		}
	}
	return next
}

func (e *Edge) remove(id string) {
	old := e.byID[id]
	if old == nil {
		return
	}
	delete(e.byID, id)
	if e.unlisted[old.DomainName] == old {
		delete(e.unlisted, old.DomainName)
	}
	for _, name := range old.names() {
		index, key := e.index(name)
		if index[key] == old {
			delete(index, key)
		}
	}
}

func (e *Edge) add(id string, d *Distribution) {
	e.byID[id] = d
	if d.Unlisted {
		e.unlisted[d.DomainName] = d
	}
	for _, name := range d.names() {
		index, key := e.index(name)
		index[key] = d
	}
}

func (e *Edge) index(name string) (map[string]*Distribution, string) {
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		return e.wildcards, rest
	}
	return e.hosts, name
}

// Distribution returns the distribution that owns host (normalised: lower case,
// no port): its domain name or an alias; the most specific alias wins
// (reference/cloudfront.md section 2.1). A disabled distribution keeps its names.
func (e *Edge) Distribution(host string) (*Distribution, bool) {
	if d, ok := e.hosts[host]; ok {
		return d, true
	}
	if len(e.wildcards) == 0 {
		return nil, false
	}
	if _, parent, ok := strings.Cut(host, "."); ok {
		d, ok := e.wildcards[parent] // a wildcard stands for exactly one label
		return d, ok
	}
	return nil, false
}

// DistributionByID returns the distribution with this id, if viewers get at it.
func (e *Edge) DistributionByID(id string) (*Distribution, bool) {
	d, ok := e.byID[id]
	if !ok || d.Unlisted {
		return nil, false
	}
	return d, true
}

// Unlisted returns the distribution with this domain name that viewers get at
// by way of another one only.
func (e *Edge) Unlisted(domainName string) (*Distribution, bool) {
	d, ok := e.unlisted[domainName]
	return d, ok
}

// Store returns the key value store with this id.
func (e *Edge) Store(id string) (*KeyValueStore, bool) {
	s, ok := e.stores[id]
	return s, ok
}

// Len returns the number of distributions.
func (e *Edge) Len() int { return len(e.byID) }

// ViewerProtocolPolicy is what a behavior does with plain HTTP.
type ViewerProtocolPolicy uint8

// Values of ViewerProtocolPolicy.
const (
	AllowAll ViewerProtocolPolicy = iota
	HTTPSOnly
	RedirectToHTTPS
)

// OriginProtocolPolicy is the scheme the edge uses toward an origin.
type OriginProtocolPolicy uint8

// Values of OriginProtocolPolicy.
const (
	OriginHTTPSOnly OriginProtocolPolicy = iota
	OriginHTTPOnly
	OriginMatchViewer
)

// Distribution is one unit: a distribution with everything parsed.
type Distribution struct {
	ID, Account string
	DomainName  string // "d111111abcdef8.cloudfront.net"
	Revision    int64  // store revision of the configuration
	Enabled     bool
	Aliases     []string // lower case, "*." prefix for wildcards
	// DefaultRootObject is without a leading slash; "" is none.
	DefaultRootObject string
	HTTP2             bool
	// Behaviors in order of evaluation; the last one is the default behavior "*".
	Behaviors []*Behavior
	Geo       *GeoRestriction // nil: every country is served
	// Tenant is whose unit of a multi-tenant distribution this is; nil: it is a
	// standard one. DomainName is then the routing endpoint.
	Tenant *Tenant
	// TagHeader is the response header that has cache tags (CacheTagConfig); "": none.
	TagHeader string
	// Unlisted tells that the distribution has no names: it is a staging one.
	Unlisted bool
	Traffic  *Traffic // nil: all of it stays here
	// Origins by id: what a function can choose from.
	Origins map[string]*Origin
	Errors  map[int]ErrorResponse // CustomErrorResponses by status code
	// Certificate is what viewers of the aliases are shown: an ARN of ACM or an
	// id of IAM; "" is the local authority's. MinTLS is the lowest protocol
	// version of crypto/tls that they may speak; 0 is the listener's.
	Certificate string
	MinTLS      uint16
}

// names returns every host name of the distribution: the domain name, its
// .localhost forms (by d-label and by id, design.md section 2) and the aliases.
func (d *Distribution) names() []string {
	if d.Unlisted {
		return nil
	}
	if d.Tenant != nil {
		return d.Aliases
	}
	label, _, _ := strings.Cut(d.DomainName, ".")
	names := []string{
		d.DomainName,
		label + ".cloudfront.localhost",
		strings.ToLower(d.ID) + ".cloudfront.localhost",
	}
	return append(names, d.Aliases...)
}

// Match returns the behavior for a path: the first whose pattern matches the
// normalised path (reference/cloudfront.md section 2.3). It is never nil.
func (d *Distribution) Match(path string) *Behavior {
	last := len(d.Behaviors) - 1
	for _, b := range d.Behaviors[:last] {
		if b.Pattern.Match(path) {
			return b
		}
	}
	return d.Behaviors[last]
}

// Tenant is a distribution tenant (reference/cloudfront.md section 5.9).
type Tenant struct {
	ID         string
	Parameters map[string]string
}

// CacheID tells what is cached for a unit from what is cached for others: the
// tenant's id, or the distribution's.
func (d *Distribution) CacheID() string {
	if d.Tenant != nil {
		return d.Tenant.ID
	}
	return d.ID
}

// RootObject returns the path to ask for: the default root object's for "/"
// alone (reference/cloudfront.md section 1.9).
func (d *Distribution) RootObject(path string) string {
	if path == "/" && d.DefaultRootObject != "" {
		return "/" + d.DefaultRootObject
	}
	return path
}

// GeoRestriction is a list of countries (ISO 3166-1 alpha-2) that are served
// (Allow), or are not.
type GeoRestriction struct {
	Countries map[string]bool
	Allow     bool
}

// ErrorResponse is one CustomErrorResponse.
type ErrorResponse struct {
	PagePath   string // "" keeps the origin's body
	StatusCode int    // 0 keeps the status
	// CachingTTL is ErrorCachingMinTTL; DefaultErrorTTL where it was not given.
	CachingTTL time.Duration
}

// DefaultErrorTTL is how long an error is cached at least, where no
// CustomErrorResponse says otherwise (reference/cloudfront.md section 3.5).
const DefaultErrorTTL = 10 * time.Second

// ErrorTTL returns ErrorCachingMinTTL for a status code.
func (d *Distribution) ErrorTTL(status int) time.Duration {
	if e, ok := d.Errors[status]; ok {
		return e.CachingTTL
	}
	return DefaultErrorTTL
}

// Behavior is a cache behavior.
type Behavior struct {
	Pattern        PathPattern
	Origin         *Origin
	Group          *OriginGroup // nil: Origin alone
	ViewerProtocol ViewerProtocolPolicy
	Allowed        MethodSet
	Cached         MethodSet
	Compress       bool
	Cache          CachePolicy
	Request        OriginRequestPolicy
	Response       *ResponseHeadersPolicy // nil: none
	// Signed: viewers need a signed URL or signed cookies, by one of the keys in
	// Signers (by their ids).
	Signed  bool
	Signers map[string]crypto.PublicKey
	// ViewerRequest and ViewerResponse are the functions of these events; nil: none.
	ViewerRequest, ViewerResponse *EdgeFunction
}

// OriginGroup is a primary origin with a secondary that takes over on the given
// status codes (reference/cloudfront.md section 2.8).
type OriginGroup struct {
	ID         string
	Members    [2]*Origin
	FailoverOn map[int]bool
}

// Origin is whom the edge calls.
type Origin struct {
	ID         string
	DomainName string // lower case, no port
	Path       string // "" or "/prod"
	// CustomHeaders are added to each request and overwrite the viewer's.
	CustomHeaders  []HeaderField
	Protocol       OriginProtocolPolicy
	HTTPPort       int
	HTTPSPort      int
	Attempts       int           // ConnectionAttempts, 1–3
	ConnectTimeout time.Duration // per attempt
	ReadTimeout    time.Duration // to the first byte and between packets
	KeepAlive      time.Duration
	// HostHeader is the Host to send and ServerName the SNI, where a function
	// chose them; "" is as the policies say. CertificateNames are the names of
	// which the origin's certificate must carry one; none: ServerName.
	HostHeader, ServerName string
	CertificateNames       []string
	// ClientCertificate is the ARN of what is shown to an origin that asks for a
	// certificate; "": nothing is.
	ClientCertificate string
	// Sign is how requests to this origin are signed; nil: they are not.
	Sign *OriginSigning
	// MinTLS is the oldest TLS version (crypto/tls constant), 0: TLS 1.2.
	// IPVersion is 4 or 6 where only such addresses are to be dialled, else 0.
	MinTLS    uint16
	IPVersion int
	// CompletionTimeout bounds a whole response (ResponseCompletionTimeout); 0: none.
	CompletionTimeout time.Duration
}

// OriginSigning signs requests with SigV4 (reference/cloudfront.md section 5.6).
type OriginSigning struct {
	Service string // "s3", "lambda", "mediastore", "mediapackagev2"
	// Always: whatever Authorization the viewer sent; else only without one.
	Always bool
	// V4A asks for SigV4A, which the edge does not speak: such requests go unsigned.
	V4A bool
}

// HeaderField is a header name and value of the configuration.
type HeaderField struct{ Name, Value string }

// CachePolicy is what makes the cache key and bounds the TTL: a cache policy,
// or a behavior's legacy ForwardedValues.
type CachePolicy struct {
	ID                         string // "" for ForwardedValues
	MinTTL, DefaultTTL, MaxTTL time.Duration
	// Gzip and Brotli: the normalised Accept-Encoding is part of the key.
	Gzip, Brotli bool
	Headers      Selection // names in lower case
	Cookies      Selection
	QueryStrings Selection
	// Legacy tells that ForwardedValues made this policy: the legacy header
	// table applies toward the origin (reference/cloudfront.md section 2.6).
	Legacy bool
	// LegacyForwardQuery is ForwardedValues.QueryString: all parameters go to the
	// origin, while QueryStrings (QueryStringCacheKeys) limits only the key.
	LegacyForwardQuery bool
}

// Disabled tells that nothing is cached and no request is collapsed: all TTLs
// are 0 (reference/cloudfront.md section 3.1), or Headers is "*".
func (c *CachePolicy) Disabled() bool {
	return c.MinTTL == 0 && c.DefaultTTL == 0 && c.MaxTTL == 0 || c.Headers.Mode == SelectAll
}

// Encodings tells which content codings a viewer's Accept-Encoding is reduced
// to: those of the policy, gzip for ForwardedValues, none where nothing is
// cached (reference/cloudfront.md sections 2.6, 3.7).
func (c *CachePolicy) Encodings() (gzip, brotli bool) {
	if c.Disabled() {
		return false, false
	}
	return c.Gzip || c.Legacy, c.Brotli
}

// OriginRequestPolicy is what is sent to the origin beyond the cache key.
type OriginRequestPolicy struct {
	ID string // "" for none
	// Headers: SelectNone; SelectAll (allViewer); SelectOnly (whitelist);
	// SelectExcept (allExcept). CloudFront lists the CloudFront-* headers of
	// allViewerAndWhitelistCloudFront.
	Headers      Selection
	CloudFront   []string
	Cookies      Selection
	QueryStrings Selection
}

// SelectMode says which of the viewer's names a Selection takes.
type SelectMode uint8

// Values of SelectMode.
const (
	SelectNone SelectMode = iota
	SelectAll
	SelectOnly
	SelectExcept
)

// Selection takes some of a set of names. Header names are in lower case;
// cookie and query string names keep their case.
type Selection struct {
	Mode  SelectMode
	Names []string // sorted; for SelectOnly and SelectExcept
	// Patterns stand beside Names where a name has wildcards: only the cookie
	// names of ForwardedValues do (a cache policy takes "*" literally,
	// reference/cloudfront.md section 2.6).
	Patterns []NamePattern
}

// Takes tells whether name is selected.
func (s Selection) Takes(name string) bool {
	switch s.Mode {
	case SelectAll:
		return true
	case SelectOnly:
		return s.lists(name)
	case SelectExcept:
		return !s.lists(name)
	}
	return false
}

// lists tells whether Names or Patterns hold name.
func (s Selection) lists(name string) bool {
	if _, ok := slices.BinarySearch(s.Names, name); ok {
		return true
	}
	for _, p := range s.Patterns {
		if p.Match(name) {
			return true
		}
	}
	return false
}

// MethodSet is a set of the methods CloudFront knows.
type MethodSet uint8

// The methods of a MethodSet.
const (
	MethodGET MethodSet = 1 << iota
	MethodHEAD
	MethodOPTIONS
	MethodPUT
	MethodPOST
	MethodPATCH
	MethodDELETE
)

// MethodOf returns the set of one method, or 0 for a method that neither
// CloudFront nor API Gateway's ANY knows.
func MethodOf(name string) MethodSet {
	switch name {
	case "GET":
		return MethodGET
	case "HEAD":
		return MethodHEAD
	case "OPTIONS":
		return MethodOPTIONS
	case "PUT":
		return MethodPUT
	case "POST":
		return MethodPOST
	case "PATCH":
		return MethodPATCH
	case "DELETE":
		return MethodDELETE
	}
	return 0
}

// Has tells whether method is in the set.
func (s MethodSet) Has(method string) bool { return s&MethodOf(method) != 0 }
