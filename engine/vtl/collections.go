package vtl

import (
	"math"
	"slices"
	"strconv"

	"drawbridge/engine/jsonpath"
)

type (
	onList     = invocation[*jsonpath.List]
	onMap      = invocation[*jsonpath.Object]
	onIterator = invocation[*iterator]
	onNumber   = invocation[Value]
)

// iterator is what list.iterator() gives.
type iterator struct {
	of   *jsonpath.List
	next int
}

// listMethods are java.util.List's (reference/api-gateway.md 5.7).
var listMethods = methods[*jsonpath.List]{
	"size":        {0, 0, func(c *onList) (Value, error) { return int64(len(c.on.Items)), nil }},
	"count":       {0, 0, func(c *onList) (Value, error) { return int64(len(c.on.Items)), nil }},
	"isEmpty":     {0, 0, func(c *onList) (Value, error) { return len(c.on.Items) == 0, nil }},
	"iterator":    {0, 0, func(c *onList) (Value, error) { return &iterator{of: c.on}, nil }},
	"clear":       {0, 0, func(c *onList) (Value, error) { c.on.Items = nil; return nil, nil }},
	"get":         {1, 1, listGet},
	"set":         {2, 2, listSet},
	"add":         {1, 2, listAdd},
	"addAll":      {1, 1, listAddAll},
	"remove":      {1, 1, listRemove},
	"contains":    {1, 1, func(c *onList) (Value, error) { i, err := listFind(c, c.args[0]); return i >= 0, err }},
	"indexOf":     {1, 1, func(c *onList) (Value, error) { i, err := listFind(c, c.args[0]); return int64(i), err }},
	"containsAll": {1, 1, listContainsAll},
	"subList":     {2, 2, listSubList},
}

// listIndex is argument i as a position below n.
func listIndex(c *onList, i, n int) (int, error) {
	at, err := c.whole(i)
	if err != nil {
		return 0, err
	}
	if at < 0 || at >= n {
		return 0, errorf("index %d out of bounds for length %d", at, len(c.on.Items))
	}
	return at, nil
}

// listFind is the position of an item, -1 if it is not there.
func listFind(c *onList, v Value) (int, error) {
	for i, item := range c.on.Items {
		if err := c.ev.charge(0); err != nil {
			return -1, err
		}
		same, err := c.ev.equal(item, v)
		if err != nil || same && (item == nil) == (v == nil) {
			return i, err
		}
	}
	return -1, nil
}

func listGet(c *onList) (Value, error) {
	i, err := listIndex(c, 0, len(c.on.Items))
	if err != nil {
		return nil, err
	}
	return c.on.Items[i], nil
}

func listSet(c *onList) (Value, error) {
	i, err := listIndex(c, 0, len(c.on.Items))
	if err != nil {
		return nil, err
	}
	old := c.on.Items[i]
	c.on.Items[i] = c.args[1]
	return old, nil
}

func listAdd(c *onList) (Value, error) {
	if err := c.ev.charge(entryBytes); err != nil {
		return nil, err
	}
	if len(c.args) == 1 {
		c.on.Items = append(c.on.Items, c.args[0])
		return true, nil
	}
	i, err := listIndex(c, 0, len(c.on.Items)+1)
	if err != nil {
		return nil, err
	}
	c.on.Items = slices.Insert(c.on.Items, i, c.args[1])
	return nil, c.ev.charge(len(c.on.Items) * itemBytes)
}

func listAddAll(c *onList) (Value, error) {
	more := elementsOf(c.args[0])
	if err := c.ev.charge(len(more) * entryBytes); err != nil {
		return nil, err
	}
	c.on.Items = append(c.on.Items, more...)
	return len(more) > 0, nil
}

// elementsOf are all items of a list; elements stops where #foreach does.
func elementsOf(v Value) []Value {
	if l, ok := v.(*jsonpath.List); ok {
		return l.Items
	}
	return nil
}

// listRemove takes an index, or else the item itself.
func listRemove(c *onList) (Value, error) {
	if err := c.ev.charge(len(c.on.Items) * itemBytes); err != nil {
		return nil, err
	}
	if _, ok := c.args[0].(int64); ok {
		i, err := listIndex(c, 0, len(c.on.Items))
		if err != nil {
			return nil, err
		}
		old := c.on.Items[i]
		c.on.Items = slices.Delete(c.on.Items, i, i+1)
		return old, nil
	}
	i, err := listFind(c, c.args[0])
	if err != nil || i < 0 {
		return false, err
	}
	c.on.Items = slices.Delete(c.on.Items, i, i+1)
	return true, nil
}

func listContainsAll(c *onList) (Value, error) {
	for _, v := range elementsOf(c.args[0]) {
		if i, err := listFind(c, v); i < 0 || err != nil {
			return false, err
		}
	}
	return true, nil
}

func listSubList(c *onList) (Value, error) {
	from, err := listIndex(c, 0, len(c.on.Items)+1)
	if err != nil {
		return nil, err
	}
	to, err := listIndex(c, 1, len(c.on.Items)+1)
	if err != nil || from > to {
		return nil, errorf("no part from %v to %v", c.args[0], c.args[1])
	}
	return &jsonpath.List{Items: slices.Clone(c.on.Items[from:to]), Plain: true}, c.ev.charge((to - from) * itemBytes)
}

var iteratorMethods = methods[*iterator]{
	"hasNext": {0, 0, func(c *onIterator) (Value, error) { return c.on.next < len(c.on.of.Items), nil }},
	"next": {0, 0, func(c *onIterator) (Value, error) {
		if c.on.next >= len(c.on.of.Items) {
			return nil, errorf("no such element")
		}
		c.on.next++
		return c.on.of.Items[c.on.next-1], nil
	}},
}

