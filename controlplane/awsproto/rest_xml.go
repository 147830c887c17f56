package awsproto

import (
	"errors"
	"reflect"
	"strconv"

	"drawbridge/controlplane/api"
)

// restXML is CloudFront's protocol (reference/cloudfront.md 1.1).
type restXML struct {
	table  *api.Service
	routes *router
}

const xmlType = "text/xml"

func (c *restXML) route(r *request) (matched, *api.Error) {
	m, ok := c.routes.find(r.method, r.rawPath, r.query)
	if !ok {
		// Code and text are ours: AWS's answer to an unknown path is not recorded.
		return m, &api.Error{Code: "UnknownOperationException", Status: 404, Message: "The requested operation does not exist in " + c.table.ID + "."}
	}
	return m, nil
}

func (c *restXML) decode(m matched, r *request) (any, *api.Error) {
	shape := m.route.operation.Input
	if shape == nil {
		return nil, nil
	}
	in := shape.New()
	v := reflect.ValueOf(in).Elem()
	err := bindHTTP(m, r, v)
	if err == nil {
		err = c.decodeBody(shape, r.body, v)
	}
	binding, bad, missing := new(badBinding), new(malformed), new(api.Error)
	switch {
	case err == nil:
		return in, nil
	case errors.As(err, &missing):
		return nil, missing
	case errors.As(err, &binding):
		return nil, c.invalid("The parameter " + binding.member.Wire + " is not valid.")
	case errors.As(err, &bad):
		return nil, &api.Error{Code: "MalformedInput", Status: 400, Message: bad.text}
	}
	return nil, internalFailure(err)
}

func (c *restXML) decodeBody(shape *api.Shape, body []byte, v reflect.Value) error {
	p := payloadMember(shape)
	if p < 0 && !hasBody(shape) {
		return nil
	}
	if len(body) == 0 {
		if p < 0 || !shape.Members[p].Required {
			return nil
		}
		return &api.Error{Code: "MissingBody", Status: 400,
			Message: "This operation requires a body. Ensure that the body is present and the Content-Type header is set."}
	}
	if p < 0 {
		return decodeXML(body, shape.Name, shape, v)
	}
	member := &shape.Members[p]
	if member.Type.Kind == api.KindBlob {
		v.Field(p).SetBytes(body)
		return nil
	}
	return decodeXML(body, member.Wire, member.Type.Shape, settle(v.Field(p)))
}

func (c *restXML) encode(op *api.Operation, out any, requestID string) *response {
	answer := newResponse(op.Status, xmlType, nil)
	answer.header.Set("x-amzn-RequestId", requestID)
	v, there := outputValue(out)
	if op.Output == nil || !there {
		return answer
	}
	answer.body = xmlBody(op.Output, c.table.XMLNamespace, v, output)
	setHeaders(op.Output, v, answer.header)
	if p := payloadMember(op.Output); p >= 0 && op.Output.Members[p].Type.Kind == api.KindBlob && answer.header.Get("Content-Type") == xmlType {
		answer.header.Set("Content-Type", "application/octet-stream") // GetFunction's code
	}
	return answer
}

// xmlBody is the body of an input or output, nil where it has none.
func xmlBody(shape *api.Shape, namespace string, v reflect.Value, s side) []byte {
	p := payloadMember(shape)
	if p < 0 {
		if !anyInBody(shape, s) {
			return nil
		}
		return appendXMLRoot([]byte(xmlHeader), shape.Name, namespace, func(b []byte) []byte { return appendXML(b, shape, v, s) })
	}
	member := &shape.Members[p]
	if member.Type.Kind == api.KindBlob {
		return v.Field(p).Bytes()
	}
	value, set := present(v.Field(p))
	if !set {
		return nil
	}
	return appendXMLRoot([]byte(xmlHeader), member.Wire, namespace, func(b []byte) []byte { return appendXML(b, member.Type.Shape, value, s) })
}

func anyInBody(shape *api.Shape, s side) bool {
	for i := range shape.Members {
		if _, there := s.inBody(&shape.Members[i]); there {
			return true
		}
	}
	return false
}

func (c *restXML) fail(e *api.Error, requestID string) *response {
	return xmlError(e, c.table.XMLNamespace, requestID)
}

// xmlError is the envelope of CloudFront (reference/cloudfront.md 1.6) and of
// the query protocol, which differ in the namespace only.
func xmlError(e *api.Error, namespace, requestID string) *response {
	body := appendXMLRoot([]byte(xmlHeader), "ErrorResponse", namespace, func(b []byte) []byte {
		b = append(append(append(b, "<Error><Type>"...), e.Fault()...), "</Type><Code>"...)
		b = append(appendXMLText(b, e.Code), "</Code><Message>"...)
		b = append(appendXMLText(b, e.Message), "</Message></Error><RequestId>"...)
		return append(appendXMLText(b, requestID), "</RequestId>"...)
	})
	answer := newResponse(e.Status, xmlType, body)
	answer.header.Set("x-amzn-RequestId", requestID)
	if e.RetryAfterSeconds > 0 {
		answer.header.Set("Retry-After", strconv.Itoa(e.RetryAfterSeconds))
	}
	return answer
}

func (c *restXML) invalid(message string) *api.Error {
	return &api.Error{Code: "InvalidArgument", Status: 400, Message: message}
}
