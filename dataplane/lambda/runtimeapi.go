package lambda

import (
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bootstraps are the runtimes of Node and Python handlers: they speak the
// Runtime API for a handler.
//
//go:embed bootstrap/node.js bootstrap/python.py
var bootstraps embed.FS

// runtimeAPI is Lambda's Runtime API, version 2018-06-01, on loopback. Each
// process has a path of its own that nobody else can guess, so that no other
// user of the machine takes or answers its invocations.
type runtimeAPI struct {
	server  *http.Server
	address string
	served  chan struct{}

	mu      sync.Mutex
	workers map[[sha256.Size]byte]*worker // by the token's hash
}

func newRuntimeAPI() (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the Runtime API of functions: %w", err)
	}
	a := &runtimeAPI{address: listener.Addr().String(), served: make(chan struct{}), workers: make(map[[sha256.Size]byte]*worker)}
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(a.served)
		_ = a.server.Serve(listener) // ends with close
	}()
	return a, nil
}

func (a *runtimeAPI) close() error {
	err := a.server.Close()
	<-a.served
	return err
}

// register gives a worker its token and what its AWS_LAMBDA_RUNTIME_API is.
func (a *runtimeAPI) register(w *worker) (token, address string) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	token = hex.EncodeToString(b[:])
	a.mu.Lock()
	defer a.mu.Unlock()
	a.workers[sha256.Sum256([]byte(token))] = w
	return token, a.address + "/" + token
}

func (a *runtimeAPI) unregister(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.workers, sha256.Sum256([]byte(token)))
}

// ServeHTTP answers /TOKEN/2018-06-01/runtime/….
func (a *runtimeAPI) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	token, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	a.mu.Lock()
	w := a.workers[sha256.Sum256([]byte(token))]
	a.mu.Unlock()
	path, versioned := strings.CutPrefix(path, "2018-06-01/runtime/")
	if w == nil || !versioned {
		http.NotFound(out, r)
		return
	}
	id, step, _ := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
	switch {
	case r.Method == http.MethodGet && path == "invocation/next":
		w.next(out, r)
	case r.Method == http.MethodPost && path == "init/error":
		w.failInit(out, r)
	case r.Method == http.MethodPost && step == "response":
		w.respond(out, r, id)
	case r.Method == http.MethodPost && step == "error":
		w.fail(out, r, id)
	default:
		http.NotFound(out, r)
	}
}

// next hands the process its next invocation; it waits until there is one.
func (w *worker) next(out http.ResponseWriter, r *http.Request) {
	if inv := w.current.Load(); inv != nil && !inv.isDone() {
		runtimeError(out, http.StatusForbidden, "InvalidStateTransition", "the invocation "+inv.id+" has no answer yet")
		return
	}
	w.ask()
	select {
	case inv := <-w.work:
		h := out.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
		if inv.trace != "" {
			h.Set("Lambda-Runtime-Trace-Id", inv.trace)
		}
		_, _ = out.Write(inv.payload) // a process that is gone is seen by its exit
	case <-r.Context().Done():
	}
}

func (inv *invocation) isDone() bool {
	select {
	case <-inv.done:
		return true
	default:
		return false
	}
}

// invocationOf returns the invocation that the process may answer now.
func (w *worker) invocationOf(out http.ResponseWriter, id string) *invocation {
	if inv := w.current.Load(); inv != nil && inv.id == id && !inv.isDone() {
		return inv
	}
	runtimeError(out, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	return nil
}

// respond takes the answer of an invocation, whole or as a stream: the caller
// decides, some runtimes stream whatever they send.
func (w *worker) respond(out http.ResponseWriter, r *http.Request, id string) {
	inv := w.invocationOf(out, id)
	if inv == nil {
		return
	}
	if inv.stream {
		w.respondStream(inv, r)
		accepted(out)
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	switch {
	case err != nil:
		return // the process is gone, or goes
	case len(payload) > maxPayload:
		text := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload)
		answer, _ := json.Marshal(map[string]string{"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"})
		inv.finish(&Answer{FunctionError: "Unhandled", Payload: answer}, nil)
		runtimeError(out, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", text)
		return
	}
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		inv.finish(&Answer{FunctionError: "Unhandled", Payload: trailerError(r, kind)}, nil)
	} else {
		inv.finish(&Answer{Payload: payload}, nil)
	}
	accepted(out)
}

// errStream ends a streamed answer whose function failed under way.
var errStream = errors.New("the function failed while it was answering")

// respondStream hands an answer on as it comes. What the caller no longer
// wants is read to its end all the same: the function's work is not cut short.
func (w *worker) respondStream(inv *invocation, r *http.Request) {
	read, write := io.Pipe()
	inv.finish(&Answer{Stream: read}, nil)
	body := io.LimitReader(r.Body, maxStream)
	_, err := io.Copy(write, body)
	if err == nil && r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
		err = errStream
	}
	_ = write.CloseWithError(err)
	_, _ = io.Copy(io.Discard, body)
}

func trailerError(r *http.Request, kind string) []byte {
	body, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err != nil || len(body) == 0 {
		body, _ = json.Marshal(map[string]string{"errorType": kind}) // strings always marshal
	}
	return body
}

// fail takes the error that a handler threw.
func (w *worker) fail(out http.ResponseWriter, r *http.Request, id string) {
	inv := w.invocationOf(out, id)
	if inv == nil {
		return
	}
	if payload, ok := errorPayload(r); ok {
		inv.finish(&Answer{FunctionError: "Unhandled", Payload: payload}, nil)
		accepted(out)
	}
}

// failInit takes a runtime's word on why it cannot come up, and ends it.
func (w *worker) failInit(out http.ResponseWriter, r *http.Request) {
	payload, ok := errorPayload(r)
	if !ok {
		return
	}
	w.mu.Lock()
	w.initError = payload
	w.mu.Unlock()
	accepted(out)
	go w.end()
}

// errorPayload reads an error object; one that is none is put into one.
func errorPayload(r *http.Request) (json.RawMessage, bool) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		return nil, false
	}
	if !json.Valid(payload) {
		payload, _ = json.Marshal(map[string]string{ // strings always marshal
			"errorType": r.Header.Get("Lambda-Runtime-Function-Error-Type"), "errorMessage": string(payload),
		})
	}
	return payload, true
}

func accepted(out http.ResponseWriter) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(out, `{"status":"OK"}`)
}

func runtimeError(out http.ResponseWriter, status int, kind, text string) {
	body, _ := json.Marshal(struct { // strings always marshal
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{text, kind})
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_, _ = out.Write(body)
}
