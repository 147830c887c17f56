package edge

import "encoding/base64"

// Sizes of what newIDs makes (reference/cloudfront.md section 4.1).
const (
	idBytes  = 40 // 54 base64url characters and "=="
	idLength = 56
	viaBytes = 16 // 32 lower-case hexadecimal digits
)

// The fixed parts of a Via value.
const (
	viaPrefix = "1.1 "
	viaSuffix = ".cloudfront.net (CloudFront)"
	viaLength = len(viaPrefix) + 2*viaBytes + len(viaSuffix)
)

// newIDs returns a request id and a Via value, new ones each time; both share
// one string's memory.
func (e *Edge) newIDs() (requestID, via string) {
	var out [viaLength + idLength]byte
	n := copy(out[:], viaPrefix)
	const digits = "0123456789abcdef"
	for range viaBytes / 8 {
		random := e.random()
		for range 16 {
			out[n] = digits[random&15]
			random >>= 4
			n++
		}
	}
	copy(out[n:], viaSuffix)
	var raw [idBytes]byte
	for i := 0; i < idBytes; i += 8 {
		random := e.random()
		for j := range 8 {
			raw[i+j] = byte(random >> (8 * j))
		}
	}
	base64.URLEncoding.Encode(out[viaLength:], raw[:])
	text := string(out[:])
	return text[viaLength:], text[:viaLength]
}

// viaHost returns the name in a Via value that newIDs made.
func viaHost(via string) string {
	return via[len(viaPrefix) : len(viaPrefix)+2*viaBytes+len(".cloudfront.net")]
}
