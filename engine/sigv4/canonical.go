package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// isUnreserved tells the bytes that URI encoding leaves alone (RFC 3986 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}

func appendEscaped(b []byte, c byte) []byte {
	return append(b, '%', upperHex[c>>4], upperHex[c&15])
}

// appendEncoded URI-encodes every byte but the unreserved ones and slashes.
func appendEncoded(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) || c == '/' {
			b = append(b, c)
		} else {
			b = appendEscaped(b, c)
		}
	}
	return b
}

// encode URI-encodes every byte but the unreserved ones.
func encode(s string) string {
	return strings.ReplaceAll(string(appendEncoded(nil, s)), "/", "%2F")
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// escapedByte reads the %XX at s[i]; ok is false if there is none.
func escapedByte(s string, i int) (c byte, ok bool) {
	if s[i] != '%' || i+2 >= len(s) {
		return 0, false
	}
	hi, ok1 := unhex(s[i+1])
	lo, ok2 := unhex(s[i+2])
	return hi<<4 | lo, ok1 && ok2
}

// recode writes text that may hold escapes in the one form that SigV4 wants:
// unreserved bytes plain, all others escaped in upper case. keepSlash leaves a
// plain slash plain (an escaped one stays escaped), plusIsSpace reads + as
// forms do.
func recode(b []byte, s string, keepSlash, plusIsSpace bool) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		escaped, ok := escapedByte(s, i)
		switch {
		case ok:
			c = escaped
			i += 2
		case c == '+' && plusIsSpace:
			c = ' '
		case c == '/' && keepSlash:
			b = append(b, c)
			continue
		}
		if isUnreserved(c) {
			b = append(b, c)
		} else {
			b = appendEscaped(b, c)
		}
	}
	return b
}

// normalizePath removes empty, "." and ".." segments as RFC 3986 6.2.2.3 and
// AWS's signing rules (all services but S3) have it; a trailing slash stays.
func normalizePath(path string) string {
	if path == "" {
		return "/"
	}
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	for seg := range strings.SplitSeq(path, "/") {
		switch seg {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, seg)
		}
	}
	out := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && (strings.HasSuffix(path, "/") || strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..")) {
		out += "/"
	}
	return out
}

// canonicalPaths gives the forms of the path that a correct signer may have
// signed; the first is AWS's own. All services but S3 normalise the path and
// encode it a second time; aws-sdk-go-v2 does not normalise, which signs the
// very path of the request and is therefore as good. S3 encodes once.
func canonicalPaths(rawPath string, doubleEncode bool) (aws, literal string) {
	if rawPath == "" {
		rawPath = "/"
	}
	if !doubleEncode {
		return string(recode(nil, rawPath, true, false)), rawPath
	}
	norm := normalizePath(rawPath)
	aws = string(appendEncoded(make([]byte, 0, len(norm)+16), norm))
	if norm == rawPath {
		return aws, aws
	}
	return aws, string(appendEncoded(nil, rawPath))
}

// canonicalQuery encodes names and values, sorts them by encoded name and then
// value, and drops X-Amz-Signature of a presigned request.
func canonicalQuery(rawQuery string, presigned bool) string {
	if rawQuery == "" {
		return ""
	}
	type pair struct{ name, value string }
	var all []pair
	for name, value := range queryPairs(rawQuery) {
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		all = append(all, pair{string(recode(nil, name, false, true)), string(recode(nil, value, false, true))})
	}
	slices.SortFunc(all, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	out := make([]byte, 0, len(rawQuery)+16)
	for i, p := range all {
		if i > 0 {
			out = append(out, '&')
		}
		out = append(out, p.name...)
		out = append(out, '=')
		out = append(out, p.value...)
	}
	return string(out)
}

// appendTrimmed writes a field value without blanks around it and with runs of
// spaces inside made one, quoted or not.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t\r\n\v\f")
	for i := range len(v) {
		if v[i] == ' ' && v[i-1] == ' ' {
			continue
		}
		b = append(b, v[i])
	}
	return b
}

// canonicalHeaders writes the signed fields, lines of one name joined by
// commas. there is false if one of them is not in the request: a field that
// was signed as empty and then taken away must not pass.
func canonicalHeaders(r *Request, signed []string) (text string, there bool) {
	values := make([][]byte, len(signed))
	found := make([]bool, len(signed))
	add := func(name, value string) {
		i, ok := slices.BinarySearchFunc(signed, name, compareFolded)
		if !ok {
			return
		}
		if found[i] {
			values[i] = append(values[i], ',')
		}
		values[i], found[i] = appendTrimmed(values[i], value), true
	}
	add("host", r.Host)
	if r.Header != nil {
		for name, value := range r.Header {
			if !strings.EqualFold(name, "host") {
				add(name, value)
			}
		}
	}
	var b []byte
	for i, name := range signed {
		b = append(b, name...)
		b = append(b, ':')
		b = append(b, values[i]...)
		b = append(b, '\n')
	}
	return string(b), !slices.Contains(found, false)
}

// compareFolded orders a lower-case name and one of any case, bytewise.
func compareFolded(lower, name string) int {
	for i := range min(len(lower), len(name)) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return int(lower[i]) - int(c)
		}
	}
	return len(lower) - len(name)
}

// canonicalRequest is the string whose hash is signed, but for its path.
type canonicalRequest struct{ method, query, headers, signed, payload string }

func (c *canonicalRequest) text(path string) string {
	return strings.Join([]string{c.method, path, c.query, c.headers, c.signed, c.payload}, "\n")
}

func stringToSign(algorithm, amzDate, scope, canonical string) string {
	return algorithm + "\n" + amzDate + "\n" + scope + "\n" + hexSHA256(canonical)
}

func hexSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
