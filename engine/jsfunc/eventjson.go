package jsfunc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxEventDepth bounds the nesting of an event in JSON; the model needs six.
const maxEventDepth = 16

// jsonMember is a member of a JSON object, whose order counts: it is the order
// in which a function sees headers.
type jsonMember struct {
	name  string
	value any // string, json.Number, bool, nil, []any, []jsonMember
}

// ParseEvent reads an event in JSON, as TestFunction takes it. Members that
// the event model does not have are left out.
func ParseEvent(data []byte) (*Event, error) {
	root, err := parseOrdered(data)
	if err != nil {
		return nil, fmt.Errorf("the event is no JSON: %w", err)
	}
	r := &eventReader{}
	event := r.event(root)
	if r.err != nil {
		return nil, r.err
	}
	return event, nil
}

func parseOrdered(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := orderedValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return value, nil
}

func orderedValue(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return token, nil
	}
	if depth >= maxEventDepth {
		return nil, errors.New("it is nested too deep")
	}
	if delim == '[' {
		list := []any{}
		for decoder.More() {
			item, err := orderedValue(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = decoder.Token()
		return list, err
	}
	members := []jsonMember{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := orderedValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, jsonMember{fmt.Sprint(name), value})
	}
	_, err = decoder.Token()
	return members, err
}

// eventReader turns JSON into an event and keeps the first error.
type eventReader struct{ err error }

func (r *eventReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("the event is not valid: "+format, args...)
	}
}

// get gives a member's value; nil: none. The last one of a name counts.
func get(members []jsonMember, name string) any {
	var value any
	for _, m := range members {
		if m.name == name {
			value = m.value
		}
	}
	return value
}

func (r *eventReader) object(value any, path string) []jsonMember {
	members, ok := value.([]jsonMember)
	if !ok && value != nil {
		r.fail("%s is no object", path)
	}
	return members
}

func (r *eventReader) text(value any, path string) string {
	switch v := value.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	r.fail("%s is no string", path)
	return ""
}

func (r *eventReader) event(root any) *Event {
	members := r.object(root, "the event")
	if members == nil {
		r.fail("it is no object")
		return nil
	}
	context := r.object(get(members, "context"), "context")
	text := func(name string) string { return r.text(get(context, name), "context."+name) }
	event := &Event{
		Context: Context{
			DistributionDomainName: text("distributionDomainName"), Endpoint: text("endpoint"),
			DistributionID: text("distributionId"), EventType: text("eventType"), RequestID: text("requestId"),
		},
		ViewerIP: r.text(get(r.object(get(members, "viewer"), "viewer"), "ip"), "viewer.ip"),
	}
	if kind := event.Context.EventType; kind != ViewerRequest && kind != ViewerResponse {
		r.fail("context.eventType must be viewer-request or viewer-response")
	}
	request := r.object(get(members, "request"), "request")
	if request == nil {
		r.fail("request is missing")
	}
	event.Request = r.request(request)
	if event.Context.EventType == ViewerResponse {
		response := r.object(get(members, "response"), "response")
		if response == nil {
			r.fail("response is missing")
		}
		event.Response = r.response(response)
	}
	return event
}

func (r *eventReader) request(members []jsonMember) *Request {
	request := &Request{
		Method:  r.text(get(members, "method"), "request.method"),
		URI:     r.text(get(members, "uri"), "request.uri"),
		Headers: r.fields(get(members, "headers"), "request.headers", true),
		Cookies: r.fields(get(members, "cookies"), "request.cookies", false),
	}
	if request.Method == "" {
		r.fail("request.method is missing")
	}
	if !validURI(request.URI) {
		r.fail("request.uri is no path")
	}
	if query, isText := get(members, "querystring").(string); isText {
		request.Query = ParseQuery(query)
	} else {
		request.Query = r.fields(get(members, "querystring"), "request.querystring", false)
	}
	if raw := request.QueryString(); raw != "" {
		request.RawQuery = &raw
	}
	return request
}

func (r *eventReader) response(members []jsonMember) *Response {
	response := &Response{
		StatusDescription: r.text(get(members, "statusDescription"), "response.statusDescription"),
		Headers:           r.fields(get(members, "headers"), "response.headers", true),
		Cookies:           r.fields(get(members, "cookies"), "response.cookies", false),
	}
	if _, err := fmt.Sscan(fmt.Sprint(get(members, "statusCode")), &response.StatusCode); err != nil ||
		response.StatusCode < 100 || response.StatusCode > 599 {
		r.fail("response.statusCode is no status")
	}
	return response
}

// fields reads {"name": {"value": "…", "multiValue": [{"value": "…"}]}}.
func (r *eventReader) fields(value any, path string, headers bool) []Field {
	var fields []Field
	for _, m := range r.object(value, path) {
		name := m.name
		at := path + "." + name
		if headers {
			name = strings.ToLower(name)
			if Hidden(name) {
				continue
			}
		}
		if find(fields, name) != nil {
			r.fail("%s stands there twice", at)
		}
		field := r.object(m.value, at)
		one := func(members []jsonMember, at string) FieldValue {
			return FieldValue{
				Value:      r.text(get(members, "value"), at+".value"),
				Attributes: r.text(get(members, "attributes"), at+".attributes"),
			}
		}
		values := []FieldValue{one(field, at)}
		if several, ok := get(field, "multiValue").([]any); ok && len(several) > 0 {
			values = nil
			for i, item := range several {
				at := fmt.Sprintf("%s.multiValue[%d]", at, i)
				values = append(values, one(r.object(item, at), at))
			}
		}
		fields = append(fields, Field{Name: name, Values: values})
	}
	return fields
}
