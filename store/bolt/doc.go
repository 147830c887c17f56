// Package bolt is the default store: one file, drawbridge.db, in the data
// folder, kept by go.etcd.io/bbolt. No port, no daemon, one fsynced commit per
// group of waiting writers.
//
// Its place on the way: control-plane operations commit through it, and watch,
// list and get read from it. What it adds to bbolt: the global revision, the
// bounded change log that watches resume from, group commit, creation that
// cannot be caught half done, a check of the page structure before bbolt maps a
// file (bbolt panics, or recurses without end, on a damaged one), a checksum on
// every record, and the rule that nothing is shown to a reader before it is
// durable.
//
// The file's buckets:
//
//	meta  "format" → uint64; "state" → sum, revision, compacted revision
//	keys  key      → sum, modRevision, createRevision, value
//	log   revision → sum, the changes of that revision
//
// Integers are big-endian, sums are CRC-32C and cover the key as well (record.go).
//
// It must not know what keys and values mean, nor any other store.
package bolt
