package edge

import (
	"slices"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// parameters yields the parts of a raw query between "&", with their names:
// never decoded, order and case kept (reference/cloudfront.md section 2.6).
func parameters(query string) func(yield func(name, parameter string) bool) {
	return func(yield func(name, parameter string) bool) {
		for query != "" {
			var parameter string
			parameter, query, _ = strings.Cut(query, "&")
			name, _, _ := strings.Cut(parameter, "=")
			if parameter != "" && !yield(name, parameter) {
				return
			}
		}
	}
}

// filterQuery returns what of a raw query takes takes, and whether anything is left.
func filterQuery(query string, takes func(name string) bool) (string, bool) {
	var kept []string
	for name, parameter := range parameters(query) {
		if takes(name) {
			kept = append(kept, parameter)
		}
	}
	return strings.Join(kept, "&"), len(kept) > 0
}

// cookie is one name and value of a Cookie field.
type cookie struct{ name, value string }

// cookiesOf returns the cookies of a request that takes takes, sorted by name.
// What has no "=" and names that begin with "$" are left out
// (reference/cloudfront.md section 2.6).
func cookiesOf(h exchange.Header, takes func(name string) bool) []cookie {
	var out []cookie
	for line := range h.All("Cookie") {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
			if ok && name != "" && name[0] != '$' && takes(name) {
				out = append(out, cookie{name, value})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b cookie) int { return strings.Compare(a.name, b.name) })
	return out
}

// cookieHeader writes cookies as one Cookie value.
func cookieHeader(cookies []cookie) string {
	var b strings.Builder
	for i, c := range cookies {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.name + "=" + c.value)
	}
	return b.String()
}

// forwardsCookies tells whether any cookie may go to the origin: then requests
// are not collapsed, expired objects are fetched anew instead of revalidated,
// and Set-Cookie comes through (reference/cloudfront.md sections 3.3, 3.6, 4.1).
func forwardsCookies(b *program.Behavior) bool {
	return b.Cache.Cookies.Mode != program.SelectNone || b.Request.Cookies.Mode != program.SelectNone
}

// takesCookie tells whether a cookie goes to the origin.
func takesCookie(b *program.Behavior) func(name string) bool {
	return func(name string) bool {
		return b.Cache.Cookies.Takes(name) || b.Request.Cookies.Takes(name)
	}
}

// originQuery returns the query that goes to the origin: the union of what
// makes the key and what the origin request policy adds.
func originQuery(b *program.Behavior, q *exchange.Request) (query string, has bool) {
	if !q.HasQuery {
		return "", false
	}
	if b.Cache.LegacyForwardQuery || b.Cache.QueryStrings.Mode == program.SelectAll || b.Request.QueryStrings.Mode == program.SelectAll {
		return q.RawQuery, true
	}
	return filterQuery(q.RawQuery, func(name string) bool {
		return b.Cache.QueryStrings.Takes(name) || b.Request.QueryStrings.Takes(name)
	})
}
