package jsfunc

import (
	"bytes"
	"encoding/json"
)

// Output is a result as TestFunction shows it: {"request":{…}} or
// {"response":{…}}, members in the order of AWS's own answers.
func (r *Result) Output() string {
	w := &jsonWriter{}
	switch {
	case r.Response != nil:
		w.object(func() {
			w.key("response")
			w.object(func() { w.response(r.Response) })
		})
	case r.Request != nil:
		w.object(func() {
			w.key("request")
			w.object(func() { w.request(r.Request) })
		})
	}
	return w.String()
}

// jsonWriter writes JSON with its members in a given order.
type jsonWriter struct {
	bytes.Buffer
	some bool // the object being written has members
}

func (w *jsonWriter) object(members func()) {
	w.WriteByte('{')
	w.some = false
	members()
	w.WriteByte('}')
	w.some = true
}

func (w *jsonWriter) key(name string) {
	if w.some {
		w.WriteByte(',')
	}
	w.some = true
	w.json(name)
	w.WriteByte(':')
}

func (w *jsonWriter) json(value any) {
	encoder := json.NewEncoder(&w.Buffer)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // strings and numbers always encode
	w.Truncate(w.Len() - 1)   // Encode ends with a line end
}

func (w *jsonWriter) member(name string, value any) {
	w.key(name)
	w.json(value)
}

func (w *jsonWriter) request(r *Request) {
	w.fields("headers", r.Headers)
	w.member("method", r.Method)
	if r.QueryText != nil {
		w.member("querystring", *r.QueryText)
	} else {
		w.fields("querystring", r.Query)
	}
	w.member("uri", r.URI)
	w.fields("cookies", r.Cookies)
}

func (w *jsonWriter) response(r *Response) {
	w.fields("headers", r.Headers)
	w.member("statusDescription", r.StatusDescription)
	w.fields("cookies", r.Cookies)
	w.member("statusCode", r.StatusCode)
	if r.Body != nil {
		w.key("body")
		w.object(func() {
			w.member("encoding", r.Body.Encoding)
			data, _ := encodeText(r.Body.Data, map[bool]string{true: "base64", false: "utf8"}[r.Body.Encoding == "base64"])
			w.member("data", data)
		})
	}
}

func (w *jsonWriter) fields(name string, fields []Field) {
	w.key(name)
	w.object(func() {
		for _, field := range fields {
			if len(field.Values) == 0 {
				continue
			}
			w.key(field.Name)
			w.object(func() {
				w.value(field.Values[0])
				if len(field.Values) > 1 {
					w.key("multiValue")
					w.WriteByte('[')
					for i, value := range field.Values {
						if i > 0 {
							w.WriteByte(',')
						}
						w.object(func() { w.value(value) })
					}
					w.WriteByte(']')
				}
			})
		}
	})
}

func (w *jsonWriter) value(v FieldValue) {
	w.member("value", v.Value)
	if v.Attributes != "" {
		w.member("attributes", v.Attributes)
	}
}
