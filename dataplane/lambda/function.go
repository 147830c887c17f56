package lambda

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Function is a function that runs here.
type Function struct {
	// Name is "name", or "name:qualifier" for a version or alias with a code of
	// its own; "name" serves every qualifier that has none.
	Name    string
	Runtime string // "provided", "nodejs" or "python"
	// Code is the folder with the code: where "bootstrap" or the handler's file
	// is. Of "provided" it may be the program itself.
	Code    string
	Handler string // "file.function"; "provided" programs get it as _HANDLER
	// Timeout bounds an invocation; 0: 3 seconds, Lambda's default.
	Timeout time.Duration
	// Memory is told to the function, in MB, and limits nothing; 0: 128.
	Memory int
	// Concurrency is how many processes may run at once; 0: 10. Calls beyond wait
	// their turn.
	Concurrency int
	// Idle is how long a process without work is kept; 0: 5 minutes.
	Idle        time.Duration
	Environment map[string]string
	// Allow lists who may call: patterns of source ARNs
	// ("arn:aws:execute-api:*:*:<api>/*/GET/pets/*"). Nil: everyone.
	Allow []string
}

// Bounds of a function's settings: Lambda's, but for the concurrency.
const (
	maxTimeout     = 900 * time.Second
	maxMemory      = 10240
	maxConcurrency = 1000
	maxWaiting     = 1000 // calls that wait for a process
)

var environmentForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// function is a local function with its processes.
type function struct {
	config          Function
	account, region string
	program         string // what is run
	arguments       []string
	folder          string // where it runs, LAMBDA_TASK_ROOT
	script          []byte // on its standard input: the runtime's bootstrap; nil: none
	owner           *Invoker

	slots   chan struct{} // one per invocation that has a process
	waiting atomic.Int64
	serving sync.WaitGroup

	mu       sync.Mutex
	idle     []*worker // last used last
	settling int       // processes that have answered and not yet asked for more
	freed    chan struct{}
	all      map[*worker]bool
	closed   bool
}

// settleTime is how long a call waits for a process that has just answered
// before it starts another: who calls one after the other is to find the
// process that knows the calls before.
const settleTime = 100 * time.Millisecond

func newFunction(config Function, owner *Invoker) (*function, error) {
	if err := config.fill(); err != nil {
		return nil, err
	}
	f := &function{config: config, owner: owner, slots: make(chan struct{}, config.Concurrency), freed: make(chan struct{}, 1), all: make(map[*worker]bool)}
	code, err := filepath.Abs(config.Code)
	if err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	info, err := os.Stat(code)
	if err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	f.folder = code
	switch {
	case config.Runtime == "provided" && info.IsDir():
		f.program = filepath.Join(code, "bootstrap")
		return f, nil
	case config.Runtime == "provided":
		f.program, f.folder = code, filepath.Dir(code)
		return f, nil
	case !info.IsDir():
		return nil, fmt.Errorf("code %s is no folder", code)
	}
	return f, f.interpret()
}

// fill checks the settings and puts the defaults in.
func (c *Function) fill() error {
	name, err := ParseName(c.Name)
	if err != nil || name.String() != c.Name {
		return fmt.Errorf("a name is letters, digits, - and _, perhaps with :qualifier")
	}
	if c.Timeout == 0 {
		c.Timeout = 3 * time.Second
	}
	if c.Memory == 0 {
		c.Memory = 128
	}
	if c.Concurrency == 0 {
		c.Concurrency = 10
	}
	if c.Idle == 0 {
		c.Idle = 5 * time.Minute
	}
	switch {
	case c.Runtime != "provided" && c.Runtime != "nodejs" && c.Runtime != "python":
		return fmt.Errorf("runtime %q: choose provided, nodejs or python", c.Runtime)
	case c.Runtime != "provided" && !strings.Contains(c.Handler, "."):
		return fmt.Errorf("handler %q: write file.function, for example index.handler", c.Handler)
	case c.Timeout < 0 || c.Timeout > maxTimeout:
		return fmt.Errorf("timeout %s: at most %s", c.Timeout, maxTimeout)
	case c.Memory < 0 || c.Memory > maxMemory:
		return fmt.Errorf("memory %d: at most %d MB", c.Memory, maxMemory)
	case c.Concurrency < 0 || c.Concurrency > maxConcurrency:
		return fmt.Errorf("concurrency %d: 1 to %d", c.Concurrency, maxConcurrency)
	case c.Idle < 0:
		return fmt.Errorf("idle %s is negative", c.Idle)
	}
	for name := range c.Environment {
		if !environmentForm.MatchString(name) {
			return fmt.Errorf("environment: %q is no name of a variable", name)
		}
	}
	return nil
}

// interpret sets what runs a Node or Python handler: the interpreter with our
// bootstrap on its standard input.
func (f *function) interpret() error {
	names, file, arguments := []string{"node"}, "bootstrap/node.js", []string{"-"}
	if f.config.Runtime == "python" {
		names, file, arguments = []string{"python3", "python"}, "bootstrap/python.py", []string{"-u", "-"}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			f.program, f.arguments = path, arguments
			break
		}
	}
	if f.program == "" {
		return fmt.Errorf("runtime %s needs %s in PATH", f.config.Runtime, names[0])
	}
	var err error
	f.script, err = bootstraps.ReadFile(file)
	return err
}

