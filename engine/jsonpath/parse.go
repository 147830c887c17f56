package jsonpath

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// SyntaxError says where a document or a path is wrong.
type SyntaxError struct {
	Offset int // in bytes
	Text   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Text, e.Offset) }

// Parse reads one JSON document (RFC 8259, strictly). Of members with the same
// name the last one counts, in the place of the first. Integers are int64 and
// other numbers float64, or Big where those would lose digits.
func Parse(text string) (Value, error) {
	p := parser{text: text}
	p.blank()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.blank()
	if p.at < len(text) {
		return nil, p.unexpected()
	}
	return v, nil
}

type parser struct {
	text string
	at   int
}

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) blank() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) fail(format string, args ...any) error {
	return &SyntaxError{Offset: p.at, Text: fmt.Sprintf(format, args...)}
}

func (p *parser) unexpected() error {
	if p.at >= len(p.text) {
		return p.fail("unexpected end")
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return p.fail("unexpected character %q", r)
}

func (p *parser) tooDeep() error {
	return fmt.Errorf("JSON nested deeper than %d at byte %d: %w", MaxDepth, p.at, ErrLimit)
}

func (p *parser) value(depth int) (Value, error) {
	if depth > MaxDepth {
		return nil, p.tooDeep()
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return p.str('"', true)
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	switch rest := p.text[p.at:]; {
	case strings.HasPrefix(rest, "true"):
		p.at += len("true")
		return true, nil
	case strings.HasPrefix(rest, "false"):
		p.at += len("false")
		return false, nil
	case strings.HasPrefix(rest, "null"):
		p.at += len("null")
		return nil, nil
	}
	return nil, p.unexpected()
}

func (p *parser) object(depth int) (Value, error) {
	o := &Object{}
	p.at++
	if p.blank(); p.peek() == '}' {
		p.at++
		return o, nil
	}
	for {
		if p.blank(); p.peek() != '"' {
			return nil, p.unexpected()
		}
		key, err := p.str('"', true)
		if err != nil {
			return nil, err
		}
		if p.blank(); p.peek() != ':' {
			return nil, p.unexpected()
		}
		p.at++
		p.blank()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.Put(key, v)
		p.blank()
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			return o, nil
		default:
			return nil, p.unexpected()
		}
	}
}

func (p *parser) list(depth int) (Value, error) {
	l := &List{}
	p.at++
	if p.blank(); p.peek() == ']' {
		p.at++
		return l, nil
	}
	for {
		p.blank()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, v)
		p.blank()
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return l, nil
		default:
			return nil, p.unexpected()
		}
	}
}

// str reads a string at its opening quote. strict refuses control characters
// and unknown escapes.
func (p *parser) str(quote byte, strict bool) (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) { // no escapes: no copy
		switch c := p.text[p.at]; {
		case c == quote:
			p.at++
			return p.text[start : p.at-1], nil
		case c == '\\' || c < ' ':
			return p.escaped(start, quote, strict)
		}
		p.at++
	}
	return "", p.unexpected()
}

func (p *parser) escaped(start int, quote byte, strict bool) (string, error) {
	b := append([]byte(nil), p.text[start:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == quote:
			p.at++
			return string(b), nil
		case c == '\\':
			var err error
			if b, err = p.escape(b, strict); err != nil {
				return "", err
			}
			continue
		case c < ' ' && strict:
			return "", p.unexpected()
		case c < ' ': // json-smart leaves control characters out
		default:
			b = append(b, c)
		}
		p.at++
	}
	return "", p.unexpected()
}

// escape reads one backslash sequence and appends what it stands for.
func (p *parser) escape(b []byte, strict bool) ([]byte, error) {
	p.at++
	c := p.peek()
	if c == 'u' {
		return p.unicode(b)
	}
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 && c != 0 {
		p.at++
		return append(b, "\"\\/\b\f\n\r\t"[i]), nil
	}
	if strict || c == 0 {
		return nil, p.unexpected()
	}
	p.at++
	return append(b, c), nil
}

func (p *parser) unicode(b []byte) ([]byte, error) {
	r, err := p.hex4()
	if err != nil {
		return nil, err
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.at:], `\u`) {
		back := p.at
		p.at++
		low, err := p.hex4()
		if err != nil {
			return nil, err
		}
		if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
			return utf8.AppendRune(b, full), nil
		}
		p.at = back
	}
	return utf8.AppendRune(b, r), nil // a lone surrogate becomes U+FFFD
}

// hex4 reads the u of an escape and its four hexadecimal digits.
func (p *parser) hex4() (rune, error) {
	if p.at+5 > len(p.text) {
		p.at = len(p.text)
		return 0, p.unexpected()
	}
	n, err := strconv.ParseUint(p.text[p.at+1:p.at+5], 16, 32)
	if err != nil {
		return 0, p.fail("bad unicode escape")
	}
	p.at += 5
	return rune(n), nil
}

func (p *parser) digits() int {
	start := p.at
	for p.peek() >= '0' && p.peek() <= '9' {
		p.at++
	}
	return p.at - start
}

// number reads a number by the grammar of RFC 8259 6.
func (p *parser) number() (Value, error) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if p.digits() == 0 {
		return nil, p.unexpected()
	}
	whole := true
	if p.peek() == '.' {
		p.at++
		whole = false
		if p.digits() == 0 {
			return nil, p.unexpected()
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		whole = false
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return nil, p.unexpected()
		}
	}
	return toNumber(p.text[start:p.at], whole), nil
}

// toNumber picks the type json-smart would: Long, Double up to 18 characters,
// else BigInteger or BigDecimal.
func toNumber(text string, whole bool) Value {
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
		return Big(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || len(text) > 18 {
		return Big(text)
	}
	return f
}
