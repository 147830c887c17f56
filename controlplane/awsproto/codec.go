package awsproto

import (
	"fmt"

	"drawbridge/controlplane/api"
)

// codec is one protocol's part of the way, for one service.
type codec interface {
	// route finds the operation.
	route(r *request) (matched, *api.Error)
	// decode reads the input: a pointer to the Go type of the operation's
	// input shape, or nil where it has none.
	decode(m matched, r *request) (any, *api.Error)
	// encode writes an answer; out may be nil.
	encode(op *api.Operation, out any, requestID string) *response
	// fail writes an error.
	fail(e *api.Error, requestID string) *response
	// invalid makes the protocol's error of a failed validation.
	invalid(message string) *api.Error
}

func newCodec(table *api.Service) (codec, error) {
	if table.Protocol == api.Query {
		return &queryCodec{table: table}, nil
	}
	if table.Protocol == api.JSON11 {
		return &jsonRPC{table: table}, nil
	}
	routes, err := newRouter(table)
	if err != nil {
		return nil, err
	}
	switch table.Protocol {
	case api.RestJSON:
		return &restJSON{table: table, routes: routes}, nil
	case api.RestXML:
		return &restXML{table: table, routes: routes}, nil
	}
	return nil, fmt.Errorf("protocol %q is not supported", table.Protocol)
}
