package server

import (
	"strings"

	"golang.org/x/net/http2/hpack"
)

// blockEncoder writes header blocks (HPACK, RFC 7541). It is our own because an
// answer from the cache is mostly the same fields as the one before: those cost
// a comparison here and one byte on the wire, while values that are new each
// time (ids, dates, ages) never enter the table to push the others out.
type blockEncoder struct {
	block []byte
	names map[string]fieldName // by the name as planes write it

	table  []tableEntry // the dynamic table, oldest first
	size   int          // of the table, as RFC 7541 section 4.1 counts
	limit  int
	resize bool // the table's new size is to be told at the next block's start
	least  int  // the smallest it was in between
}

// tableEntry is a field of the dynamic table. written is its name as planes write it.
type tableEntry struct{ written, name, value string }

func (e *tableEntry) size() int { return len(e.name) + len(e.value) + 32 }

// fieldName is what a connection remembers of a field name.
type fieldName struct {
	lower    string
	static   int // index in the static table, 0: not there
	volatile bool
	valid    bool // a token
}

const (
	blockTableSize = 4096 // the default of RFC 9113 section 6.5.2, and the most we use
	// maxFieldNames bounds the names a connection remembers; answers have few.
	maxFieldNames = 128
	staticEntries = 61
)

func newBlockEncoder() blockEncoder {
	return blockEncoder{names: make(map[string]fieldName), limit: blockTableSize, least: blockTableSize}
}

// setLimit takes the client's limit of the table's size into force.
func (e *blockEncoder) setLimit(size uint32) {
	e.limit = int(min(size, blockTableSize))
	e.least = min(e.least, e.limit)
	e.resize = true
	e.evict(e.limit)
}

// begin begins a block.
func (e *blockEncoder) begin() {
	e.block = e.block[:0]
	if e.resize { // RFC 7541 section 4.2
		if e.least < e.limit {
			// It was smaller in between. Emptying it says that to every client;
			// x/net's takes a second update in a block for an empty table only.
			e.evict(0)
			e.block = appendInteger(e.block, 0x20, 5, 0)
		}
		e.block = appendInteger(e.block, 0x20, 5, e.limit)
		e.least, e.resize = e.limit, false
	}
}

// status writes the pseudo field of a response's status.
func (e *blockEncoder) status(code int) {
	if index := staticStatus(code); index > 0 {
		e.block = append(e.block, 0x80|byte(index))
		return
	}
	e.block = append(e.block, 8, 3, byte('0'+code/100), byte('0'+code/10%10), byte('0'+code%10))
}

// staticStatus returns the index of a status in the static table (RFC 7541
// appendix A), or 0.
func staticStatus(code int) int {
	switch code {
	case 200:
		return 8
	case 204:
		return 9
	case 206:
		return 10
	case 304:
		return 11
	case 400:
		return 12
	case 404:
		return 13
	case 500:
		return 14
	}
	return 0
}

// field writes a field; false when its name or value is none, and then it
// writes nothing.
func (e *blockEncoder) field(name, value string) bool {
	for i := len(e.table) - 1; i >= 0; i-- {
		if t := &e.table[i]; len(t.value) == len(value) && t.written == name && t.value == value {
			e.block = appendInteger(e.block, 0x80, 7, staticEntries+len(e.table)-i)
			return true
		}
	}
	n := e.known(name)
	if !n.valid || !isFieldValue(value) {
		return false
	}
	t := tableEntry{written: name, name: n.lower, value: value}
	index, seen := n.static, false
	if index == 0 {
		index, seen = e.nameIndex(n.lower)
	}
	// A volatile field enters the table once, for its name's sake.
	if n.volatile && (n.static > 0 || seen) || t.size() > e.limit/4 {
		e.block = e.literal(appendInteger(e.block, 0, 4, index), index, &t)
		return true
	}
	e.block = e.literal(appendInteger(e.block, 0x40, 6, index), index, &t)
	e.evict(e.limit - t.size())
	e.table = append(e.table, tableEntry{strings.Clone(name), n.lower, strings.Clone(value)}) // not a whole head's memory
	e.size += t.size()
	return true
}

// literal writes what of a field its index does not say.
func (e *blockEncoder) literal(b []byte, index int, t *tableEntry) []byte {
	if index == 0 {
		b = append(appendInteger(b, 0, 7, len(t.name)), t.name...)
	}
	if n := int(hpack.HuffmanEncodeLength(t.value)); n < len(t.value) {
		return hpack.AppendHuffmanString(appendInteger(b, 0x80, 7, n), t.value)
	}
	return append(appendInteger(b, 0, 7, len(t.value)), t.value...)
}

// nameIndex finds a name in the dynamic table.
func (e *blockEncoder) nameIndex(lower string) (index int, ok bool) {
	for i := len(e.table) - 1; i >= 0; i-- {
		if e.table[i].name == lower {
			return staticEntries + len(e.table) - i, true
		}
	}
	return 0, false
}

// evict drops the oldest entries until the table has at most size bytes.
func (e *blockEncoder) evict(size int) {
	n := 0
	for n < len(e.table) && e.size > size {
		e.size -= e.table[n].size()
		n++
	}
	if n > 0 {
		left := copy(e.table, e.table[n:])
		clear(e.table[left:])
		e.table = e.table[:left]
	}
}

// known returns what there is to know of a name.
func (e *blockEncoder) known(name string) fieldName {
	if n, ok := e.names[name]; ok {
		return n
	}
	n := fieldName{lower: lowerName(name), valid: isToken(name)}
	n.static = staticNames[n.lower]
	n.volatile = volatileFields[n.lower]
	if len(e.names) < maxFieldNames {
		e.names[strings.Clone(name)] = n
	}
	return n
}

// lowerName returns a field name in lower case; all of a name that is one is ASCII.
func lowerName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// appendInteger appends an integer behind the pattern in the first byte (RFC
// 7541 section 5.1).
func appendInteger(b []byte, pattern byte, prefix, n int) []byte {
	most := 1<<prefix - 1
	if n < most {
		return append(b, pattern|byte(n))
	}
	b = append(b, pattern|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, 0x80|byte(n))
	}
	return append(b, byte(n))
}

// staticNames are the names of the static table that answers have (RFC 7541 appendix A).
var staticNames = map[string]int{
	"accept-ranges": 18, "access-control-allow-origin": 20, "age": 21, "allow": 22, "authorization": 23,
	"cache-control": 24, "content-disposition": 25, "content-encoding": 26, "content-language": 27,
	"content-length": 28, "content-location": 29, "content-range": 30, "content-type": 31, "date": 33,
	"etag": 34, "expires": 36, "last-modified": 44, "link": 45, "location": 46, "refresh": 52,
	"retry-after": 53, "server": 54, "set-cookie": 55, "strict-transport-security": 56, "vary": 59,
	"via": 60, "www-authenticate": 61,
}

// volatileFields have a value that the next answer will not have: of an answer
// (ids, ages), of an object (validators, lengths), or one that is a secret and
// does not belong into a table that later answers refer to (RFC 7541 section 7.1).
var volatileFields = map[string]bool{
	"age": true, "authorization": true, "content-length": true, "content-location": true, "content-range": true,
	"date": true, "etag": true, "expires": true, "last-modified": true, "location": true, "set-cookie": true,
	"via": true, "www-authenticate": true, "x-amz-apigw-id": true, "x-amz-cf-id": true, "x-amzn-requestid": true,
	"x-amzn-trace-id": true, "server-timing": true,
}
