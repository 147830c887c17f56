package server

import (
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/sigv4"
)

// Rules decide whose request it is: host, then reserved path, then signature
// (design.md section 2). All of it is pure; the zero value has no control hosts
// and trusts no signature.
type Rules struct {
	// ControlHosts are further names the control plane answers to
	// (--control-host), normalised.
	ControlHosts []string
	// SignaturesVerified says that credentials are configured, so that every
	// control call is verified and the host need not be a local one.
	SignaturesVerified bool
}

// Question is what Rules look at.
type Question struct {
	Roles   Roles // of the listener
	Request *exchange.Request
	TLS     *exchange.TLS // nil without TLS
	Edge    *program.Edge
	Gateway *program.Gateway
}

// Refusal is an answer that the rules give in place of the owner.
type Refusal struct {
	Status   int    // 307, 403 or 421
	Reason   string // one of the Reason constants
	Location string // of the 307
}

// The reasons of a Refusal, as they stand in logs and metrics.
const (
	ReasonNavigation  = "navigation-to-path-form"
	ReasonMisdirected = "tls-name-of-another-owner"
	ReasonForeignHost = "host-is-not-local"
	ReasonCrossSite   = "cross-site"
)

// Decide returns the owner of a request, or with a refusal the owner it would
// have had.
func (r Rules) Decide(q Question) (exchange.Owner, *Refusal) {
	owner := r.owner(q)
	if r.misdirected(q, &owner) {
		return owner, &Refusal{Status: 421, Reason: ReasonMisdirected}
	}
	return owner, r.refuseBrowser(q, &owner)
}

func (r Rules) owner(q Question) exchange.Owner {
	if owner, ok := byHost(q); ok {
		return owner
	}
	if q.Roles.Has(RoleOps) {
		if owner, ok := pathForm(q); ok {
			return owner
		}
		if isReserved(q.Request.Path) {
			return exchange.Owner{Plane: exchange.PlaneOps}
		}
	}
	if !q.Roles.Has(RoleControl) {
		return exchange.Owner{Plane: exchange.PlaneEdge}
	}
	authorization := q.Request.Header.Get("Authorization")
	if _, service, ok := sigv4.Scope(authorization, q.Request.RawQuery); ok && service == "execute-api" {
		return exchange.Owner{Plane: exchange.PlaneGateway}
	}
	return exchange.Owner{Plane: exchange.PlaneControl}
}

// byHost applies rules 1 and 2; without ok the host is nobody's.
func byHost(q Question) (exchange.Owner, bool) {
	host, path := q.Request.Host, q.Request.Path
	edge := exchange.Owner{Plane: exchange.PlaneEdge}
	switch formOf(host) {
	case formCloudFront:
		if q.Roles.Has(RoleEdge) {
			edge.Distribution, _ = q.Edge.Distribution(host)
		}
		return edge, true
	case formExecuteAPI:
		if q.Roles.Has(RoleGateway) {
			return executeAPI(q.Gateway, host, path), true
		}
		return edge, true
	}
	if q.Roles.Has(RoleEdge) {
		edge.Distribution, _ = q.Edge.Distribution(host)
	}
	if q.Roles.Has(RoleGateway) && !isAlias(edge.Distribution, host) {
		if domain, ok := q.Gateway.Domain(host); ok {
			return domainOwner(q.Gateway, domain, path), true
		}
	}
	if edge.Distribution != nil {
		return edge, true
	}
	if strings.Contains(host, ".execute-api.") && q.Roles.Has(RoleGateway) {
		return exchange.Owner{Plane: exchange.PlaneGateway}, true
	}
	return exchange.Owner{}, false
}

// isAlias tells whether host itself is an alias of d: under a wildcard alias an
// exact custom domain is the more specific name, as it is in DNS.
func isAlias(d *program.Distribution, host string) bool {
	return d != nil && slices.Contains(d.Aliases, host)
}

// InProcess returns the plane that owns a host among our own names, or
// PlaneNone. For an origin's name the gateway comes first: a name that is both
// an alias and a custom domain is the gateway's in process.
func InProcess(host string, e *program.Edge, g *program.Gateway) exchange.Plane {
	if owner := GatewayOwner(g, host, "/"); owner.API != nil || owner.Domain != nil {
		return exchange.PlaneGateway
	}
	if _, ok := e.Distribution(host); ok {
		return exchange.PlaneEdge
	}
	return exchange.PlaneNone
}

// GatewayOwner returns whose request it is at execute-api, where only the names
// of APIs and custom domains count: a viewer's host there is nobody's. The
// result's API is nil when the host (or, on a custom domain, the path) leads
// to none.
func GatewayOwner(g *program.Gateway, host, path string) exchange.Owner {
	if formOf(host) == formExecuteAPI {
		return executeAPI(g, host, path)
	}
	if domain, ok := g.Domain(host); ok {
		return domainOwner(g, domain, path)
	}
	return exchange.Owner{Plane: exchange.PlaneGateway}
}

