// Package lambda calls Lambda functions for the gateway: those that the
// configuration file names run as processes of ours behind Lambda's Runtime API
// (2018-06-01), all others are called at a Lambda-compatible endpoint.
//
// invoker.go is the way of an invocation; function.go keeps a function's
// processes, worker.go is the life of one, runtimeapi.go what it speaks with.
// endpoint.go speaks Lambda's Invoke API.
//
// It must not know why a function is called, nor what its payload means: events
// and answers are the gateway's to make and to read.
package lambda
