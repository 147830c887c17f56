package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"drawbridge/dataplane/exchange"
)

// callHandler lets a net/http handler answer an exchange: the one adapter
// between the two (design.md section 5). A small answer is collected; one that
// is flushed or grows is streamed while the handler runs on.
func callHandler(ctx context.Context, handler http.Handler, x *exchange.Exchange) *exchange.Response {
	r, err := httpRequest(ctx, x)
	if err != nil {
		return statusPage(http.StatusBadRequest)
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &responseWriter{header: make(http.Header), ready: make(chan struct{}), cancel: cancel}
	go w.run(handler, r.WithContext(ctx))
	<-w.ready
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.response()
}

// httpRequest makes the net/http form of an exchange's request.
func httpRequest(ctx context.Context, x *exchange.Exchange) (*http.Request, error) {
	q := x.Request
	u, err := url.ParseRequestURI(q.Target())
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: q.Method, URL: u, Host: q.Authority, RequestURI: q.Target(),
		Proto: q.Protocol.String(), ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(q.Header)),
		ContentLength: q.Body.Length(), Body: q.Body.Reader(),
		RemoteAddr: x.Conn.RemoteAddr.String(),
	}
	switch q.Protocol {
	case exchange.HTTP10:
		r.ProtoMinor = 0
	case exchange.HTTP2:
		r.ProtoMajor, r.ProtoMinor = 2, 0
	case exchange.HTTP3:
		r.ProtoMajor, r.ProtoMinor = 3, 0
	}
	for _, f := range q.Header {
		r.Header.Add(f.Name, f.Value)
	}
	if q.Body.Empty() {
		r.Body = http.NoBody
	}
	if t := x.Conn.TLS; t != nil {
		r.TLS = &tls.ConnectionState{
			Version: t.Version, CipherSuite: t.CipherSuite, ServerName: t.ServerName,
			DidResume: t.Resumed, HandshakeComplete: true,
		}
	}
	return r.WithContext(ctx), nil
}

// collected is up to where a handler's answer is held back for its length.
const collected = 64 << 10

// responseWriter is the handler's side: it collects until the answer is too
// large or flushed, then hands over to a pipe.
type responseWriter struct {
	header http.Header
	cancel context.CancelFunc

	mu       sync.Mutex
	status   int
	sent     http.Header // as it stood at WriteHeader
	buffer   bytes.Buffer
	pipe     *io.PipeWriter // nil until streaming
	reader   *io.PipeReader
	panicked any

	ready   chan struct{} // closed when response() may be called
	isReady bool
}

// run runs the handler. Its panic is passed to whoever waits: before the head
// has gone that is callHandler, behind it the stream's reader.
func (w *responseWriter) run(handler http.Handler, r *http.Request) {
	defer func() {
		v := recover()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.pipe != nil {
			var err error
			if v != nil {
				err = errors.New("handler panicked in its answer")
			}
			w.pipe.CloseWithError(err)
			return
		}
		w.panicked = v
		w.writeHeader(http.StatusOK)
		w.announce()
		w.cancel()
	}()
	handler.ServeHTTP(w, r)
}

// Header returns the fields to be sent.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader fixes status and fields; only the first final one counts.
func (w *responseWriter) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(status)
}

func (w *responseWriter) writeHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write adds to the body.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.writeHeader(http.StatusOK)
	if w.pipe == nil {
		if w.buffer.Len()+len(p) <= collected {
			defer w.mu.Unlock()
			return w.buffer.Write(p)
		}
		w.stream()
	}
	pipe := w.pipe
	w.mu.Unlock()
	return pipe.Write(p)
}

// Flush sends what there is (http.Flusher).
func (w *responseWriter) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK)
	if w.pipe == nil {
		w.stream()
	}
}

// stream turns from collecting to streaming; w.mu is held.
func (w *responseWriter) stream() {
	w.reader, w.pipe = io.Pipe()
	w.announce()
}

func (w *responseWriter) announce() {
	if !w.isReady {
		w.isReady = true
		close(w.ready)
	}
}

// response returns the answer once the writer is ready.
func (w *responseWriter) response() *exchange.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	resp := &exchange.Response{Status: w.status, Close: w.sent.Get("Connection") == "close"}
	names := make([]string, 0, len(w.sent))
	for name := range w.sent {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range w.sent[name] {
			resp.Header.Add(name, v)
		}
	}
	if w.pipe == nil {
		resp.Body = exchange.Bytes(w.buffer.Bytes())
		return resp
	}
	head := bytes.Clone(w.buffer.Bytes())
	resp.Body = exchange.Stream(&handlerBody{
		Reader: io.MultiReader(bytes.NewReader(head), w.reader), pipe: w.reader, cancel: w.cancel,
	}, -1)
	return resp
}

// handlerBody is a streamed answer; closing it ends the handler's context.
type handlerBody struct {
	io.Reader
	pipe   *io.PipeReader
	cancel context.CancelFunc
}

// Close gives the answer up.
func (b *handlerBody) Close() error {
	b.cancel()
	return b.pipe.Close()
}
