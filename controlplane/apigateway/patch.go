package apigateway

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
)

// maxPatchOperations bounds one Update call.
const maxPatchOperations = 2000

// op is one of PATCH's operations; test and move are in AWS's enum and
// supported nowhere (reference/api-gateway.md 1.9).
type op string

const (
	opAdd     op = "add"
	opReplace op = "replace"
	opRemove  op = "remove"
	opCopy    op = "copy"
)

// edit is one patch operation, taken apart for the rule that applies it.
type edit struct {
	op    op
	path  string
	args  []string // what the {names} of the rule's path stand for, unescaped
	value *string  // nil when not given
	from  string
}

// text is the value, "" when it is not given.
func (e *edit) text() string { return val(e.value) }

// truth is the value as a boolean: AWS takes everything but "true" for false.
func (e *edit) truth() bool { return strings.EqualFold(e.text(), "true") }

// rule says what may be done at one path of a T.
type rule[T any] struct {
	// path is a JSON pointer; {name} stands for one segment and, at the end,
	// {name...} for one or more, which the edit has in raw form.
	path string
	ops  []op
	// apply makes the change. errNoRule makes the path count as unknown.
	apply func(target *T, e *edit) error
	// badOp replaces the family's text for an operation that is not in ops.
	badOp string
}

// errNoRule is what a rule with a wide pattern answers to a path that it does
// not know after all.
var errNoRule = errors.New("no rule for the path")

// wording is how a family of resources names what is wrong with an operation.
type wording struct {
	// unknown: no rule has the path. badOp: a rule has it, but not the op; ops
	// are those it has.
	unknown func(e *edit) error
	badOp   func(e *edit, ops []op) error
}

// patchTable is everything PATCH may do to a T.
type patchTable[T any] struct {
	wording wording
	rules   []rule[T]
}

