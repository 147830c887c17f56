package gateway

import (
	"net/url"
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
)

// parameters are the decoded parameters of a query string, in order.
type parameters []parameter

type parameter struct{ name, value string }

// last returns the last value of a name, "" without one.
func (p parameters) last(name string) string {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].name == name {
			return p[i].value
		}
	}
	return ""
}

// all returns the values of a name in order.
func (p parameters) all(name string) []string {
	var values []string
	for i := range p {
		if p[i].name == name {
			values = append(values, p[i].value)
		}
	}
	return values
}

// without returns the parameters but those of a name.
func (p parameters) without(name string) parameters {
	return slices.DeleteFunc(p, func(one parameter) bool { return one.name == name })
}

// encoded returns the parameters as they stand in a query.
func (p parameters) encoded() string {
	var b strings.Builder
	for i := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		text := url.QueryEscape(p[i].name) + "=" + url.QueryEscape(p[i].value)
		b.WriteString(strings.ReplaceAll(text, "+", "%20")) // signatures know no other space
	}
	return b.String()
}

// queryParameters returns the query's parameters, form-decoded once: "&" and
// ";" separate them (reference/api-gateway.md 2.2). What cannot be decoded
// stays as it was sent.
func (c *call) queryParameters() parameters {
	if c.queried {
		return c.query
	}
	c.queried = true
	rest := c.x.Request.RawQuery
	for rest != "" {
		var pair string
		if i := strings.IndexAny(rest, "&;"); i >= 0 {
			pair, rest = rest[:i], rest[i+1:]
		} else {
			pair, rest = rest, ""
		}
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		c.query = append(c.query, parameter{formDecoded(name), formDecoded(value)})
	}
	return c.query
}

func formDecoded(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// lastField returns the last value of the field of exactly this name: mappings
// know the case of names (reference/api-gateway.md 5.1).
func lastField(header exchange.Header, name string) (string, bool) {
	for i := len(header) - 1; i >= 0; i-- {
		if header[i].Name == name {
			return header[i].Value, true
		}
	}
	return "", false
}

// allFields returns the values of the fields of exactly this name.
func allFields(header exchange.Header, name string) []string {
	var values []string
	for _, field := range header {
		if field.Name == name {
			values = append(values, field.Value)
		}
	}
	return values
}

// mediaType returns a Content-Type's or Accept's first media type without
// parameters, in lower case.
func mediaType(value string) string {
	value, _, _ = strings.Cut(value, ",")
	value, _, _ = strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(value))
}
