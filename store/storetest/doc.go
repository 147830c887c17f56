// Package storetest is the suite that says what a store is: every
// implementation of store.Store passes Run, or is none.
//
// It is a test helper, imported by tests of store/* only. It must not know any
// implementation.
package storetest
