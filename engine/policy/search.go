package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Ask decides a Question.
//
// A request gets through when one Allow statement applies and every Deny
// statement fails in at least one element, and each condition looks at one key
// only. So the search makes, for every key, the finite list of all that its
// values can do to the conditions on it (options.go; machine.go finds the
// texts), reduces each to the set of statements it makes fail, and looks for one
// choice per key whose sets together hold every Deny and spare one Allow
// (cover.go). Conditions are asked themselves what a value does to them, so the
// search cannot disagree with Evaluate, and every witness is evaluated.
//
// Where the list may be incomplete (a policy variable inside a longer text,
// numbers and texts compared on one key, a bound reached) a search without
// result proves nothing; then a second search leaves those conditions open, to
// hold or not as it likes. If even that finds nothing, there is nothing.
func (p *Policy) Ask(q Question) (Answer, error) {
	if err := q.check(p); err != nil {
		return Answer{}, err
	}
	if q.Work == 0 {
		q.Work = DefaultWork
	}
	if len(q.Principals) == 0 {
		q.Principals = []Principal{{}}
	}
	exact := &search{policy: p, question: &q, work: q.Work}
	for _, who := range q.Principals {
		if answer, ok := exact.try(who); ok {
			return answer, nil
		}
	}
	if exact.why == "" {
		return Answer{Verdict: Never}, nil
	}
	loose := &search{policy: p, question: &q, work: q.Work, over: true}
	for _, who := range q.Principals {
		if _, ok := loose.try(who); ok {
			return Answer{Why: exact.why}, nil
		}
	}
	if loose.why != "" {
		return Answer{Why: loose.why}, nil
	}
	return Answer{Verdict: Never}, nil
}

func (q *Question) check(p *Policy) error {
	if len(p.statements) > maxStatements {
		return fmt.Errorf("policy has more than %d statements", maxStatements)
	}
	if len(q.Resource) == 0 || q.Resource[0].kind != pieceText || strings.Count(q.Resource[0].text, ":") < arnFields-1 {
		return errors.New("a question's resource begins with the constant part of an ARN")
	}
	for i := range q.Keys {
		if q.Keys[i].kind == rangeAddress {
			if k, _ := intern(q.Keys[i].name); k != KeySourceIP && k != KeyVpcSourceIP {
				return errors.New("only aws:SourceIp and aws:VpcSourceIp are addresses")
			}
		}
		for j := range i {
			k, name := intern(q.Keys[i].name)
			if q.Keys[j].covers(k, name) {
				return fmt.Errorf("the key %s has two ranges", q.Keys[i].name)
			}
		}
	}
	return nil
}

type search struct {
	policy   *Policy
	question *Question
	work     int
	over     bool   // conditions that cannot be decided exactly are left open
	why      string // the first reason why finding nothing proves nothing

	request Request // being built: what is fixed so far
	dims    []*dim
}

// dim is one thing that varies: a key with its range and the conditions on it.
type dim struct {
	keys       *KeyRange
	conditions []conditionAt
	variable   bool // the key is read by a policy variable somewhere
	options    []option
}

type conditionAt struct {
	statement int
	*condition
}

func (s *search) doubt(why string) {
	if s.why == "" {
		s.why = why
	}
}

// spend takes steps off the work that is left.
func (s *search) spend(n int) bool {
	s.work -= n
	if s.work < 0 {
		s.doubt("the search took too long")
	}
	return s.work >= 0
}

// try searches the requests of one principal.
func (s *search) try(who Principal) (Answer, bool) {
	s.request = Request{Action: s.question.Action}
	s.request.SetPrincipal(who)
	s.makeDims()
	var first []*dim // variables are chosen first: patterns depend on them
	if !s.over {
		for _, d := range s.dims {
			if d.variable {
				first = append(first, d)
				s.list(d)
			}
		}
		s.doubtVariables(first)
	}
	return s.choose(first)
}

// choose goes through all values of the variables, then solves the rest.
func (s *search) choose(first []*dim) (Answer, bool) {
	if len(first) == 0 {
		return s.solve()
	}
	d, all := first[0], first[0].options
	defer func() { d.options = all }()
	for i := range all {
		if !s.spend(1) {
			return Answer{}, false
		}
		d.keys.apply(&all[i], &s.request.Context)
		d.options = []option{all[i]}
		if answer, ok := s.choose(first[1:]); ok {
			return answer, true
		}
	}
	return Answer{}, false
}

func (s *search) makeDims() {
	s.dims = nil
	for i := range s.question.Keys {
		d := &dim{keys: &s.question.Keys[i]}
		for j := range s.policy.statements {
			st := &s.policy.statements[j]
			for c := range st.conditions {
				if cond := &st.conditions[c]; d.keys.covers(cond.key, cond.name) {
					d.conditions = append(d.conditions, conditionAt{j, cond})
				}
			}
			st.eachVariable(func(v *part, _ *pattern) {
				d.variable = d.variable || d.keys.covers(v.key, v.name)
			})
		}
		s.dims = append(s.dims, d)
	}
}

