package jsfunc

import (
	"fmt"
	"strings"
)

// rewriteImports turns the imports at the top of a module into what the engine
// knows: import x from 'm' becomes const x = require('m'), on the same line. Only
// default imports exist (AWS's page on runtime 2.0), and only before everything
// else; one that stands later is left for the parser to refuse.
func rewriteImports(code string) (string, error) {
	var out strings.Builder
	l := &lexer{code: code}
	for {
		l.skipSpace()
		start := l.at
		if l.directive() {
			continue
		}
		if !l.word("import") {
			break
		}
		name, module, err := l.importClause()
		if err != nil {
			return "", fmt.Errorf("%w in %d", err, 1+strings.Count(code[:l.at], "\n"))
		}
		out.WriteString(code[l.copied:start])
		fmt.Fprintf(&out, "const %s = require('%s')", name, module)
		// Lines keep their numbers.
		out.WriteString(strings.Repeat("\n", strings.Count(code[start:l.at], "\n")))
		if l.at < len(code) && code[l.at] == ';' {
			l.at++
		}
		out.WriteByte(';')
		l.copied = l.at
	}
	out.WriteString(code[l.copied:])
	return out.String(), nil
}

// lexer walks over the top of a module.
type lexer struct {
	code   string
	at     int
	copied int // up to here code has been taken over
}

// skipSpace goes over space, line ends, comments and empty statements.
func (l *lexer) skipSpace() {
	for l.at < len(l.code) {
		rest := l.code[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v;", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "//"):
			l.to(strings.IndexByte(rest, '\n'))
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end >= 0 {
				end += 4
			}
			l.to(end)
		default:
			return
		}
	}
}

// to goes n bytes on, or to the end when n is below 0.
func (l *lexer) to(n int) {
	if n < 0 {
		n = len(l.code) - l.at
	}
	l.at += n
}

// directive goes over 'use strict'.
func (l *lexer) directive() bool {
	for _, text := range []string{"'use strict'", `"use strict"`} {
		if strings.HasPrefix(l.code[l.at:], text) {
			l.at += len(text)
			return true
		}
	}
	return false
}

// word goes over a keyword.
func (l *lexer) word(keyword string) bool {
	rest, ok := strings.CutPrefix(l.code[l.at:], keyword)
	if !ok || rest != "" && isNameByte(rest[0]) {
		return false
	}
	l.at += len(keyword)
	return true
}

func isNameByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// name reads an identifier of ASCII letters.
func (l *lexer) name() string {
	start := l.at
	for l.at < len(l.code) && isNameByte(l.code[l.at]) {
		l.at++
	}
	name := l.code[start:l.at]
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return ""
	}
	return name
}

// modules are what can be imported.
var modules = map[string]bool{"cloudfront": true, "crypto": true, "querystring": true, "buffer": true}

// importClause reads "x from 'm'".
func (l *lexer) importClause() (name, module string, err error) {
	l.skipSpace()
	if name = l.name(); name == "" {
		return "", "", &SyntaxError{"SyntaxError: Non-default import is not supported"}
	}
	l.skipSpace()
	if !l.word("from") {
		return "", "", &SyntaxError{"SyntaxError: Non-default import is not supported"}
	}
	l.skipSpace()
	rest := l.code[l.at:]
	if rest == "" || rest[0] != '\'' && rest[0] != '"' {
		return "", "", &SyntaxError{`SyntaxError: Unexpected token after "from"`}
	}
	end := strings.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return "", "", &SyntaxError{"SyntaxError: Unterminated string"}
	}
	module = rest[1 : 1+end]
	if !modules[module] {
		return "", "", &SyntaxError{fmt.Sprintf("SyntaxError: Cannot find module %q", shorten(module))}
	}
	l.at += end + 2
	for l.at < len(l.code) && strings.IndexByte(" \t", l.code[l.at]) >= 0 {
		l.at++
	}
	return name, module, nil
}

func shorten(text string) string {
	const most = 128
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
