package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "drawbridge-lambda")
	if err != nil {
		panic(err)
	}
	goFolder = folder
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(folder)
		os.Exit(code)
	}))
}

// goFolder is where the test's Lambda function is built.
var goFolder string

// goFunction builds the test's Lambda function, once for all tests.
var goFunction = sync.OnceValues(func() (string, error) {
	folder := goFolder
	out, err := exec.Command("go", "build", "-o", filepath.Join(folder, "bootstrap"), "./testdata/gofunction").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return folder, nil
})

func goCode(t *testing.T) string {
	t.Helper()
	folder, err := goFunction()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// has finds an interpreter that the test needs.
func has(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("DRAWBRIDGE_CI") != "" {
			t.Fatalf("%s is needed", program)
		}
		t.Skipf("needs %s", program)
	}
}

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// started returns an invoker of one function.
func started(t *testing.T, f Function) (*Invoker, *lines) {
	t.Helper()
	log := &lines{}
	if f.Name == "" {
		f.Name = "f"
	}
	i, err := New(Options{Functions: []Function{f}, Account: "123456789012", Region: "eu-west-1", Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i, log
}

// ask invokes and returns the answer's payload.
func ask(t *testing.T, i *Invoker, event string) (payload, functionError string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	answer, err := i.Invoke(ctx, Invocation{Function: "f", Payload: []byte(event)})
	if err != nil {
		t.Fatal(err)
	}
	if answer.RequestID == "" || answer.Status != 200 {
		t.Errorf("answer has id %q and status %d", answer.RequestID, answer.Status)
	}
	return string(answer.Payload), answer.FunctionError
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ") // a zombie that init has not reaped is gone
}

func TestGoFunction(t *testing.T) {
	t.Setenv("DRAWBRIDGE_CREDENTIALS", "must not be seen")
	i, log := started(t, Function{Runtime: "provided", Code: goCode(t), Memory: 256, Environment: map[string]string{"GIVEN": "yes"}})
	payload, failure := ask(t, i, `{"text":"hello"}`)
	got := object(t, payload)
	if failure != "" || got["text"] != "hello" || got["name"] != "f" || got["memory"] != 256.0 || got["given"] != "yes" || got["secret"] != "" || got["inTime"] != true {
		t.Errorf("answer %s %s", payload, failure)
	}
	if got["arn"] != "arn:aws:lambda:eu-west-1:123456789012:function:f" {
		t.Errorf("arn %v", got["arn"])
	}
	eventually(t, "its output in the log with the request id", func() bool {
		return strings.Contains(log.String(), fmt.Sprintf(`request_id=%s line="said: hello"`, got["request"]))
	})
	eventually(t, "a process without work used again", func() bool {
		before := got["pid"]
		payload, _ = ask(t, i, `{"text":"again"}`)
		got = object(t, payload)
		return got["pid"] == before
	})
}

func TestFailuresOfAGoFunction(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Timeout: time.Second})
	for _, c := range []struct{ event, kind, text string }{
		{`{"do":"error","text":"bad luck"}`, "errorString", "bad luck"},
		{`{"do":"panic","text":"at the disco"}`, "string", "at the disco"},
		{`{"do":"exit"}`, "Runtime.ExitError", "Runtime exited with error: exit status 3"},
		{`{"do":"sleep"}`, "Sandbox.Timedout", "Task timed out after 1.00 seconds"},
		{`{"do":"big"}`, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
	} {
		payload, failure := ask(t, i, c.event)
		got := object(t, payload)
		if failure != "Unhandled" || got["errorType"] != c.kind || !strings.HasSuffix(got["errorMessage"].(string), c.text) {
			t.Errorf("%s: %s %s", c.event, failure, payload)
		}
		if payload, failure := ask(t, i, `{"text":"after"}`); failure != "" || object(t, payload)["text"] != "after" {
			t.Errorf("after %s: %s %s", c.event, failure, payload)
		}
	}
}

func TestProcessThatNeverComesUp(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Environment: map[string]string{"EXIT_EARLY": "1"}})
	payload, failure := ask(t, i, `{}`)
	if got := object(t, payload); failure != "Unhandled" || got["errorType"] != "Runtime.ExitError" {
		t.Errorf("%s %s", failure, payload)
	}
	i, _ = started(t, Function{Runtime: "provided", Code: t.TempDir()})
	payload, failure = ask(t, i, `{}`)
	if got := object(t, payload); failure != "Unhandled" || got["errorType"] != "Runtime.InvalidEntrypoint" {
		t.Errorf("%s %s", failure, payload)
	}
}

