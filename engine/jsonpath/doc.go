// Package jsonpath holds JSON as a tree that keeps the order of members, reads
// it strictly ([Parse]) or leniently ([ParseLenient]), writes it, and evaluates
// JSONPath over it in the Jayway dialect that API Gateway uses.
//
// Its place on the way: the gateway maps parameters out of bodies
// (method.request.body.JSONPath), and engine/vtl builds $input.path,
// $input.json and its own lists and maps on this tree. Paths are compiled once,
// when a deployment is compiled.
//
// It must not know templates, requests or any AWS resource.
//
// Everything that grows with input is bounded: nesting of documents and
// expressions, steps and results of an evaluation, bytes written.
//
// Sources: reference/api-gateway.md 5.4 to 5.7; the README of Jayway JsonPath;
// the documentation of json-smart.
package jsonpath
