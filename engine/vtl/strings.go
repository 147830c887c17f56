package vtl

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"drawbridge/engine/jsonpath"
)

type onString = invocation[string]

// stringMethods are java.lang.String's that appear in real templates
// (reference/api-gateway.md 5.7). Positions count UTF-16 units, as Java's.
var stringMethods = methods[string]{
	"length":           {0, 0, func(c *onString) (Value, error) { return int64(unitCount(c.on)), nil }},
	"isEmpty":          {0, 0, func(c *onString) (Value, error) { return c.on == "", nil }},
	"isBlank":          {0, 0, func(c *onString) (Value, error) { return strings.TrimSpace(c.on) == "", nil }},
	"trim":             {0, 0, func(c *onString) (Value, error) { return trim(c.on), nil }},
	"toLowerCase":      {0, 0, func(c *onString) (Value, error) { return c.ev.made(strings.ToLower(c.on)) }},
	"toUpperCase":      {0, 0, func(c *onString) (Value, error) { return c.ev.made(strings.ToUpper(c.on)) }},
	"contains":         {1, 1, withText(func(s, arg string) Value { return strings.Contains(s, arg) })},
	"endsWith":         {1, 1, withText(func(s, arg string) Value { return strings.HasSuffix(s, arg) })},
	"equalsIgnoreCase": {1, 1, withText(func(s, arg string) Value { return strings.EqualFold(s, arg) })},
	"compareTo":        {1, 1, withText(compareTo)},
	"startsWith":       {1, 2, startsWith},
	"indexOf":          {1, 2, indexOf},
	"lastIndexOf":      {1, 1, lastIndexOf},
	"substring":        {1, 2, substring},
	"charAt":           {1, 1, charAt},
	"concat":           {1, 1, func(c *onString) (Value, error) { return c.ev.concat(c.on, c.args[0]) }},
	"replace":          {2, 2, replace},
	"repeat":           {1, 1, repeat},
	"matches":          {1, 1, matches},
	"replaceAll":       {2, 2, func(c *onString) (Value, error) { return replacePattern(c, -1) }},
	"replaceFirst":     {2, 2, func(c *onString) (Value, error) { return replacePattern(c, 1) }},
	"split":            {1, 2, split},
	"valueOf":          {1, 1, func(c *onString) (Value, error) { return c.text(0) }},
	"join":             {2, 2, join},
	"format":           {1, 20, format},
}

func withText(f func(s, arg string) Value) func(*onString) (Value, error) {
	return func(c *onString) (Value, error) {
		arg, err := c.text(0)
		if err != nil {
			return nil, err
		}
		return f(c.on, arg), nil
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unitCount is the length in UTF-16 units.
func unitCount(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// slice is s from one UTF-16 unit to another. A surrogate pair cut in two
// becomes U+FFFD.
func slice(s string, from, to int) (string, error) {
	if isASCII(s) {
		if from < 0 || to > len(s) || from > to {
			return "", errorf("begin %d, end %d, length %d", from, to, len(s))
		}
		return s[from:to], nil
	}
	units := utf16.Encode([]rune(s))
	if from < 0 || to > len(units) || from > to {
		return "", errorf("begin %d, end %d, length %d", from, to, len(units))
	}
	return string(utf16.Decode(units[from:to])), nil
}

// trim takes off all characters up to the space, as Java's trim.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

func startsWith(c *onString) (Value, error) {
	prefix, err := c.text(0)
	if err != nil || len(c.args) == 1 {
		return strings.HasPrefix(c.on, prefix), err
	}
	from, err := c.whole(1)
	if err != nil {
		return nil, err
	}
	tail, err := slice(c.on, from, unitCount(c.on))
	return err == nil && strings.HasPrefix(tail, prefix), nil
}

func indexOf(c *onString) (Value, error) {
	part, err := c.text(0)
	if err != nil {
		return nil, err
	}
	from := 0
	if len(c.args) == 2 {
		if from, err = c.whole(1); err != nil {
			return nil, err
		}
	}
	length := unitCount(c.on)
	from = min(max(from, 0), length)
	tail, err := slice(c.on, from, length)
	if err != nil {
		return nil, err
	}
	i := strings.Index(tail, part)
	if i < 0 {
		return int64(-1), nil
	}
	return int64(from + unitCount(tail[:i])), nil
}

func lastIndexOf(c *onString) (Value, error) {
	part, err := c.text(0)
	if err != nil {
		return nil, err
	}
	i := strings.LastIndex(c.on, part)
	if i < 0 {
		return int64(-1), nil
	}
	return int64(unitCount(c.on[:i])), nil
}

func substring(c *onString) (Value, error) {
	from, err := c.whole(0)
	if err != nil {
		return nil, err
	}
	to := unitCount(c.on)
	if len(c.args) == 2 {
		if to, err = c.whole(1); err != nil {
			return nil, err
		}
	}
	return slice(c.on, from, to)
}

func charAt(c *onString) (Value, error) {
	i, err := c.whole(0)
	if err != nil {
		return nil, err
	}
	return slice(c.on, i, i+1)
}

func replace(c *onString) (Value, error) {
	old, err := c.text(0)
	if err != nil {
		return nil, err
	}
	with, err := c.text(1)
	if err != nil {
		return nil, err
	}
	if strings.Count(c.on, old)*len(with)+len(c.on) > 2*maxOutput {
		return nil, limitf("text longer than %d bytes", maxOutput)
	}
	return c.ev.made(strings.ReplaceAll(c.on, old, with))
}

func repeat(c *onString) (Value, error) {
	n, err := c.whole(0)
	if err != nil {
		return nil, err
	}
	if n < 0 || n*len(c.on) > maxOutput {
		return nil, limitf("cannot repeat %d times", n)
	}
	return c.ev.made(strings.Repeat(c.on, n))
}

// join is String.join(separator, list).
func join(c *onString) (Value, error) {
	separator, err := c.text(0)
	if err != nil {
		return nil, err
	}
	l, ok := c.args[1].(*jsonpath.List)
	if !ok {
		return c.text(1)
	}
	var b strings.Builder
	for i, item := range l.Items {
		text, err := c.ev.text(item)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(text)
		if b.Len() > maxOutput {
			return nil, limitf("text longer than %d bytes", maxOutput)
		}
	}
	return c.ev.made(b.String())
}

// compareTo is java.lang.String's: the difference of the first UTF-16 units
// that differ, else of the lengths.
func compareTo(s, other string) Value {
	a, b := utf16.Encode([]rune(s)), utf16.Encode([]rune(other))
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int64(a[i]) - int64(b[i])
		}
	}
	return int64(len(a) - len(b))
}