// mapMethods are java.util.Map's.
var mapMethods = methods[*jsonpath.Object]{
	"size":          {0, 0, func(c *onMap) (Value, error) { return int64(c.on.Len()), nil }},
	"isEmpty":       {0, 0, func(c *onMap) (Value, error) { return c.on.Len() == 0, nil }},
	"get":           {1, 1, withKey(func(c *onMap, key string) (Value, error) { v, _ := c.on.Get(key); return v, nil })},
	"containsKey":   {1, 1, withKey(func(c *onMap, key string) (Value, error) { _, ok := c.on.Get(key); return ok, nil })},
	"remove":        {1, 1, withKey(func(c *onMap, key string) (Value, error) { v, _ := c.on.Delete(key); return v, c.ev.charge(entryBytes) })},
	"put":           {2, 2, withKey(mapPut)},
	"getOrDefault":  {2, 2, withKey(mapGetOrDefault)},
	"putIfAbsent":   {2, 2, withKey(mapPutIfAbsent)},
	"putAll":        {1, 1, mapPutAll},
	"containsValue": {1, 1, mapContainsValue},
	"keySet":        {0, 0, collect(func(_ *jsonpath.Object, key string, _ Value) Value { return key })},
	"values":        {0, 0, collect(func(_ *jsonpath.Object, _ string, v Value) Value { return v })},
	"entrySet":      {0, 0, collect(func(o *jsonpath.Object, key string, _ Value) Value { return entryHost{o, key} })},
}

func withKey(f func(c *onMap, key string) (Value, error)) func(*onMap) (Value, error) {
	return func(c *onMap) (Value, error) {
		key, err := c.text(0)
		if err != nil {
			return nil, err
		}
		return f(c, key)
	}
}

func mapPut(c *onMap, key string) (Value, error) {
	old, _ := c.on.Put(key, c.args[1])
	return old, c.ev.charge(entryBytes)
}

func mapGetOrDefault(c *onMap, key string) (Value, error) {
	if v, ok := c.on.Get(key); ok {
		return v, nil
	}
	return c.args[1], nil
}

func mapPutIfAbsent(c *onMap, key string) (Value, error) {
	if v, ok := c.on.Get(key); ok && v != nil {
		return v, nil
	}
	return mapPut(c, key)
}

func mapPutAll(c *onMap) (Value, error) {
	from, ok := c.args[0].(*jsonpath.Object)
	if !ok || from == c.on {
		return nil, nil
	}
	if err := c.ev.charge(from.Len() * entryBytes); err != nil {
		return nil, err
	}
	for key, v := range from.All() {
		c.on.Put(key, v)
	}
	return nil, nil
}

func mapContainsValue(c *onMap) (Value, error) {
	for _, v := range c.on.All() {
		if err := c.ev.charge(0); err != nil {
			return nil, err
		}
		if same, err := c.ev.equal(v, c.args[0]); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func collect(pick func(o *jsonpath.Object, key string, v Value) Value) func(*onMap) (Value, error) {
	return func(c *onMap) (Value, error) {
		out := &jsonpath.List{Plain: true, Items: make([]Value, 0, c.on.Len())}
		for key, v := range c.on.All() {
			out.Items = append(out.Items, pick(c.on, key, v))
		}
		return out, c.ev.charge(len(out.Items) * itemBytes)
	}
}

// numberMethods are those of java.lang.Number, and the static ones that
// templates reach through a number at hand ($Integer.parseInt).
var numberMethods = methods[Value]{
	"intValue":    {0, 0, func(c *onNumber) (Value, error) { return toWhole(c.on), nil }},
	"longValue":   {0, 0, func(c *onNumber) (Value, error) { return toWhole(c.on), nil }},
	"doubleValue": {0, 0, func(c *onNumber) (Value, error) { f, _ := toFloat(c.on); return f, nil }},
	"floatValue":  {0, 0, func(c *onNumber) (Value, error) { f, _ := toFloat(c.on); return f, nil }},
	"compareTo": {1, 1, func(c *onNumber) (Value, error) {
		a, _ := toFloat(c.on)
		b, ok := toFloat(c.args[0])
		if !ok {
			return nil, errorf("argument is no number")
		}
		return int64(map[bool]int{true: 1}[a > b] - map[bool]int{true: 1}[a < b]), nil
	}},
	"parseInt":    {1, 1, parseWhole},
	"parseLong":   {1, 1, parseWhole},
	"parseDouble": {1, 1, parseDecimal},
	"parseFloat":  {1, 1, parseDecimal},
	"valueOf": {1, 1, func(c *onNumber) (Value, error) {
		if _, ok := c.on.(float64); ok {
			return parseDecimal(c)
		}
		return parseWhole(c)
	}},
	"toString": {1, 1, func(c *onNumber) (Value, error) { return c.text(0) }},
}

func toWhole(v Value) Value {
	f, _ := toFloat(v)
	switch n, ok := v.(int64); {
	case ok:
		return n
	case math.IsNaN(f):
		return int64(0)
	case f >= math.MaxInt64:
		return int64(math.MaxInt64)
	case f <= math.MinInt64:
		return int64(math.MinInt64)
	}
	return int64(f)
}

func parseWhole(c *onNumber) (Value, error) {
	text, err := c.text(0)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, errorf("argument is no integer")
	}
	return n, nil
}

func parseDecimal(c *onNumber) (Value, error) {
	text, err := c.text(0)
	if err != nil {
		return nil, err
	}
	f, err := strconv.ParseFloat(trim(text), 64)
	if err != nil {
		return nil, errorf("argument is no number")
	}
	return f, nil
}
