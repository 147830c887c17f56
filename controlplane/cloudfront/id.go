package cloudfront

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// IDKind says what an identifier is for.
type IDKind int

// The kinds of identifiers (reference/cloudfront.md 1.3).
const (
	IDDistribution      IDKind = iota + 1 // "E" and 13 of A-Z0-9
	IDDomainLabel                         // "d" and 13 of a-z0-9
	IDETag                                // "E" and 13 of A-Z0-9
	IDInvalidation                        // "I" and 13 of A-Z0-9
	IDPolicy                              // a UUID
	IDPublicKey                           // "K" and 13 of A-Z0-9
	IDFieldLevelProfile                   // "P" and 13 of A-Z0-9
	IDFieldLevelConfig                    // "C" and 13 of A-Z0-9
	IDKeyValueETag                        // "KV" and 13 of A-Z0-9
)

// idRandom is how many random characters follow the letter: 65 bits.
const idRandom = 13

// randomID makes an identifier that cannot be guessed.
func randomID(kind IDKind) string {
	text := rand.Text()[:idRandom] // A-Z and 2-7, which AWS's alphabet contains
	if prefix, is := entityPrefix(kind); is {
		return prefix + rand.Text()
	}
	switch kind {
	case IDDomainLabel:
		return "d" + strings.ToLower(text)
	case IDInvalidation:
		return "I" + text
	case IDFieldLevelProfile:
		return "P" + text
	case IDFieldLevelConfig:
		return "C" + text
	case IDKeyValueETag:
		return "KV" + text
	case IDPublicKey:
		return "K" + text
	case IDPolicy:
		return randomUUID()
	}
	return "E" + text
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])  // documented never to fail
	b[6] = b[6]&0x0f | 0x40 // version 4, RFC 9562 section 5.4
	b[8] = b[8]&0x3f | 0x80 // variant of RFC 9562 section 4.1
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
