package upstream

import (
	"context"
	"errors"
	"os"
	"time"

	"drawbridge/dataplane/exchange"
)

// flight is one request on one connection, until its response's body has ended.
type flight struct {
	ctx    context.Context
	client *Client
	call   *Call
	conn   *conn
	// disarm undoes the closing of the connection when ctx ends; it returns
	// false when that has already begun.
	disarm func() bool
	upload *upload // nil when the request went out whole
}

// roundTrip sends the call on a connection and reads the head of its response.
// again tells that the connection turned out to be dead before any byte of an
// answer and that the call may be made anew. In every other case the call's
// body is closed once it is no longer read.
func (c *Client) roundTrip(ctx context.Context, on *conn, call *Call) (_ *exchange.Response, again bool, _ error) {
	f := &flight{ctx: ctx, client: c, call: call, conn: on}
	f.disarm = context.AfterFunc(ctx, func() { _ = on.tcp.Close() })
	if err := f.send(); err != nil {
		return f.fail(failure(ctx, BrokenResponse, err))
	}
	head, err := f.receive()
	if err != nil {
		return f.fail(err)
	}
	response, err := f.response(head)
	if err != nil {
		return f.fail(err)
	}
	return response, false, nil
}

// send writes the request: whole when its body is small and at hand, else the
// head now and the body beside the reading of the response.
func (f *flight) send() error {
	head, err := appendRequest(f.conn.scratch[:0], f.call)
	if err != nil {
		return err
	}
	data, atHand := f.call.Body.InMemory()
	whole := atHand && len(data) <= inlineBody
	if whole {
		head = append(head, data...)
	}
	if f.conn.scratch = head[:0]; cap(head) > inlineBody {
		f.conn.scratch = nil
	}
	now := f.client.options.Now()
	if err := f.conn.SetDeadline(now.Add(f.call.ReadTimeout)); err != nil {
		return err
	}
	if _, err := f.conn.Write(head); err != nil {
		return err
	}
	if whole {
		return f.call.Body.Close()
	}
	f.upload = startUpload(f)
	return nil
}

// receive reads the head of the final response; informational ones are skipped
// (RFC 9110 section 15.2).
func (f *flight) receive() (*head, *Error) {
	budget := maxResponseHead
	for {
		head, used, err := readHead(f.conn.reader, budget)
		if err != nil {
			return nil, f.classify(err)
		}
		if budget -= used; head.status >= 200 {
			return head, nil
		}
		if head.status == 101 {
			return nil, failure(f.ctx, BrokenResponse, errors.New("protocol switched without being asked"))
		}
	}
}

// classify gives an error of reading the response its kind. A request body that
// broke off at its source is the caller's doing, whatever the origin made of it.
func (f *flight) classify(err error) *Error {
	if f.upload != nil {
		if source := f.upload.sourceError(); source != nil {
			return failure(f.ctx, Canceled, source)
		}
	}
	switch {
	case errors.Is(err, errHeadTooBig):
		return failure(f.ctx, HeaderTooBig, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failure(f.ctx, Timeout, err)
	}
	return failure(f.ctx, BrokenResponse, err)
}

// fail ends a flight that got no response.
func (f *flight) fail(err *Error) (*exchange.Response, bool, error) {
	again := f.conn.reused && err.Kind == BrokenResponse && f.upload == nil &&
		!f.conn.heard && idempotent(f.call.Method)
	f.end(false, 0)
	if again {
		return nil, true, nil
	}
	if f.upload == nil {
		_ = f.call.Body.Close()
	}
	return nil, false, err
}

// end gives the connection back, or closes it when it cannot carry another
// request. It returns once the request's body is no longer read.
func (f *flight) end(reusable bool, keep time.Duration) {
	if !f.disarm() {
		reusable = false
	}
	if f.upload != nil {
		if complete := f.upload.stop(reusable); !complete {
			reusable = false
		}
	}
	if reusable && f.conn.reader.Buffered() == 0 && keep > 0 {
		f.client.pool.put(f.conn, keep)
		return
	}
	f.client.pool.discard(f.conn)
}

// idempotent tells whether a request may be sent again when the fate of the
// first one is unknown (RFC 9110 section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE":
		return true
	}
	return false
}
