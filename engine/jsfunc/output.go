package jsfunc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// Bounds of what a function returns (reference/cloudfront.md 5.2 and 6).
const (
	maxURL       = 8192
	maxFields    = 1000
	maxBodyBytes = 40 << 10
)

// output reads what a handler returned. The first fault stays in err.
type output struct {
	*call
	event *Event
	err   error // a *ValidationError
}

func (o *output) fail(format string, args ...any) {
	if o.err == nil {
		o.err = &ValidationError{"The function returned an invalid value: " + fmt.Sprintf(format, args...)}
	}
}

// read reads a request or a response into result.
func (o *output) read(value goja.Value, result *Result) {
	stop := o.watch() // getters are the function's code, too
	defer stop()
	object, ok := value.(*goja.Object)
	if !ok {
		o.fail("it is no object")
		return
	}
	isResponse := object.Get("statusCode") != nil
	switch {
	case isResponse:
		response := o.response(object)
		if o.err == nil {
			result.Response = response
		}
	case o.event.Context.EventType == ViewerResponse:
		o.fail("response.statusCode is missing")
	default:
		request := o.request(object)
		if o.err == nil {
			result.Request = request
		}
	}
}

// str reads a string member; there must be one unless otherwise is given.
func (o *output) str(object *goja.Object, name, path string) string {
	value := object.Get(name)
	text, ok := value.(goja.String)
	if !ok {
		if value == nil || goja.IsUndefined(value) {
			o.fail("%s is missing", path)
		} else {
			o.fail("%s is no string", path)
		}
		return ""
	}
	return o.text(text).String()
}

func (o *output) request(object *goja.Object) *Request {
	was := o.event.Request
	request := &Request{
		Method: o.str(object, "method", "request.method"), URI: o.str(object, "uri", "request.uri"), RawQuery: was.RawQuery,
	}
	if request.Method != was.Method {
		o.fail("request.method must not be changed")
	}
	if !validURI(request.URI) {
		o.fail("request.uri is not valid")
	}
	switch query := object.Get("querystring").(type) {
	case goja.String:
		text := o.text(query).String()
		if !cleanText(text) || strings.ContainsAny(text, " #") {
			o.fail("request.querystring is not valid")
		}
		request.QueryText = &text
	case nil:
	default:
		request.Query = o.fields(query, "request.querystring", was.Query)
		for _, field := range request.Query {
			for _, value := range field.Values {
				if !cleanText(field.Name+value.Value) || strings.ContainsAny(field.Name+value.Value, " #&") {
					o.fail("request.querystring.%s is not valid", shorten(field.Name))
				}
			}
		}
	}
	if len(request.URI)+1+len(request.QueryString()) > maxURL {
		o.fail("request.uri is too long")
	}
	request.Headers = o.headers(object.Get("headers"), "request.headers", was.Headers)
	request.Cookies = o.cookies(object.Get("cookies"), "request.cookies", was.Cookies)
	o.unchanged(was.Headers, request.Headers, readOnlyInRequest)
	return request
}

func (o *output) response(object *goja.Object) *Response {
	was := o.event.Response
	if was == nil {
		was = &Response{}
	}
	response := &Response{}
	status := object.Get("statusCode")
	if !goja.IsNumber(status) && !isDigits(status) {
		o.fail("response.statusCode is no number")
	} else if number := status.ToInteger(); number < 200 || number > 599 {
		o.fail("response.statusCode is not valid")
	} else {
		response.StatusCode = int(number)
	}
	if description := object.Get("statusDescription"); description != nil && !goja.IsUndefined(description) {
		response.StatusDescription = o.str(object, "statusDescription", "response.statusDescription")
		if !cleanText(response.StatusDescription) {
			o.fail("response.statusDescription is not valid")
		}
	}
	response.Headers = o.headers(object.Get("headers"), "response.headers", was.Headers)
	response.Cookies = o.cookies(object.Get("cookies"), "response.cookies", was.Cookies)
	if o.event.Response != nil {
		o.unchanged(was.Headers, response.Headers, readOnlyInResponse)
	} else {
		// A response that is generated has no header to keep: a read-only one is
		// one that is added.
		o.unchanged(nil, response.Headers, readOnlyInResponse)
	}
	response.Body = o.body(object.Get("body"))
	return response
}

func isDigits(value goja.Value) bool {
	text, ok := value.(goja.String)
	return ok && text.Length() == 3 && strings.Trim(text.String(), "0123456789") == ""
}

