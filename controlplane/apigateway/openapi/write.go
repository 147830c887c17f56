package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// JSON writes a tree as AWS writes its exports and imported models: Jackson's
// pretty printer, two spaces, a space on both sides of the colon, arrays in
// their line.
func (n *Node) JSON() []byte {
	var out bytes.Buffer
	n.json(&out, "\n")
	return out.Bytes()
}

func (n *Node) json(out *bytes.Buffer, newline string) {
	if n == nil {
		out.WriteString("null")
		return
	}
	switch n.Kind {
	case Null:
		out.WriteString("null")
	case Bool, Number:
		out.WriteString(n.Text)
	case String:
		quote(out, n.Text)
	case Array:
		if len(n.Items) == 0 {
			out.WriteString("[ ]")
			return
		}
		out.WriteString("[ ")
		for i, item := range n.Items {
			if i > 0 {
				out.WriteString(", ")
			}
			item.json(out, newline)
		}
		out.WriteString(" ]")
	case Object:
		if len(n.members) == 0 {
			out.WriteString("{ }")
			return
		}
		inner := newline + "  "
		for i, m := range n.members {
			out.WriteByte("{,"[min(i, 1)])
			out.WriteString(inner)
			quote(out, m.Key)
			out.WriteString(" : ")
			m.Value.json(out, inner)
		}
		out.WriteString(newline)
		out.WriteByte('}')
	}
}

// Compact writes a tree as JSON without spaces.
func (n *Node) Compact() []byte {
	var out bytes.Buffer
	// What json writes is JSON; Compact cannot fail on it.
	if err := json.Compact(&out, n.JSON()); err != nil {
		panic("BUG: " + err.Error())
	}
	return out.Bytes()
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
	n.yaml(&out, "")
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

// yaml writes n as lines that begin with indent.
func (n *Node) yaml(out *bytes.Buffer, indent string) {
	switch {
	case n.Is(Object) && len(n.members) > 0:
		for _, m := range n.members {
			out.WriteString(indent)
			writeKey(out, m.Key)
			m.Value.yamlBelow(out, indent, "  ")
		}
	case n.Is(Array) && len(n.Items) > 0:
		for _, item := range n.Items {
			out.WriteString(indent + "-")
			item.yamlItem(out, indent+"  ")
		}
	default:
		out.WriteString(indent)
		n.json(out, "\n")
		out.WriteByte('\n')
	}
}

// yamlBelow writes n after "key:".
func (n *Node) yamlBelow(out *bytes.Buffer, indent, more string) {
	switch {
	case n.Is(Object) && len(n.members) > 0:
		out.WriteByte('\n')
		n.yaml(out, indent+more)
	case n.Is(Array) && len(n.Items) > 0:
		out.WriteByte('\n')
		n.yaml(out, indent)
	default:
		out.WriteByte(' ')
		n.yamlLeaf(out)
	}
}

// yamlItem writes n after "-": a mapping begins in the same line.
func (n *Node) yamlItem(out *bytes.Buffer, indent string) {
	if n.Is(Object) && len(n.members) > 0 || n.Is(Array) && len(n.Items) > 0 {
		var below bytes.Buffer
		n.yaml(&below, indent)
		out.WriteString(" " + strings.TrimPrefix(below.String(), indent))
		return
	}
	out.WriteByte(' ')
	n.yamlLeaf(out)
}

func (n *Node) yamlLeaf(out *bytes.Buffer) {
	switch {
	case n.Is(Object):
		out.WriteString("{}")
	case n.Is(Array):
		out.WriteString("[]")
	default:
		n.json(out, "\n")
	}
	out.WriteByte('\n')
}