// arn is the ARN the function sees itself called by.
func (f *function) arn(name Name) string {
	return "arn:aws:lambda:" + f.region + ":" + f.account + ":function:" + name.String()
}

// permits tells whether the function's permissions let a caller in.
func (f *function) permits(source string) bool {
	return f.config.Allow == nil || slices.ContainsFunc(f.config.Allow, func(pattern string) bool { return matchARN(pattern, source) })
}

// environment is what a process of the function sees. Nothing of ours is passed
// on but the search path and the like: neither settings nor credentials.
func (f *function) environment(api string) []string {
	name, _ := ParseName(f.config.Name)
	version := name.Qualifier
	if version == "" {
		version = "$LATEST"
	}
	env := map[string]string{"LANG": "en_US.UTF-8", "TZ": ":UTC", "AWS_REGION": f.region, "AWS_DEFAULT_REGION": f.region}
	for _, kept := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(kept); ok {
			env[kept] = value
		}
	}
	maps.Copy(env, f.config.Environment)
	maps.Copy(env, map[string]string{ // Lambda's own: no configuration changes them
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        name.Function,
		"AWS_LAMBDA_FUNCTION_VERSION":     version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.config.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + name.Function,
		"AWS_LAMBDA_LOG_STREAM_NAME":      time.Now().UTC().Format("2006/01/02/") + "[" + version + "]" + strings.ReplaceAll(newRequestID(), "-", ""),
		"AWS_EXECUTION_ENV":               "AWS_Lambda_" + f.config.Runtime,
		"LAMBDA_TASK_ROOT":                f.folder,
		"LAMBDA_RUNTIME_DIR":              f.folder,
		"_HANDLER":                        f.config.Handler,
	})
	list := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	return list
}

// invoke runs an invocation in a process of its own, and waits for the outcome
// as long as ctx lasts.
func (f *function) invoke(ctx context.Context, inv *invocation) (*Answer, error) {
	if err := f.take(ctx); err != nil {
		return nil, err
	}
	f.serving.Go(func() {
		defer func() { <-f.slots }()
		f.serve(inv)
	})
	select {
	case <-inv.done:
		return inv.answer, inv.err
	case <-ctx.Done():
		go inv.forget()
		return nil, context.Cause(ctx)
	}
}

// forget closes the streamed answer that nobody reads any more.
func (inv *invocation) forget() {
	<-inv.done
	if inv.answer != nil && inv.answer.Stream != nil {
		_ = inv.answer.Stream.Close()
	}
}

// take waits for leave to use a process.
func (f *function) take(ctx context.Context) error {
	select {
	case f.slots <- struct{}{}:
		return nil
	default:
	}
	if f.waiting.Add(1) > maxWaiting {
		f.waiting.Add(-1)
		return failed(Throttled, "%d calls already wait for function %s", maxWaiting, f.config.Name)
	}
	defer f.waiting.Add(-1)
	select {
	case f.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-f.owner.stopping.Done():
		return failed(Stopped, "shutting down")
	}
}

// serve finds a process for an invocation and sees it through. A process that
// ended before it got the invocation is none of the invocation's fault: another
// one gets it.
func (f *function) serve(inv *invocation) {
	for {
		f.settle()
		w, err := f.process()
		if err != nil {
			inv.finish(nil, err)
			return
		}
		if w.err != nil { // could not be started
			inv.finish(failure(inv.id, "Runtime.InvalidEntrypoint", w.err.Error()), nil)
			return
		}
		if w.run(inv) {
			return
		}
	}
}

// settle waits a moment for a process that is about to be without work.
func (f *function) settle() {
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	for {
		f.mu.Lock()
		wait := len(f.idle) == 0 && f.settling > 0
		f.mu.Unlock()
		if !wait {
			return
		}
		select {
		case <-f.freed:
		case <-timer.C:
			return
		}
	}
}

// answered notes that a process has answered (1), or that it has asked for more
// or ended (-1).
func (f *function) answered(n int) {
	f.mu.Lock()
	f.settling += n
	f.mu.Unlock()
	if n < 0 {
		select {
		case f.freed <- struct{}{}:
		default:
		}
	}
}

// process returns a process without work: one that waits, else a new one.
func (f *function) process() (*worker, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, failed(Stopped, "shutting down")
	}
	for len(f.idle) > 0 {
		w := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if w.reaper.Stop() { // else its time is over
			return w, nil
		}
	}
	w := newWorker(f)
	if w.err == nil {
		f.all[w] = true
	}
	return w, nil
}

// release takes a process back that has answered and asks for work.
func (f *function) release(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return // close ends it
	}
	w.reaper = time.AfterFunc(f.config.Idle, w.end)
	f.idle = append(f.idle, w)
}

// gone forgets a process that has ended.
func (f *function) gone(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, w)
	f.idle = slices.DeleteFunc(f.idle, func(other *worker) bool { return other == w })
}

// close ends all processes and waits until they are gone.
func (f *function) close() {
	f.mu.Lock()
	f.closed = true
	all := slices.Collect(maps.Keys(f.all))
	f.mu.Unlock()
	var ending sync.WaitGroup
	for _, w := range all {
		ending.Go(w.end)
	}
	ending.Wait()
	f.serving.Wait()
}
