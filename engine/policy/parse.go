package policy

import "fmt"

// read turns JSON into a Document: the structure is checked here, what stands
// inside the values by Compile.
func read(src []byte, o Options) (*Document, error) {
	limit := o.MaxBytes
	if limit == 0 {
		limit = DefaultMaxBytes
	}
	if len(src) > limit {
		return nil, &ParseError{Why: fmt.Sprintf("longer than %d bytes", limit)}
	}
	root, err := readJSON(src)
	if err != nil {
		return nil, err
	}
	if root.kind != kindObject {
		return nil, &ParseError{Why: "not a JSON object"}
	}
	p := parser{options: o, doc: &Document{Version: Version2008, resourceBased: o.ResourceBased, root: root}}
	if err := p.document(root); err != nil {
		return nil, err
	}
	return p.doc, nil
}

type parser struct {
	options Options
	doc     *Document
}

func (p *parser) document(root *node) error {
	var statements *node
	for _, m := range root.members {
		var err error
		switch m.name {
		case "Version":
			p.doc.Version, err = one(m.value, m.name)
			if err == nil && p.doc.Version != Version2008 && p.doc.Version != Version2012 {
				err = &ParseError{Path: m.name, Why: "is neither 2012-10-17 nor 2008-10-17"}
			}
		case "Id":
			p.doc.ID, err = one(m.value, m.name)
		case "Statement":
			statements = m.value
		default:
			err = unknownElement(m.name)
		}
		if err != nil {
			return err
		}
	}
	if statements == nil {
		return &ParseError{Path: "Statement", Why: "is missing"}
	}
	return p.statements(statements)
}

func (p *parser) statements(n *node) error {
	list := n.items
	if n.kind != kindArray {
		list = []*node{n}
	}
	if len(list) == 0 {
		return &ParseError{Path: "Statement", Why: "is empty"}
	}
	sids := map[string]bool{}
	for i, item := range list {
		path := index("Statement", i)
		if item.kind != kindObject {
			return &ParseError{Path: path, Why: "is not an object"}
		}
		s, err := p.statement(item, path)
		if err != nil {
			return err
		}
		// IAM: "the Sid value must be unique within a JSON policy"
		// (reference_policies_elements_sid).
		if s.Sid != "" && sids[s.Sid] {
			return &ParseError{Path: join(path, "Sid"), Why: "is used by another statement"}
		}
		sids[s.Sid] = true
		p.doc.Statements = append(p.doc.Statements, s)
	}
	return nil
}

func (p *parser) statement(n *node, path string) (Statement, error) {
	var s Statement
	for _, m := range n.members {
		if err := p.element(&s, m, join(path, m.name)); err != nil {
			return s, err
		}
	}
	return s, p.complete(&s, path)
}

func (p *parser) element(s *Statement, m member, path string) (err error) {
	switch m.name {
	case "Sid":
		s.Sid, err = one(m.value, path)
	case "Effect":
		// Case counts (reference_policies_elements_effect).
		s.Effect, err = one(m.value, path)
		if err == nil && s.Effect != "Allow" && s.Effect != "Deny" {
			err = &ParseError{Path: path, Why: "is neither Allow nor Deny"}
		}
	case "Principal":
		s.Principal, err = readPrincipals(m.value, path)
	case "NotPrincipal":
		s.NotPrincipal, err = readPrincipals(m.value, path)
	case "Action":
		s.Action, err = texts(m.value, path)
	case "NotAction":
		s.NotAction, err = texts(m.value, path)
	case "Resource":
		s.Resource, err = p.resources(m.value, path)
	case "NotResource":
		s.NotResource, err = p.resources(m.value, path)
	case "Condition":
		s.Conditions, err = readConditions(m.value, path)
	default:
		err = unknownElement(path)
	}
	return err
}

