package policy

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep a document may nest. The grammar itself needs six:
// document, statements, statement, Condition, operator, values.
const maxDepth = 8

type nodeKind uint8

const (
	kindNull nodeKind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// node is one JSON value with the order of its members kept: the stored form of
// a policy shows its elements in the order the user wrote them.
type node struct {
	kind    nodeKind
	text    string // decoded string, or the literal of a number or boolean
	items   []*node
	members []member
}

type member struct {
	name  string
	value *node
}

// readJSON is strict: one value, valid UTF-8, no duplicate member, bounded depth.
func readJSON(src []byte) (*node, error) {
	if !utf8.Valid(src) {
		return nil, &ParseError{Why: "not valid UTF-8"}
	}
	if !json.Valid(src) {
		return nil, &ParseError{Why: "not valid JSON"}
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	root, err := readNode(dec, "", 1)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, &ParseError{Why: "more than one JSON value"}
	}
	return root, nil
}

func readNode(dec *json.Decoder, path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, &ParseError{Path: path, Why: "nested deeper than any policy element"}
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, &ParseError{Path: path, Why: "not valid JSON"}
	}
	switch t := tok.(type) {
	case string:
		return &node{kind: kindString, text: t}, nil
	case json.Number:
		return &node{kind: kindNumber, text: t.String()}, nil
	case bool:
		return &node{kind: kindBool, text: strconv.FormatBool(t)}, nil
	case json.Delim:
		if t == '{' {
			return readObject(dec, path, depth)
		}
		return readArray(dec, path, depth)
	}
	return &node{kind: kindNull, text: "null"}, nil
}

func readObject(dec *json.Decoder, path string, depth int) (*node, error) {
	n := &node{kind: kindObject}
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return nil, &ParseError{Path: path, Why: "not valid JSON"}
		}
		at := join(path, name)
		if seen[name] {
			return nil, &ParseError{Path: at, Why: "appears twice"}
		}
		seen[name] = true
		value, err := readNode(dec, at, depth+1)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{name, value})
	}
	_, err := dec.Token() // the closing brace, which json.Valid has promised
	return n, err
}

func readArray(dec *json.Decoder, path string, depth int) (*node, error) {
	n := &node{kind: kindArray}
	for dec.More() {
		value, err := readNode(dec, index(path, len(n.items)), depth+1)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, value)
	}
	_, err := dec.Token()
	return n, err
}

// appendTo writes n compactly. Strings are escaped only where JSON demands it,
// so the result is never longer than the text it was read from.
func (n *node) appendTo(b []byte) []byte {
	switch n.kind {
	case kindString:
		return appendString(b, n.text)
	case kindArray:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendTo(b)
		}
		return append(b, ']')
	case kindObject:
		b = append(b, '{')
		for i, m := range n.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, m.name)
			b = append(b, ':')
			b = m.value.appendTo(b)
		}
		return append(b, '}')
	}
	return append(b, n.text...)
}

func appendString(b []byte, s string) []byte {
	const short = "\b\f\n\r\t\"\\"
	const letter = "bfnrt\"\\"
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		if at := strings.IndexByte(short, c); at >= 0 {
			b = append(b, '\\', letter[at])
		} else if c < 0x20 {
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
