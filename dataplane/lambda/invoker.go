package lambda

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// What Lambda takes and gives (Lambda quotas): 6 MB each way of a call that is
// waited for, 1 MB of one that is not, 200 MB of a streamed answer. AWS's own
// error texts name 6 MB as 6291556 bytes.
const (
	maxPayload      = 6291556
	maxAsyncPayload = 1 << 20
	maxStream       = 200 << 20
	// maxAsync bounds the calls that nobody waits for.
	maxAsync = 1000
)

// Options configures an Invoker.
type Options struct {
	// Functions run here, as processes.
	Functions []Function
	// Endpoint is called for all others; nil: there are no others.
	Endpoint *Endpoint
	// Account and Region stand in the ARNs of local functions.
	Account, Region string
	Log             *slog.Logger // nil: silence
}

// Invoker calls functions. It is safe for concurrent use.
type Invoker struct {
	log       *slog.Logger
	functions map[string]*function // by "name" or "name:qualifier"
	endpoint  *remote              // nil: none
	runtime   *runtimeAPI          // nil: no local functions

	background sync.WaitGroup
	async      chan struct{} // tokens of calls nobody waits for
	stopping   context.Context
	stop       context.CancelFunc
}

// Type says what the caller waits for.
type Type uint8

// The types of invocations: the answer, that it was accepted, or nothing at all.
const (
	RequestResponse Type = iota
	Event
	DryRun
)

// Invocation is one call of a function.
type Invocation struct {
	Function string // name or ARN, perhaps with a qualifier
	Payload  []byte
	Type     Type
	// Stream asks for the answer as it comes (InvokeWithResponseStream).
	Stream bool
	// SourceARN is on whose behalf the call is made: what a function's permissions
	// are about.
	SourceARN string
	TraceID   string // X-Amzn-Trace-Id
}

// Answer is what became of an invocation.
type Answer struct {
	Status int // 200; 202 of an Event; 204 of a DryRun
	// FunctionError tells that the function failed: Payload is its error object.
	// The value is Lambda's: "Unhandled" or "Handled".
	FunctionError string
	Payload       []byte
	// Stream is the answer of a call that asked for it; whoever gets it closes it.
	// A function that fails under way ends it with an error.
	Stream    io.ReadCloser
	RequestID string
}

// Kind says why an invocation never came to a function, or got no answer.
type Kind uint8

// The kinds of errors.
const (
	NotFound    Kind = iota + 1 // no such function
	Denied                      // its permissions name other callers
	Throttled                   // too many calls at once
	TooLarge                    // the payload
	Unreachable                 // the endpoint, or it answered nonsense
	Stopped                     // this process ends
)

// Error is an invocation without an answer of the function.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return "lambda: " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

func failed(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// New makes an invoker. Processes start when their functions are called first.
func New(o Options) (*Invoker, error) {
	i := &Invoker{log: o.Log, functions: make(map[string]*function), async: make(chan struct{}, maxAsync)}
	if i.log == nil {
		i.log = slog.New(slog.DiscardHandler)
	}
	i.stopping, i.stop = context.WithCancel(context.Background())
	if o.Endpoint != nil {
		var err error
		if i.endpoint, err = newRemote(*o.Endpoint, o.Region, i.log); err != nil {
			return nil, err
		}
	}
	if len(o.Functions) == 0 {
		return i, nil
	}
	var err error
	if i.runtime, err = newRuntimeAPI(); err != nil {
		return nil, err
	}
	for _, config := range o.Functions {
		f, err := newFunction(config, i)
		if err == nil && i.functions[config.Name] != nil {
			err = errors.New("named twice")
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("function %s: %w", config.Name, err), i.Close())
		}
		f.account, f.region = o.Account, o.Region
		i.functions[config.Name] = f
	}
	return i, nil
}

// Invoke calls a function. The context bounds how long the caller waits; a
// function that has begun goes on to its own timeout, as on AWS.
func (i *Invoker) Invoke(ctx context.Context, in Invocation) (*Answer, error) {
	if i.stopping.Err() != nil {
		return nil, failed(Stopped, "shutting down")
	}
	name, err := ParseName(in.Function)
	if err != nil {
		return nil, &Error{Kind: NotFound, Err: err}
	}
	if limit := payloadLimit(in.Type); len(in.Payload) > limit {
		return nil, failed(TooLarge, "the payload has %d bytes, more than %d", len(in.Payload), limit)
	}
	f := i.functions[name.String()]
	if f == nil {
		f = i.functions[name.Function] // one process serves all versions and aliases
	}
	switch {
	case f == nil && i.endpoint != nil:
		return i.endpoint.invoke(ctx, name, in)
	case f == nil:
		return nil, failed(NotFound, "there is no function %s: name it under functions in the configuration file, or set --lambda-endpoint", name)
	case !f.permits(in.SourceARN):
		return nil, failed(Denied, "function %s does not allow calls for %s", name, in.SourceARN)
	}
	inv := newInvocation(in, f.arn(name))
	switch in.Type {
	case DryRun:
		return &Answer{Status: 204, RequestID: inv.id}, nil
	case Event:
		return i.accept(f, inv)
	}
	return f.invoke(ctx, inv)
}

func payloadLimit(t Type) int {
	if t == Event {
		return maxAsyncPayload
	}
	return maxPayload
}

// accept runs an invocation that nobody waits for. AWS tries such a call twice
// more when the function fails; here it runs once, and a failure is logged.
func (i *Invoker) accept(f *function, inv *invocation) (*Answer, error) {
	select {
	case i.async <- struct{}{}:
	default:
		return nil, failed(Throttled, "%d calls of functions are already waiting", maxAsync)
	}
	i.background.Go(func() {
		defer func() { <-i.async }()
		answer, err := f.invoke(i.stopping, inv)
		switch {
		case err != nil:
			i.log.Warn("function not run", "function", f.config.Name, "request_id", inv.id, "error", err)
		case answer.FunctionError != "":
			i.log.Warn("function failed", "function", f.config.Name, "request_id", inv.id, "answer", string(answer.Payload[:min(len(answer.Payload), 1024)]))
		}
	})
	return &Answer{Status: 202, RequestID: inv.id}, nil
}

// Close ends all processes, with whatever they have started, and waits for them.
func (i *Invoker) Close() error {
	i.stop()
	for _, f := range i.functions {
		f.close()
	}
	i.background.Wait()
	if i.endpoint != nil {
		i.endpoint.close()
	}
	if i.runtime != nil {
		return i.runtime.close()
	}
	return nil
}

// invocation is one call on its way through a local function.
type invocation struct {
	id      string
	arn     string // with the qualifier the caller gave
	payload []byte
	stream  bool
	trace   string

	done     chan struct{} // closed when there is an outcome
	once     sync.Once
	answered func() // told of the outcome first; set while a process has it
	answer   *Answer
	err      error
	deadline time.Time // of the function; set before it is handed over
}

func newInvocation(in Invocation, arn string) *invocation {
	return &invocation{
		id: newRequestID(), arn: arn, payload: in.Payload, stream: in.Stream, trace: in.TraceID, done: make(chan struct{}),
	}
}

// finish gives the invocation its outcome; only the first one counts.
func (inv *invocation) finish(answer *Answer, err error) {
	inv.once.Do(func() {
		if answer != nil {
			answer.Status, answer.RequestID = 200, inv.id
		}
		if inv.answered != nil {
			inv.answered() // before the caller knows, who may call again at once
		}
		inv.answer, inv.err = answer, err
		close(inv.done)
	})
}

// newRequestID returns a UUID (RFC 9562 section 5.4).
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
