// Package memory is the store that keeps nothing: `--data memory`, the demo,
// tests. Its place on the way is that of store/bolt, and it keeps the same
// promises (store/storetest proves it), durability apart.
//
// All of it is one immutable state behind an atomic pointer: readers take the
// pointer and never a lock, a writer builds the next state by copying the
// O(log n) tree nodes on its path.
//
// It must not know what keys and values mean, nor any other store.
package memory
