package server

import (
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
)

// refuseBrowser keeps web pages away from the control plane: a page that got a
// foreign name to resolve to us (DNS rebinding) has that name as its Host, a
// cross-site form or script carries Origin or Sec-Fetch-Site, and a page served
// under our own name must not come from an API (design.md section 2).
func (r Rules) refuseBrowser(q Question, owner *exchange.Owner) *Refusal {
	guarded := owner.Plane == exchange.PlaneControl || owner.Plane == exchange.PlaneOps ||
		owner.PathForm && isReserved(q.Request.Path)
	if guarded && !r.SignaturesVerified && !r.localHost(q.Request.Host) {
		return &Refusal{Status: 421, Reason: ReasonForeignHost}
	}
	if owner.PathForm && isNavigation(q.Request) {
		if location := hostFormOf(q, owner); location != "" {
			return &Refusal{Status: 307, Reason: ReasonNavigation, Location: location}
		}
	}
	if guarded && crossSite(q.Request) {
		return &Refusal{Status: 403, Reason: ReasonCrossSite}
	}
	return nil
}

// localHost tells whether a host is one that no web page outside can have. A
// request without any host (HTTP/1.0) is no browser's.
func (r Rules) localHost(host string) bool {
	return host == "" || isControlName(host) || isIPLiteral(host) || slices.Contains(r.ControlHosts, host)
}

// isControlName tells whether a name is one of the control plane's without being
// configured: localhost and below, a dotless name, an AWS service name.
func isControlName(host string) bool {
	return !strings.Contains(host, ".") && !strings.HasPrefix(host, "[") ||
		strings.HasSuffix(host, ".localhost") ||
		host == "localhost.localstack.cloud" || strings.HasSuffix(host, ".localhost.localstack.cloud") ||
		isServiceName(host)
}

// isServiceName tells whether host is under a domain that only AWS serves its
// APIs from.
func isServiceName(host string) bool {
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn") ||
		strings.HasSuffix(host, ".api.aws")
}

// isNavigation tells whether a browser asks for a page (Fetch Metadata; plain
// http to a name that is not localhost carries only Upgrade-Insecure-Requests).
func isNavigation(r *exchange.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" || r.Header.Get("Upgrade-Insecure-Requests") == "1"
}

// crossSite tells whether a browser says that another site caused the request.
func crossSite(r *exchange.Request) bool {
	for site := range r.Header.All("Sec-Fetch-Site") {
		if site != "none" && site != "same-origin" {
			return true
		}
	}
	for origin := range r.Header.All("Origin") {
		if !strings.EqualFold(origin, ownOrigin(r)) {
			return true
		}
	}
	return false
}

// ownOrigin returns the origin of a page that a request's own authority would
// serve: a browser leaves the scheme's default port out (RFC 6454 section 6.2).
func ownOrigin(r *exchange.Request) string {
	port := ":80"
	if r.Scheme == "https" {
		port = ":443"
	}
	return r.Scheme + "://" + strings.TrimSuffix(r.Authority, port)
}
