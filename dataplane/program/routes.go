package program

import "strings"

// Routes is an API's resource tree, ready to be matched: static segments before
// {param} before {greedy+}, with backtracking, aware of the method
// (reference/api-gateway.md section 2.2). The zero value matches nothing.
type Routes struct {
	root node
}

// node is a resource: its methods by verb and its children. A resource has at
// most one {param} child and one {greedy+} child.
type node struct {
	methods map[string]*Method
	static  map[string]*node
	param   *node
	greedy  *node
	name    string // of the variable this node is
}

// NewRoutes builds the tree from the methods of an API, and readies the methods:
// what is the same for every call of theirs is worked out here.
func NewRoutes(methods []*Method) *Routes {
	routes := &Routes{}
	for _, m := range methods {
		m.ready()
		at := &routes.root
		for _, segment := range segments(m.ResourcePath) {
			at = at.child(segment)
		}
		if at.methods == nil {
			at.methods = make(map[string]*Method)
		}
		at.methods[m.Verb] = m
	}
	return routes
}

// child returns the child for a segment of a resource path, made if need be.
func (n *node) child(segment string) *node {
	name, variable := strings.CutPrefix(segment, "{")
	if !variable {
		if n.static == nil {
			n.static = make(map[string]*node)
		}
		if n.static[segment] == nil {
			n.static[segment] = &node{}
		}
		return n.static[segment]
	}
	name = strings.TrimSuffix(name, "}")
	slot := &n.param
	if greedy, ok := strings.CutSuffix(name, "+"); ok {
		name, slot = greedy, &n.greedy
	}
	if *slot == nil {
		*slot = &node{name: name}
	}
	return *slot
}

// segments splits a path at slashes; surrounding slashes do not count.
func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// Variable is a path variable and its raw value: never decoded
// (reference/api-gateway.md section 2.2).
type Variable struct{ Name, Value string }

// Match returns the method that serves verb on path (raw, without the stage),
// and the path variables in the order of the path; nil when there is none. The
// exact verb beats ANY on one resource, but a resource without the verb gives
// way to the next best one that has it.
//
// Each node of the tree is visited at most once, so the cost is bounded by the
// number of resources.
func (r *Routes) Match(path, verb string) (*Method, []Variable) {
	rest := strings.Trim(path, "/")
	return r.root.match(rest, rest == "", verb, nil)
}

// match looks for verb below n for the rest of a path; done tells that nothing
// is left (an empty rest may also be an empty last segment).
func (n *node) match(rest string, done bool, verb string, vars []Variable) (*Method, []Variable) {
	if done {
		return n.method(verb), vars
	}
	segment, tail, more := strings.Cut(rest, "/")
	if child := n.static[segment]; child != nil {
		if m, v := child.match(tail, !more, verb, vars); m != nil {
			return m, v
		}
	}
	if n.param != nil && segment != "" {
		if m, v := n.param.match(tail, !more, verb, append(vars, Variable{n.param.name, segment})); m != nil {
			return m, v
		}
	}
	if n.greedy != nil {
		if m := n.greedy.method(verb); m != nil {
			return m, append(vars, Variable{n.greedy.name, rest})
		}
	}
	return nil, nil
}

// method returns the node's method for verb: exact, else ANY for the verbs ANY
// stands for. "ANY" as a client's verb is none of them: served, it would be a
// verb that no policy names.
func (n *node) method(verb string) *Method {
	if MethodOf(verb) == 0 {
		return nil
	}
	if m := n.methods[verb]; m != nil {
		return m
	}
	return n.methods["ANY"]
}
