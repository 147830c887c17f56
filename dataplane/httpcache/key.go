package httpcache

import "encoding/binary"

// A key is bytes made of these parts. Each part tells its own end, so two
// sequences of parts are equal only part by part and no value can pass for
// another: what a viewer puts into a query cannot look like a header.

// AppendText appends a text.
func AppendText(key []byte, text string) []byte {
	key = binary.AppendUvarint(key, uint64(len(text)))
	return append(key, text...)
}

// AppendCount appends how many parts follow.
func AppendCount(key []byte, n int) []byte {
	return binary.AppendUvarint(key, uint64(n))
}
