package policy

import (
	"encoding/base64"
	"net/netip"
	"slices"
)

// condition is one compiled operator on one key. The slice its family uses is
// filled, the others are nil.
type condition struct {
	operator
	source  *Condition // as written, for explanations
	key     Key
	name    string // when key is keyOther
	texts   []pattern
	arns    []arnPattern
	numbers []float64
	dates   []instant
	nets    []netip.Prefix
	blobs   []string
	wants   [2]bool // familyBool and familyNull: is false, is true among the values?
}

// compileCondition is the check of the values too.
func compileCondition(src *Condition, variables bool) (condition, string) {
	op, ok := parseOperator(src.Operator)
	if !ok {
		return condition{}, "is not a condition operator"
	}
	if !isKeyName(src.Key) {
		return condition{}, "is not a condition key"
	}
	c := condition{operator: op, source: src}
	c.key, c.name = intern(src.Key)
	for _, v := range src.Values {
		if why := c.add(v, variables); why != "" {
			return c, why
		}
	}
	return c, ""
}

// add compiles one value and says what is wrong with it, without repeating it.
func (c *condition) add(v string, variables bool) string {
	ok := true
	switch c.family {
	case familyString, familyFold, familyLike:
		p, err := parsePattern(v, grammar{variables: variables, wildcards: c.family == familyLike})
		if err != nil {
			return err.Error()
		}
		c.texts = append(c.texts, p)
	case familyArn:
		p, err := parseARNPattern(v, grammar{variables: variables}, false)
		if err != nil {
			return err.Error()
		}
		c.arns = append(c.arns, p)
	case familyNumeric:
		var n float64
		n, ok = parseNumber(v)
		c.numbers = append(c.numbers, n)
	case familyDate:
		var t instant
		t, ok = parseDate(v)
		c.dates = append(c.dates, t)
	case familyIP:
		var n netip.Prefix
		n, ok = parseNet(v)
		c.nets = append(c.nets, n)
	case familyBinary:
		b, err := base64.StdEncoding.Strict().DecodeString(v)
		ok = err == nil
		c.blobs = append(c.blobs, string(b))
	case familyBool, familyNull:
		var b bool
		b, ok = parseBool(v)
		c.wants[index01(b)] = true
	}
	if !ok {
		return "has a value that is not " + c.family.noun()
	}
	return ""
}

func index01(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (f family) noun() string {
	switch f {
	case familyNumeric:
		return "a number"
	case familyDate:
		return "a date"
	case familyIP:
		return "an IP address or CIDR range"
	case familyBinary:
		return "base64"
	case familyBool, familyNull:
		return "true or false"
	}
	return "text"
}

// holds decides the condition (reference/api-gateway.md 3.4).
//
// Key absent: a positive operator fails, a negated one holds, IfExists holds;
// ForAllValues holds and ForAnyValue fails whether negated or not.
//
// Several values under an operator without set prefix (a header sent twice):
// a positive operator holds when any value matches, and a negated one is its
// opposite, so it holds only when none matches. AWS leaves that undefined
// (reference_policies_condition-single-vs-multi-valued-context-keys).
//
// A value that cannot be read as the operator's type matches nothing.
func (c *condition) holds(ctx *Context) bool {
	v := ctx.lookup(c.key, c.name)
	n := v.count()
	if c.family == familyNull {
		return c.wants[index01(n == 0)]
	}
	if n == 0 {
		switch c.set {
		case forAll:
			return true
		case forAny:
			return c.ifExists
		}
		return c.ifExists || c.negated
	}
	if c.set != single && v.isNullSet() {
		return c.set == forAll
	}
	for i := range n {
		one := v.at(i)
		matched := c.matches(&one, ctx)
		switch c.set {
		case single:
			if matched {
				return !c.negated
			}
		case forAll:
			if matched == c.negated {
				return false
			}
		case forAny:
			if matched != c.negated {
				return true
			}
		}
	}
	return c.set == forAll || c.set == single && c.negated
}

// matches: does any of the policy's values match this one of the request?
// Negation is the caller's.
func (c *condition) matches(v *value, ctx *Context) bool {
	switch c.family {
	case familyString, familyFold, familyLike:
		return c.matchesText(v, ctx)
	case familyArn:
		arn := arnValue{whole: v.text} // a typed value is no ARN
		for i := range c.arns {
			if c.arns[i].matches(&arn, ctx) {
				return true
			}
		}
	case familyNumeric:
		if n, ok := v.asNumber(); ok {
			for _, want := range c.numbers {
				if c.relation.allows(n > want, n < want) {
					return true
				}
			}
		}
	case familyDate:
		if t, ok := v.asInstant(); ok {
			for _, want := range c.dates {
				if c.relation.allows(t.compare(want) > 0, t.compare(want) < 0) {
					return true
				}
			}
		}
	case familyIP:
		if addr, ok := v.asAddr(); ok {
			for _, n := range c.nets {
				if n.Contains(addr) {
					return true
				}
			}
		}
	case familyBinary:
		return v.kind == kindText && slices.Contains(c.blobs, v.text)
	case familyBool:
		b, ok := v.asBool()
		return ok && c.wants[index01(b)]
	}
	return false
}

func (c *condition) matchesText(v *value, ctx *Context) bool {
	var room [64]byte
	s := v.asText(room[:0])
	for i := range c.texts {
		if c.family == familyFold {
			if c.texts[i].equalFold(s, ctx) {
				return true
			}
		} else if c.texts[i].matches(s, ctx) {
			return true
		}
	}
	return false
}

// allows tells whether a comparison came out as the relation wants.
func (r relation) allows(above, below bool) bool {
	switch r {
	case less:
		return below
	case lessEqual:
		return !above
	case greater:
		return above
	case greaterEqual:
		return !below
	}
	return !above && !below
}
