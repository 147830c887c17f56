// Package cli holds the commands of drawbridge, one file each. Commands that
// work on a server talk to it through its public APIs only; serve and demo
// start one through package app.
//
// It must not know how a request is answered or a resource is stored.
package cli
