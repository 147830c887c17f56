package httpcache

import (
	"strings"
	"time"
)

// longest is the greatest time a directive can say: 100 years
// (reference/cloudfront.md section 3.1).
const longest = 100 * 365 * 24 * time.Hour

// absent marks a time that a response does not give.
const absent = time.Duration(-1)

// Directives are the Cache-Control directives of a response that matter here
// (RFC 9111 section 5.2.2, RFC 5861). A time that is not given is negative.
type Directives struct {
	MaxAge, SMaxAge                    time.Duration
	StaleWhileRevalidate, StaleIfError time.Duration
	NoStore, NoCache, Private          bool
	// MustRevalidate stands for must-revalidate and proxy-revalidate.
	MustRevalidate bool
	// Strip lists the fields that a qualified no-cache="…" or private="…" keeps
	// out of the stored object.
	Strip []string
}

// maxStripped bounds Directives.Strip.
const maxStripped = 32

// ParseCacheControl reads all Cache-Control values of a response, joined by
// commas. What it does not understand it passes over; a time that is not a
// number counts as 0 (RFC 9111 section 4.2.1: consider the response stale). Of a
// repeated directive the first counts.
func ParseCacheControl(value string) Directives {
	d := Directives{MaxAge: absent, SMaxAge: absent, StaleWhileRevalidate: absent, StaleIfError: absent}
	for value != "" {
		var name, argument string
		name, argument, value = nextDirective(value)
		switch {
		case strings.EqualFold(name, "max-age"):
			setSeconds(&d.MaxAge, argument)
		case strings.EqualFold(name, "s-maxage"):
			setSeconds(&d.SMaxAge, argument)
		case strings.EqualFold(name, "stale-while-revalidate"):
			setSeconds(&d.StaleWhileRevalidate, argument)
		case strings.EqualFold(name, "stale-if-error"):
			setSeconds(&d.StaleIfError, argument)
		case strings.EqualFold(name, "no-store"):
			d.NoStore = true
		case strings.EqualFold(name, "no-cache"):
			d.NoCache = d.qualified(argument) || d.NoCache
		case strings.EqualFold(name, "private"):
			d.Private = d.qualified(argument) || d.Private
		case strings.EqualFold(name, "must-revalidate"), strings.EqualFold(name, "proxy-revalidate"):
			d.MustRevalidate = true
		}
	}
	return d
}

// qualified notes the field names of a qualified directive and tells whether
// the directive stands unqualified, for the whole response.
func (d *Directives) qualified(argument string) bool {
	if argument == "" {
		return true
	}
	for _, field := range strings.Split(argument, ",") {
		if field = strings.TrimSpace(field); field != "" && len(d.Strip) < maxStripped {
			d.Strip = append(d.Strip, field)
		}
	}
	return false
}

// setSeconds stores delta-seconds (RFC 9111 section 1.2.2) unless a value stands already.
func setSeconds(at *time.Duration, text string) {
	if *at != absent {
		return
	}
	*at = 0
	n := int64(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < '0' || c > '9' {
			return
		}
		if n < int64(longest/time.Second) {
			n = n*10 + int64(c-'0')
		}
	}
	*at = min(time.Duration(min(n, int64(longest/time.Second)))*time.Second, longest)
}

// nextDirective splits off the first directive: its name, its argument without
// quotes, and what follows the comma behind it.
func nextDirective(s string) (name, argument, rest string) {
	s = strings.TrimLeft(s, " \t,")
	end := strings.IndexAny(s, "=,")
	if end < 0 {
		return strings.TrimSpace(s), "", ""
	}
	name = strings.TrimSpace(s[:end])
	if s[end] == ',' {
		return name, "", s[end+1:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		argument, rest, _ = strings.Cut(s, ",")
		return name, strings.TrimSpace(argument), rest
	}
	argument, s = quoted(s[1:])
	_, rest, _ = strings.Cut(s, ",")
	return name, argument, rest
}

// quoted reads a quoted-string behind its opening quote (RFC 9110 section 5.6.4)
// and returns the text and what follows the closing quote.
func quoted(s string) (text, rest string) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return strings.ReplaceAll(s[:i], `\`, ""), s[i+1:]
		case '\\':
			i++
		}
	}
	return s, ""
}
