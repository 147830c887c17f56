package program

import "strings"

// ResponseHeadersPolicy is what the edge changes in the responses of a behavior
// (reference/cloudfront.md section 5.1).
type ResponseHeadersPolicy struct {
	ID     string
	Remove []string // names in lower case
	CORS   *CORS    // nil: none
	// Headers are the security headers and the custom ones, in this order.
	Headers []PolicyHeader
	// ServerTiming is whether Server-Timing may be sent, Sampling for how many
	// of 100 responses it is.
	ServerTiming bool
	Sampling     float64
}

// PolicyHeader is a header that a policy adds. Override: it takes the place of
// the origin's; else the origin's stays.
type PolicyHeader struct {
	Name, Value string
	Override    bool
}

// CORS is what a policy says to cross-origin requests.
type CORS struct {
	AnyOrigin bool
	Origins   []CORSOrigin
	// Headers are Access-Control-Allow-Headers; "*" and "x-amz-*" are patterns.
	Headers                []string
	Methods, ExposeHeaders string // as they are sent; "" is none
	MaxAge                 string // seconds; "" is none
	Credentials            bool
	// Override: the policy's headers take the place of the origin's; else an
	// origin that sends any such header keeps all of them.
	Override bool
}

// CORSOrigin is one allowed origin: its leftmost label may be "*", its port may
// hold "*", and without a port it matches any.
type CORSOrigin struct {
	scheme string
	host   string
	sub    bool // host stands for the names below it
	port   NamePattern
	ported bool // else any port is right
}

// NewCORSOrigin parses an allowed origin such as "https://*.example.com:8*".
func NewCORSOrigin(text string) CORSOrigin {
	var o CORSOrigin
	var port string
	o.scheme, o.host, port, o.ported = splitOrigin(text)
	o.port = NewNamePattern(port)
	o.host, o.sub = strings.CutPrefix(o.host, "*.")
	return o
}

// splitOrigin takes "scheme://host:port" apart; scheme and port may be missing.
func splitOrigin(text string) (scheme, host, port string, ported bool) {
	text = strings.ToLower(text)
	scheme, host, has := strings.Cut(text, "://")
	if !has {
		scheme, host = "", text
	}
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		return scheme, host[:at], host[at+1:], true
	}
	return scheme, host, "", false
}

// Match tells whether an Origin field's value is this origin.
func (o CORSOrigin) Match(origin string) bool {
	scheme, host, port, _ := splitOrigin(origin)
	if scheme != o.scheme || o.ported && !o.port.Match(port) {
		return false
	}
	if !o.sub {
		return host == o.host
	}
	below, ok := strings.CutSuffix(host, "."+o.host)
	return ok && below != ""
}
