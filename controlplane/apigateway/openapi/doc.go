// Package openapi reads and writes OpenAPI documents (2.0 and 3.0, JSON and
// YAML) for API Gateway's import and export: Parse makes one ordered tree of
// either form, Read brings both versions into one shape, JSON and YAML write a
// tree as AWS writes its exports.
//
// Its place on the way of an operator's request: apigateway's ImportRestApi,
// PutRestApi and GetExport call it between the wire and the record.
//
// It must not know records, ids, limits of an account or what an extension
// means to API Gateway: those are package apigateway's. Everything here is pure
// and bounded: bytes, nodes, depth and what references multiply.
package openapi
