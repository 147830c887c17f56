// Package store says what Drawbridge asks of the place where its configuration
// lives: a revisioned key-value store with multi-key compare-and-put and a
// resumable watch.
//
// Its place on the way of an operator's call: operation → Txn → Watch →
// compile → publish. The one promise everything hangs on is a single int64
// revision that grows by one with every transaction that changes something. A
// List names the revision it was taken at, Watch goes on from exactly there,
// and so nobody ever compares clocks or diffs states.
//
// The package holds the interface, its types, its limits and its errors, and
// no implementation: store/bolt keeps one file, store/memory keeps nothing,
// store/storetest is the suite that both must pass.
//
// It must not know what a key or a value means: no AWS resource, no encoding.
// Keys are identifiers and appear in errors and logs; a secret (an API key's
// value, a Referer value) belongs in a value, or into a key only as a hash.
package store
