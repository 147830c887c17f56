package memory

import (
	"hash/maphash"

	"drawbridge/store"
)

// tree is a persistent treap: a search tree by key that is a heap by priority.
// put and remove return a new tree that shares all untouched nodes with the old
// one. A node's priority is a hash of its key under a seed of this process, so
// the shape is that of a random tree whatever keys a client picks, and the
// expected depth is O(log n).
type tree struct {
	root *node
	seed maphash.Seed
}

type node struct {
	entry       store.Entry
	priority    uint64
	left, right *node
}

func (t tree) get(key string) (store.Entry, bool) {
	for n := t.root; n != nil; {
		switch {
		case key < n.entry.Key:
			n = n.left
		case key > n.entry.Key:
			n = n.right
		default:
			return n.entry, true
		}
	}
	return store.Entry{}, false
}

func (t tree) put(e store.Entry) tree {
	fresh := &node{entry: e, priority: maphash.String(t.seed, e.Key)}
	t.root = put(t.root, fresh)
	return t
}

func put(n, fresh *node) *node {
	if n == nil {
		return fresh
	}
	// A node with the same key has the same priority, and every ancestor of it
	// at least that: it is met before this comparison can succeed above it.
	if fresh.priority > n.priority {
		fresh.left, fresh.right = split(n, fresh.entry.Key)
		return fresh
	}
	c := *n
	switch {
	case fresh.entry.Key < n.entry.Key:
		c.left = put(n.left, fresh)
	case fresh.entry.Key > n.entry.Key:
		c.right = put(n.right, fresh)
	default:
		c.entry = fresh.entry
	}
	return &c
}

// split cuts a tree into the keys below and those above key.
func split(n *node, key string) (below, above *node) {
	if n == nil {
		return nil, nil
	}
	c := *n
	if n.entry.Key < key {
		c.right, above = split(n.right, key)
		return &c, above
	}
	below, c.left = split(n.left, key)
	return below, &c
}

// remove takes a key out that is known to be there.
func (t tree) remove(key string) tree {
	t.root = remove(t.root, key)
	return t
}

func remove(n *node, key string) *node {
	if n == nil {
		return nil
	}
	c := *n
	switch {
	case key < n.entry.Key:
		c.left = remove(n.left, key)
	case key > n.entry.Key:
		c.right = remove(n.right, key)
	default:
		return join(n.left, n.right)
	}
	return &c
}

// join makes one tree of two, every key of a being below every key of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority >= b.priority:
		c := *a
		c.right = join(a.right, b)
		return &c
	default:
		c := *b
		c.left = join(a, b.left)
		return &c
	}
}

// ascend visits entries with keys >= from in order until visit says false.
func ascend(n *node, from string, visit func(store.Entry) bool) bool {
	if n == nil {
		return true
	}
	if n.entry.Key < from {
		return ascend(n.right, from, visit)
	}
	return ascend(n.left, from, visit) && visit(n.entry) && ascend(n.right, from, visit)
}
