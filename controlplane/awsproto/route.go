package awsproto

import (
	"fmt"
	"net/url"
	"strings"

	"drawbridge/controlplane/api"
)

// maxSegments bounds the path that the router looks at; the longest URI of the
// models has 10.
const maxSegments = 32

// router finds the operation of a REST request: by path segments (a literal
// before a label, with backtracking), then by method and fixed query
// parameters. It is built once and then only read.
type router struct{ root routeNode }

type routeNode struct {
	literals map[string]*routeNode
	label    *routeNode
	routes   []route // that end here
}

type route struct {
	operation *api.Operation
	query     []fixedParam
	labels    []string // member names, in path order
}

// fixedParam is a query parameter of the URI itself: "Operation=Tag", or
// "WithTags" with any value.
type fixedParam struct {
	name, value string
	hasValue    bool
}

func newRouter(table *api.Service) (*router, error) {
	r := &router{}
	for i := range table.Operations {
		if err := r.add(&table.Operations[i]); err != nil {
			return nil, fmt.Errorf("route %s: %w", table.Operations[i].Name, err)
		}
	}
	return r, nil
}

func (r *router) add(op *api.Operation) error {
	path, query, _ := strings.Cut(op.URI, "?")
	entry := route{operation: op}
	for param := range strings.SplitSeq(query, "&") {
		if param != "" {
			p := fixedParam{}
			p.name, p.value, p.hasValue = strings.Cut(param, "=")
			entry.query = append(entry.query, p)
		}
	}
	node := &r.root
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		label, isLabel := strings.CutPrefix(segment, "{")
		if !isLabel {
			if node.literals == nil {
				node.literals = map[string]*routeNode{}
			}
			if node.literals[segment] == nil {
				node.literals[segment] = &routeNode{}
			}
			node = node.literals[segment]
			continue
		}
		label, closed := strings.CutSuffix(label, "}")
		if !closed || strings.HasSuffix(label, "+") {
			return fmt.Errorf("label %q is not supported", segment)
		}
		entry.labels = append(entry.labels, label)
		if node.label == nil {
			node.label = &routeNode{}
		}
		node = node.label
	}
	node.routes = append(node.routes, entry)
	return nil
}

// matched is a route with the values of its labels, percent-decoded once.
type matched struct {
	route  *route
	values []string // of route.labels
}

// find gives the route of a request, or false. rawPath is as on the request
// line: an encoded slash belongs to its segment (reference/api-gateway.md 1.3,
// tags).
func (r *router) find(method, rawPath string, query url.Values) (matched, bool) {
	rest, ok := strings.CutPrefix(rawPath, "/")
	if !ok || strings.Count(rest, "/") >= maxSegments {
		return matched{}, false
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return matched{}, false
		}
		segments[i] = decoded
	}
	q := routeQuery{method, query}
	return q.descend(&r.root, segments, make([]string, 0, len(segments)))
}

type routeQuery struct {
	method string
	query  url.Values
}

func (q *routeQuery) descend(node *routeNode, rest, values []string) (matched, bool) {
	// Older models end some URIs with a slash, such as CloudFront's
	// /get-realtime-log-config/ in AWS CLI 2.9; AWS takes both. Where a label
	// can follow, an empty one is no operation.
	if len(rest) == 0 || len(rest) == 1 && rest[0] == "" && node.label == nil {
		best := q.best(node.routes)
		if best == nil {
			return matched{}, false
		}
		return matched{best, values}, true
	}
	if next := node.literals[rest[0]]; next != nil {
		if m, ok := q.descend(next, rest[1:], values); ok {
			return m, true
		}
	}
	if node.label != nil && rest[0] != "" {
		return q.descend(node.label, rest[1:], append(values, rest[0]))
	}
	return matched{}, false
}

// best prefers the route with more fixed parameters: POST /apikeys?mode=import
// before POST /apikeys.
func (q *routeQuery) best(routes []route) *route {
	var best *route
	for i := range routes {
		r := &routes[i]
		if r.operation.Method == q.method && r.fits(q.query) && (best == nil || len(r.query) > len(best.query)) {
			best = r
		}
	}
	return best
}

func (r *route) fits(query url.Values) bool {
	for _, p := range r.query {
		if !query.Has(p.name) || p.hasValue && query.Get(p.name) != p.value {
			return false
		}
	}
	return true
}

// isFixed tells whether a query parameter only chose the operation.
func (r *route) isFixed(name string) bool {
	for _, p := range r.query {
		if p.name == name {
			return true
		}
	}
	return false
}