// EdgeOwner returns whose request it is at the edge.
func EdgeOwner(e *program.Edge, host string) exchange.Owner {
	owner := exchange.Owner{Plane: exchange.PlaneEdge}
	owner.Distribution, _ = e.Distribution(host)
	return owner
}

// hostForm is a family of host names that AWS, or the local form of it, owns.
type hostForm uint8

const (
	formOther hostForm = iota
	formCloudFront
	formExecuteAPI
)

func formOf(host string) hostForm {
	if strings.HasSuffix(host, ".cloudfront.net") || strings.HasSuffix(host, ".cloudfront.localhost") {
		return formCloudFront
	}
	if _, _, ok := splitExecuteAPI(host); ok {
		return formExecuteAPI
	}
	return formOther
}

// executeAPISuffixes are what can stand behind "<api>.execute-api.<region>";
// the region is optional in front of the local ones.
var executeAPISuffixes = [...]struct {
	suffix string
	local  bool
}{
	{".amazonaws.com", false},
	{".amazonaws.com.cn", false},
	{".localhost", true},
	{".localhost.localstack.cloud", true},
}

// splitExecuteAPI takes the host of a default endpoint apart; region is "" in
// a form without.
func splitExecuteAPI(host string) (label, region string, ok bool) {
	label, rest, ok := strings.Cut(host, ".execute-api.")
	if !ok {
		return "", "", false
	}
	for _, s := range executeAPISuffixes {
		if s.local && rest == s.suffix[1:] {
			return label, "", true
		}
		if region, ok := strings.CutSuffix(rest, s.suffix); ok && region != "" && !strings.Contains(region, ".") {
			return label, region, true
		}
	}
	return "", "", false
}

// executeAPI finds the API of a default endpoint, or the custom domain of a
// regional name. API ids are unique in a program, so a form without region has
// at most one match and --region never has to break a tie.
func executeAPI(g *program.Gateway, host, path string) exchange.Owner {
	owner := exchange.Owner{Plane: exchange.PlaneGateway}
	label, region, _ := splitExecuteAPI(host)
	if domain, ok := g.Domain(host); ok {
		return domainOwner(g, domain, path)
	}
	if api, ok := g.API(label); ok && (region == "" || region == api.Region) {
		owner.API = api
	}
	return owner
}

// domainOwner follows a custom domain's base path mappings: the longest base
// path wins, and a mapping without a stage takes it from the next segment
// (reference/api-gateway.md section 2.1).
func domainOwner(g *program.Gateway, domain *program.Domain, path string) exchange.Owner {
	owner := exchange.Owner{Plane: exchange.PlaneGateway, Domain: domain}
	mapping, rest, ok := baseMapping(domain, strings.TrimLeft(path, "/"))
	if !ok {
		return owner
	}
	stage := mapping.Stage
	if stage == "" {
		stage, rest, _ = strings.Cut(rest, "/")
		if stage == "" {
			return owner
		}
	}
	owner.API, _ = g.API(mapping.APIID)
	owner.Stage, owner.Path = stage, "/"+rest
	return owner
}

// baseMapping returns the mapping for a path without its leading slash, and
// what is left of the path behind the base path.
func baseMapping(domain *program.Domain, path string) (program.BasePathMapping, string, bool) {
	for _, m := range domain.Mappings {
		if m.BasePath == "" {
			return m, path, true
		}
		rest, ok := strings.CutPrefix(path, m.BasePath)
		if ok && (rest == "" || rest[0] == '/') {
			return m, strings.TrimPrefix(rest, "/"), true
		}
	}
	return program.BasePathMapping{}, "", false
}

// misdirected tells whether TLS was set up for a name of somebody else than the
// owner of the host (reference/cloudfront.md section 2.1). A name that is
// nobody's (localhost, an address, none) fits every host, and a host that is
// unknown gets its plane's own refusal.
func (r Rules) misdirected(q Question, owner *exchange.Owner) bool {
	if q.TLS == nil || q.TLS.ServerName == "" || q.TLS.ServerName == q.Request.Host {
		return false
	}
	named := *q.Request
	named.Host = q.TLS.ServerName
	other, ok := byHost(Question{Roles: q.Roles, Request: &named, Edge: q.Edge, Gateway: q.Gateway})
	if !ok || other.Distribution == nil && other.API == nil && other.Domain == nil {
		return false
	}
	if owner.PathForm || owner.Plane == exchange.PlaneControl || owner.Plane == exchange.PlaneOps {
		return true
	}
	if owner.Distribution == nil && owner.API == nil && owner.Domain == nil {
		return false
	}
	if owner.Domain != nil || other.Domain != nil {
		return owner.Domain != other.Domain
	}
	return owner.Distribution != other.Distribution || owner.API != other.API
}
