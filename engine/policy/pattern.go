package policy

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// pattern is a compiled text of a policy: constant text, a glob, or either with
// policy variables in it.
type pattern struct {
	text  string // when parts is nil
	glob  bool   // text, or what parts expand to, has wildcards
	parts []part
}

// part is literal text, or a variable when isVar.
type part struct {
	literal  string
	isVar    bool
	key      Key
	name     string
	fallback string // ${key, 'fallback'}
	hasFall  bool
}

// grammar says what is special in a text.
type grammar struct {
	variables bool // ${...}: version 2012-10-17 only
	wildcards bool // * and ?
}

// Faults of policy variables; the names follow Access Analyzer's checks
// (access-analyzer-reference-policy-checks).
var (
	errMissingBrace  = errors.New("has a policy variable without its closing brace")
	errMissingQuote  = errors.New("has a policy variable whose default lacks a quote")
	errEmptyVariable = errors.New("has an empty policy variable")
	errVariableSpace = errors.New("has a space in a policy variable")
)

func parsePattern(s string, g grammar) (pattern, error) {
	var out pattern
	var literal []byte
	flush := func() {
		if len(literal) > 0 {
			out.parts = append(out.parts, part{literal: string(literal)})
			literal = nil
		}
	}
	variables := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case g.wildcards && c == '*':
			literal, out.glob = append(literal, anyRun), true
		case g.wildcards && c == '?':
			literal, out.glob = append(literal, anyOne), true
		case g.variables && strings.HasPrefix(s[i:], "${"):
			end, err := variableEnd(s[i:])
			if err != nil {
				return out, err
			}
			body := s[i+2 : i+end-1]
			i += end - 1
			if body == "*" || body == "?" || body == "$" {
				literal = append(literal, body[0])
				continue
			}
			v, err := parseVariable(body)
			if err != nil {
				return out, err
			}
			flush()
			out.parts, variables = append(out.parts, v), true
		default:
			literal = append(literal, c)
		}
	}
	if !variables {
		return pattern{text: string(literal), glob: out.glob}, nil
	}
	flush()
	return out, nil
}

// variableEnd returns the length of the variable s starts with. A brace inside
// a quoted default does not end it.
func variableEnd(s string) (int, error) {
	quoted := false
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return i + 1, nil
		}
	}
	if quoted {
		return 0, errMissingQuote
	}
	return 0, errMissingBrace
}

// parseVariable reads what stands between the braces: key, or key, 'default'
// (reference_policies_variables).
func parseVariable(body string) (part, error) {
	name, rest, hasFall := strings.Cut(body, ",")
	fallback := ""
	if hasFall {
		rest = strings.Trim(rest, " ")
		if len(rest) < 2 || rest[0] != '\'' || strings.IndexByte(rest[1:], '\'') != len(rest)-2 {
			return part{}, errMissingQuote
		}
		fallback = rest[1 : len(rest)-1]
	}
	if name == "" {
		return part{}, errEmptyVariable
	}
	if name[0] == ' ' || name[len(name)-1] == ' ' {
		return part{}, errVariableSpace
	}
	key, other := intern(name)
	return part{isVar: true, key: key, name: other, fallback: fallback, hasFall: hasFall}, nil
}

const expandRoom = 256 // longer expansions allocate

// expand writes the pattern with its variables replaced. It fails, and then the
// pattern matches nothing, when a variable has no value, has several
// (multivalued keys cannot be variables: reference_policies_variables), or has
// one that is not UTF-8. A value never becomes a wildcard.
func (p *pattern) expand(buf []byte, ctx *Context) ([]byte, bool) {
	for i := range p.parts {
		part := &p.parts[i]
		if !part.isVar {
			buf = append(buf, part.literal...)
			continue
		}
		v := ctx.lookup(part.key, part.name)
		switch v.count() {
		case 0:
			if !part.hasFall {
				return buf, false
			}
			buf = append(buf, part.fallback...)
		case 1:
			var room [64]byte
			one := v.at(0)
			text := one.asText(room[:0])
			if !utf8.ValidString(text) {
				return buf, false
			}
			buf = append(buf, text...)
		default:
			return buf, false
		}
	}
	return buf, true
}

