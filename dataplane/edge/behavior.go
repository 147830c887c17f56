package edge

import (
	"bytes"
	"strings"

	"drawbridge/dataplane/program"
)

// request is a visit that has found its behavior: what every later step needs
// to know of the question.
type request struct {
	visit
	behavior *program.Behavior
	// origin and group are where the answer comes from: the behavior's, or what
	// a function chose.
	origin *program.Origin
	group  *program.OriginGroup
	// path is the raw path that makes the key and goes to the origin: the
	// viewer's, or the default root object's.
	path string
	// forErrorPage tells that the edge asks itself, for a custom error page.
	forErrorPage bool
}

// route finds the behavior for the normalised path; the raw path goes on
// (reference/cloudfront.md section 2.3). The default root object applies to "/"
// alone, after the match (section 1.9).
func route(v visit) request {
	b := v.distribution.Match(normalPath(v.asked.Path))
	v.x.Trail.Add("behavior", b.Pattern.String())
	return request{visit: v, behavior: b, origin: b.Origin, group: b.Group, path: v.distribution.RootObject(v.asked.Path)}
}

// normalPath normalises a path as RFC 3986 section 6.2.2 says, for matching
// only: escapes of unreserved characters are decoded and the others in upper
// case, dot segments are removed, and runs of slashes are one slash.
func normalPath(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") && !strings.Contains(path, "%") {
		return path
	}
	path = normalEscapes(path)
	out := make([]byte, 0, len(path))
	for rest := path; rest != ""; {
		rest = strings.TrimLeft(rest, "/")
		segment, tail, more := strings.Cut(rest, "/")
		rest = tail
		switch segment {
		case ".":
			if tail == "" {
				out = append(out, '/')
			}
		case "..":
			out = out[:max(0, bytes.LastIndexByte(out, '/'))]
			if tail == "" {
				out = append(out, '/')
			}
		default:
			out = append(append(out, '/'), segment...)
			if more && tail == "" {
				out = append(out, '/')
			}
		}
	}
	if len(out) == 0 {
		return "/"
	}
	return string(out)
}

// normalEscapes decodes escapes of unreserved characters and writes the others
// in upper case (RFC 3986 sections 6.2.2.1 and 6.2.2.2).
func normalEscapes(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			b.WriteByte(path[i])
			continue
		}
		if c := unhex(path[i+1])<<4 | unhex(path[i+2]); unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

// unreserved tells the characters of RFC 3986 section 2.3.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
