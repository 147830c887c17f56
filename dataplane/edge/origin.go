package edge

import (
	"context"
	"io"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// send carries a request to the behavior's origin, or to its origin group: the
// primary first, the secondary when the primary fails in a way the group names
// (reference/cloudfront.md section 2.8).
func (e *Edge) send(ctx context.Context, a ask) (*exchange.Response, Fault) {
	group := a.group
	if group == nil {
		return e.sendTo(ctx, a, a.origin)
	}
	resp, fault := e.sendTo(ctx, a, group.Members[0])
	if !mayFailOver(a) || !failsOver(group, resp, fault) {
		return resp, fault
	}
	if resp != nil {
		_ = resp.Body.Close()
	}
	return e.sendTo(ctx, a, group.Members[1])
}

// mayFailOver tells the methods that a secondary origin takes over.
func mayFailOver(a ask) bool {
	switch a.asked.Method {
	case "GET", "HEAD":
		return true
	case "OPTIONS":
		return a.behavior.Cached.Has("OPTIONS")
	}
	return false
}

// failsOver tells whether a group names this way of failing: a status by
// itself, no connection by 503, no answer in time by 504.
func failsOver(g *program.OriginGroup, resp *exchange.Response, fault Fault) bool {
	switch fault {
	case faultNone:
		return g.FailoverOn[resp.Status]
	case faultOriginConnect, faultOriginResolve, faultOriginRefused, faultOriginTLS, faultOriginConnectTimeout:
		return g.FailoverOn[503]
	case faultOriginTimeout:
		return g.FailoverOn[504]
	case faultOriginClosed, faultOriginHeader:
		return g.FailoverOn[502]
	}
	return false
}

// sendTo carries a request to one origin. A read that times out is tried again
// for GET and HEAD, as often as ConnectionAttempts says; other methods may have
// been carried out already (reference/cloudfront.md section 2.8).
func (e *Edge) sendTo(ctx context.Context, a ask, o *program.Origin) (*exchange.Response, Fault) {
	call := e.call(a, o)
	if o.ClientCertificate != "" && e.certificate != nil {
		call.ClientCertificate = e.certificate(ctx, a.distribution.Account, o.ClientCertificate)
	}
	cancel := context.CancelFunc(func() {})
	bounded := ctx
	if o.CompletionTimeout > 0 {
		bounded, cancel = context.WithTimeout(ctx, o.CompletionTimeout)
	}
	tries := 1
	if m := a.asked.Method; m == "GET" || m == "HEAD" {
		tries = max(1, o.Attempts)
	}
	for {
		resp, err := e.do(bounded, call)
		if err == nil {
			resp.Body = endWith(resp.Body, cancel)
			return sound(resp)
		}
		fault := faultOf(err)
		if ctx.Err() == nil && bounded.Err() != nil {
			fault = faultOriginTimeout // ResponseCompletionTimeout
		}
		tries--
		if fault != faultOriginTimeout || tries == 0 || bounded.Err() != nil {
			cancel()
			return nil, fault
		}
	}
}

// maxResponseHeader bounds the fields of an origin's response
// (reference/cloudfront.md section 4.1).
const maxResponseHeader = 32768

// sound lets a response pass that can be one: origins in process are held to
// what a connection's reader would have let through.
func sound(resp *exchange.Response) (*exchange.Response, Fault) {
	size := 0
	for i := range resp.Header {
		size += len(resp.Header[i].Name) + len(resp.Header[i].Value) + len(": \r\n")
	}
	fault := faultNone
	switch {
	case size > maxResponseHeader:
		fault = faultOriginHeader
	case resp.Status < 200 || resp.Status > 999:
		fault = faultOriginClosed
	default:
		return resp, faultNone
	}
	_ = resp.Body.Close()
	return nil, fault
}

// endWith has cancel called when a body is closed.
func endWith(b exchange.Body, cancel context.CancelFunc) exchange.Body {
	if _, ok := b.InMemory(); ok {
		cancel()
		return b
	}
	return exchange.Stream(closing{b.Reader(), cancel}, b.Length())
}

// closing is a body that ends its time limit with itself.
type closing struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c closing) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}
