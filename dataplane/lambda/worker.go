package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// initTimeout is what Lambda gives a runtime to come up.
	initTimeout = 10 * time.Second
	// endGrace is what a process has between the request to end and its end.
	endGrace = 500 * time.Millisecond
)

// worker is a process of a function: it comes up, asks for an invocation,
// answers it, and asks again.
type worker struct {
	f   *function
	cmd *exec.Cmd
	err error // it could not be started

	asks    chan struct{}    // the process asks for work; holds one
	work    chan *invocation // to the process
	current atomic.Pointer[invocation]
	latest  atomic.Pointer[string] // the id of the invocation that it had last
	exited  chan struct{}          // closed when the process and its group are gone
	exit    string                 // how, once exited
	served  bool                   // it got an invocation once; its current run's
	reaper  *time.Timer            // guarded by f.mu

	mu        sync.Mutex
	initError json.RawMessage // what the runtime told about its failure to come up
	token     string
}

// newWorker starts a process.
func newWorker(f *function) *worker {
	w := &worker{f: f, asks: make(chan struct{}, 1), work: make(chan *invocation), exited: make(chan struct{})}
	var address string
	w.token, address = f.owner.runtime.register(w)
	w.cmd = exec.Command(f.program, f.arguments...)
	w.cmd.Dir, w.cmd.Env, w.cmd.SysProcAttr = f.folder, f.environment(address), ownGroup()
	if f.script != nil {
		w.cmd.Stdin = bytes.NewReader(f.script)
	}
	read, write, err := os.Pipe()
	if err != nil {
		w.err = err
		f.owner.runtime.unregister(w.token)
		return w
	}
	w.cmd.Stdout, w.cmd.Stderr = write, write
	err = w.cmd.Start()
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		f.owner.runtime.unregister(w.token)
		w.err = err
		return w
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		w.log(read)
	}()
	go w.wait(read, logged)
	return w
}

// wait sees the process's end, and ends what it may have started.
func (w *worker) wait(output *os.File, logged chan struct{}) {
	err := w.cmd.Wait()
	killGroup(w.cmd.Process.Pid, true)
	w.exit = "Runtime exited without providing a reason"
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		w.exit = "Runtime exited with error: " + exit.String()
	}
	select { // a process that left the group may hold the pipe open
	case <-logged:
	case <-time.After(endGrace):
	}
	_ = output.Close()
	<-logged
	w.f.owner.runtime.unregister(w.token)
	w.f.gone(w)
	close(w.exited)
}

// kill ends the process and its group at once, and waits for it.
func (w *worker) kill() {
	w.signal(true)
	<-w.exited
}

// end asks the process to end, and ends it when it does not.
func (w *worker) end() {
	w.signal(false)
	select {
	case <-w.exited:
	case <-time.After(endGrace):
		w.kill()
	}
}

// signal reaches the process's group unless it is gone, when its id may be
// another's.
func (w *worker) signal(hard bool) {
	select {
	case <-w.exited:
	default:
		killGroup(w.cmd.Process.Pid, hard)
	}
}

// run sees an invocation through. It returns false when a process that had
// worked before ended without getting the invocation.
func (w *worker) run(inv *invocation) bool {
	if !w.isUp(inv) {
		return true
	}
	inv.deadline = time.Now().Add(w.f.config.Timeout)
	w.current.Store(inv)
	w.latest.Store(&inv.id)
	timer := time.NewTimer(w.f.config.Timeout)
	defer timer.Stop()
	inv.answered = func() { w.f.answered(1) }
	select {
	case w.work <- inv:
		w.served = true
		defer w.f.answered(-1)
	case <-w.exited:
		inv.answered = nil
		if w.served {
			return false
		}
		inv.finish(w.exitFailure(inv), nil)
		return true
	case <-timer.C:
		inv.answered = nil
		w.timeOut(inv)
		return true
	}
	select {
	case <-inv.done:
	case <-w.exited:
		inv.finish(w.exitFailure(inv), nil)
		return true
	case <-timer.C:
		w.timeOut(inv)
		return true
	}
	// The process may go on after its answer: the invocation lasts until it asks
	// for the next.
	select {
	case <-w.asks:
		w.current.Store(nil)
		w.ask() // the next invocation looks for it
		w.f.release(w)
	case <-w.exited:
	case <-timer.C:
		w.timeOut(inv)
	}
	return true
}

// isUp waits until the runtime asks for its first invocation. When it does not
// come up the invocation has its outcome.
func (w *worker) isUp(inv *invocation) bool {
	limit := time.NewTimer(initTimeout + w.f.config.Timeout)
	defer limit.Stop()
	select {
	case <-w.asks:
		return true
	case <-w.exited:
		inv.finish(w.exitFailure(inv), nil)
	case <-limit.C:
		w.timeOut(inv)
	}
	return false
}

// ask notes that the process wants work.
func (w *worker) ask() {
	select {
	case w.asks <- struct{}{}:
	default:
	}
}

func (w *worker) timeOut(inv *invocation) {
	text := fmt.Sprintf("Task timed out after %s seconds", strconv.FormatFloat(w.f.config.Timeout.Seconds(), 'f', 2, 64))
	inv.finish(failure(inv.id, "Sandbox.Timedout", text), nil)
	w.f.owner.log.Warn("function timed out", "function", w.f.config.Name, "request_id", inv.id, "after", w.f.config.Timeout)
	w.kill()
}

// exitFailure is the answer of a process that ended: what its runtime told
// about it, else how it ended.
func (w *worker) exitFailure(inv *invocation) *Answer {
	w.mu.Lock()
	told := w.initError
	w.mu.Unlock()
	if told != nil {
		return &Answer{FunctionError: "Unhandled", Payload: told}
	}
	return failure(inv.id, "Runtime.ExitError", w.exit)
}

// failure is Lambda's own answer for a function that gave none.
func failure(id, kind, text string) *Answer {
	payload, _ := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, "RequestId: " + id + " Error: " + text}) // strings always marshal
	return &Answer{FunctionError: "Unhandled", Payload: payload}
}
