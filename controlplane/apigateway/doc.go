// Package apigateway answers API Gateway's control operations for REST APIs
// (version 2015-07-09): it validates, fills in AWS's defaults, keeps the
// references between resources whole, and writes records to the store. One file
// per resource; patch.go is the one PATCH engine behind all Update operations,
// driven by a table per resource; record.go is what stands in the store.
//
// Its place on the way of an operator's request: awsproto decodes and calls a
// method of Service; Service commits one store transaction and waits, by
// Options.Published, until its revision is in force. compile reads the records.
//
// It must not know any wire format, nor the data plane: what it needs from
// there (what is in force, usage) comes in as functions in Options.
package apigateway
