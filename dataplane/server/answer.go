package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/exchange"
)

// answer is the way of every request behind its protocol: pin the programs of
// the connection's locations, decide the owner, ask the plane. It never returns
// nil, and a plane that panics costs only its own connection.
func (s *Server) answer(ctx context.Context, roles Roles, x *exchange.Exchange) (resp *exchange.Response) {
	defer func() {
		if v := recover(); v != nil {
			resp = s.failed(x, v)
		}
	}()
	if resp = s.decide(roles, x); resp != nil {
		return resp
	}
	resp = s.ask(ctx, x)
	if resp == nil || resp.Status < 200 || resp.Status > 999 {
		panic("BUG: plane without a final answer")
	}
	return resp
}

// answerAtOnce is answer for what the edge has at hand; nil: it is to be asked
// by answer, which decides again.
func (s *Server) answerAtOnce(roles Roles, x *exchange.Exchange) (resp *exchange.Response) {
	if s.opts.EdgeAtOnce == nil {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			resp = s.failed(x, v)
		}
	}()
	record := x.Record
	if s.decide(roles, x) == nil && x.Owner.Plane == exchange.PlaneEdge {
		resp = s.opts.EdgeAtOnce(x)
	}
	if resp == nil {
		x.Record = record
	}
	return resp
}

// decide pins the programs and finds the owner. It answers what no plane is to
// answer, else it returns nil.
func (s *Server) decide(roles Roles, x *exchange.Exchange) *exchange.Response {
	s.beforeProxies(x)
	x.Edge = s.opts.EdgeLocations[x.Conn.Location].Load()
	x.Gateway = s.opts.GatewayCells[x.Conn.Cell].Load()
	owner, refused := s.opts.Rules.Decide(Question{
		Roles: roles, Request: x.Request, TLS: x.Conn.TLS, Edge: x.Edge, Gateway: x.Gateway,
	})
	x.Owner = owner
	if roles == RoleOps && owner.Plane != exchange.PlaneOps && s.draining.Load() {
		x.Record.Reason = "draining"
		return statusPage(http.StatusServiceUnavailable)
	}
	if refused != nil {
		x.Record.Reason = refused.Reason
		if refused.Reason == ReasonMisdirected && owner.Plane == exchange.PlaneEdge && s.opts.Refuse != nil {
			return s.opts.Refuse(refused.Status, x)
		}
		return refusedPage(owner.Plane, refused)
	}
	return nil
}

func (s *Server) ask(ctx context.Context, x *exchange.Exchange) *exchange.Response {
	switch x.Owner.Plane {
	case exchange.PlaneEdge:
		if s.opts.Edge != nil {
			return s.opts.Edge(ctx, x)
		}
	case exchange.PlaneGateway:
		if s.opts.Gateway != nil {
			return s.opts.Gateway(ctx, x)
		}
	case exchange.PlaneControl:
		if s.opts.Control != nil {
			return callHandler(ctx, s.opts.Control, x)
		}
	case exchange.PlaneOps:
		if s.opts.Ops != nil {
			return callHandler(ctx, s.opts.Ops, x)
		}
	}
	return statusPage(http.StatusNotImplemented)
}

// failed turns a plane's panic into its answer: a broken response for the edge,
// an internal error elsewhere (reference/api-gateway.md 2.6, API_CONFIGURATION_ERROR).
func (s *Server) failed(x *exchange.Exchange, v any) *exchange.Response {
	s.opts.Logger.Error("plane panicked", "plane", x.Owner.Plane.String(), "request_id", x.RequestID,
		"conn", x.Conn.ID, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	x.Record.Reason = "panic"
	status := http.StatusInternalServerError
	if x.Owner.Plane == exchange.PlaneEdge {
		status = http.StatusBadGateway
	}
	resp := s.refuse(0, status, x)
	resp.Close = true
	return resp
}

// refuse answers a request that no plane answered: with the bytes of the plane
// that owns it, or with the edge's where it may own it by the listener's roles.
func (s *Server) refuse(roles Roles, status int, x *exchange.Exchange) (resp *exchange.Response) {
	defer func() {
		if v := recover(); v != nil || resp == nil {
			resp = statusPage(status)
		}
		resp.Close = true
	}()
	plane := x.Owner.Plane
	if plane == exchange.PlaneNone && roles.Has(RoleEdge) {
		plane = exchange.PlaneEdge
	}
	if s.opts.Refuse == nil || plane != exchange.PlaneEdge && plane != exchange.PlaneGateway {
		return statusPage(status)
	}
	if plane == exchange.PlaneEdge && status == http.StatusRequestHeaderFieldsTooLarge {
		status = statusHeadersTooLarge
	}
	return s.opts.Refuse(status, x)
}

// statusHeadersTooLarge is what CloudFront answers in place of 431
// (reference/cloudfront.md 2.5).
const statusHeadersTooLarge = 494

// finish completes the record and hands the exchange over, once.
func (s *Server) finish(x *exchange.Exchange, status int, sent int64, aborted bool) {
	x.Record.Status = status
	x.Record.BytesSent = sent
	x.Record.Duration = s.opts.Now().Sub(x.Start)
	x.Record.Aborted = aborted
	defer func() {
		if v := recover(); v != nil {
			s.opts.Logger.Error("finishing an exchange panicked", "request_id", x.RequestID, "panic", fmt.Sprint(v))
		}
	}()
	s.opts.Finish(x)
}

// contain keeps a fault of our own to its connection.
func (s *Server) contain(conn uint64) {
	if v := recover(); v != nil {
		s.opts.Logger.Error("connection panicked", "conn", conn, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	}
}

// readBody reads from a plane's stream; a panic in it is the stream's error.
func (s *Server) readBody(body io.Reader, p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.opts.Logger.Error("response body panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			n, err = 0, fmt.Errorf("response body panicked")
		}
	}()
	return body.Read(p)
}

// dateClock formats the Date field at most once a second.
type dateClock struct {
	last atomic.Pointer[stampedDate]
}

type stampedDate struct {
	unix int64
	text string
}

func (d *dateClock) date(now time.Time) string {
	unix := now.Unix()
	if last := d.last.Load(); last != nil && last.unix == unix {
		return last.text
	}
	next := &stampedDate{unix, now.UTC().Format(http.TimeFormat)}
	d.last.Store(next)
	return next.text
}
