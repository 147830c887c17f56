package scenario

import (
	"fmt"
	"os"
	"regexp"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// A path leads to a value in JSON: Distribution.Origins.Items[0].Id. A name in
// quotes may hold dots: "method.request.header.X". items.length counts.

var pathStep = regexp.MustCompile(`^(?:"([^"]*)"|([^\[\]."]+)|\[(-?\d+)\])\.?`)

// splitPath gives the steps: strings and ints.
func splitPath(path string) ([]any, error) {
	var steps []any
	for rest := path; rest != ""; {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("cannot read %q in the path %s", rest, path)
		}
		if m[3] != "" {
			n, err := strconv.Atoi(m[3])
			if err != nil {
				return nil, err
			}
			steps = append(steps, n)
		} else {
			steps = append(steps, m[1]+m[2])
		}
		rest = rest[len(m[0]):]
	}
	return steps, nil
}

// find gives the value a path leads to.
func find(value any, path string) (any, error) {
	steps, err := splitPath(path)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		found := false
		switch v := value.(type) {
		case []any:
			if n, ok := s.(int); ok {
				if n < 0 {
					n += len(v)
				}
				if found = n >= 0 && n < len(v); found {
					value = v[n]
				}
			} else if s == "length" {
				value, found = strconv.Itoa(len(v)), true
			}
		case object:
			if name, ok := s.(string); ok {
				value, found = v.get(name)
			}
		}
		if !found {
			return nil, fmt.Errorf("no %v on the way to %s", s, path)
		}
	}
	return value, nil
}

// change gives a tree in which the path leads to a new value; members that are
// not there are made, and an index one past the end adds an item.
func change(value any, steps []any, to any) (any, error) {
	if len(steps) == 0 {
		return to, nil
	}
	switch s := steps[0].(type) {
	case int:
		list, _ := value.([]any)
		if s == len(list) {
			list = append(list, nil)
		}
		if s < 0 || s >= len(list) {
			return nil, fmt.Errorf("no item %d", s)
		}
		item, err := change(list[s], steps[1:], to)
		list[s] = item
		return list, err
	case string:
		o, _ := value.(object)
		for i := range o {
			if o[i].name == s {
				inner, err := change(o[i].value, steps[1:], to)
				o[i].value = inner
				return o, err
			}
		}
		inner, err := change(nil, steps[1:], to)
		return append(o, member{s, inner}), err
	}
	return nil, fmt.Errorf("BUG: step %v", steps[0])
}

// cmdSave: save FILE [PATH] — writes the last answer, or a value of it, to a file.
func cmdSave(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1 || len(args) == 2, "save FILE [PATH]")
	value, err := parseJSON(of(ts).answer)
	ts.Check(err)
	if len(args) == 2 {
		value, err = find(value, args[1])
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(printJSON(value)), 0o600))
}

// cmdChange: change FILE PATH = VALUE, or change FILE PATH = VALUE in NEWFILE —
// changes one value of a JSON file. VALUE is JSON, or else a string: true, 30
// and ["a"] are JSON, "30" is the string.
func cmdChange(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, (len(args) == 4 || len(args) == 6 && args[4] == "in") && args[2] == "=", "change FILE PATH = VALUE [in NEWFILE]")
	text, err := expandFile(ts.MkAbs(args[0]), ts.Getenv)
	ts.Check(err)
	value, err := parseJSON(text)
	ts.Check(err)
	steps, err := splitPath(args[1])
	ts.Check(err)
	to, err := parseJSON(args[3])
	if err != nil {
		to = args[3]
	}
	value, err = change(value, steps, to)
	ts.Check(err)
	file := args[0]
	if len(args) == 6 {
		file = args[5]
	}
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(printJSON(value)), 0o600))
}
