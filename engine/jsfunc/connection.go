package jsfunc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dop251/goja"
)

// ConnectionResult is what a connection function decided about a TLS
// connection of a viewer with a client certificate.
type ConnectionResult struct {
	Allowed     bool
	Decided     bool     // allow or deny was called; without, the connection is denied
	Custom      []string // of logCustomData
	Logs        []string
	Utilization int
}

// Output is the decision as TestConnectionFunction shows it. AWS documents no
// form; the connection's last word is what it is about.
func (r *ConnectionResult) Output() string {
	w := &jsonWriter{}
	w.object(func() {
		w.key("connection")
		w.object(func() { w.member("allowed", r.Allowed) })
	})
	return w.String()
}

type connectionResult struct {
	allowed, decided bool
	custom           []string
}

// maxCustomData is the length of what one logCustomData may record (reference/cloudfront.md 5.2).
const maxCustomData = 800

// Connect calls a connection function with a connection object in JSON. The
// error is an *ExecutionError, or another for JSON that is none.
func (f *Function) Connect(connection []byte, env Env) (*ConnectionResult, error) {
	tree, err := parseOrdered(connection)
	if err != nil {
		return nil, fmt.Errorf("the connection object is no JSON: %w", err)
	}
	members, ok := tree.([]jsonMember)
	if !ok {
		return nil, errors.New("the connection object is no JSON object")
	}
	c := f.newCall(env)
	c.connection = &connectionResult{}
	_, err = c.run(func() goja.Value { return c.connectionObject(members) })
	result := &ConnectionResult{
		Allowed: c.connection.allowed && err == nil, Decided: c.connection.decided,
		Custom: c.connection.custom, Logs: c.logs, Utilization: c.result().Utilization,
	}
	return result, err
}

func (c *call) connectionObject(members []jsonMember) goja.Value {
	object := c.fromJSON(members).ToObject(c.vm)
	decide := func(allowed bool) native {
		return func(goja.FunctionCall) goja.Value {
			c.connection.allowed, c.connection.decided = allowed, true
			return goja.Undefined()
		}
	}
	c.method(object, "allow", decide(true))
	c.method(object, "deny", decide(false))
	c.method(object, "logCustomData", func(call goja.FunctionCall) goja.Value {
		text := c.text(call.Argument(0)).String()
		if len(text) > maxCustomData {
			panic(c.vm.NewTypeError("custom data is too long"))
		}
		c.connection.custom = append(c.connection.custom[:0], text) // the last one counts
		return goja.Undefined()
	})
	return object
}

// fromJSON makes a value of parsed JSON.
func (c *call) fromJSON(value any) goja.Value {
	switch v := value.(type) {
	case []jsonMember:
		object := c.vm.NewObject()
		for _, m := range v {
			c.must(object.DefineDataProperty(m.name, c.fromJSON(m.value), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
		}
		return object
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = c.fromJSON(v[i])
		}
		return c.vm.NewArray(items...)
	case json.Number:
		number, _ := v.Float64()
		return c.vm.ToValue(number)
	case nil:
		return goja.Null()
	}
	return c.vm.ToValue(value)
}

// ValidJSONObject tells whether data is one JSON object that [ParseEvent] and
// [Function.Connect] can read.
func ValidJSONObject(data []byte) bool {
	tree, err := parseOrdered(bytes.TrimSpace(data))
	_, ok := tree.([]jsonMember)
	return err == nil && ok
}
