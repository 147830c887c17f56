package vtl

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"drawbridge/engine/jsonpath"
)

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

const (
	maxPatterns   = 256 // kept by one rendering
	patternFactor = 64  // instructions times bytes of a match that cost one step
	matchSteps    = 4
	maxFormatSize = 1000
)

// pattern compiles a regular expression. Patterns are Go's, which run in linear
// time; Java's look-around and back references are refused.
func (ev *evaluation) pattern(text string) (*pattern, error) {
	if p, ok := ev.patterns[text]; ok {
		return p, nil
	}
	if err := ev.charge(bytesPerStep * len(text)); err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, errorf("pattern not supported: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, errorf("pattern not supported: %w", err)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, errorf("pattern not supported: %w", err)
	}
	p := &pattern{re, len(program.Inst)}
	if ev.patterns == nil {
		ev.patterns = map[string]*pattern{}
	}
	if len(ev.patterns) < maxPatterns {
		ev.patterns[text] = p
	}
	return p, ev.charge(bytesPerStep * p.units)
}

// matcher prepares a run of argument 0 as a pattern over the text.
func matcher(c *onString, whole bool) (*regexp.Regexp, error) {
	text, err := c.text(0)
	if err != nil {
		return nil, err
	}
	if whole {
		text = `^(?:` + text + `)$`
	}
	p, err := c.ev.pattern(text)
	if err != nil {
		return nil, err
	}
	return p.re, c.ev.charge(bytesPerStep * (len(c.on) * p.units / patternFactor))
}

// findAll gives the matches, each of which costs matchSteps; times bounds them,
// -1 does not.
func findAll(c *onString, re *regexp.Regexp, times int) ([][]int, error) {
	most := (maxSteps-c.ev.steps)/matchSteps + 1
	if times >= 0 {
		most = min(most, times)
	}
	found := re.FindAllStringSubmatchIndex(c.on, most)
	return found, c.ev.charge(len(found) * matchSteps * bytesPerStep)
}

func matches(c *onString) (Value, error) {
	re, err := matcher(c, true)
	if err != nil {
		return nil, err
	}
	return re.MatchString(c.on), nil
}

// replacePattern is replaceAll and replaceFirst with Java's replacement text:
// $1 and ${name} are groups, a backslash takes the next character as it is.
func replacePattern(c *onString, times int) (Value, error) {
	re, err := matcher(c, false)
	if err != nil {
		return nil, err
	}
	with, err := c.text(1)
	if err != nil {
		return nil, err
	}
	found, err := findAll(c, re, times)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	last := 0
	for _, m := range found {
		b.WriteString(c.on[last:m[0]])
		if err := expand(&b, with, c.on, m); err != nil {
			return nil, err
		}
		if b.Len() > maxOutput {
			return nil, limitf("text longer than %d bytes", maxOutput)
		}
		last = m[1]
	}
	b.WriteString(c.on[last:])
	return c.ev.made(b.String())
}

func expand(b *strings.Builder, with, text string, match []int) error {
	for i := 0; i < len(with); i++ {
		switch ch := with[i]; {
		case ch == '\\' && i+1 < len(with):
			i++
			b.WriteByte(with[i])
		case ch == '$':
			if i+1 >= len(with) || with[i+1] < '0' || with[i+1] > '9' {
				return errorf("illegal group reference")
			}
			i++
			group := 2 * int(with[i]-'0')
			if group >= len(match) {
				return errorf("no group %c", with[i])
			}
			if match[group] >= 0 {
				b.WriteString(text[match[group]:match[group+1]])
			}
		default:
			b.WriteByte(ch)
		}
	}
	return nil
}

// split is Java's: empty texts at the end are left out unless a limit is given,
// and so is an empty first one before a match of no width.
func split(c *onString) (Value, error) {
	re, err := matcher(c, false)
	if err != nil {
		return nil, err
	}
	limit := 0
	if len(c.args) == 2 {
		if limit, err = c.whole(1); err != nil {
			return nil, err
		}
	}
	found, err := findAll(c, re, -1)
	if err != nil {
		return nil, err
	}
	out := &jsonpath.List{Plain: true}
	last := 0
	for _, m := range found {
		if limit > 0 && len(out.Items) == limit-1 {
			break
		}
		if m[1] == 0 || m[0] == len(c.on) && m[0] == m[1] {
			continue
		}
		out.Items = append(out.Items, c.on[last:m[0]])
		last = m[1]
	}
	if last == 0 && len(out.Items) == 0 {
		return &jsonpath.List{Plain: true, Items: []Value{c.on}}, nil
	}
	out.Items = append(out.Items, c.on[last:])
	for n := len(out.Items); limit == 0 && n > 0 && out.Items[n-1] == ""; n-- {
		out.Items = out.Items[:n-1]
	}
	return out, c.ev.charge(len(out.Items) * itemBytes)
}

var formatVerb = regexp.MustCompile(`%([-+ 0,#]*)([0-9]*)(\.[0-9]+)?([sdxXfcbeE%n])`)

// format is String.format for the conversions that have the same meaning in
// Go. It is called on any text, the pattern is the first argument.
func format(c *onString) (Value, error) {
	pattern, err := c.text(0)
	if err != nil {
		return nil, err
	}
	next := 1
	var failed error
	out := formatVerb.ReplaceAllStringFunc(pattern, func(verb string) string {
		text, used, err := formatOne(c, verb, next)
		if err != nil && failed == nil {
			failed = err
		}
		next += used
		return text
	})
	if failed != nil {
		return nil, failed
	}
	return c.ev.made(out)
}

func formatOne(c *onString, verb string, next int) (text string, used int, err error) {
	m := formatVerb.FindStringSubmatch(verb)
	for _, size := range []string{m[2], strings.TrimPrefix(m[3], ".")} {
		if n, err := strconv.Atoi(size); size != "" && (err != nil || n > maxFormatSize) {
			return "", 0, limitf("format wider than %d", maxFormatSize)
		}
	}
	switch m[4] {
	case "%":
		return "%", 0, nil
	case "n":
		return "\n", 0, nil
	}
	if next >= len(c.args) {
		return "", 0, errorf("format specifier %s without argument", verb)
	}
	arg := c.args[next]
	switch m[4] {
	case "s", "b", "c":
		text, err := c.text(next)
		if arg == nil {
			text = "null"
		}
		return fmt.Sprintf("%"+m[1]+m[2]+m[3]+"s", text), 1, err
	case "d", "x", "X":
		n, ok := arg.(int64)
		if !ok {
			return "", 0, errorf("%s needs an integer", verb)
		}
		return fmt.Sprintf("%"+strings.ReplaceAll(m[1], ",", "")+m[2]+m[4], n), 1, nil
	}
	f, ok := toFloat(arg)
	if !ok {
		return "", 0, errorf("%s needs a number", verb)
	}
	return fmt.Sprintf("%"+strings.ReplaceAll(m[1], ",", "")+m[2]+m[3]+m[4], f), 1, nil
}
