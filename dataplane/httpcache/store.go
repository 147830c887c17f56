package httpcache

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// Object is a stored response. Nothing in it changes once it is in a store, but
// what says when it may be used. H is its owner's type of header.
type Object[H any] struct {
	Key  string
	Zone *Zone
	// URLs are what invalidations compare with: path, and "?" and query where
	// they are part of the key; the second is another path of the same object, or "".
	URLs [2]string
	// Tags are what invalidations by tag compare with: "#" and the tag in lower case.
	Tags []string

	Status   int
	Header   H
	Body     []byte
	HeadOnly bool // the body is not known: the object answers HEAD alone
	// Fault is the owner's code of a failure that is kept instead of a response; 0: none.
	Fault uint8

	Validators
	// OriginETag is the entity tag the origin knows, where ETag differs.
	OriginETag string
	Freshness
	// OriginAge and OriginVia are the Age and Via the origin's response came with.
	OriginAge time.Duration
	OriginVia string
	// HeaderSize is the size of Header in bytes, for the store's account.
	HeaderSize int

	mark    atomic.Uint64 // invalidations up to this number leave the object good
	retryAt atomic.Int64  // after a failed refresh: the origin is left alone until then
}

// objectOverhead is about what an object costs beside its texts: the structs,
// the index entry, the policy's node.
const objectOverhead = 512

// Size returns about how many bytes the object takes.
func (o *Object[H]) Size() int64 {
	return int64(objectOverhead + len(o.Key) + o.HeaderSize + len(o.Body))
}

// WithBody returns a copy of the object with a body.
func (o *Object[H]) WithBody(body []byte) *Object[H] {
	c := &Object[H]{
		Key: o.Key, Zone: o.Zone, URLs: o.URLs, Tags: o.Tags, Status: o.Status, Header: o.Header, Body: body,
		HeadOnly: o.HeadOnly, Fault: o.Fault, Validators: o.Validators, OriginETag: o.OriginETag,
		Freshness: o.Freshness, OriginAge: o.OriginAge, OriginVia: o.OriginVia, HeaderSize: o.HeaderSize,
	}
	c.mark.Store(o.mark.Load())
	return c
}

// SetMark says up to which invalidation the object is known to be good: the
// zone's mark when its fetch began.
func (o *Object[H]) SetMark(mark uint64) { o.mark.Store(mark) }

// Good tells that no invalidation has taken the object away.
func (o *Object[H]) Good() bool {
	mark := o.mark.Load()
	if mark == o.Zone.Mark() {
		return true
	}
	good, ok := o.Zone.holds(mark, o.URLs, o.Tags)
	if ok {
		o.mark.Store(good)
	}
	return ok
}

// RetryAt says that until then a stale object is served without asking the origin.
func (o *Object[H]) RetryAt(t time.Time) { o.retryAt.Store(t.UnixNano()) }

// State says what the object is good for now: as its freshness says, but while
// the origin is left alone after an error it counts as fresh.
func (o *Object[H]) State(now time.Time) (State, Reason) {
	state, reason := o.At(now)
	if state == Stale && o.OnError(now) && now.UnixNano() < o.retryAt.Load() {
		return Fresh, ReasonRetry
	}
	return state, reason
}

// Options of a Store.
type Options struct {
	Bytes     int64 // what all objects may take together
	MaxObject int64 // the largest object; 0: 16 MiB, and never more than an eighth of Bytes
}

// defaultMaxObject is the largest object in RAM: larger ones are streamed.
const defaultMaxObject = 16 << 20

// Store keeps objects in RAM, at most so many bytes of them. It may be used by
// many goroutines.
type Store[H any] struct {
	objects   *otter.Cache[uint64, *Object[H]]
	seed      maphash.Seed
	maxObject int64
	mu        sync.RWMutex
	zones     map[string]*Zone
}

// New returns an empty store.
func New[H any](o Options) (*Store[H], error) {
	if o.Bytes <= 0 {
		return nil, errors.New("httpcache: a store needs room for its objects")
	}
	if o.MaxObject <= 0 {
		o.MaxObject = defaultMaxObject
	}
	objects, err := otter.New(&otter.Options[uint64, *Object[H]]{
		MaximumWeight: uint64(o.Bytes),
		// Freshness is no reason to evict: an expired object is revalidated, or
		// stands in for a failing origin.
		Weigher: func(_ uint64, object *Object[H]) uint32 { return uint32(object.Size()) },
	})
	if err != nil {
		return nil, err
	}
	return &Store[H]{
		objects: objects, seed: maphash.MakeSeed(),
		maxObject: min(o.MaxObject, o.Bytes/8), zones: make(map[string]*Zone),
	}, nil
}

// MaxObject returns the size of the largest body the store takes.
func (s *Store[H]) MaxObject() int64 { return s.maxObject }

// Get returns the object with this key, unless it was invalidated. Two keys of
// one hash never answer for each other: the whole key is compared.
func (s *Store[H]) Get(key []byte) (*Object[H], bool) {
	object, ok := s.objects.GetIfPresent(maphash.Bytes(s.seed, key))
	if !ok || string(key) != object.Key {
		return nil, false
	}
	if !object.Good() {
		return nil, false
	}
	return object, true
}

// Put stores an object in place of the one with its key, unless it is too
// large or was invalidated while it was fetched. It tells whether it did.
func (s *Store[H]) Put(object *Object[H]) bool {
	if int64(len(object.Body)) > s.maxObject || object.Size() > s.maxObject+objectOverhead+(128<<10) {
		return false
	}
	if !object.Good() {
		return false
	}
	s.objects.Set(maphash.String(s.seed, object.Key), object)
	return true
}

// Zone returns the zone with this name, made if need be.
func (s *Store[H]) Zone(name string) *Zone {
	s.mu.RLock()
	zone := s.zones[name]
	s.mu.RUnlock()
	if zone != nil {
		return zone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if zone = s.zones[name]; zone == nil {
		zone = &Zone{}
		s.zones[name] = zone
	}
	return zone
}

// Purge invalidates paths of a zone: no object that was fetched, or whose fetch
// began, before this call is served after it. A zone that nothing was ever
// fetched for has nothing to lose.
func (s *Store[H]) Purge(zone string, paths []string) {
	s.mu.RLock()
	z := s.zones[zone]
	s.mu.RUnlock()
	if z != nil {
		z.Purge(paths)
	}
}

// Bytes returns about how many bytes the objects take, Len how many there are.
func (s *Store[H]) Bytes() int64 { return int64(s.objects.WeightedSize()) }

// Len returns about how many objects there are.
func (s *Store[H]) Len() int { return s.objects.EstimatedSize() }
