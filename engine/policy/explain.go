package policy

import "strings"

// Explanation is a decision with what every statement made of the request: for
// a console, an audit, a test's failure message. It never shows the values of
// conditions, which may be secrets.
type Explanation struct {
	Decision   Decision
	Statements []StatementOutcome
}

// StatementOutcome is one statement's view. It applies when nothing failed.
type StatementOutcome struct {
	Index   int
	Sid     string
	Effect  string // "Allow" or "Deny"
	Applies bool
	Failed  []Failure
}

// Failure is one element that did not fit the request.
type Failure struct {
	Path string // "Statement[0].Condition.StringNotEquals.aws:Referer"
	Why  string
}

// Explain evaluates every element of every statement, without the short cuts
// of Evaluate, and reaches the same decision. It allocates.
func (p *Policy) Explain(r *Request) Explanation {
	out := Explanation{Decision: p.Evaluate(r)}
	for i := range p.statements {
		s := &p.statements[i]
		o := StatementOutcome{Index: i, Sid: s.sid, Effect: "Allow"}
		if s.deny {
			o.Effect = "Deny"
		}
		o.Failed = s.failures(r, index("Statement", i))
		o.Applies = len(o.Failed) == 0
		out.Statements = append(out.Statements, o)
	}
	return out
}

func (s *statement) failures(r *Request, path string) []Failure {
	resource := arnValue{whole: r.Resource}
	var out []Failure
	fail := func(element string, not bool) {
		why := "does not match the request"
		if not {
			element, why = "Not"+element, "matches the request"
		}
		out = append(out, Failure{join(path, element), why})
	}
	if !s.matchesPrincipal(r) {
		fail("Principal", s.principals.not)
	}
	if !s.matchesAction(r) {
		fail("Action", s.notAction)
	}
	if !s.matchesResource(r, &resource) {
		fail("Resource", s.notResource)
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		if !c.holds(&r.Context) {
			out = append(out, Failure{conditionPath(path, c.source), c.whyNot(&r.Context)})
		}
	}
	return out
}

// whyNot words a condition that does not hold.
func (c *condition) whyNot(ctx *Context) string {
	v := ctx.lookup(c.key, c.name)
	switch absent := v.count() == 0; {
	case c.family == familyNull && absent:
		return "the key is absent"
	case c.family == familyNull:
		return "the key is present"
	case absent:
		return "the key is absent"
	case c.negated:
		return "a value of the request matches"
	case c.set == forAll:
		return "a value of the request matches none"
	}
	return "no value of the request matches"
}

// String is the explanation in lines, for logs and test failures.
func (x Explanation) String() string {
	var b strings.Builder
	b.WriteString(x.Decision.Effect.String() + ": " + x.Decision.Reason())
	for _, s := range x.Statements {
		b.WriteString("\n" + index("Statement", s.Index) + " " + s.Effect)
		if s.Applies {
			b.WriteString(" applies")
		}
		for _, f := range s.Failed {
			b.WriteString("\n  " + f.Path + ": " + f.Why)
		}
	}
	return b.String()
}