// eachVariable calls with every policy variable and the pattern it stands in.
func (s *statement) eachVariable(visit func(*part, *pattern)) {
	for i := range s.resources {
		s.resources[i].eachVariable(visit)
	}
	for i := range s.conditions {
		s.conditions[i].eachVariable(visit)
	}
}

func (c *condition) eachVariable(visit func(*part, *pattern)) {
	for i := range c.texts {
		c.texts[i].eachVariable(visit)
	}
	for i := range c.arns {
		c.arns[i].eachVariable(visit)
	}
}

func (p *pattern) eachVariable(visit func(*part, *pattern)) {
	for i := range p.parts {
		if p.parts[i].isVar {
			visit(&p.parts[i], p)
		}
	}
}

// doubtVariables says whether trying the listed values of the variables is as
// good as trying all. It is when there are no others, or when the only variable
// is a text that other texts are compared with as a whole: then a text that is
// like one of the list in every constant comparison, of either key, is like it
// in all (options.go lists them so).
func (s *search) doubtVariables(first []*dim) {
	endless := 0
	for _, d := range first {
		if d.keys.kind == rangeLists {
			continue
		}
		endless++
		for i := range s.policy.statements {
			st := &s.policy.statements[i]
			for j := range st.resources {
				st.resources[j].eachVariable(s.doubtIf(d, func(*pattern) bool { return false }))
			}
			for j := range st.conditions {
				c := &st.conditions[j]
				c.eachVariable(s.doubtIf(d, func(p *pattern) bool {
					return d.keys.kind == rangeText && s.isText(c) &&
						(c.family == familyString || c.family == familyLike) && !p.glob && len(p.parts) == 1
				}))
			}
		}
	}
	if endless > 1 {
		s.doubt("several policy variables take any value")
	}
}

func (s *search) doubtIf(d *dim, fine func(*pattern) bool) func(*part, *pattern) {
	return func(v *part, p *pattern) {
		if d.keys.covers(v.key, v.name) && !fine(p) {
			s.doubt("the policy variable " + d.keys.name + " takes any value")
		}
	}
}

// isText tells whether a condition is on a key that takes any text.
func (s *search) isText(c *condition) bool {
	return slices.ContainsFunc(s.question.Keys, func(r KeyRange) bool {
		return r.kind == rangeText && r.covers(c.key, c.name)
	})
}

// isOpen: in a loose search, what a varying variable stands in may come out
// either way.
func (s *search) isOpen(visit func(func(*part, *pattern))) bool {
	open := false
	if s.over {
		visit(func(v *part, _ *pattern) { open = open || s.varies(v.key, v.name) })
	}
	return open
}

func (s *search) varies(k Key, name string) bool {
	return slices.ContainsFunc(s.question.Keys, func(r KeyRange) bool { return r.covers(k, name) })
}

// solve lists what every key can do and looks for a choice that gets through.
func (s *search) solve() (Answer, bool) {
	fixed, ok := s.fixed()
	if !ok {
		return Answer{}, false
	}
	problem := cover{search: s, fixed: fixed}
	for _, d := range s.dims {
		if s.over || !d.variable {
			s.list(d)
		}
		s.mark(d)
		problem.choices = append(problem.choices, d.options)
	}
	problem.choices = append(problem.choices, s.resources())
	if s.work < 0 {
		return Answer{}, false
	}
	picked, ok := problem.solve()
	if !ok {
		return Answer{}, false
	}
	if s.over {
		return Answer{}, true
	}
	return s.witness(picked)
}

// fixed is what principal, action and the conditions on keys without a range
// make fail.
func (s *search) fixed() (option, bool) {
	var out option
	for i := range s.policy.statements {
		st := &s.policy.statements[i]
		failed, open := !st.matchesPrincipal(&s.request) || !st.matchesAction(&s.request), false
		for j := range st.conditions {
			c := &st.conditions[j]
			if s.varies(c.key, c.name) {
				continue
			}
			if s.isOpen(c.eachVariable) {
				open = true
			} else if !c.holds(&s.request.Context) {
				failed = true
			}
		}
		out.note(i, failed, open)
	}
	return out, s.spend(len(s.policy.statements))
}

// note records what an option does to a statement: fails by something certain,
// or by something left open.
func (o *option) note(statement int, failed, open bool) {
	if failed {
		o.fails.add(statement)
	}
	if failed || open {
		o.mayFail.add(statement)
	}
}

// witness builds the chosen request and asks Evaluate about it.
func (s *search) witness(picked []*option) (Answer, bool) {
	r := &Request{Action: s.question.Action, Resource: picked[len(picked)-1].values[0]}
	r.SetPrincipal(s.request.Principal)
	out := Answer{Verdict: Possible, Witness: r}
	for i, d := range s.dims {
		d.keys.apply(picked[i], &r.Context)
		out.Chosen = append(out.Chosen, d.keys.chosen(picked[i]))
	}
	effect := s.policy.Evaluate(r).Effect
	if effect == Allow || s.question.NotDenied && effect != ExplicitDeny {
		return out, true
	}
	s.doubt("the search and the evaluation disagree")
	return Answer{}, false
}
