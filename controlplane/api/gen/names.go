package main

import (
	"strings"
	"unicode"
)

// goName is an AWS name with an upper first letter, otherwise as AWS spells it.
func goName(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

// enumName joins the enum's name with the value's key: IntegrationTypeHttpProxy,
// ViewerProtocolPolicyRedirectToHttps. An underscore stays only between digits,
// where it keeps TLSv1_2 and TLSv12 apart.
func enumName(enum, key string) string {
	var b strings.Builder
	b.WriteString(goName(enum))
	for _, part := range strings.Split(key, "_") {
		if part == "" {
			continue
		}
		if strings.ToUpper(part) == part && hasLetterPair(part) {
			part = part[:1] + strings.ToLower(part[1:])
		}
		joined := b.String()
		if isDigit(joined[len(joined)-1]) && isDigit(part[0]) {
			b.WriteByte('_')
		}
		b.WriteString(goName(part))
	}
	return b.String()
}

func hasLetterPair(s string) bool {
	letters := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters >= 2
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// shapeVar names the variable that holds a shape's table.
func shapeVar(name string) string { return "shape" + goName(name) }
