package edge

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsfunc"
)

// Bounds of the functions that run at once: each holds a thread. Who finds the
// line full is throttled.
const (
	maxFunctions       = 32
	maxFunctionsQueued = 4096
)

// turnstile lets a bounded number through at a time.
type turnstile struct {
	inside  chan struct{}
	waiting atomic.Int64
	queue   int64 // how many may wait
}

// enter is false where too many wait already, or ctx ends.
func (t *turnstile) enter(ctx context.Context) bool {
	if t.waiting.Add(1) > t.queue {
		t.waiting.Add(-1)
		return false
	}
	defer t.waiting.Add(-1)
	select {
	case t.inside <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t *turnstile) leave() { <-t.inside }

// viewerRequest runs the behavior's viewer-request function. What goes on is
// the request it returned; its own answer ends the way (reference/cloudfront.md
// section 5.2). The default root object is put in place after it.
func (e *Edge) viewerRequest(ctx context.Context, r request) (request, *answer) {
	f := r.behavior.ViewerRequest
	if f == nil {
		return r, nil
	}
	event := requestEvent(r, jsfunc.ViewerRequest)
	result, fault := e.runFunction(ctx, r, f, event)
	switch {
	case fault != faultNone:
		return r, &answer{fault: fault}
	case result.Response != nil:
		return r, madeByFunction(r, result.Response)
	}
	r.asked = changedRequest(r.asked, event.Request, result.Request)
	r.path = r.distribution.RootObject(r.asked.Path)
	if result.Origin != nil {
		if err := r.redirectTo(result.Origin); err != nil {
			e.logFunction(r, f, "origin change refused: "+err.Error())
			return r, &answer{fault: faultFunctionInvalid}
		}
	}
	return r, nil
}

// viewerResponse runs the behavior's viewer-response function on an answer. It
// does not run for errors, for error pages and for answers that a function made
// (reference/cloudfront.md sections 2.2 and 3.5).
func (e *Edge) viewerResponse(ctx context.Context, r request, a answer) answer {
	f := r.behavior.ViewerResponse
	if f == nil || a.fault != faultNone || a.status >= 400 || a.errorPage || a.generated {
		return a
	}
	event := requestEvent(r, jsfunc.ViewerResponse)
	event.Response = responseFields(a)
	result, fault := e.runFunction(ctx, r, f, event)
	if fault != faultNone {
		a.drop()
		return answer{fault: fault}
	}
	return changedAnswer(a, event.Response, result.Response)
}

// runFunction calls a function within the bounds, and says what a failure looks
// like to the viewer.
func (e *Edge) runFunction(ctx context.Context, r request, f *program.EdgeFunction, event *jsfunc.Event) (*jsfunc.Result, Fault) {
	r.x.Trail.Add(event.Context.EventType, f.Name)
	if f.Code == nil {
		e.logFunction(r, f, "its code does not compile")
		return nil, faultFunctionFailed
	}
	if !e.functions.enter(ctx) {
		return nil, faultFunctionThrottled
	}
	defer e.functions.leave()
	result, err := f.Code.Run(event, e.functionEnv(r, f))
	for _, message := range result.Logs {
		e.logFunction(r, f, message)
	}
	if err == nil {
		return result, faultNone
	}
	e.logFunction(r, f, err.Error())
	if invalid := new(jsfunc.ValidationError); errors.As(err, &invalid) {
		return nil, faultFunctionInvalid
	}
	return nil, faultFunctionFailed
}

// logFunction writes what a function said, or why it failed; AWS has a log
// group for it (reference/cloudfront.md section 5.2).
func (e *Edge) logFunction(r request, f *program.EdgeFunction, message string) {
	e.logger.Info("function", "name", f.Name, "distribution", r.distribution.ID, "request", r.x.RequestID, "message", message)
}

// functionEnv is the world that a function sees beside its event.
func (e *Edge) functionEnv(r request, f *program.EdgeFunction) jsfunc.Env {
	location := &jsfunc.EdgeLocation{Name: r.location.pop[:min(3, len(r.location.pop))], Region: e.region}
	if c := r.x.Conn; c != nil && c.LocalAddr.IsValid() {
		location.ServerIP = c.LocalAddr.Addr().Unmap().String()
	}
	var tenant *jsfunc.Tenant
	if t := r.distribution.Tenant; t != nil {
		tenant = &jsfunc.Tenant{ID: t.ID, Parameters: t.Parameters}
	}
	return jsfunc.Env{Now: r.now, Location: location, Tenant: tenant, KVS: func(id string) (*jsfunc.KeyValues, bool) {
		if f.Store == "" || id != "" && id != f.Store || r.x.Edge == nil {
			return nil, false
		}
		store, ok := r.x.Edge.Store(f.Store)
		if !ok {
			return nil, false
		}
		return &jsfunc.KeyValues{
			Keys: len(store.Pairs), Created: store.Created, Modified: store.Modified,
			Get: func(key string) (string, bool) {
				value, found := store.Pairs[key]
				return value, found
			},
		}, true
	}}
}

// madeByFunction is the answer of a viewer-request function that ends the way
// (reference/cloudfront.md section 5.2).
func madeByFunction(r request, made *jsfunc.Response) *answer {
	a := &answer{status: made.StatusCode, word: wordFunction, reason: reasonFunction, generated: true}
	if made.Body != nil && hasBody(made.StatusCode) {
		a.body = exchange.Bytes(made.Body.Data)
	}
	h := &a.header
	h.Add("Server", "CloudFront")
	h.Add("Date", r.now.UTC().Format(httpDate))
	if hasBody(made.StatusCode) {
		h.Add("Content-Length", strconv.FormatInt(a.body.Length(), 10))
	}
	for _, f := range made.Headers {
		if isFraming(f.Name) {
			continue
		}
		h.Del(f.Name)
		addValues(h, f)
	}
	addSetCookies(h, made.Cookies)
	return a
}

// reasonFunction stands where a function made the answer.
const reasonFunction = "function"

// changedAnswer puts what a viewer-response function returned in the place of
// what it was given.
func changedAnswer(a answer, was, is *jsfunc.Response) answer {
	a.status = is.StatusCode
	a.header = changedFields(a.header, was.Headers, is.Headers)
	if !sameFields(was.Cookies, is.Cookies) {
		a.header.Del("Set-Cookie")
		addSetCookies(&a.header, is.Cookies)
	}
	if is.Body != nil {
		a.drop()
		a.body, a.stored, a.whole = exchange.Bytes(is.Body.Data), false, false
		a.header.Del("Content-Length")
		a.header.Add("Content-Length", strconv.Itoa(len(is.Body.Data)))
	}
	return a
}

// responseFields is an answer as a viewer-response function sees it.
func responseFields(a answer) *jsfunc.Response {
	out := &jsfunc.Response{
		StatusCode: a.status, StatusDescription: http.StatusText(a.status), Headers: eventFields(a.header),
	}
	for line := range a.header.All("Set-Cookie") {
		out.Cookies = addSetCookie(out.Cookies, line)
	}
	return out
}
