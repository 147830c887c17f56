package awsproto

import (
	"net/http"
	"reflect"
	"strings"

	"drawbridge/controlplane/api"
)

// jsonRPC is the JSON 1.1 protocol of ACM: every call is a POST of one JSON
// document to "/", and X-Amz-Target names the operation.
type jsonRPC struct{ table *api.Service }

const jsonRPCType = "application/x-amz-json-1.1"

// route reads "CertificateManager.ListCertificates". The signature's scope or
// the host has told the service already: only the operation counts.
func (c *jsonRPC) route(r *request) (matched, *api.Error) {
	target := r.header.Get("X-Amz-Target")
	name := target[strings.LastIndexByte(target, '.')+1:]
	op := c.table.Operation(name)
	switch {
	case r.method != http.MethodPost || target == "":
		return matched{}, &api.Error{Code: "UnknownOperationException", Status: 400, Message: "The request does not name an operation."}
	case op == nil:
		return matched{}, &api.Error{Code: "NotImplementedException", Status: 501,
			Message: "Drawbridge does not have the operation " + short(name) + " of " + c.table.ID + "."}
	}
	return matched{route: &route{operation: op}}, nil
}

func (c *jsonRPC) decode(m matched, r *request) (any, *api.Error) {
	shape := m.route.operation.Input
	if shape == nil {
		return nil, nil
	}
	in := shape.New()
	if err := decodeJSON(r.body, shape, reflect.ValueOf(in).Elem()); err != nil {
		return nil, serialization(err)
	}
	return in, nil
}

func (c *jsonRPC) encode(op *api.Operation, out any, requestID string) *response {
	answer := newResponse(op.Status, jsonRPCType, nil)
	answer.header.Set("x-amzn-RequestId", requestID)
	if v, there := outputValue(out); there && op.Output != nil {
		answer.body = appendJSON(nil, op.Output, v, output)
	}
	return answer
}

func (c *jsonRPC) fail(e *api.Error, requestID string) *response {
	answer := serviceJSONError(e, requestID)
	answer.header.Set("Content-Type", jsonRPCType)
	return answer
}

func (c *jsonRPC) invalid(message string) *api.Error {
	return &api.Error{Code: "ValidationException", Status: 400, Message: message}
}
