package vtl

import (
	"fmt"
	"math"
	"strconv"

	"drawbridge/engine/jsonpath"
)

func limitf(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrLimit)...)
}

// parseNumber reads a number as a template writes it.
func parseNumber(text string) (Value, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// truth is Velocity 1.7's: false and null are false, all else is true.
func truth(v Value) bool {
	b, ok := v.(bool)
	return v != nil && (!ok || b)
}

func toFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case jsonpath.Big:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil
	}
	return 0, false
}

// operate applies a binary operator. Operands that mean nothing to it give nil,
// as Velocity logs them and goes on.
func (ev *evaluation) operate(operator string, left, right Value) (Value, error) {
	if err := ev.charge(0); err != nil {
		return nil, err
	}
	switch operator {
	case "==":
		return ev.equal(left, right)
	case "!=":
		same, err := ev.equal(left, right)
		return !same, err
	case "<", "<=", ">", ">=":
		a, ok1 := toFloat(left)
		b, ok2 := toFloat(right)
		return ok1 && ok2 && ordered(operator, a, b), nil
	}
	x, ok1 := left.(int64)
	y, ok2 := right.(int64)
	if ok1 && ok2 {
		return wholes(operator, x, y), nil
	}
	a, ok1 := toFloat(left)
	b, ok2 := toFloat(right)
	if ok1 && ok2 {
		return decimals(operator, a, b), nil
	}
	if operator == "+" && (isText(left) || isText(right)) {
		return ev.concat(left, right)
	}
	return nil, nil
}

func isText(v Value) bool {
	_, ok := v.(string)
	return ok
}

func (ev *evaluation) concat(left, right Value) (Value, error) {
	a, err := ev.text(left)
	if err != nil {
		return nil, err
	}
	b, err := ev.text(right)
	if err != nil {
		return nil, err
	}
	if len(a)+len(b) > maxOutput {
		return nil, limitf("text longer than %d bytes", maxOutput)
	}
	return a + b, ev.charge(len(a) + len(b))
}

func ordered(operator string, a, b float64) bool {
	switch operator {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a >= b
	}
}

// wholes is integer arithmetic: division cuts off, division by zero has no
// value, and what leaves 64 bits goes on as a decimal.
func wholes(operator string, x, y int64) Value {
	switch operator {
	case "+":
		if sum := x + y; (sum > x) == (y > 0) {
			return sum
		}
	case "-":
		if diff := x - y; (diff < x) == (y > 0) {
			return diff
		}
	case "*":
		if x == 0 || y == 0 {
			return int64(0)
		}
		if product := x * y; product/y == x && (x != -1 || y != math.MinInt64) && (y != -1 || x != math.MinInt64) {
			return product
		}
	default:
		if y == 0 {
			return nil
		}
		if y == -1 { // the one quotient that overflows
			if operator == "%" {
				return int64(0)
			}
			return wholes("-", 0, x)
		}
		if operator == "%" {
			return x % y
		}
		return x / y
	}
	return decimals(operator, float64(x), float64(y))
}

func decimals(operator string, a, b float64) Value {
	switch operator {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	}
	if b == 0 {
		return nil
	}
	if operator == "%" {
		return math.Mod(a, b)
	}
	return a / b
}

// equal compares numbers by value and values of other or different kinds by
// their text; null equals null and the empty text (reference/api-gateway.md
// 5.6).
func (ev *evaluation) equal(left, right Value) (bool, error) {
	if left == nil || right == nil {
		other := left
		if left == nil {
			other = right
		}
		return other == nil || other == "", nil
	}
	if a, ok := toFloat(left); ok {
		if b, ok := toFloat(right); ok {
			x, ok1 := left.(int64)
			y, ok2 := right.(int64)
			if ok1 && ok2 {
				return x == y, nil
			}
			return a == b, nil
		}
	}
	a, err := ev.text(left)
	if err != nil {
		return false, err
	}
	b, err := ev.text(right)
	if err != nil {
		return false, err
	}
	return a == b, ev.charge(min(len(a), len(b)))
}
