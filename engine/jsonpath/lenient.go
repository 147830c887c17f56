package jsonpath

import (
	"regexp"
	"strings"
)

// ParseLenient reads what json-smart's permissive mode takes for JSON, which is
// how API Gateway reads the rendered request template of a MOCK integration
// (reference/api-gateway.md 5.4): names and texts without quotes or in single
// quotes, doubled and trailing commas, anything after the document. Quotes and
// brackets must still match.
func ParseLenient(text string) (Value, error) {
	p := lenient{parser{text: text}}
	p.blank()
	if p.at == len(text) {
		return nil, p.unexpected()
	}
	return p.value(0, "")
}

type lenient struct{ parser }

// value reads up to one of the stop characters that end a text without quotes
// in this place.
func (p *lenient) value(depth int, stop string) (Value, error) {
	if depth > MaxDepth {
		return nil, p.tooDeep()
	}
	switch p.peek() {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"', '\'':
		return p.str(p.peek(), false)
	case ':', '}', ']', ',', 0:
		return nil, p.unexpected()
	}
	return bare(p.word(stop)), nil
}

// word reads a text without quotes, blanks around it left out.
func (p *lenient) word(stop string) string {
	rest := p.text[p.at:]
	end := strings.IndexAny(rest, stop)
	if end < 0 || stop == "" {
		end = len(rest)
	}
	p.at += end
	return strings.TrimSpace(rest[:end])
}

// looseNumber allows the leading zeros and plus signs that json-smart does.
var looseNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)

func bare(word string) Value {
	switch word {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	if looseNumber.MatchString(word) {
		return toNumber(strings.TrimPrefix(word, "+"), !strings.ContainsAny(word, ".eE"))
	}
	return word
}

func (p *lenient) object(depth int) (Value, error) {
	o := &Object{}
	p.at++
	for {
		p.blank()
		switch c := p.peek(); c {
		case ',':
			p.at++
			continue
		case '}':
			p.at++
			return o, nil
		case ':', '[', ']', '{', 0:
			return nil, p.unexpected()
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		if p.blank(); p.peek() != ':' {
			return nil, p.unexpected()
		}
		p.at++
		p.blank()
		v, err := p.value(depth+1, ",}")
		if err != nil {
			return nil, err
		}
		o.Put(key, v)
		if err := p.separator('}'); err != nil {
			return nil, err
		}
	}
}

func (p *lenient) key() (string, error) {
	if c := p.peek(); c == '"' || c == '\'' {
		return p.str(c, false)
	}
	return p.word(":"), nil
}

func (p *lenient) list(depth int) (Value, error) {
	l := &List{}
	p.at++
	for {
		p.blank()
		switch p.peek() {
		case ',':
			p.at++
			continue
		case ']':
			p.at++
			return l, nil
		}
		v, err := p.value(depth+1, ",]")
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, v)
		if err := p.separator(']'); err != nil {
			return nil, err
		}
	}
}

// separator stands after a value: a comma, or the end which is left to read.
func (p *lenient) separator(end byte) error {
	p.blank()
	if c := p.peek(); c != ',' && c != end || p.at == len(p.text) {
		return p.unexpected()
	}
	return nil
}
