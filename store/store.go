package store

import (
	"context"
	"iter"
)

// Store is a revisioned key-value store. All methods are safe for concurrent
// use. After Close every method answers ErrClosed (Revision excepted, which
// goes on naming the last revision); a context that is done answers its error.
type Store interface {
	// Get returns the entry under key, or ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)

	// List returns every entry whose key starts with prefix, as of one
	// revision, sorted by key (bytewise). An empty prefix means all of them.
	List(ctx context.Context, prefix string) (Snapshot, error)

	// ListPage is List cut short: at most limit entries (a limit below 1 or
	// above MaxPage means MaxPage) whose keys are greater than after. Snapshot.More
	// says whether there are others; the next page's after is the last key of
	// this one. Each page is consistent in itself; pages of different revisions
	// are for the caller to accept or to refuse.
	ListPage(ctx context.Context, prefix, after string, limit int) (Snapshot, error)

	// Txn applies all of t or nothing and returns the revision at which it took
	// effect. It returns only when the change is as durable as the store can
	// make it. A transaction that changes nothing (no puts, and deletes of keys
	// that are not there) makes no revision and returns the current one.
	//
	// Errors: *ConflictError when a compare does not hold, *LimitError and
	// ErrInvalid for a transaction no store takes, ErrFull, ErrClosed. When ctx
	// ends before the transaction has been taken up, ctx's error, and nothing
	// was changed; once taken up, the answer is awaited.
	Txn(ctx context.Context, t Txn) (int64, error)

	// Watch yields, in order and without gaps, one Event for every revision
	// greater than after that touches a key with the prefix. It waits for more
	// when it has caught up and ends only with an error, which is the last thing
	// it yields: ctx's, ErrClosed, or ErrCompacted when the change log no longer
	// reaches back to after (or after is ahead of the store: a store from an
	// older backup). The answer to ErrCompacted is to List and to watch from the
	// snapshot's revision.
	//
	// Nothing runs on the watcher's behalf between two steps of the loop: a slow
	// loop holds no lock, fills no queue, delays no writer and loses nothing
	// except, after falling behind the whole change log, its place in it.
	Watch(ctx context.Context, after int64, prefix string) iter.Seq2[Event, error]

	// Revision is the revision of the last transaction that has been answered;
	// 0 for a store that never saw one.
	Revision() int64

	// Close ends all watches, waits for the calls under way and frees the
	// store. A second Close does nothing.
	Close() error
}

// Entry is one key and what is known of it. Value belongs to the store: the
// receiver must not change it.
type Entry struct {
	Key            string
	Value          []byte
	ModRevision    int64 // the revision that last put the key
	CreateRevision int64 // the revision that put it first since it was last absent
}

// Snapshot is a consistent look at a range of keys.
type Snapshot struct {
	Revision int64   // the revision it was taken at; where a Watch goes on
	Entries  []Entry // sorted by key
	More     bool    // ListPage only: there are further entries
}

// Txn is a transaction: if every compare holds, every put and delete happens.
// No key may be written twice in one transaction.
type Txn struct {
	Compares []Compare
	Puts     []Put
	Deletes  []string // deleting a key that is not there is no error
}

// Compare demands that the key was last put at ModRevision; 0 demands that it
// does not exist.
type Compare struct {
	Key         string
	ModRevision int64
}

// Put writes a value. The store copies it before Txn returns.
type Put struct {
	Key   string
	Value []byte
}

// Event is what one revision changed, as far as the watch's prefix goes;
// Changes is never empty and is sorted by key.
type Event struct {
	Revision int64
	Changes  []Change
}

// Change is one key put or deleted. Value is nil when Deleted; it belongs to
// the store and must not be changed.
type Change struct {
	Key     string
	Value   []byte
	Deleted bool
}

// LogLimits bounds the change log that watches read from. The newest revision
// is always kept, whatever its size; of the others the oldest go first. A zero
// field means the default.
type LogLimits struct {
	Revisions int   // how many revisions are kept; default DefaultLogRevisions
	Bytes     int64 // how many bytes of keys and values; default DefaultLogBytes
}

// WithDefaults fills in the fields left at zero (or below).
func (l LogLimits) WithDefaults() LogLimits {
	if l.Revisions <= 0 {
		l.Revisions = DefaultLogRevisions
	}
	if l.Bytes <= 0 {
		l.Bytes = DefaultLogBytes
	}
	return l
}
