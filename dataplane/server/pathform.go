package server

import (
	"strings"

	"drawbridge/dataplane/exchange"
)

// The reserved paths (design.md section 2, rule 3).
const (
	reservedPath       = "/_drawbridge"
	formPathGateway    = "/_drawbridge/execute-api/"
	formPathEdge       = "/_drawbridge/cloudfront/"
	formPathAWS        = "/_aws/execute-api/"
	formPathRestAPIs   = "/restapis/"
	userRequestSegment = "_user_request_"
)

// isReserved tells whether path is /_drawbridge or below it.
func isReserved(path string) bool {
	rest, ok := strings.CutPrefix(path, reservedPath)
	return ok && (rest == "" || rest[0] == '/')
}

// pathForm returns the owner that a path names, for clients that cannot set a
// host. /restapis/… is also the control API's path: only the marker segment
// makes it a path form.
func pathForm(q Question) (exchange.Owner, bool) {
	path := q.Request.Path
	if rest, ok := strings.CutPrefix(path, formPathEdge); ok {
		return edgePathForm(q, rest), true
	}
	for _, prefix := range [...]string{formPathGateway, formPathAWS} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			id, rest, _ := strings.Cut(rest, "/")
			stage, rest, _ := strings.Cut(rest, "/")
			return gatewayPathForm(q, id, stage, rest), true
		}
	}
	if rest, ok := strings.CutPrefix(path, formPathRestAPIs); ok {
		id, rest, _ := strings.Cut(rest, "/")
		stage, rest, _ := strings.Cut(rest, "/")
		marker, rest, _ := strings.Cut(rest, "/")
		if marker == userRequestSegment {
			return gatewayPathForm(q, id, stage, rest), true
		}
	}
	return exchange.Owner{}, false
}

func edgePathForm(q Question, path string) exchange.Owner {
	id, rest, _ := strings.Cut(path, "/")
	owner := exchange.Owner{Plane: exchange.PlaneEdge, PathForm: true, Path: "/" + rest}
	owner.Distribution, _ = q.Edge.DistributionByID(id)
	return owner
}

func gatewayPathForm(q Question, id, stage, rest string) exchange.Owner {
	owner := exchange.Owner{Plane: exchange.PlaneGateway, PathForm: true, Stage: stage, Path: "/" + rest}
	if stage != "" {
		owner.API, _ = q.Gateway.API(id)
	}
	return owner
}

// hostFormOf returns the URL of the .localhost host form of a path form, with
// the scheme and port the request came with, or "" when the path form names
// nothing we have (its refusal is no page).
func hostFormOf(q Question, owner *exchange.Owner) string {
	var host, path string
	switch {
	case owner.Distribution != nil:
		host, path = strings.ToLower(owner.Distribution.ID)+".cloudfront.localhost", owner.Path
	case owner.API != nil:
		host, path = owner.API.ID+".execute-api.localhost", "/"+owner.Stage+owner.Path
	default:
		return ""
	}
	if _, port, err := splitAuthority(q.Request.Authority); err == nil && port != "" {
		host += ":" + port
	}
	url := q.Request.Scheme + "://" + host + path
	if q.Request.HasQuery {
		url += "?" + q.Request.RawQuery
	}
	return url
}