// complete checks which elements stand together
// (reference_policies_grammar).
func (p *parser) complete(s *Statement, path string) error {
	pairs := []struct {
		name     string
		yes, not bool
		wanted   bool
	}{
		{"Action", s.Action != nil, s.NotAction != nil, true},
		{"Resource", s.Resource != nil, s.NotResource != nil, true},
		{"Principal", s.Principal != nil, s.NotPrincipal != nil, p.options.ResourceBased},
	}
	if s.Effect == "" {
		return &ParseError{Path: join(path, "Effect"), Why: "is missing"}
	}
	for _, e := range pairs {
		switch at := join(path, e.name); {
		case e.yes && e.not:
			return &ParseError{Path: at, Why: "stands beside Not" + e.name}
		case e.wanted && !e.yes && !e.not:
			return &ParseError{Path: at, Why: "is missing"}
		case !e.wanted && (e.yes || e.not):
			return &ParseError{Path: at, Why: "is not allowed in a policy of an identity"}
		}
	}
	return nil
}

func (p *parser) resources(n *node, path string) ([]string, error) {
	if p.options.Expand != nil {
		for _, item := range listOf(n) {
			if item.kind == kindString {
				item.text = p.options.Expand(item.text)
			}
		}
	}
	return texts(n, path)
}

func readPrincipals(n *node, path string) (*Principals, error) {
	if n.kind == kindString {
		if n.text != "*" {
			return nil, &ParseError{Path: path, Why: `is neither "*" nor an object`}
		}
		return &Principals{Any: true}, nil
	}
	if n.kind != kindObject || len(n.members) == 0 {
		return nil, &ParseError{Path: path, Why: `is neither "*" nor an object`}
	}
	out := &Principals{}
	for i := range n.members {
		m := &n.members[i]
		at := join(path, m.name)
		switch m.name {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return nil, &ParseError{Path: at, Why: "is not a kind of principal"}
		}
		values, err := texts(m.value, at)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			out.Entries = append(out.Entries, PrincipalEntry{m.name, v})
		}
		if m.value.kind == kindArray && len(m.value.items) == 1 {
			m.value = m.value.items[0] // the stored form, see Canonical
		}
	}
	return out, nil
}

// conditions reads {operator: {key: value or values}}. Empty objects and empty
// lists are grammatical (access-analyzer-reference-policy-checks lists them as
// suggestions, not as errors).
func readConditions(n *node, path string) ([]Condition, error) {
	if n.kind != kindObject {
		return nil, &ParseError{Path: path, Why: "is not an object"}
	}
	var out []Condition
	for _, op := range n.members {
		at := join(path, op.name)
		if _, ok := parseOperator(op.name); !ok {
			return nil, &ParseError{Path: at, Why: "is not a condition operator"}
		}
		if op.value.kind != kindObject {
			return nil, &ParseError{Path: at, Why: "is not an object"}
		}
		for _, key := range op.value.members {
			values, err := scalars(key.value, join(at, key.name))
			if err != nil {
				return nil, err
			}
			out = append(out, Condition{op.name, key.name, values})
		}
	}
	return out, nil
}

// scalars accepts numbers and booleans as strings (reference/api-gateway.md
// 3.4), because people write "aws:SecureTransport": false.
func scalars(n *node, path string) ([]string, error) {
	out := []string{}
	for i, item := range listOf(n) {
		if item.kind != kindString && item.kind != kindNumber && item.kind != kindBool {
			return nil, &ParseError{Path: index(path, i), Why: "is not a string, number or boolean"}
		}
		out = append(out, item.text)
	}
	return out, nil
}

// texts reads a string or a list of strings; an empty list applies to nothing
// and is refused rather than silently ignored.
func texts(n *node, path string) ([]string, error) {
	list := listOf(n)
	if len(list) == 0 {
		return nil, &ParseError{Path: path, Why: "is empty"}
	}
	out := make([]string, 0, len(list))
	for i, item := range list {
		if item.kind != kindString || item.text == "" {
			return nil, &ParseError{Path: index(path, i), Why: "is not a string with text"}
		}
		out = append(out, item.text)
	}
	return out, nil
}

func one(n *node, path string) (string, error) {
	if n.kind != kindString {
		return "", &ParseError{Path: path, Why: "is not a string"}
	}
	return n.text, nil
}

func listOf(n *node) []*node {
	if n.kind == kindArray {
		return n.items
	}
	return []*node{n}
}

func unknownElement(path string) error {
	return &ParseError{Path: path, Why: "is not a policy element"}
}
