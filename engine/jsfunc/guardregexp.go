package jsfunc

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// Bounds of regular expressions. Patterns without lookaround and back
// references run in time that grows with pattern and text; the others
// backtrack and have a clock (boundRegexps).
const (
	matchTimeout  = 500 * time.Millisecond // by the wall: the matcher has no other clock
	maxPattern    = MaxCode
	maxInstrs     = 5000
	maxMatchSteps = 30 << 20 // instructions × text of one match: about 0.3 s
)

// regexpCost is how many instructions the linear matcher has for a pattern; 0
// for one that backtracks.
func regexpCost(pattern, flags string) (int, error) {
	if len(pattern) > maxPattern {
		return 0, errors.New("regular expression is too large")
	}
	translated, err := parser.TransformRegExp(pattern, strings.Contains(flags, "s"), strings.Contains(flags, "u"))
	if err != nil {
		if incompatible := (parser.RegexpErrorIncompatible{}); errors.As(err, &incompatible) {
			return 0, nil
		}
		return 0, nil // its own error comes when it is compiled
	}
	parsed, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return 0, nil // what Go refuses, the backtracking matcher takes or refuses
	}
	if size := expressionSize(parsed); size > maxInstrs {
		return 0, fmt.Errorf("regular expression is too large")
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, nil
	}
	return len(program.Inst), nil
}

// expressionSize estimates the instructions before repetitions are written out.
func expressionSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)/2
	if re.Op == syntax.OpLiteral {
		size = len(re.Rune)
	}
	for _, sub := range re.Sub {
		if size += expressionSize(sub); size > maxInstrs {
			return size
		}
	}
	if re.Op == syntax.OpRepeat {
		return size * max(re.Min, re.Max, 1)
	}
	return size
}

// guardRegexps has every match go through an exec of ours: once exec is not
// the engine's own, test, match, replace and split call it for each match.
func (s *sandbox) guardRegexps() {
	proto := s.prototype("RegExp")
	exec := s.original(proto, "exec")
	s.method(proto, "exec", func(call goja.FunctionCall) goja.Value {
		s.check()
		text := s.text(call.Argument(0))
		object, ok := call.This.(*goja.Object)
		if !ok {
			panic(s.vm.NewTypeError("exec is called on no regular expression"))
		}
		cost := s.costOf(object)
		if cost > 0 && (text.Length()+1) > maxMatchSteps/cost {
			s.tooLarge("the text for this regular expression")
		}
		start := time.Now()
		result := exec(goja.FunctionCall{This: call.This, Arguments: []goja.Value{text}})
		if cost == 0 && time.Since(start) >= matchTimeout*9/10 {
			s.end() // the matcher gave up: its answer is worth nothing
			s.check()
		}
		return result
	})
	s.guardPatterns(proto)
}

// costOf remembers the cost of a regular expression by its text.
func (s *sandbox) costOf(object *goja.Object) int {
	flags, pattern := object.Get("flags").String(), object.Get("source").String()
	key := flags + "/" + pattern
	cost, known := s.costs[key]
	if known {
		return cost
	}
	cost, err := regexpCost(pattern, flags)
	if err != nil {
		s.tooLarge("a regular expression")
	}
	if s.costs == nil {
		s.costs = map[string]int{}
	}
	if len(s.costs) < 1000 {
		s.costs[key] = cost
	}
	return cost
}

// guardPatterns replaces the constructor by one that looks at the pattern first.
func (s *sandbox) guardPatterns(proto *goja.Object) {
	global := s.vm.GlobalObject()
	original, ok := goja.AssertConstructor(global.Get("RegExp"))
	if !ok {
		return
	}
	replacement := s.vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		s.check()
		pattern, flags := call.Argument(0), ""
		if object, isObject := pattern.(*goja.Object); isObject && object.ClassName() == "RegExp" {
			pattern = object.Get("source")
		}
		if second := call.Argument(1); !goja.IsUndefined(second) {
			flags = s.text(second).String()
		}
		if !goja.IsUndefined(pattern) {
			if _, err := regexpCost(s.text(pattern).String(), flags); err != nil {
				s.tooLarge("a regular expression")
			}
		}
		made, err := original(call.NewTarget, call.Arguments...)
		s.must(err)
		return made
	}).ToObject(s.vm)
	s.must(replacement.DefineDataProperty("prototype", proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	s.must(proto.DefineDataProperty("constructor", replacement, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	s.must(global.Set("RegExp", replacement))
}
