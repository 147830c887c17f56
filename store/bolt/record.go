package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"drawbridge/store"
)

// bbolt checks its two meta pages and nothing else, so each record carries its
// own CRC-32C. The sum covers the bbolt key too: a damaged key, or a value that
// a damaged page puts under another key, does not pass.

const (
	sumBytes   = 4
	entryHead  = sumBytes + 16 // sum, ModRevision, CreateRevision
	stateBytes = sumBytes + 16 // sum, revision, compacted
)

const (
	opPut    = 0
	opDelete = 1
)

func checksum(key, body []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // the table is made once, inside crc32
	return crc32.Update(crc32.Update(0, table, key), table, body)
}

// seal fills in the sum that the first four bytes of record are reserved for.
func seal(key, record []byte) []byte {
	binary.BigEndian.PutUint32(record, checksum(key, record[sumBytes:]))
	return record
}

// open checks a record's sum and returns what follows it.
func open(key, record []byte) ([]byte, error) {
	if len(record) < sumBytes {
		return nil, fmt.Errorf("%w: record of %d bytes", store.ErrCorrupt, len(record))
	}
	if binary.BigEndian.Uint32(record) != checksum(key, record[sumBytes:]) {
		return nil, fmt.Errorf("%w: record does not match its checksum", store.ErrCorrupt)
	}
	return record[sumBytes:], nil
}

// state is the record meta/"state": the newest revision, and the newest one
// that has been dropped from the change log.
type state struct {
	revision  int64
	compacted int64
}

func encodeState(s state) []byte {
	b := make([]byte, sumBytes, stateBytes)
	b = binary.BigEndian.AppendUint64(b, uint64(s.revision))
	b = binary.BigEndian.AppendUint64(b, uint64(s.compacted))
	return seal(stateKey, b)
}

func decodeState(record []byte) (state, error) {
	body, err := open(stateKey, record)
	if err != nil {
		return state{}, fmt.Errorf("revision counter: %w", err)
	}
	if len(body) != stateBytes-sumBytes {
		return state{}, fmt.Errorf("revision counter: %w: %d bytes", store.ErrCorrupt, len(body))
	}
	s := state{
		revision:  int64(binary.BigEndian.Uint64(body)),
		compacted: int64(binary.BigEndian.Uint64(body[8:])),
	}
	if s.compacted < 0 || s.revision < s.compacted {
		return state{}, fmt.Errorf("revision counter: %w: revision %d, compacted %d", store.ErrCorrupt, s.revision, s.compacted)
	}
	return s, nil
}

func encodeEntry(e store.Entry) []byte {
	b := make([]byte, sumBytes, entryHead+len(e.Value))
	b = binary.BigEndian.AppendUint64(b, uint64(e.ModRevision))
	b = binary.BigEndian.AppendUint64(b, uint64(e.CreateRevision))
	return seal([]byte(e.Key), append(b, e.Value...))
}

// decodeEntry returns an entry whose Value is part of record.
func decodeEntry(key, record []byte) (store.Entry, error) {
	body, err := open(key, record)
	if err != nil {
		return store.Entry{}, fmt.Errorf("key %q: %w", key, err)
	}
	if len(body) < entryHead-sumBytes {
		return store.Entry{}, fmt.Errorf("key %q: %w: %d bytes", key, store.ErrCorrupt, len(body))
	}
	return store.Entry{
		Key:            string(key),
		ModRevision:    int64(binary.BigEndian.Uint64(body)),
		CreateRevision: int64(binary.BigEndian.Uint64(body[8:])),
		Value:          body[16:],
	}, nil
}

func revisionKey(revision int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(revision))
}

// parseRevisionKey returns the revision a key of the log bucket stands for.
func parseRevisionKey(key []byte) (int64, error) {
	if len(key) != 8 || key[0]&0x80 != 0 {
		return 0, fmt.Errorf("change log: %w: key of %d bytes", store.ErrCorrupt, len(key))
	}
	return int64(binary.BigEndian.Uint64(key)), nil
}

// encodeEvent writes a revision's changes: per change the operation, the key's
// length and bytes, and for a put the value's length and bytes.
func encodeEvent(e store.Event) []byte {
	size := sumBytes
	for _, c := range e.Changes {
		size += 1 + 2*binary.MaxVarintLen32 + len(c.Key) + len(c.Value)
	}
	b := make([]byte, sumBytes, size)
	for _, c := range e.Changes {
		if c.Deleted {
			b = append(b, opDelete)
		} else {
			b = append(b, opPut)
		}
		b = binary.AppendUvarint(b, uint64(len(c.Key)))
		b = append(b, c.Key...)
		if !c.Deleted {
			b = binary.AppendUvarint(b, uint64(len(c.Value)))
			b = append(b, c.Value...)
		}
	}
	return seal(revisionKey(e.Revision), b)
}

// decodeEvent reads the changes of one revision whose keys have the prefix. It
// copies what it returns.
func decodeEvent(revision int64, record []byte, prefix string) (store.Event, error) {
	event := store.Event{Revision: revision}
	rest, err := open(revisionKey(revision), record)
	if err != nil {
		return event, fmt.Errorf("change log, revision %d: %w", revision, err)
	}
	for len(rest) > 0 {
		op := rest[0]
		key, tail, ok := cutBytes(rest[1:])
		if !ok || op > opDelete {
			return event, malformed(revision)
		}
		c := store.Change{Deleted: op == opDelete}
		var value []byte
		if !c.Deleted {
			if value, tail, ok = cutBytes(tail); !ok {
				return event, malformed(revision)
			}
		}
		rest = tail
		if !bytes.HasPrefix(key, []byte(prefix)) {
			continue
		}
		c.Key = string(key)
		if !c.Deleted {
			c.Value = bytes.Clone(value)
		}
		event.Changes = append(event.Changes, c)
	}
	return event, nil
}

func malformed(revision int64) error {
	return fmt.Errorf("change log, revision %d: %w: malformed record", revision, store.ErrCorrupt)
}

// cutBytes takes a length and as many bytes off the front.
func cutBytes(b []byte) (field, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	return b[used : used+int(n)], b[used+int(n):], true
}