// matches compares the whole of s, byte for byte apart from wildcards.
func (p *pattern) matches(s string, ctx *Context) bool {
	if p.parts == nil {
		if p.glob {
			return globMatch(p.text, s)
		}
		return p.text == s
	}
	var room [expandRoom]byte
	b, ok := p.expand(room[:0], ctx)
	if !ok {
		return false
	}
	if p.glob {
		return globMatch(view(b), s)
	}
	return view(b) == s
}

// equalFold compares the whole of s, ignoring case.
func (p *pattern) equalFold(s string, ctx *Context) bool {
	if p.parts == nil {
		return strings.EqualFold(p.text, s)
	}
	var room [expandRoom]byte
	b, ok := p.expand(room[:0], ctx)
	return ok && strings.EqualFold(view(b), s)
}

// arnPattern matches ARNs field by field: the five before the fifth colon each
// for itself, then the remainder (reference/api-gateway.md 3.2), so that a star
// in the region cannot swallow the account.
type arnPattern struct {
	any    bool   // "*"
	never  bool   // not in the form of an ARN
	prefix string // the first five fields with their colons, when they are constant
	fields [6]pattern
}

// arnFields is how many fields an ARN has.
const arnFields = 6

// parseARNPattern compiles s. With complete, fields missing at the end count as
// "*": "arn:aws:sqs" is "arn:aws:sqs:*:*:*" (reference_policies_elements_resource).
func parseARNPattern(s string, g grammar, complete bool) (arnPattern, error) {
	if s != "" && strings.Trim(s, "*") == "" {
		return arnPattern{any: true}, nil
	}
	g.wildcards = true
	var out arnPattern
	fields, n, err := splitPattern(s, g.variables)
	if err != nil {
		return out, err
	}
	for ; complete && n < arnFields; n++ {
		fields[n] = "*"
	}
	if n < arnFields {
		out.never = true
	}
	constant := true
	for i, f := range fields {
		if out.fields[i], err = parsePattern(f, g); err != nil {
			return out, err
		}
		if i < arnFields-1 {
			constant = constant && !out.fields[i].glob && out.fields[i].parts == nil
			out.prefix += out.fields[i].text + ":"
		}
	}
	if !constant {
		out.prefix = ""
	}
	return out, nil
}

// splitPattern cuts at the first five colons that are not inside a variable.
func splitPattern(s string, variables bool) (fields [6]string, n int, err error) {
	start := 0
	for i := 0; i < len(s) && n < arnFields-1; i++ {
		if variables && strings.HasPrefix(s[i:], "${") {
			end, err := variableEnd(s[i:])
			if err != nil {
				return fields, n, err
			}
			i += end - 1
		} else if s[i] == ':' {
			fields[n] = s[start:i]
			start = i + 1
			n++
		}
	}
	fields[n] = s[start:]
	return fields, n + 1, nil
}

// arnValue is an ARN of a request, split when a pattern first needs it.
type arnValue struct {
	whole  string
	split  bool
	valid  bool // has six fields
	fields [6]string
}

func (a *arnValue) cut() bool {
	if a.split {
		return a.valid
	}
	a.split = true
	rest := a.whole
	for i := range arnFields - 1 {
		at := strings.IndexByte(rest, ':')
		if at < 0 {
			return false
		}
		a.fields[i], rest = rest[:at], rest[at+1:]
	}
	a.fields[arnFields-1] = rest
	a.valid = true
	return true
}

func (p *arnPattern) matches(a *arnValue, ctx *Context) bool {
	switch {
	case p.any:
		return true
	case p.never:
		return false
	case p.prefix != "":
		rest, ok := strings.CutPrefix(a.whole, p.prefix)
		return ok && p.fields[arnFields-1].matches(rest, ctx)
	case !a.cut():
		return false
	}
	for i := range p.fields {
		if !p.fields[i].matches(a.fields[i], ctx) {
			return false
		}
	}
	return true
}
