package policy

import (
	"strconv"
	"strings"
)

// Effect is the outcome of one policy. Zero is ImplicitDeny, so forgetting to
// decide never lets anybody in.
type Effect uint8

const (
	ImplicitDeny Effect = iota // no statement applied
	Allow
	ExplicitDeny
)

// String names the effect.
func (e Effect) String() string {
	return [...]string{"implicit deny", "allow", "explicit deny"}[e]
}

// Decision is the answer to a request and what decided it.
type Decision struct {
	Effect    Effect
	Statement int    // index of the deciding statement; -1 for ImplicitDeny
	Sid       string // of that statement, may be empty
}

// Reason says in words what decided. It allocates; Evaluate does not call it.
func (d Decision) Reason() string {
	if d.Effect == ImplicitDeny {
		return "no statement applies"
	}
	verb := " allows"
	if d.Effect == ExplicitDeny {
		verb = " denies"
	}
	who := index("Statement", d.Statement)
	if d.Sid != "" {
		who += " (Sid " + strconv.Quote(d.Sid) + ")"
	}
	return who + verb
}

// Evaluate answers for this policy alone: explicit Deny before Allow before
// implicit deny (reference/api-gateway.md 3.3). The first statement in document
// order with the deciding effect is named. It allocates nothing, apart from
// policy variables that expand to more than 256 bytes.
func (p *Policy) Evaluate(r *Request) Decision {
	resource := arnValue{whole: r.Resource} // split at most once for all statements
	for _, i := range p.order {
		s := &p.statements[i]
		if !s.applies(r, &resource) {
			continue
		}
		d := Decision{Effect: Allow, Statement: i, Sid: s.sid}
		if s.deny {
			d.Effect = ExplicitDeny
		}
		return d
	}
	return Decision{Statement: -1}
}

func (s *statement) applies(r *Request, resource *arnValue) bool {
	if !s.matchesPrincipal(r) || !s.matchesAction(r) || !s.matchesResource(r, resource) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(&r.Context) {
			return false
		}
	}
	return true
}

func (s *statement) matchesPrincipal(r *Request) bool {
	return s.principals == nil || s.principals.matches(&r.Principal)
}

func (s *statement) matchesAction(r *Request) bool {
	for i := range s.actions {
		if matchesAction(&s.actions[i], r.Action) {
			return !s.notAction
		}
	}
	return s.notAction
}

func matchesAction(p *pattern, action string) bool {
	if !p.glob {
		return strings.EqualFold(p.text, action)
	}
	var room [64]byte
	return globMatch(p.text, view(lowerASCII(room[:0], action)))
}

func (s *statement) matchesResource(r *Request, resource *arnValue) bool {
	for i := range s.resources {
		if s.resources[i].matches(resource, &r.Context) {
			return !s.notResource
		}
	}
	return s.notResource
}
