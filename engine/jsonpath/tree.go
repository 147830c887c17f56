package jsonpath

import (
	"errors"
	"iter"
)

// Value is one node of a tree: nil (JSON null), bool, string, int64, float64,
// [Big], *[Object] or *[List]. Objects and lists are shared, not copied, as in
// Java.
type Value = any

// Big is a number that fits neither int64 nor float64 without loss, as it was
// written.
type Big string

// MaxDepth is how deep documents may nest, read or written.
const MaxDepth = 512

// ErrLimit is wrapped by every error that says a limit was met.
var ErrLimit = errors.New("limit exceeded")

// smallObject is the number of members up to which a scan beats a map.
const smallObject = 8

type member struct {
	key   string
	value Value
	gone  bool
}

// Object is a JSON object that keeps its members in order of first insertion.
// The zero value is empty and ready. It is not safe for concurrent writes.
type Object struct {
	// Opaque objects print as nothing in a template, as the nodes of
	// $context do (reference/api-gateway.md 5.5).
	Opaque bool

	members []member
	index   map[string]int // made when the object outgrows smallObject
	live    int
}

// NewObject makes an object of the pairs given: key, value, key, value …
// A key that is no string is a bug of the caller.
func NewObject(pairs ...any) *Object {
	o := &Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Put(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Len is the number of members.
func (o *Object) Len() int { return o.live }

func (o *Object) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if m := &o.members[i]; !m.gone && m.key == key {
			return i
		}
	}
	return -1
}

// Get gives a member's value.
func (o *Object) Get(key string) (Value, bool) {
	if i := o.find(key); i >= 0 {
		return o.members[i].value, true
	}
	return nil, false
}

// Put sets a member and gives its former value; a new one goes last.
func (o *Object) Put(key string, v Value) (old Value, had bool) {
	if i := o.find(key); i >= 0 {
		old, o.members[i].value = o.members[i].value, v
		return old, true
	}
	o.members = append(o.members, member{key: key, value: v})
	o.live++
	switch {
	case o.index != nil:
		o.index[key] = len(o.members) - 1
	case len(o.members) > smallObject:
		o.reindex()
	}
	return nil, false
}

func (o *Object) reindex() {
	o.index = make(map[string]int, 2*len(o.members))
	for i, m := range o.members {
		if !m.gone {
			o.index[m.key] = i
		}
	}
}

// Delete removes a member and gives its value. Removed places are swept when
// they outnumber the rest, so many deletions stay cheap.
func (o *Object) Delete(key string) (old Value, had bool) {
	i := o.find(key)
	if i < 0 {
		return nil, false
	}
	old = o.members[i].value
	o.members[i] = member{gone: true}
	o.live--
	delete(o.index, key)
	if len(o.members) > 2*o.live {
		kept := o.members[:0]
		for _, m := range o.members {
			if !m.gone {
				kept = append(kept, m)
			}
		}
		clear(o.members[len(kept):])
		o.members = kept
		if o.index != nil {
			o.reindex()
		}
	}
	return old, true
}

// All yields the members in order. The object must not be changed meanwhile.
func (o *Object) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for i := range o.members {
			if m := &o.members[i]; !m.gone && !yield(m.key, m.value) {
				return
			}
		}
	}
}

// List is a JSON array.
type List struct {
	Items []Value
	// Plain lists are made by a template and print as java.util's lists do,
	// "[a, b]"; others print as JSON (reference/api-gateway.md 5.6).
	Plain bool
}

// NewList makes a list of the items given.
func NewList(items ...Value) *List { return &List{Items: items} }