// One process per concurrent invocation, up to the limit; the next waits.
func TestConcurrency(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Concurrency: 2, Timeout: 25 * time.Second})
	pids, failures := make(chan any, 3), make(chan error, 3)
	for range 3 {
		go func() {
			answer, err := i.Invoke(context.Background(), Invocation{Function: "f", Payload: []byte(`{"do":"wait","text":"` + gate + `"}`)})
			failures <- err
			if err == nil {
				var got map[string]any
				_ = json.Unmarshal(answer.Payload, &got)
				pids <- got["pid"]
			}
		}()
	}
	f := i.functions["f"]
	eventually(t, "two run and one waits", func() bool { return f.waiting.Load() == 1 && len(f.slots) == 2 })
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for range 3 {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
		seen[<-pids] = true
	}
	if len(seen) != 2 {
		t.Errorf("%d processes answered", len(seen))
	}
}

func TestCallerThatDoesNotWait(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Concurrency: 1, Timeout: 25 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := i.Invoke(ctx, Invocation{Function: "f", Payload: []byte(`{"do":"wait","text":"` + gate + `"}`)})
		done <- err
	}()
	f := i.functions["f"]
	eventually(t, "it runs", func() bool { return len(f.slots) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(f.slots) != 1 {
		t.Error("the function was cut short")
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if payload, _ := ask(t, i, `{"text":"next"}`); object(t, payload)["text"] != "next" {
		t.Error(payload)
	}
}

func TestNoProcessIsLeftBehind(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t)})
	payload, _ := ask(t, i, `{"do":"child"}`)
	got := object(t, payload)
	child, pid := int(got["child"].(float64)), int(got["pid"].(float64))
	if !alive(child) || !alive(pid) {
		t.Fatal("the processes are not there")
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("the function's process lives on")
	}
	eventually(t, "the end of what the function started", func() bool { return !alive(child) })
	if _, err := i.Invoke(t.Context(), Invocation{Function: "f"}); !isKind(err, Stopped) {
		t.Errorf("error %v", err)
	}
}

func isKind(err error, kind Kind) bool {
	var failed *Error
	return errors.As(err, &failed) && failed.Kind == kind
}

func TestProcessWithoutWorkEnds(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Idle: 20 * time.Millisecond})
	payload, _ := ask(t, i, `{}`)
	pid := int(object(t, payload)["pid"].(float64))
	eventually(t, "the end of a process without work", func() bool { return !alive(pid) })
	if _, failure := ask(t, i, `{}`); failure != "" {
		t.Error(failure)
	}
}

func TestStreamOfAGoFunction(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t)})
	answer, err := i.Invoke(t.Context(), Invocation{Function: "f", Payload: []byte(`{"do":"stream"}`), Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Stream)
	if string(text) != "one two" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	if payload, failure := ask(t, i, `{"do":"stream"}`); payload != "one two" || failure != "" {
		t.Errorf("asked for as a whole: %q %s", payload, failure)
	}
}

func TestEventAndDryRun(t *testing.T) {
	i, log := started(t, Function{Runtime: "provided", Code: goCode(t)})
	answer, err := i.Invoke(t.Context(), Invocation{Function: "f", Type: Event, Payload: []byte(`{"text":"in passing"}`)})
	if err != nil || answer.Status != 202 || answer.Payload != nil {
		t.Fatalf("%+v %v", answer, err)
	}
	eventually(t, "that it ran", func() bool { return strings.Contains(log.String(), "said: in passing") })
	answer, err = i.Invoke(t.Context(), Invocation{Function: "f", Type: DryRun})
	if err != nil || answer.Status != 204 {
		t.Fatalf("%+v %v", answer, err)
	}
}