// apply applies operations in order. After an error target is half changed and
// must not be kept.
func (t patchTable[T]) apply(target *T, ops []apigatewayapi.PatchOperation) error {
	if len(ops) > maxPatchOperations {
		return badRequest("Too many patch operations, at most %d are allowed", maxPatchOperations)
	}
	for i := range ops {
		if err := t.one(target, &ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t patchTable[T]) one(target *T, in *apigatewayapi.PatchOperation) error {
	if in.Path == nil {
		return badRequest("Invalid patch path null")
	}
	e := &edit{op: op(val(in.Op)), path: *in.Path, value: in.Value, from: val(in.From)}
	var refusal error
	known := true // until a rule that takes the op does not know the path
	for i := range t.rules {
		r := &t.rules[i]
		args, ok := matchPath(r.path, e.path)
		if !ok {
			continue
		}
		if !slices.Contains(r.ops, e.op) {
			if refusal == nil {
				refusal = t.refuse(r, e)
			}
			continue // several rules may share a path
		}
		e.args = args
		if err := r.apply(target, e); !errors.Is(err, errNoRule) {
			return err
		}
		known = false
	}
	if refusal != nil && known {
		return refusal
	}
	return t.wording.unknown(e)
}

func (t patchTable[T]) refuse(r *rule[T], e *edit) error {
	if r.badOp != "" {
		return apigatewayapi.BadRequestException(r.badOp)
	}
	return t.wording.badOp(e, r.ops)
}

// matchPath matches a path with a rule's pattern.
func matchPath(pattern, path string) (args []string, ok bool) {
	for {
		p, prest, pmore := segment(pattern)
		s, srest, smore := segment(path)
		switch {
		case !pmore || !smore:
			return args, !pmore && !smore && path == ""
		case strings.HasSuffix(p, "...}"):
			return append(args, path[1:]), len(path) > 1
		case strings.HasPrefix(p, "{"):
			if s == "" {
				return nil, false
			}
			args = append(args, unescapePointer(s))
		case p != s:
			return nil, false
		}
		pattern, path = prest, srest
	}
}

// segment splits "/first/rest" into "first" and "/rest"; false when the path
// does not begin with a slash.
func segment(path string) (first, rest string, ok bool) {
	if !strings.HasPrefix(path, "/") {
		return "", path, false
	}
	first = path[1:]
	if i := strings.IndexByte(first, '/'); i >= 0 {
		return first[:i], first[i:], true
	}
	return first, "", true
}

// unescapePointer is RFC 6901 section 4: ~1 is a slash, ~0 a tilde.
func unescapePointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
}

func badRequest(format string, args ...any) error {
	return apigatewayapi.BadRequestException(fmt.Sprintf(format, args...))
}

// plainWording is the family of RestApi, Method, MethodResponse and
// GatewayResponse; Integration, IntegrationResponse, Deployment and UsagePlan
// are taken to belong to it too.
func plainWording() wording {
	return wording{
		unknown: func(e *edit) error { return badRequest("Invalid patch path %s", e.path) },
		badOp: func(_ *edit, ops []op) error {
			return badRequest("Invalid patch operation specified. Must be one of: [%s]", joinOps(ops))
		},
	}
}

// listedWording is the family of Resource, Model, RequestValidator,
// DocumentationPart and ApiKey; paths are those it lists, in AWS's order.
func listedWording(paths ...string) wording {
	unsupported := func(e *edit, _ []op) error {
		return badRequest("Invalid patch path  '%s' specified for op '%s'. Please choose supported operations", e.path, e.op)
	}
	return wording{
		unknown: func(e *edit) error {
			if e.op != opReplace {
				return unsupported(e, nil)
			}
			return badRequest("Invalid patch path  '%s' specified for op '%s'. Must be one of: [%s]",
				e.path, e.op, strings.Join(paths, ", "))
		},
		badOp: unsupported,
	}
}

func joinOps(ops []op) string {
	names := make([]string, len(ops))
	for i, o := range ops {
		names[i] = string(o)
	}
	return strings.Join(names, ", ")
}

// The rules that most members need.

// replaceText replaces a string member; an empty value removes it. check may be
// nil.
func replaceText[T any](path string, member func(*T) **string, check func(string) error) rule[T] {
	return rule[T]{path: path, ops: []op{opReplace}, apply: func(target *T, e *edit) error {
		if check != nil {
			if err := check(e.text()); err != nil {
				return err
			}
		}
		*member(target) = filled(new(e.text()))
		return nil
	}}
}

// replaceTruth replaces a boolean member.
func replaceTruth[T any](path string, member func(*T) **bool) rule[T] {
	return rule[T]{path: path, ops: []op{opReplace}, apply: func(target *T, e *edit) error {
		*member(target) = new(e.truth())
		return nil
	}}
}

// mapRule is how the entries of a map member are patched at <path>/{name}.
type mapRule[T, V any] struct {
	path    string
	member  func(*T) *map[string]V
	convert func(e *edit) (V, error) // of the value
	check   func(name string) error  // of a name that is added; nil: none
	// missing is the answer to replacing (unless upsert) or removing what is
	// not there.
	missing func() error
	upsert  bool
}

// rule returns the rule for add, replace and remove. A map whose last entry
// goes becomes absent.
func (m mapRule[T, V]) rule() rule[T] {
	return rule[T]{path: m.path + "/{name}", ops: []op{opAdd, opReplace, opRemove}, apply: func(target *T, e *edit) error {
		entries, name := m.member(target), e.args[0]
		_, there := (*entries)[name]
		if !there && (e.op == opRemove || e.op == opReplace && !m.upsert) {
			return m.missing()
		}
		if e.op == opRemove {
			delete(*entries, name)
			if len(*entries) == 0 {
				*entries = nil
			}
			return nil
		}
		if !there && m.check != nil {
			if err := m.check(name); err != nil {
				return err
			}
		}
		value, err := m.convert(e)
		if err != nil {
			return err
		}
		if *entries == nil {
			*entries = map[string]V{}
		}
		(*entries)[name] = value
		return nil
	}}
}

func textValue(e *edit) (string, error) { return e.text(), nil }

func truthValue(e *edit) (bool, error) { return e.truth(), nil }

// templateValue is a mapping template, where an empty one is stored as null
// (reference/api-gateway.md 1.7).
func templateValue(e *edit) (*string, error) { return filled(e.value), nil }

func noParameter() error {
	return apigatewayapi.NotFoundException("Invalid parameter name specified")
}

func noContentType() error {
	return apigatewayapi.NotFoundException("Content-Type specified was not found")
}

// whole reads an integer between lo and hi; text is the answer to anything else.
func whole(s string, lo, hi int, text string) (*int32, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < lo || n > hi {
		return nil, apigatewayapi.BadRequestException(text)
	}
	return new(int32(n)), nil
}

// decimal reads a finite number between lo and hi.
func decimal(s string, lo, hi float64, text string) (*float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= lo && f <= hi) { // NaN is neither
		return nil, apigatewayapi.BadRequestException(text)
	}
	return new(f), nil
}
