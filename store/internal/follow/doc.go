// Package follow is the loop behind Watch that the stores share: read the
// change log from where the watcher stands, hand out what is there, and wait
// for a bell when there is nothing.
//
// Its place on the way: store/bolt and store/memory bring a function that reads
// their log, and get the iterator that the store interface promises. It must
// not know how a log is kept or when it is compacted.
package follow
