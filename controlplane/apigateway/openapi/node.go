package openapi

import "slices"

// Kind is what a Node is.
type Kind uint8

// The kinds of JSON.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Node is a value of a document. Objects keep the order of their members, and a
// number is the text it was written as, so that version 1.10 stays 1.10. A nil
// Node is an absent value: all methods that read take one.
type Node struct {
	Kind    Kind
	Text    string // of a string, a number, "true" or "false"
	Items   []*Node
	members []Member
	index   map[string]int // of large objects
}

// Member is one member of an object.
type Member struct {
	Key   string
	Value *Node
}

// indexFrom is the size from which an object has an index.
const indexFrom = 12

// NewObject is an empty object.
func NewObject() *Node { return &Node{Kind: Object} }

// NewText is a string.
func NewText(s string) *Node { return &Node{Kind: String, Text: s} }

// NewNumber is a number, given as JSON writes it.
func NewNumber(literal string) *Node { return &Node{Kind: Number, Text: literal} }

// NewBool is a truth value.
func NewBool(b bool) *Node {
	if b {
		return &Node{Kind: Bool, Text: "true"}
	}
	return &Node{Kind: Bool, Text: "false"}
}

// NewArray is an array.
func NewArray(items ...*Node) *Node { return &Node{Kind: Array, Items: items} }

// Texts is an array of strings.
func Texts(values []string) *Node {
	out := NewArray()
	for _, v := range values {
		out.Items = append(out.Items, NewText(v))
	}
	return out
}

// Set puts a member; a key that is there keeps its place and gets the new
// value, as Jackson reads a document with a key twice.
func (n *Node) Set(key string, value *Node) *Node {
	if i := n.find(key); i >= 0 {
		n.members[i].Value = value
		return n
	}
	n.members = append(n.members, Member{key, value})
	switch {
	case n.index != nil:
		n.index[key] = len(n.members) - 1
	case len(n.members) >= indexFrom:
		n.index = make(map[string]int, 2*len(n.members))
		for i, m := range n.members {
			n.index[m.Key] = i
		}
	}
	return n
}

// SetText puts a string, unless it is empty.
func (n *Node) SetText(key, value string) *Node {
	if value == "" {
		return n
	}
	return n.Set(key, NewText(value))
}

func (n *Node) find(key string) int {
	if n.index != nil {
		if i, ok := n.index[key]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(n.members, func(m Member) bool { return m.Key == key })
}

// Get is a member's value, nil when there is none or n is no object.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Object {
		return nil
	}
	if i := n.find(key); i >= 0 {
		return n.members[i].Value
	}
	return nil
}

// Has says whether n is an object with that member.
func (n *Node) Has(key string) bool { return n.Get(key) != nil }

// Members are an object's members in their order.
func (n *Node) Members() []Member {
	if n == nil {
		return nil
	}
	return n.members
}

// List are an array's items.
func (n *Node) List() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// Is says whether n is of a kind; an absent value is of none.
func (n *Node) Is(k Kind) bool { return n != nil && n.Kind == k }

// Scalar is the text of a string, number or truth value; "" for all else.
func (n *Node) Scalar() string {
	if n == nil || n.Kind == Array || n.Kind == Object || n.Kind == Null {
		return ""
	}
	return n.Text
}

// True says whether n is true, or the text "true".
func (n *Node) True() bool { return n.Scalar() == "true" }

// Strings are the scalars of an array in order; other items are left out.
func (n *Node) Strings() []string {
	var out []string
	for _, item := range n.List() {
		if s := item.Scalar(); s != "" {
			out = append(out, s)
		}
	}
	return out
}
