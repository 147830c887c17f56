package jsfunc

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// The runtimes. A connection function runs on Runtime20.
const (
	Runtime10 = "cloudfront-js-1.0"
	Runtime20 = "cloudfront-js-2.0"
)

// MaxCode is how long a function's code may be, in bytes (reference/cloudfront.md 6).
const MaxCode = 10 << 10

// Options of an Engine. AWS gives a function about a millisecond of one of its
// processors; ours has more, because a busy machine must not fail a good one.
type Options struct {
	Timeout time.Duration // processor time of one call; 0: 100 ms
	Memory  uint64        // bytes the process may allocate during one call before it is ended; 0: 256 MB
}

// Engine compiles functions. It is safe for concurrent use.
type Engine struct {
	timeout time.Duration
	memory  uint64
	prelude map[string]*goja.Program // of the modules that are written in JavaScript
	ahead   map[bool]*worlds         // by runtime: whether it is Runtime20
}

//go:embed prelude/buffer.js
var bufferSource string

//go:embed prelude/querystring.js
var querystringSource string

// boundRegexps gives the backtracking matcher, which goja uses for lookaround
// and back references, a limit of its own: it does not see interrupts. Only
// goja uses that package here.
var boundRegexps = sync.OnceFunc(func() {
	regexp2.DefaultMatchTimeout = matchTimeout
	regexp2.SetTimeoutCheckPeriod(matchTimeout / 10)
})

// New makes an Engine.
func New(o Options) (*Engine, error) {
	if o.Timeout < 0 {
		return nil, fmt.Errorf("jsfunc: timeout %s is below zero", o.Timeout)
	}
	boundRegexps()
	e := &Engine{timeout: o.Timeout, memory: o.Memory, prelude: map[string]*goja.Program{}}
	e.ahead = map[bool]*worlds{false: newWorlds(), true: newWorlds()}
	if e.timeout == 0 {
		e.timeout = 100 * time.Millisecond
	}
	if e.memory == 0 {
		e.memory = 256 << 20
	}
	for name, source := range map[string]string{"buffer": bufferSource, "querystring": querystringSource} {
		program, err := goja.Compile(name, source, true)
		if err != nil {
			return nil, fmt.Errorf("jsfunc: module %s: %w", name, err)
		}
		e.prelude[name] = program
	}
	return e, nil
}

// Source is the code of a function.
type Source struct {
	Code       []byte
	Runtime    string // Runtime10 or Runtime20
	Connection bool   // a connection function: connectionHandler instead of handler
}

// Function is a compiled function. It is immutable and safe for concurrent use.
type Function struct {
	engine  *Engine
	program *goja.Program
	handler *goja.Program // whose value is the handler
	name    string
	modern  bool // Runtime20
}

// Compile compiles a function. The error is a *SyntaxError.
func (e *Engine) Compile(s Source) (*Function, error) {
	if len(s.Code) > MaxCode {
		return nil, &SyntaxError{fmt.Sprintf("the code is larger than %d bytes", MaxCode)}
	}
	f := &Function{engine: e, name: "handler", modern: s.Runtime == Runtime20}
	if s.Connection {
		f.name = "connectionHandler"
	}
	if !f.modern && s.Runtime != Runtime10 {
		return nil, &SyntaxError{fmt.Sprintf("the runtime %q does not exist", shorten(s.Runtime))}
	}
	code := strings.ToValidUTF8(string(s.Code), "\uFFFD")
	if f.modern {
		var err error
		if code, err = rewriteImports(code); err != nil {
			return nil, &SyntaxError{err.Error()}
		}
	}
	tree, err := goja.Parse("", code, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, &SyntaxError{syntaxText(err)}
	}
	if err := checkFeatures(tree, f.modern); err != nil {
		return nil, err
	}
	if f.program, err = goja.CompileAST(tree, true); err != nil {
		return nil, &SyntaxError{syntaxText(err)}
	}
	f.handler, err = goja.Compile("", "typeof "+f.name+" === 'function' ? "+f.name+" : undefined", true)
	if err != nil {
		return nil, fmt.Errorf("jsfunc: handler: %w", err)
	}
	return f, nil
}

var parserText = regexp.MustCompile(`Line (\d+):\d+ ([^\n]*?)(?: \(and \d+ more errors?\))?$`)

// syntaxText puts the parser's message into the form of AWS's engine:
// SyntaxError: <what> in <line> (reference/cloudfront.md 5.2).
func syntaxText(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if list := (parser.ErrorList)(nil); errors.As(err, &list) && len(list) > 0 {
		text = list[0].Error()
	}
	text = strings.TrimSpace(text)
	if m := parserText.FindStringSubmatch(text); m != nil {
		text = m[2] + " in " + m[1]
	}
	if token, ok := strings.CutPrefix(text, "Unexpected token "); ok {
		if name, line, ok := strings.Cut(token, " in "); ok {
			text = fmt.Sprintf("Unexpected token %q in %s", name, line)
		}
	}
	return "SyntaxError: " + strings.TrimPrefix(text, "SyntaxError: ")
}
