package program

import "strings"

// PathPattern is a behavior's path pattern, parsed: "*" stands for any number
// of characters including "/", "?" for exactly one; case counts and a leading
// "/" is implied (reference/cloudfront.md section 2.3). The zero value is "*".
type PathPattern struct {
	text  string
	parts []string // literal runs (with "?") between stars; nil: matches everything
}

// NewPathPattern parses a pattern.
func NewPathPattern(text string) PathPattern {
	pattern := text
	if pattern == "*" || pattern == "" {
		return PathPattern{text: "*"}
	}
	if pattern[0] != '/' && pattern[0] != '*' {
		pattern = "/" + pattern
	}
	return PathPattern{text: text, parts: strings.Split(pattern, "*")}
}

// String returns the pattern as configured.
func (p PathPattern) String() string {
	if p.text == "" {
		return "*"
	}
	return p.text
}

// Match tells whether the whole path matches. Its cost is linear in the length
// of the path times the length of the pattern at worst: each part is placed at
// its first possible position, which is enough because a star follows it.
func (p PathPattern) Match(path string) bool {
	if p.parts == nil {
		return true
	}
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return len(path) == len(first) && matchesAt(path, first)
	}
	if len(path) < len(first) || !matchesAt(path, first) {
		return false
	}
	path = path[len(first):]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		at := find(path, part)
		if at < 0 {
			return false
		}
		path = path[at+len(part):]
	}
	return len(path) >= len(last) && matchesAt(path[len(path)-len(last):], last)
}

// find returns the first position at which part stands in path, or -1.
func find(path, part string) int {
	for at := 0; at+len(part) <= len(path); at++ {
		if matchesAt(path[at:], part) {
			return at
		}
	}
	return -1
}

// matchesAt tells whether path begins with part, in which "?" is any character.
func matchesAt(path, part string) bool {
	for i := 0; i < len(part); i++ {
		if part[i] != '?' && part[i] != path[i] {
			return false
		}
	}
	return true
}
