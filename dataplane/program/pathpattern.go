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

// Match tells whether the whole path matches.
func (p PathPattern) Match(path string) bool {
	return p.parts == nil || matchParts(p.parts, path)
}

// NamePattern is a name with "*" and "?" as wildcards, parsed. The zero value
// matches the empty name only.
type NamePattern struct{ parts []string }

// NewNamePattern parses a pattern.
func NewNamePattern(text string) NamePattern {
	return NamePattern{parts: strings.Split(text, "*")}
}

// Match tells whether the whole name matches.
func (p NamePattern) Match(name string) bool {
	if p.parts == nil {
		return name == ""
	}
	return matchParts(p.parts, name)
}

// matchParts tells whether text consists of the parts with anything between
// them. Its cost is linear in the length of the text times the length of the
// pattern at worst: each part is placed at its first possible position, which
// is enough because a star follows it.
func matchParts(parts []string, text string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return len(text) == len(first) && matchesAt(text, first)
	}
	if len(text) < len(first) || !matchesAt(text, first) {
		return false
	}
	text = text[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		at := find(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return len(text) >= len(last) && matchesAt(text[len(text)-len(last):], last)
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
