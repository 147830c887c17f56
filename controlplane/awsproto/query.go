package awsproto

import (
	"fmt"
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"drawbridge/controlplane/api"
)

// maxParameters bounds the form of one query call.
const maxParameters = 10_000

// queryCodec is the query protocol of STS: a form with Action and Version in,
// XML out.
type queryCodec struct{ table *api.Service }

// form gives the parameters of the query string and of a form body; the
// body's win.
func (r *request) form() (url.Values, error) {
	values, err := url.ParseQuery(string(r.body))
	if err != nil {
		return nil, fmt.Errorf("form body: %w", err)
	}
	for name, v := range r.query {
		if !values.Has(name) {
			values[name] = v
		}
	}
	if len(values) > maxParameters {
		return nil, fmt.Errorf("more than %d parameters", maxParameters)
	}
	return values, nil
}

func (c *queryCodec) route(r *request) (matched, *api.Error) {
	form, err := r.form()
	if err != nil {
		return matched{}, &api.Error{Code: "MalformedQueryString", Status: 400, Message: "The query string contains a syntax error."}
	}
	name := form.Get("Action")
	if name == "" {
		return matched{}, &api.Error{Code: "MissingAction", Status: 400, Message: "The request is missing an action or a required parameter."}
	}
	op := c.table.Operation(name)
	if op == nil || form.Has("Version") && form.Get("Version") != c.table.Version {
		return matched{}, &api.Error{Code: "InvalidAction", Status: 400,
			Message: fmt.Sprintf("Could not find operation %s for version %s", short(name), short(form.Get("Version")))}
	}
	return matched{route: &route{operation: op}}, nil
}

// short keeps what a client sent from filling an error text.
func short(s string) string {
	if len(s) > 128 {
		return strings.ToValidUTF8(s[:128], "") + "..."
	}
	return s
}

func (c *queryCodec) decode(m matched, r *request) (any, *api.Error) {
	shape := m.route.operation.Input
	if shape == nil {
		return nil, nil
	}
	form, err := r.form()
	if err != nil {
		return nil, &api.Error{Code: "MalformedQueryString", Status: 400, Message: "The query string contains a syntax error."}
	}
	in := shape.New()
	t := api.Type{Kind: api.KindStructure, Shape: shape}
	if err := decodeForm(treeOf(form), reflect.ValueOf(in).Elem(), &t); err != nil {
		return nil, c.invalid("1 validation error detected: " + err.Error())
	}
	return in, nil
}

// formNode is one step of names like "Tags.member.1.Key".
type formNode struct {
	value    string
	hasValue bool
	children map[string]*formNode
}

// treeOf builds the tree of all names; one nested too deeply is left out.
func treeOf(form url.Values) *formNode {
	root := &formNode{}
	for name, values := range form {
		if strings.Count(name, ".") >= maxDepth {
			continue
		}
		node := root
		for step := range strings.SplitSeq(name, ".") {
			if node.children == nil {
				node.children = map[string]*formNode{}
			}
			if node.children[step] == nil {
				node.children[step] = &formNode{}
			}
			node = node.children[step]
		}
		node.value, node.hasValue = values[0], true
	}
	return root
}

func decodeForm(node *formNode, v reflect.Value, t *api.Type) error {
	switch t.Kind {
	case api.KindStructure:
		v = settle(v)
		for i := range t.Shape.Members {
			m := &t.Shape.Members[i]
			child := node.children[m.Wire]
			if child == nil {
				continue
			}
			if err := decodeForm(child, v.Field(i), &m.Type); err != nil {
				return err
			}
		}
		return nil
	case api.KindList:
		return decodeFormList(node, v, t)
	}
	if !node.hasValue {
		return nil
	}
	return setText(v, t, node.value)
}

// decodeFormList takes the members by rising number; gaps close.
func decodeFormList(node *formNode, v reflect.Value, t *api.Type) error {
	items := node.children[itemName(t)]
	out := reflect.MakeSlice(v.Type(), 0, 0)
	if items != nil {
		var numbers []int
		for step := range items.children {
			if n, err := strconv.Atoi(step); err == nil && n > 0 && strconv.Itoa(n) == step {
				numbers = append(numbers, n)
			}
		}
		sort.Ints(numbers)
		for _, n := range numbers {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := decodeForm(items.children[strconv.Itoa(n)], item, t.Item); err != nil {
				return err
			}
			out = reflect.Append(out, item)
		}
	}
	v.Set(out)
	return nil
}

func (c *queryCodec) encode(op *api.Operation, out any, requestID string) *response {
	body := appendXMLRoot(nil, op.Name+"Response", c.table.XMLNamespace, func(b []byte) []byte {
		if v, there := outputValue(out); there && op.Output != nil {
			b = appendOpen(b, op.Name+"Result")
			b = appendXML(b, op.Output, v, output)
			b = appendClose(b, op.Name+"Result")
		}
		b = append(b, "<ResponseMetadata><RequestId>"...)
		return append(appendXMLText(b, requestID), "</RequestId></ResponseMetadata>"...)
	})
	answer := newResponse(op.Status, xmlType, body)
	answer.header.Set("x-amzn-RequestId", requestID)
	return answer
}

func (c *queryCodec) fail(e *api.Error, requestID string) *response {
	return xmlError(e, c.table.XMLNamespace, requestID)
}

func (c *queryCodec) invalid(message string) *api.Error {
	return &api.Error{Code: "ValidationError", Status: 400, Message: message}
}
