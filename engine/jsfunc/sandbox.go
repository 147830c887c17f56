package jsfunc

import (
	"fmt"
	"reflect"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
)

// Sizes that the built-in functions accept. AWS gives a function 2 MB of
// memory (reference/cloudfront.md 6).
const (
	maxString     = 2 << 20 // units of a string that a built-in takes or makes
	maxElements   = 1 << 17 // of an array that a built-in goes through
	maxNesting    = 256     // of arrays in arrays and of JSON
	maxStack      = 512     // calls
	maxSearch     = 1 << 28 // units compared by one search, at worst
	watchInterval = 2 * time.Millisecond
	patience      = 20 // times the timeout, by the wall
)

// sandbox is the JavaScript world of one call, and the bounds around it.
//
// Code that runs is ended by the watch: goja looks at each instruction whether
// it is interrupted. A built-in function does not look, so each one that could
// be made to work for long, or to make something large from something small,
// is wrapped (guardArrays and its siblings) or taken away (remove).
type sandbox struct {
	vm      *goja.Runtime
	engine  *Engine
	modern  bool
	expired atomic.Bool // the watch ended the call
	memory  atomic.Bool // ... because of memory
	used    func() time.Duration
	nesting int
	costs   map[string]int // of regular expressions, by flags/pattern
}

func newSandbox(e *Engine, modern bool) *sandbox {
	s := &sandbox{vm: goja.New(), engine: e, modern: modern}
	s.vm.SetMaxCallStackSize(maxStack)
	s.remove()
	s.guardArrays()
	s.guardStrings()
	s.guardRegexps()
	s.guardJSON()
	s.guardObjects()
	s.guardBuffers()
	return s
}

// watch interrupts the call once its time or memory is used up; stop ends the
// watch. A call shorter than watchInterval costs one timer. The call's thread
// is its own until then: what counts is the time that it has run, because a
// busy machine must not fail a good function.
func (s *sandbox) watch() (stop func()) {
	runtime.LockOSThread()
	used, outer := stopwatch(threadClock()), s.used
	s.used = used // the outer watch, of a call that is asked for its error's text, keeps its own
	start, before := time.Now(), allocated()
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	mu.Lock()
	timer = time.AfterFunc(watchInterval, func() {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return
		}
		if allocated()-before > s.engine.memory {
			s.memory.Store(true)
			s.end()
		}
		if used() > s.engine.timeout || time.Since(start) > patience*s.engine.timeout {
			s.end()
		}
		// Once more even then: an interrupt that comes between two calls is forgotten.
		timer.Reset(watchInterval)
	})
	mu.Unlock()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
		s.used = outer
		runtime.UnlockOSThread()
	}
}

// stopwatch gives the processor time since now, or the time by the wall where
// there is no clock of the thread.
func stopwatch(clock func() (time.Duration, bool)) func() time.Duration {
	start := time.Now()
	first, ok := clock()
	return func() time.Duration {
		if at, still := clock(); ok && still {
			return at - first
		}
		return time.Since(start)
	}
}

func (s *sandbox) end() {
	s.expired.Store(true)
	s.vm.Interrupt("limit")
}

// allocated is how many bytes this process has ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}

// check ends a built-in of ours when the call has ended: what it panics with
// cannot be caught by the function.
func (s *sandbox) check() {
	if s.expired.Load() {
		panic(&goja.InterruptedError{})
	}
}

// tooLarge throws what goes beyond a bound.
func (s *sandbox) tooLarge(what string) {
	panic(s.rangeError(what + " is too large"))
}

func (s *sandbox) rangeError(text string) goja.Value {
	constructor, ok := goja.AssertConstructor(s.vm.Get("RangeError"))
	if ok {
		if object, err := constructor(nil, s.vm.ToValue(text)); err == nil {
			return object
		}
	}
	return s.vm.NewTypeError(text)
}

// enter counts the depth of built-ins that call each other; leave goes with it.
func (s *sandbox) enter() {
	if s.nesting++; s.nesting > maxNesting {
		s.nesting = 0 // thrown: everything above ends
		s.tooLarge("the nesting of values")
	}
	s.check()
}

func (s *sandbox) leave() { s.nesting = max(0, s.nesting-1) }

// native is a function of ours.
type native func(goja.FunctionCall) goja.Value

