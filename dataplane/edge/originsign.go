package edge

import (
	"regexp"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/sigv4"
)

// originRegion finds the region in an origin's name:
// "bucket.s3.eu-central-1.amazonaws.com", "id.lambda-url.us-east-1.on.aws".
var originRegion = regexp.MustCompile(`(?:^|[.-])([a-z]{2}(?:-[a-z]+)+-[0-9])\.`)

// defaultSigningRegion is that of S3 names without one.
const defaultSigningRegion = "us-east-1"

// unsignedPayload stands for the hash of a body that is not covered.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// signCall signs a request to an origin as its origin access control says
// (reference/cloudfront.md section 5.6). Without credentials, and where SigV4A is
// asked for, it goes as it is: the log has told.
func (e *Edge) signCall(a ask, o *program.Origin, c *upstream.Call) {
	s := o.Sign
	if s == nil || s.V4A || e.sign == nil || !s.Always && c.Header.Has("Authorization") {
		return
	}
	c.Header.Del("Authorization")
	c.Header.Del("X-Amz-Date")
	c.Header.Del("X-Amz-Security-Token")
	in := sigv4.SignInput{
		Request: sigv4.Request{
			Method: c.Method, RawPath: c.Path, RawQuery: c.RawQuery, Host: c.Authority, Header: amazonFields(c.Header),
		},
		BodyHash: unsignedPayload, Service: s.Service, Region: regionOf(o.DomainName), Now: e.now(),
		DoubleEncodePath: s.Service != "s3", ContentSHA256: true,
	}
	if s.Service == "lambda" { // a body is covered by the hash that the viewer gives
		in.BodyHash = a.asked.Header.Get("X-Amz-Content-Sha256")
	}
	fields, err := e.sign(in)
	if err != nil {
		e.logger.Error("a request to an origin is not signed", "distribution", a.distribution.ID, "origin", o.ID, "error", err)
		return
	}
	for _, f := range fields {
		c.Header.Set(f.Name, f.Value)
	}
}

// regionOf returns the region that a request to an origin is signed for.
func regionOf(host string) string {
	if m := originRegion.FindStringSubmatch(host); m != nil {
		return m[1]
	}
	return defaultSigningRegion
}

// amazonFields yields the fields that S3 wants signed: those of its own.
func amazonFields(h exchange.Header) func(yield func(name, value string) bool) {
	return func(yield func(string, string) bool) {
		for _, f := range h {
			if strings.HasPrefix(strings.ToLower(f.Name), "x-amz-") && !yield(f.Name, f.Value) {
				return
			}
		}
	}
}