// body reads a string, or {encoding, data}.
func (o *output) body(value goja.Value) *Body {
	if value == nil || goja.IsUndefined(value) {
		return nil
	}
	body := &Body{Encoding: "text"}
	text, isText := value.(goja.String)
	if isText {
		body.Data = []byte(o.text(text).String())
	} else if object, ok := value.(*goja.Object); ok {
		body.Encoding = o.str(object, "encoding", "response.body.encoding")
		data := o.str(object, "data", "response.body.data")
		switch body.Encoding {
		case "text":
			body.Data = []byte(data)
		case "base64":
			body.Data, _ = decodeText(data, "base64")
		default:
			o.fail("response.body.encoding must be text or base64")
		}
	} else {
		o.fail("response.body is no string")
	}
	if len(body.Data) > maxBodyBytes {
		o.fail("response.body is too large")
	}
	return body
}

// headers reads headers and refuses those that a function may not set.
func (o *output) headers(value goja.Value, path string, was []Field) []Field {
	fields := o.fields(value, path, was)
	for _, field := range fields {
		switch {
		case field.Name != strings.ToLower(field.Name):
			o.fail("%s.%s is not in lower case", path, shorten(field.Name))
		case !isToken(field.Name):
			o.fail("%s.%s is no header name", path, shorten(field.Name))
		case Hidden(field.Name), field.Name == "cookie", field.Name == "set-cookie":
			o.fail("%s.%s is not allowed", path, shorten(field.Name))
		}
		for _, v := range field.Values {
			if strings.ContainsAny(v.Value, "\r\n\x00") {
				o.fail("%s.%s has a value that is not valid", path, shorten(field.Name))
			}
		}
	}
	return fields
}

func (o *output) cookies(value goja.Value, path string, was []Field) []Field {
	fields := o.fields(value, path, was)
	for _, field := range fields {
		if old := find(was, field.Name); old != nil && slices.Equal(old.Values, field.Values) {
			continue // the viewer's or the origin's own
		}
		for _, v := range field.Values {
			if !isToken(field.Name) || !cleanText(v.Value) || strings.Contains(v.Value, ";") || !cleanText(v.Attributes) {
				o.fail("%s.%s is not valid", path, shorten(field.Name))
			}
		}
	}
	return fields
}

// unchanged refuses a change of a header that is to be read only.
func (o *output) unchanged(was, is []Field, names []string) {
	for _, name := range names {
		before, after := find(was, name), find(is, name)
		same := before == nil && after == nil ||
			before != nil && after != nil && slices.Equal(before.Values, after.Values)
		if !same {
			o.fail("the header %s is read-only", name)
		}
	}
}

// fields reads an object of fields; was is what the function was given.
func (o *output) fields(value goja.Value, path string, was []Field) []Field {
	if value == nil || goja.IsUndefined(value) || goja.IsNull(value) {
		return nil
	}
	object, ok := value.(*goja.Object)
	if !ok {
		o.fail("%s is no object", path)
		return nil
	}
	names := object.Keys()
	if len(names) > maxFields {
		o.fail("%s has too many members", path)
		return nil
	}
	fields := []Field{}
	for _, name := range names {
		if o.err != nil {
			return nil
		}
		at := path + "." + shorten(name)
		entry, ok := object.Get(name).(*goja.Object)
		if !ok {
			o.fail("%s is no object", at)
			return nil
		}
		fields = append(fields, Field{Name: name, Values: o.values(entry, at, find(was, name))})
	}
	return fields
}

// values combines value and multiValue: multiValue counts when the function
// changed it, else value replaces the first one (reference/cloudfront.md 5.2).
func (o *output) values(entry *goja.Object, at string, was *Field) []FieldValue {
	several := entry.Get("multiValue")
	if several == nil || goja.IsUndefined(several) {
		return []FieldValue{o.value(entry, at)}
	}
	list, ok := several.(*goja.Object)
	if !ok || !isArray(list) || o.lengthOf(list) == 0 || o.lengthOf(list) > maxFields {
		o.fail("%s.multiValue is no list", at)
		return nil
	}
	var values []FieldValue
	for i := range o.lengthOf(list) {
		item, ok := list.Get(indexName(i)).(*goja.Object)
		if !ok {
			o.fail("%s.multiValue[%d] is no object", at, i)
			return nil
		}
		values = append(values, o.value(item, fmt.Sprintf("%s.multiValue[%d]", at, i)))
	}
	if was != nil && slices.Equal(values, was.Values) && entry.Get("value") != nil {
		values[0] = o.value(entry, at)
	}
	return values
}

func (o *output) value(entry *goja.Object, at string) FieldValue {
	v := FieldValue{Value: o.str(entry, "value", at+".value")}
	if attributes := entry.Get("attributes"); attributes != nil && !goja.IsUndefined(attributes) {
		v.Attributes = o.str(entry, "attributes", at+".attributes")
	}
	return v
}
