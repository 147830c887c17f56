package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDocument bounds a document: a plan of thousands of resources fits.
const maxDocument = 256 << 20

// errNotThis says that a document is well formed and something else.
var errNotThis = errors.New("is not of this kind")

// tree is a value of a JSON or YAML document: nil, bool, float64, string,
// []any, map[string]any. Access to what is not there gives zero values, so
// reading a document is not half error handling.
type tree struct{ value any }

func parseTree(text []byte) (tree, error) {
	if len(text) > maxDocument {
		return tree{}, fmt.Errorf("longer than %d bytes", maxDocument)
	}
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		var v any
		if err := json.Unmarshal(trimmed, &v); err != nil {
			return tree{}, fmt.Errorf("read JSON: %w", err)
		}
		return tree{v}, nil
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return tree{}, fmt.Errorf("read YAML: %w", err)
	}
	budget := maxNodes
	v, err := plainYAML(&n, &budget)
	return tree{v}, err
}

// maxNodes bounds what aliases may unfold to.
const maxNodes = 2_000_000

// plainYAML turns YAML into JSON's values, with CloudFormation's short tags in
// their long form: !Ref X is {"Ref": X}, !Sub Y is {"Fn::Sub": Y}.
func plainYAML(n *yaml.Node, budget *int) (any, error) {
	if *budget--; *budget < 0 {
		return nil, errors.New("read YAML: too many nodes")
	}
	v, err := plainNode(n, budget)
	if err != nil || !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return v, err
	}
	switch name := n.Tag[1:]; name {
	case "Ref", "Condition":
		return map[string]any{name: v}, nil
	case "GetAtt":
		if s, ok := v.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			v = []any{resource, attribute}
		}
		return map[string]any{"Fn::GetAtt": v}, nil
	default:
		return map[string]any{"Fn::" + name: v}, nil
	}
}

func plainNode(n *yaml.Node, budget *int) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return plainYAML(n.Content[0], budget)
	case yaml.AliasNode:
		return plainYAML(n.Alias, budget)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := plainYAML(item, budget)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := plainYAML(n.Content[i+1], budget)
			if err != nil {
				return nil, err
			}
			out[n.Content[i].Value] = v
		}
		return out, nil
	}
	switch n.Tag {
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!null":
		return nil, nil
	case "!!int", "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == n.Value {
			return f, nil
		}
	}
	return n.Value, nil
}

// at goes down by member names.
func (t tree) at(path ...string) tree {
	for _, name := range path {
		m, _ := t.value.(map[string]any)
		t = tree{m[name]}
	}
	return t
}

func (t tree) exists() bool { return t.value != nil }

// text is a scalar as text.
func (t tree) text() string {
	switch v := t.value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (t tree) flag() bool {
	return strings.EqualFold(t.text(), "true")
}

func (t tree) list() []tree {
	items, _ := t.value.([]any)
	out := make([]tree, len(items))
	for i := range items {
		out[i] = tree{items[i]}
	}
	return out
}

// first is the first item of a list: how Terraform writes a block.
func (t tree) first() tree {
	if items := t.list(); len(items) > 0 {
		return items[0]
	}
	return tree{}
}

func (t tree) texts() []string {
	var out []string
	for _, item := range t.list() {
		out = append(out, item.text())
	}
	return out
}

// names are the members' names in order.
func (t tree) names() []string {
	m, _ := t.value.(map[string]any)
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (t tree) textMap() map[string]string {
	var out map[string]string
	for _, name := range t.names() {
		if out == nil {
			out = map[string]string{}
		}
		out[name] = t.at(name).text()
	}
	return out
}

// json is the value as compact JSON.
func (t tree) json() string {
	text, err := json.Marshal(t.value)
	if err != nil {
		return ""
	}
	return string(text)
}

// draft is an API of a document before it is put together.
type draft struct {
	api     API
	methods Maybe[[]Method]
	stages  []Stage
}

// finish gives every stage the snapshot that deploying the document makes.
func (d *draft) finish() API {
	d.api.Methods = d.methods
	if d.api.KeySource == "" {
		d.api.KeySource = "HEADER"
	}
	snapshot := Snapshot{
		Methods: d.methods, Policy: d.api.Policy, KeySource: Known(d.api.KeySource),
		DefaultEndpointDisabled: Known(d.api.DefaultEndpointDisabled),
	}
	if len(d.stages) == 0 {
		d.stages = []Stage{{Name: "stage"}}
	}
	for _, s := range d.stages {
		s.Deployed = snapshot
		d.api.Stages = append(d.api.Stages, s)
	}
	return d.api
}

// secretText is a text of a document as a secret: what only names a value, by
// reference or for Secrets Manager to resolve, is symbolic.
func secretText(text string) Secret {
	return Secret{text: text, symbolic: strings.Contains(text, SymbolPrefix) || strings.Contains(text, "{{resolve:")}
}
