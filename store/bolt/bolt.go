package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"drawbridge/store"
	"drawbridge/store/internal/follow"
)

const (
	fileName      = "drawbridge.db"
	formatVersion = 1

	defaultLockTimeout = time.Second // a predecessor that is draining may need a moment
	lockRetry          = 20 * time.Millisecond
	defaultMaxBytes    = 16 << 30

	// initialMap is address space, not memory: while the file is smaller, a
	// growing file needs no new mapping, which would wait for all readers.
	initialMap = 256 << 20
	// allocBytes is by how much the file grows at a time; each growth is an fsync.
	allocBytes = 4 << 20
)

var (
	metaBucket = []byte("meta")
	keysBucket = []byte("keys")
	logBucket  = []byte("log")
	formatKey  = []byte("format")
	stateKey   = []byte("state")
)

// Options of a Store; Dir alone must be given.
type Options struct {
	Dir         string // the data folder; made (0700) if it is not there
	Log         store.LogLimits
	MaxBytes    int64         // size of the data file; default 16 GiB; beyond it ErrFull
	LockTimeout time.Duration // how long to wait for another process; default 1 s
}

func (o Options) withDefaults() Options {
	o.Log = o.Log.WithDefaults()
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = defaultLockTimeout
	}
	return o
}

// bolt returns bbolt's options. The list of free pages is not written with each
// commit (it is found anew on opening): the same choice as etcd's, it keeps a
// commit's size independent of how much was ever deleted.
func (o Options) bolt() *bbolt.Options {
	return &bbolt.Options{
		Timeout:         o.LockTimeout,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMap,
		MaxSize:         int(min(o.MaxBytes, math.MaxInt)),
		NoStatistics:    true,
	}
}

// Store is a store.Store in a file.
type Store struct {
	o      Options
	db     *bbolt.DB
	folder io.Closer
	bell   follow.Bell

	revision atomic.Int64 // the newest durable revision
	closed   atomic.Bool
	failure  atomic.Pointer[error] // set once, when the state on disk has become unknown

	queue queue
	turn  chan struct{} // held by the writer that commits for all who wait

	// The size of the change log; of the writer whose turn it is.
	logCount int
	logBytes int64

	closing  sync.Once
	closeErr error
}

var _ store.Store = (*Store)(nil)

// New opens the data file of a folder, or makes one. Errors: ErrLocked,
// ErrCorrupt, ErrFormat (all of package store), and what the file system says.
func New(o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("bolt store: no data folder given")
	}
	o = o.withDefaults()
	if err := prepareFolder(o.Dir); err != nil {
		return nil, err
	}
	folder, err := lockFolder(o.Dir, o.LockTimeout)
	if err != nil {
		return nil, err
	}
	s := &Store{o: o, folder: folder, turn: make(chan struct{}, 1)}
	path := filepath.Join(o.Dir, fileName)
	if err := guard(func() error { return s.open(path) }); err != nil {
		_ = s.release()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(s.o.Dir, s.o); err != nil {
			return err
		}
	}
	if err := verifyFile(path); err != nil {
		return err
	}
	var err error
	s.db, err = bbolt.Open(path, 0o600, s.o.bolt())
	if errors.Is(err, berrors.ErrTimeout) {
		return store.ErrLocked
	}
	if err != nil {
		return fmt.Errorf("open data file: %w", err)
	}
	s.db.AllocSize = allocBytes
	// A process killed between writing and syncing a commit leaves it in the
	// system's cache: it will be read, so it must be made durable first.
	if err := s.db.Sync(); err != nil {
		return fmt.Errorf("sync data file: %w", err)
	}
	return s.db.View(s.load)
}

// load reads the revision and the change log's size, and checks that both tell
// the same story.
func (s *Store) load(tx *bbolt.Tx) error {
	if err := checkFormat(tx); err != nil {
		return err
	}
	st, err := decodeState(tx.Bucket(metaBucket).Get(stateKey))
	if err != nil {
		return err
	}
	next := st.compacted
	cursor := tx.Bucket(logBucket).Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		revision, err := parseRevisionKey(k)
		if err != nil {
			return err
		}
		if next++; revision != next {
			return fmt.Errorf("change log: %w: revision %d where %d is due", store.ErrCorrupt, revision, next)
		}
		s.logCount++
		s.logBytes += int64(len(v))
	}
	if next != st.revision {
		return fmt.Errorf("change log: %w: it ends at revision %d, the store is at %d", store.ErrCorrupt, next, st.revision)
	}
	s.revision.Store(st.revision)
	return nil
}

// Revision is store.Store.Revision.
func (s *Store) Revision() int64 { return s.revision.Load() }

// Close is store.Store.Close.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.bell.Ring()
		s.turn <- struct{}{} // wait for the commit under way; nobody gets the turn again
		s.queue.refuse(store.ErrClosed)
		s.closeErr = s.release()
	})
	return s.closeErr
}

func (s *Store) release() error {
	var err error
	if s.db != nil {
		err = guard(s.db.Close)
	}
	if e := s.folder.Close(); err == nil && e != nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("close data file: %w", err)
	}
	return nil
}
