package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a document. AWS takes 6 MB (reference/api-gateway.md 1.11); nodes
// and depth are ours: a document of 6 MB written by people or tools has about
// 200 000 values.
const (
	MaxBytes = 6 << 20
	maxNodes = 400_000
	maxDepth = 100
)

var (
	errTooLarge = errors.New("the document is too large")
	errTooDeep  = errors.New("the document is nested too deeply")
)

// Parse reads JSON or YAML, whichever it is.
func Parse(document []byte) (*Node, error) {
	if len(document) > MaxBytes {
		return nil, errTooLarge
	}
	document = bytes.TrimPrefix(document, []byte("\xef\xbb\xbf"))
	if start := bytes.TrimLeft(document, " \t\r\n"); len(start) > 0 && start[0] == '{' {
		root, err := parseJSON(document)
		if err == nil || errors.Is(err, errTooLarge) || errors.Is(err, errTooDeep) {
			return root, err
		}
	}
	return parseYAML(document)
}

// counter bounds what one document may become.
type counter struct{ nodes int }

func (c *counter) add(depth int) error {
	if c.nodes++; c.nodes > maxNodes {
		return errTooLarge
	}
	if depth > maxDepth {
		return errTooDeep
	}
	return nil
}

func parseJSON(document []byte) (*Node, error) {
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	root, err := (&jsonReader{dec: dec}).value(0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("there is more after the document")
	}
	return root, nil
}

type jsonReader struct {
	counter
	dec *json.Decoder
}

func (r *jsonReader) value(depth int) (*Node, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if err := r.add(depth); err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case string:
		return NewText(t), nil
	case json.Number:
		return NewNumber(t.String()), nil
	case bool:
		return NewBool(t), nil
	case json.Delim:
		out := &Node{Kind: Array}
		if t == '{' {
			out.Kind = Object
		}
		for r.dec.More() {
			if err := r.item(out, depth); err != nil {
				return nil, err
			}
		}
		if _, err := r.dec.Token(); err != nil {
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		return out, nil
	}
	return &Node{}, nil // null
}

// item reads one item or member of an open array or object.
func (r *jsonReader) item(into *Node, depth int) error {
	key := ""
	if into.Kind == Object {
		token, err := r.dec.Token()
		if err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
		key, _ = token.(string)
	}
	value, err := r.value(depth + 1)
	if err != nil {
		return err
	}
	if into.Kind == Object {
		into.Set(key, value)
	} else {
		into.Items = append(into.Items, value)
	}
	return nil
}

// yamlMarks counts what can begin a YAML node, from above: the parser builds all
// nodes before anyone can count them, at some hundred bytes each.
func yamlMarks(document []byte) int {
	n := 0
	for i, b := range document {
		switch b {
		case '\n', ',', '[', '{':
			n++
		case ':', '-', '?':
			if i+1 == len(document) || document[i+1] <= ' ' {
				n++
			}
		}
	}
	return n
}

func parseYAML(document []byte) (*Node, error) {
	if yamlMarks(document) > maxNodes {
		return nil, errTooLarge
	}
	var tree yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(document))
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("there is more after the document")
	}
	if tree.Kind != yaml.DocumentNode || len(tree.Content) != 1 {
		return nil, errors.New("the document is empty")
	}
	return (&yamlReader{}).value(tree.Content[0], 0)
}

// yamlReader turns YAML's tree into ours. Aliases are written out, so what they
// multiply is counted; one that contains itself ends by depth.
type yamlReader struct{ counter }

func (r *yamlReader) value(n *yaml.Node, depth int) (*Node, error) {
	if err := r.add(depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		out := NewArray()
		for _, item := range n.Content {
			value, err := r.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, value)
		}
		return out, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	return yamlScalar(n), nil
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) (*Node, error) {
	out, merged := NewObject(), NewObject()
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, node := n.Content[i], n.Content[i+1]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return nil, errors.New("a key is not a scalar")
		}
		value, err := r.value(node, depth+1)
		if err != nil {
			return nil, err
		}
		if key.ShortTag() == "!!merge" {
			mergeInto(merged, value)
			continue
		}
		out.Set(key.Value, value)
	}
	// What a mapping says itself goes before what it merges (YAML 1.1, merge key).
	for _, m := range merged.Members() {
		if !out.Has(m.Key) {
			out.Set(m.Key, m.Value)
		}
	}
	return out, nil
}

// mergeInto adds what a merge key names: a mapping, or several of which the
// first goes before the rest.
func mergeInto(merged, value *Node) {
	for _, m := range value.Members() {
		if !merged.Has(m.Key) {
			merged.Set(m.Key, m.Value)
		}
	}
	for _, item := range value.List() {
		if item.Is(Object) {
			mergeInto(merged, item)
		}
	}
}

func yamlScalar(n *yaml.Node) *Node {
	switch n.ShortTag() {
	case "!!null":
		return &Node{}
	case "!!bool":
		return NewBool(strings.EqualFold(n.Value, "true"))
	case "!!int", "!!float":
		return yamlNumber(n.Value)
	}
	return NewText(n.Value)
}

// yamlNumber keeps a number's text when JSON can write it so; what JSON has no
// number for stays text.
func yamlNumber(text string) *Node {
	if json.Valid([]byte(text)) {
		return NewNumber(text)
	}
	plain := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return NewNumber(strconv.FormatInt(i, 10))
	}
	if f, err := strconv.ParseFloat(plain, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return NewNumber(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return NewText(text)
}
