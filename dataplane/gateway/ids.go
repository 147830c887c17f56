package gateway

import (
	"encoding/base64"
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"drawbridge/dataplane/exchange"
)

// newIDs returns the two ids of an answer: x-amzn-RequestId, which a client may
// set itself by sending a UUID in that field, and x-amz-apigw-id
// (reference/api-gateway.md 2.4).
func (g *Gateway) newIDs(x *exchange.Exchange, now time.Time) (request, extended string) {
	sent := x.Request.Header.Get("x-amzn-RequestId")
	if isUUID(sent) {
		request = sent
	} else if g.options.NewRequestID != nil {
		request = g.options.NewRequestID()
	}
	if g.options.NewExtendedID != nil {
		extended = g.options.NewExtendedID()
	}
	if request != "" && extended != "" {
		return request, extended
	}
	var text [36 + 16]byte
	writeUUID(text[:36])
	writeExtendedID(text[36:], regionOf(x), now)
	made := string(text[:])
	if request == "" {
		request = made[:36]
	}
	if extended == "" {
		extended = made[36:]
	}
	return request, extended
}

func regionOf(x *exchange.Exchange) string {
	if x.Owner.API == nil {
		return ""
	}
	return x.Owner.API.Region
}

// writeUUID writes a random UUID (RFC 9562 section 5.4). The generator is the
// runtime's ChaCha8, seeded by the system.
func writeUUID(text []byte) {
	var b [16]byte
	putRandom(b[:8])
	putRandom(b[8:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
}

// cells are the four characters that stand at places 9 to 12 of the id in a
// region, as captured; other regions get some of their own.
var cells = map[string]string{"ap-northeast-1": "NjMF", "eu-west-2": "rPEF"}

// writeExtendedID writes 11 bytes in base64url: four of the time, two random
// ones, three that tell the region's cell, two random ones.
func writeExtendedID(text []byte, region string, now time.Time) {
	var b [12]byte
	putRandom(b[4:12])
	at := uint32(now.UnixMilli() >> 6)
	b[0], b[1], b[2], b[3] = byte(at>>24), byte(at>>16), byte(at>>8), byte(at)
	base64.URLEncoding.Encode(text, b[:11])
	if cell, ok := cells[region]; ok {
		copy(text[8:12], cell)
		return
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	h := fnv.New32a()
	_, _ = h.Write([]byte(region))
	sum := h.Sum32()
	text[8], text[9], text[10], text[11] = alphabet[sum%52], alphabet[sum/52%52], alphabet[sum/2704%52], 'F'
}

func putRandom(b []byte) {
	v := rand.Uint64()
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// randomHex returns n random hexadecimal digits, n even and at most 32.
func randomHex(n int) string {
	var b [16]byte
	putRandom(b[:8])
	putRandom(b[8:])
	return hex.EncodeToString(b[:n/2])
}