func TestPermissions(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Allow: []string{"arn:aws:execute-api:*:*:abc/*/GET/pets/*"}})
	for source, want := range map[string]bool{
		"arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/pets/*":  true,
		"arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/pets/*": false,
		"arn:aws:execute-api:us-east-1:123456789012:xyz/prod/GET/pets/*":  false,
		"": false,
	} {
		_, err := i.Invoke(t.Context(), Invocation{Function: "f", SourceARN: source, Type: DryRun})
		if want != (err == nil) || err != nil && !isKind(err, Denied) {
			t.Errorf("%s: %v", source, err)
		}
	}
	if _, err := i.Invoke(t.Context(), Invocation{Function: "g"}); !isKind(err, NotFound) {
		t.Errorf("unknown function: %v", err)
	}
	if _, err := i.Invoke(t.Context(), Invocation{Function: "f", Payload: make([]byte, maxPayload+1)}); !isKind(err, TooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestNodeFunctions(t *testing.T) {
	has(t, "node")
	for _, c := range []struct{ handler, want, failure string }{
		{"index.echo", `"text":"hi"`, ""},
		{"index.callback", `{"text":"hi"}`, ""},
		{"index.done", `"done"`, ""},
		{"index.silent", `null`, ""},
		{"module.handler", `{"module":true,"text":"hi"}`, ""},
		{"index.throws", `{"errorType":"TypeError","errorMessage":"no such luck","trace":["TypeError: no such luck",`, "Unhandled"},
		{"index.callbackError", `{"errorType":"string","errorMessage":"Unauthorized","trace":[]}`, "Unhandled"},
		{"index.crash", `"errorMessage":"Error: later"`, "Unhandled"},
		{"index.exit", `Runtime exited with error: exit status 4`, "Unhandled"},
		{"index.sleep", `Task timed out after 1.50 seconds`, "Unhandled"},
		{"index.nothing", `{"errorType":"Runtime.HandlerNotFound","errorMessage":"index.nothing is undefined or not exported"`, "Unhandled"},
		{"nofile.handler", `{"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module 'nofile'"`, "Unhandled"},
		{"syntax.handler", `{"errorType":"Runtime.UserCodeSyntaxError"`, "Unhandled"},
		{"bad.handler", `{"errorType":"Error","errorMessage":"cannot start"`, "Unhandled"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			t.Parallel()
			i, _ := started(t, Function{Runtime: "nodejs", Code: "testdata/node", Handler: c.handler, Timeout: 1500 * time.Millisecond})
			payload, failure := ask(t, i, `{"text":"hi"}`)
			if !strings.Contains(payload, c.want) || failure != c.failure {
				t.Errorf("%s %s", payload, failure)
			}
			if c.failure == "" {
				if again, _ := ask(t, i, `{"text":"hi"}`); !strings.Contains(again, c.want) {
					t.Errorf("again: %s", again)
				}
			}
		})
	}
}