// method sets a function that for..in does not show.
func (s *sandbox) method(on *goja.Object, name string, f native) {
	s.must(on.DefineDataProperty(name, s.vm.ToValue((func(goja.FunctionCall) goja.Value)(f)), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// must turns an error of the engine into an exception.
func (s *sandbox) must(err error) {
	if err != nil {
		panic(err)
	}
}

// original gives a built-in function as it was, to be called by its wrapper.
func (s *sandbox) original(on *goja.Object, name string) native {
	callable, ok := goja.AssertFunction(on.Get(name))
	if !ok {
		return nil
	}
	return func(call goja.FunctionCall) goja.Value {
		value, err := callable(call.This, call.Arguments...)
		s.must(err)
		return value
	}
}

// wrap puts before in front of the built-in functions of those names. It looks
// at the call and puts in it what it looked at: a value that is converted twice
// may be two different ones.
func (s *sandbox) wrap(on *goja.Object, names []string, before func(*goja.FunctionCall)) {
	for _, name := range names {
		original := s.original(on, name)
		if original == nil {
			continue
		}
		s.method(on, name, func(call goja.FunctionCall) goja.Value {
			s.check()
			call.Arguments = slices.Clone(call.Arguments)
			before(&call)
			return original(call)
		})
	}
}

// prototype gives the prototype of a global constructor.
func (s *sandbox) prototype(name string) *goja.Object {
	return s.vm.GlobalObject().Get(name).ToObject(s.vm).Get("prototype").ToObject(s.vm)
}

// absent are the globals that AWS's engine lacks, or that are of no use without
// what it lacks (reference/cloudfront.md 5.2). Absent prototype methods likewise.
var (
	absent = []string{
		"eval", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Proxy", "Reflect", "BigInt",
		"BigInt64Array", "BigUint64Array", "AggregateError", "Intl", "escape", "unescape",
	}
	absentIn10    = []string{"globalThis", "DataView"}
	absentMethods = map[string][]string{
		"Array":    {"flat", "flatMap", "toReversed", "toSorted", "toSpliced", "with", "at", "findLast", "findLastIndex"},
		"String":   {"normalize", "localeCompare", "anchor", "at", "isWellFormed", "toWellFormed"},
		"DataView": {"getBigInt64", "getBigUint64", "setBigInt64", "setBigUint64"},
		"RegExp":   {"compile"},
	}
	absentStatics = map[string][]string{
		"Array":  {"from", "of"},
		"String": {"raw"},
		"Object": {"fromEntries", "groupBy", "getOwnPropertySymbols"},
	}
	// symbols are what is left of Symbol: the others would let a function take
	// part in how built-ins go through lists.
	symbols = []string{"for", "keyFor", "toStringTag", "toPrimitive", "hasInstance"}
)

// remove takes away what AWS's engine lacks, and every way to compile code.
func (s *sandbox) remove() {
	global := s.vm.GlobalObject()
	for name, methods := range absentMethods {
		proto := s.prototype(name)
		for _, method := range methods {
			s.must(proto.Delete(method))
		}
	}
	for name, statics := range absentStatics {
		constructor := global.Get(name).ToObject(s.vm)
		for _, static := range statics {
			s.must(constructor.Delete(static))
		}
	}
	if !s.modern {
		s.must(s.prototype("String").Delete("replaceAll"))
		for _, name := range absentIn10 {
			s.must(global.Delete(name))
		}
	}
	refused := func(goja.ConstructorCall) *goja.Object {
		panic(s.vm.NewTypeError("function constructor is disabled in \"safe\" mode"))
	}
	functions := s.vm.ToValue(refused).ToObject(s.vm)
	proto := s.prototype("Function")
	s.must(functions.Set("prototype", proto))
	s.must(proto.Set("constructor", functions))
	s.must(global.Set("Function", functions))
	// Asynchronous functions have a constructor of their own, which compiles
	// code as well. (Generators cannot be written.)
	async, err := s.vm.RunProgram(asyncPrototype())
	s.must(err)
	s.must(async.ToObject(s.vm).DefineDataProperty("constructor", functions, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	for _, name := range absent {
		s.must(global.Delete(name))
	}
	s.reduceSymbol()
}

// reduceSymbol replaces Symbol, whose members cannot be deleted.
func (s *sandbox) reduceSymbol() {
	global := s.vm.GlobalObject()
	object := global.Get("Symbol").ToObject(s.vm)
	call, ok := goja.AssertFunction(object)
	if !ok {
		return
	}
	replacement := s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		value, err := call(goja.Undefined(), c.Arguments...)
		s.must(err)
		return value
	}).ToObject(s.vm)
	for _, name := range symbols {
		s.must(replacement.DefineDataProperty(name, object.Get(name), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	}
	proto := object.Get("prototype").ToObject(s.vm)
	s.must(replacement.Set("prototype", proto))
	s.must(proto.DefineDataProperty("constructor", replacement, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	s.must(global.Set("Symbol", replacement))
}

// asyncPrototype is a program whose value is what asynchronous functions inherit from.
var asyncPrototype = sync.OnceValue(func() *goja.Program {
	return goja.MustCompile("", "Object.getPrototypeOf(async function(){})", true)
})

// lengthOf is the length of what has one.
func (s *sandbox) lengthOf(value goja.Value) int64 {
	object, ok := value.(*goja.Object)
	if !ok {
		return 0
	}
	length := object.Get("length")
	if length == nil {
		return 0
	}
	return length.ToInteger()
}

func isArray(value goja.Value) bool {
	object, ok := value.(*goja.Object)
	return ok && object.ClassName() == "Array"
}

// elements refuses an array that is too long for a built-in to go through.
// Only arrays have a length that nobody can redefine.
func (s *sandbox) elements(value goja.Value) {
	if isArray(value) && s.lengthOf(value) > maxElements {
		s.tooLarge("an array")
	}
}

// array gives an array of bounded length for what a built-in is to go through:
// the array itself, or a copy of what only looks like one, because its length
// could be another one each time it is read.
func (s *sandbox) array(value goja.Value) goja.Value {
	object, ok := value.(*goja.Object)
	if !ok || isArray(value) || object.ExportType().Kind() == reflect.Slice {
		s.elements(value)
		return value
	}
	length := s.lengthOf(object)
	if length > maxElements {
		s.tooLarge("an array")
	}
	items := make([]any, 0, max(0, length))
	for i := range length {
		items = append(items, object.Get(indexName(i)))
	}
	return s.vm.NewArray(items...)
}

// text gives a value as a string, bounded in length.
func (s *sandbox) text(value goja.Value) goja.String {
	s.enter()
	converted := value.ToString()
	s.leave()
	text, ok := converted.(goja.String)
	if !ok { // numbers and the like are their own strings
		text, _ = s.vm.ToValue(converted.String()).(goja.String)
	}
	if text.Length() > maxString {
		s.tooLarge("a string")
	}
	return text
}

// within refuses a product that is too large.
func (s *sandbox) within(what string, count, size int64) {
	if count > 0 && size > 0 && count > maxString/size {
		s.tooLarge(fmt.Sprintf("the result of %s", what))
	}
}
