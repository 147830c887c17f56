package edge

import (
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// Limits of a request (reference/cloudfront.md section 2.5).
const (
	maxURL     = 8192
	maxRequest = 32768 // path, query and header fields together
)

// admission is what admit lets a request do.
type admission uint8

const (
	comeIn admission = iota
	sendToHTTPS
)

// admit decides whether a request may go on: its size, the viewer's country, the
// viewer protocol policy, its method, in CloudFront's order (reference/cloudfront.md section 2.2).
func admit(r request) (admission, Fault) {
	if fault := checkSize(r.asked); fault != faultNone {
		return comeIn, fault
	}
	if geoBlocked(r) {
		return comeIn, faultGeo
	}
	if r.asked.Scheme != "https" {
		switch r.behavior.ViewerProtocol {
		case program.HTTPSOnly:
			return comeIn, faultHTTPSOnly
		case program.RedirectToHTTPS:
			return admitRedirect(r)
		}
	}
	method := r.asked.Method
	switch {
	case !r.behavior.Allowed.Has(method):
		return comeIn, faultMethod
	case (method == "GET" || method == "HEAD") && !r.asked.Body.Empty():
		return comeIn, faultBodyOnGet
	}
	return comeIn, faultNone
}

// admitRedirect sends plain HTTP to HTTPS; HTTP/1.0 has no status that keeps a
// method with a body (reference/cloudfront.md section 2.4).
func admitRedirect(r request) (admission, Fault) {
	m := program.MethodOf(r.asked.Method)
	switch {
	case m == 0:
		return comeIn, faultMethod
	case m&(program.MethodGET|program.MethodHEAD) == 0 && r.asked.Protocol == exchange.HTTP10:
		return comeIn, faultHTTPSOnly
	}
	return sendToHTTPS, faultNone
}

// checkSize holds a request against CloudFront's limits.
func checkSize(q *exchange.Request) Fault {
	url := len(q.Path) + len(q.RawQuery)
	if q.HasQuery {
		url++
	}
	if url > maxURL {
		return faultURITooLong
	}
	size := url
	for i := range q.Header {
		size += len(q.Header[i].Name) + len(q.Header[i].Value) + len(": \r\n")
	}
	if size > maxRequest {
		return faultHeaderTooLarge
	}
	return faultNone
}

// redirectLocation is where a viewer finds the same thing over HTTPS. A port
// stays, because one port speaks both here; port 80 does not. A path form stays
// one: only its host's /_drawbridge/ is the distribution's.
func redirectLocation(r request) string {
	host := strings.TrimSuffix(r.asked.Authority, ":80")
	if host == "" {
		host = r.asked.Host
	}
	return "https://" + host + r.x.Request.Target()
}
