// Package compile turns stored resources into units of the program: a
// distribution, a stage, a set of API keys. It is pure: State is fed the
// store's changes in order and answers which units changed; a unit that cannot
// be compiled keeps its last good version, is named in the answer and blocks
// nothing else.
//
// Its place on the way: behind the store, before the pointers that the data
// plane reads. It is the only package that knows both planes' languages, and
// must know neither sockets nor requests.
package compile