func TestNodeStreams(t *testing.T) {
	has(t, "node")
	i, _ := started(t, Function{Runtime: "nodejs", Code: "testdata/node", Handler: "index.stream"})
	for range 2 {
		answer, err := i.Invoke(t.Context(), Invocation{Function: "f", Payload: []byte(`{}`), Stream: true})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Stream)
		if want := `{"statusCode":201,"headers":{"Content-Type":"text/plain"}}` + strings.Repeat("\x00", 8) + "one two"; string(text) != want || err != nil {
			t.Errorf("%q %v", text, err)
		}
	}
	i, _ = started(t, Function{Runtime: "nodejs", Code: "testdata/node", Handler: "index.broken"})
	answer, err := i.Invoke(t.Context(), Invocation{Function: "f", Payload: []byte(`{}`), Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(answer.Stream); string(text) != "one " || !errors.Is(err, errStream) {
		t.Errorf("%q %v", text, err)
	}
}

func TestPythonFunctions(t *testing.T) {
	has(t, "python3")
	for _, c := range []struct{ handler, want, failure string }{
		{"app.echo", `"text": "hi"`, ""},
		{"app.throws", `{"errorMessage": "no such luck", "errorType": "ValueError", "requestId": "`, "Unhandled"},
		{"app.unmarshalled", `"Unable to marshal response: Object of type set is not JSON serializable"`, "Unhandled"},
		{"app.exits", `Runtime exited with error: exit status 5`, "Unhandled"},
		{"app.nothing", `"Handler 'nothing' missing on module 'app'", "errorType": "Runtime.HandlerNotFound"`, "Unhandled"},
		{"nofile.handler", `"Unable to import module 'nofile': No module named 'nofile'", "errorType": "Runtime.ImportModuleError"`, "Unhandled"},
		{"syntax.handler", `"errorType": "Runtime.UserCodeSyntaxError"`, "Unhandled"},
		{"bad.handler", `"cannot start", "errorType": "RuntimeError"`, "Unhandled"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			t.Parallel()
			i, _ := started(t, Function{Runtime: "python", Code: "testdata/python", Handler: c.handler})
			payload, failure := ask(t, i, `{"text":"hi"}`)
			if !strings.Contains(payload, c.want) || failure != c.failure {
				t.Errorf("%s %s", payload, failure)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	good := Function{Name: "f", Runtime: "provided", Code: t.TempDir()}
	for name, change := range map[string]func(*Function){
		"name":        func(f *Function) { f.Name = "a b" },
		"runtime":     func(f *Function) { f.Runtime = "cobol" },
		"code":        func(f *Function) { f.Code = "/nonexistent" },
		"handler":     func(f *Function) { f.Runtime = "nodejs"; f.Handler = "index" },
		"timeout":     func(f *Function) { f.Timeout = time.Hour },
		"memory":      func(f *Function) { f.Memory = 1 << 20 },
		"concurrency": func(f *Function) { f.Concurrency = 1001 },
		"idle":        func(f *Function) { f.Idle = -1 },
		"environment": func(f *Function) { f.Environment = map[string]string{"A=B": ""} },
	} {
		f := good
		change(&f)
		if _, err := New(Options{Functions: []Function{f}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(Options{Functions: []Function{good, good}}); err == nil {
		t.Error("named twice: no error")
	}
}

// Many callers, few processes, some of which crash: everyone gets an answer.
func TestLoad(t *testing.T) {
	i, _ := started(t, Function{Runtime: "provided", Code: goCode(t), Concurrency: 3, Timeout: 20 * time.Second})
	var callers sync.WaitGroup
	for n := range 8 {
		callers.Go(func() {
			for k := range 20 {
				text, event := fmt.Sprintf("%d-%d", n, k), ""
				if event = `{"text":"` + text + `"}`; k%10 == 9 {
					event = `{"do":"exit"}`
				}
				answer, err := i.Invoke(t.Context(), Invocation{Function: "f", Payload: []byte(event)})
				switch {
				case err != nil:
					t.Error(err)
				case k%10 == 9 && answer.FunctionError == "", k%10 != 9 && !strings.Contains(string(answer.Payload), `"text":"`+text+`"`):
					t.Errorf("%s: %s", event, answer.Payload)
				}
			}
		})
	}
	callers.Wait()
	f := i.functions["f"]
	eventually(t, "rest", func() bool { return len(f.slots) == 0 })
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) > 3 || len(f.idle) != len(f.all) {
		t.Errorf("%d processes, %d without work", len(f.all), len(f.idle))
	}
}

func BenchmarkInvoke(b *testing.B) {
	folder, err := goFunction()
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]Function{
		"go":     {Runtime: "provided", Code: folder},
		"node":   {Runtime: "nodejs", Code: "testdata/node", Handler: "module.handler"},
		"python": {Runtime: "python", Code: "testdata/python", Handler: "app.echo"},
	} {
		b.Run(name, func(b *testing.B) {
			f.Name, f.Concurrency = "f", 1
			i, err := New(Options{Functions: []Function{f}})
			if err != nil {
				b.Skip(err)
			}
			defer i.Close()
			for b.Loop() {
				if answer, err := i.Invoke(b.Context(), Invocation{Function: "f", Payload: []byte(`{"text":"x"}`)}); err != nil || answer.FunctionError != "" {
					b.Fatal(answer, err)
				}
			}
		})
	}
}
