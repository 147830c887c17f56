package awsproto

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"reflect"
	"strconv"

	"drawbridge/controlplane/api"
)

// restJSON is the protocol of API Gateway (reference/api-gateway.md 1.1) and of
// key value stores' data.
type restJSON struct {
	table  *api.Service
	routes *router
}

const jsonType = "application/json"

func (c *restJSON) route(r *request) (matched, *api.Error) {
	m, ok := c.routes.find(r.method, r.rawPath, r.query)
	if !ok {
		// What API Gateway answers to a path that is no operation of its own.
		return m, &api.Error{Code: "MissingAuthenticationTokenException", Status: 403, Message: "Missing Authentication Token"}
	}
	return m, nil
}

func (c *restJSON) decode(m matched, r *request) (any, *api.Error) {
	shape := m.route.operation.Input
	if shape == nil {
		return nil, nil
	}
	in := shape.New()
	v := reflect.ValueOf(in).Elem()
	err := bindHTTP(m, r, v)
	if p := payloadMember(shape); p >= 0 && err == nil {
		if member := &shape.Members[p]; member.Type.Kind == api.KindBlob {
			if len(r.body) > 0 {
				v.Field(p).SetBytes(r.body)
			}
		} else {
			err = decodeJSON(r.body, member.Type.Shape, settle(v.Field(p)))
		}
	} else if err == nil && hasBody(shape) {
		err = decodeJSON(r.body, shape, v)
	}
	if err != nil {
		return nil, serialization(err)
	}
	return in, nil
}

// serialization is the answer to a request that does not fit the model's types
// (reference/api-gateway.md 1.2).
func serialization(err error) *api.Error {
	e := &api.Error{Code: "SerializationException", Status: 400, Message: err.Error()}
	if binding := new(badBinding); errors.As(err, &binding) {
		e.Message = javaString + " can not be converted to an " + javaNumberName(binding.member.Type.Kind)
		if binding.member.Type.Kind == api.KindBoolean {
			e.Message = javaString + " can not be converted to an Boolean"
		}
	}
	return e
}

func (c *restJSON) encode(op *api.Operation, out any, requestID string) *response {
	answer := newResponse(op.Status, jsonType, nil)
	c.stamp(answer.header, requestID)
	v, there := outputValue(out)
	if op.Output == nil || !there {
		return answer
	}
	if p := payloadMember(op.Output); p >= 0 {
		if member := &op.Output.Members[p]; member.Type.Kind == api.KindBlob {
			answer.body = v.Field(p).Bytes()
		} else if value, set := present(v.Field(p)); set {
			answer.body = appendJSON(nil, member.Type.Shape, value, output)
		}
	} else {
		answer.body = appendJSON(nil, op.Output, v, output)
	}
	setHeaders(op.Output, v, answer.header)
	return answer
}

func (c *restJSON) fail(e *api.Error, requestID string) *response {
	answer := jsonError(e)
	c.stamp(answer.header, requestID)
	return answer
}

// jsonError is the envelope: the code in a header, the text in the body.
func jsonError(e *api.Error) *response {
	body := append(appendJSONString([]byte(`{"message":`), e.Message), '}')
	answer := newResponse(e.Status, jsonType, body)
	answer.header.Set("x-amzn-ErrorType", e.Code)
	if e.RetryAfterSeconds > 0 {
		answer.header.Set("Retry-After", strconv.Itoa(e.RetryAfterSeconds))
	}
	return answer
}

func (c *restJSON) invalid(message string) *api.Error {
	return &api.Error{Code: "ValidationException", Status: 400, Message: message}
}

// stamp sets the request's id, and in API Gateway's answers a second one that
// looks like "OinCTHqDNjMFftQ=" and follows from the first, so one search finds
// both.
func (c *restJSON) stamp(h http.Header, requestID string) {
	h.Set("x-amzn-RequestId", requestID)
	if c.table.Name != "apigateway" {
		return
	}
	sum := sha256.Sum256([]byte(requestID))
	h.Set("x-amz-apigw-id", base64.URLEncoding.EncodeToString(sum[:11]))
}
