package openapi

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// JSON writes a tree as AWS writes its exports and imported models: Jackson's
// pretty printer, two spaces, a space on both sides of the colon, arrays in
// their line.
func (n *Node) JSON() []byte {
	var out bytes.Buffer
	n.json(&out, "\n", pretty)
	return out.Bytes()
}

// Compact writes a tree as JSON without spaces.
func (n *Node) Compact() []byte {
	var out bytes.Buffer
	n.json(&out, "", compact)
	return out.Bytes()
}

// style is what stands between the parts of JSON.
type style struct{ open, end, comma, colon, indent, emptyArray, emptyObject string }

var (
	pretty  = style{"[ ", " ]", ", ", " : ", "  ", "[ ]", "{ }"}
	compact = style{"[", "]", ",", ":", "", "[]", "{}"}
)

func (n *Node) json(out *bytes.Buffer, newline string, st style) {
	switch {
	case n == nil || n.Kind == Null:
		out.WriteString("null")
	case n.Kind == String:
		quote(out, n.Text)
	case n.Kind == Array && len(n.Items) == 0:
		out.WriteString(st.emptyArray)
	case n.Kind == Array:
		out.WriteString(st.open)
		for i, item := range n.Items {
			if i > 0 {
				out.WriteString(st.comma)
			}
			item.json(out, newline, st)
		}
		out.WriteString(st.end)
	case n.Kind == Object && len(n.members) == 0:
		out.WriteString(st.emptyObject)
	case n.Kind == Object:
		inner := newline + st.indent
		for i, m := range n.members {
			out.WriteByte("{,"[min(i, 1)])
			out.WriteString(inner)
			quote(out, m.Key)
			out.WriteString(st.colon)
			m.Value.json(out, inner, st)
		}
		out.WriteString(newline)
		out.WriteByte('}')
	default: // Bool, Number
		out.WriteString(n.Text)
	}
}

// quote writes a JSON string that is also a YAML double-quoted one: what is not
// printable in YAML 1.1 is escaped, all else stands as it is.
func quote(out *bytes.Buffer, s string) {
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < ' ', r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == utf8.RuneError, r == 0xfffe, r == 0xffff:
			fmt.Fprintf(out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// YAML writes a tree as Jackson's YAML writer does: strings in double quotes,
// keys plain where they can be, sequences not indented below their key.
func (n *Node) YAML() []byte {
	var out bytes.Buffer
	out.WriteString("---\n")
	n.yaml(&out, "", false)
	return out.Bytes()
}

// plainKey is a key that YAML reads back as the string it is, without quotes.
var plainKey = regexp.MustCompile(`^[/A-Za-z][A-Za-z0-9_./$-]*$`)

// yamlWords are plain scalars that YAML 1.1 takes for something else.
var yamlWords = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)

func writeKey(out *bytes.Buffer, key string) {
	if plainKey.MatchString(key) && !yamlWords.MatchString(key) {
		out.WriteString(key)
	} else {
		quote(out, key)
	}
	out.WriteByte(':')
}

// yaml writes n as lines that begin with indent, but for the first when
// something stands before it.
func (n *Node) yaml(out *bytes.Buffer, indent string, first bool) {
	begin := func() {
		if !first {
			out.WriteString(indent)
		}
		first = false
	}
	switch {
	case n.Is(Object) && len(n.members) > 0:
		for _, m := range n.members {
			begin()
			writeKey(out, m.Key)
			if below := indent + "  "; m.Value.Is(Array) {
				m.Value.yamlBelow(out, indent)
			} else {
				m.Value.yamlBelow(out, below)
			}
		}
	case n.Is(Array) && len(n.Items) > 0:
		for _, item := range n.Items {
			begin()
			out.WriteString("- ")
			item.yaml(out, indent+"  ", true)
		}
	default:
		begin()
		n.json(out, "", compact)
		out.WriteByte('\n')
	}
}

// yamlBelow writes n after "key:": a leaf in the same line, all else below it.
func (n *Node) yamlBelow(out *bytes.Buffer, indent string) {
	if n.Is(Object) && len(n.members) > 0 || n.Is(Array) && len(n.Items) > 0 {
		out.WriteByte('\n')
		n.yaml(out, indent, false)
		return
	}
	out.WriteByte(' ')
	n.yaml(out, indent, true)
}
