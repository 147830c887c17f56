package bolt

import (
	"io"
	"runtime"

	"go.etcd.io/bbolt"

	"drawbridge/store"
)

// HoldTurn keeps all writers waiting until the returned function is called.
func HoldTurn(s *Store) (release func()) {
	s.turn <- struct{}{}
	return func() {
		<-s.turn
	}
}

// AwaitQueue returns when n writers wait.
func AwaitQueue(s *Store, n int) {
	for {
		s.queue.mu.Lock()
		waiting := len(s.queue.waiting)
		s.queue.mu.Unlock()
		if waiting == n {
			return
		}
		runtime.Gosched()
	}
}

// Commits is the number of bbolt's commits so far.
func Commits(s *Store) int {
	var id int
	_ = s.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil })
	return id
}

// Verify and the record codec, for the fuzz targets.
func Verify(f io.ReaderAt, size int64) error              { return verify(f, size) }
func EncodeEntry(e store.Entry) []byte                    { return encodeEntry(e) }
func DecodeEntry(key, record []byte) (store.Entry, error) { return decodeEntry(key, record) }
func EncodeEvent(e store.Event) []byte                    { return encodeEvent(e) }
func Seal(key, record []byte) []byte                      { return seal(key, record) }
func RevisionKey(revision int64) []byte                   { return revisionKey(revision) }
func DecodeState(record []byte) error                     { _, err := decodeState(record); return err }
func DecodeEvent(revision int64, record []byte, prefix string) (store.Event, error) {
	return decodeEvent(revision, record, prefix)
}
