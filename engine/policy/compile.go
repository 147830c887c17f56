package policy

import "strings"

// Policy is a compiled document: immutable, safe for any number of goroutines.
type Policy struct {
	statements []statement
	// Deny first, each in document order: a Deny ends the evaluation.
	order []int
	uses  keySet
}

type statement struct {
	sid         string
	deny        bool
	principals  *principals // nil in policies of an identity
	notAction   bool
	actions     []pattern // lower case
	notResource bool
	resources   []arnPattern
	conditions  []condition
}

// Compile turns a document into matchers. Every error is a *ParseError; a
// document that came from Parse has none.
func Compile(d *Document) (*Policy, error) {
	p := &Policy{statements: make([]statement, len(d.Statements))}
	for i := range d.Statements {
		s := &p.statements[i]
		c := compiler{out: s, path: index("Statement", i), variables: d.Version == Version2012}
		if err := c.statement(&d.Statements[i]); err != nil {
			return nil, err
		}
		p.uses |= s.keys()
		if s.deny {
			p.order = append(p.order, i)
		}
	}
	for i := range p.statements {
		if !p.statements[i].deny {
			p.order = append(p.order, i)
		}
	}
	return p, nil
}

// Uses reports whether any condition or variable reads the key, so that a hot
// path can leave the others unset.
func (p *Policy) Uses(k Key) bool { return k < keyCount && p.uses.has(k) }

type compiler struct {
	out       *statement
	path      string
	variables bool
}

func (c *compiler) statement(s *Statement) (err error) {
	c.out.sid, c.out.deny = s.Sid, s.Effect == "Deny"
	if err := c.principals(s); err != nil {
		return err
	}
	c.out.notAction = s.NotAction != nil
	if c.out.notAction {
		err = c.actions(s.NotAction, "NotAction")
	} else {
		err = c.actions(s.Action, "Action")
	}
	if err != nil {
		return err
	}
	c.out.notResource = s.NotResource != nil
	if c.out.notResource {
		err = c.resources(s.NotResource, "NotResource")
	} else {
		err = c.resources(s.Resource, "Resource")
	}
	if err != nil {
		return err
	}
	return c.conditions(s)
}

func (c *compiler) principals(s *Statement) (err error) {
	switch {
	case s.NotPrincipal != nil:
		c.out.principals, err = compilePrincipals(s.NotPrincipal, join(c.path, "NotPrincipal"))
		if err == nil {
			c.out.principals.not, c.out.principals.deny = true, c.out.deny
		}
	case s.Principal != nil:
		c.out.principals, err = compilePrincipals(s.Principal, join(c.path, "Principal"))
	}
	return err
}

// actions: "*", or service:name with wildcards; case does not matter, and there
// are no policy variables (reference_policies_elements_action).
func (c *compiler) actions(list []string, element string) error {
	for i, a := range list {
		service, name, ok := strings.Cut(a, ":")
		ok = ok && onlyChars(service, "-*?") && onlyChars(name, "-_*?")
		if !ok && a != "*" {
			return &ParseError{Path: index(join(c.path, element), i), Why: `is neither "*" nor service:action`}
		}
		p, err := parsePattern(strings.ToLower(a), grammar{wildcards: true})
		if err != nil {
			return &ParseError{Path: index(join(c.path, element), i), Why: err.Error()}
		}
		c.out.actions = append(c.out.actions, p)
	}
	return nil
}

func (c *compiler) resources(list []string, element string) error {
	for i, r := range list {
		at := index(join(c.path, element), i)
		if !strings.HasPrefix(r, "arn:") && strings.Trim(r, "*") != "" {
			return &ParseError{Path: at, Why: `is neither "*" nor an ARN`}
		}
		p, err := parseARNPattern(r, grammar{variables: c.variables}, true)
		if err != nil {
			return &ParseError{Path: at, Why: err.Error()}
		}
		c.out.resources = append(c.out.resources, p)
	}
	return nil
}

func (c *compiler) conditions(s *Statement) error {
	for i := range s.Conditions {
		src := &s.Conditions[i]
		cond, why := compileCondition(src, c.variables)
		if why != "" {
			return &ParseError{Path: conditionPath(c.path, src), Why: why}
		}
		c.out.conditions = append(c.out.conditions, cond)
	}
	return nil
}

func conditionPath(path string, c *Condition) string {
	return join(join(join(path, "Condition"), c.Operator), c.Key)
}

// keys are the well-known keys the statement reads.
func (s *statement) keys() keySet {
	var set keySet
	add := func(k Key) {
		if k < keyCount {
			set.add(k)
		}
	}
	addParts := func(p *pattern) {
		for i := range p.parts {
			if p.parts[i].isVar {
				add(p.parts[i].key)
			}
		}
	}
	addARNs := func(list []arnPattern) {
		for i := range list {
			for j := range list[i].fields {
				addParts(&list[i].fields[j])
			}
		}
	}
	addARNs(s.resources)
	for i := range s.conditions {
		c := &s.conditions[i]
		add(c.key)
		addARNs(c.arns)
		for j := range c.texts {
			addParts(&c.texts[j])
		}
	}
	return set
}
