package gateway

import (
	"net/http"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
)

// call is one exchange on its way: what has become known about it so far. One
// goroutine owns it. The response is part of it, so that a call is one piece of
// memory.
type call struct {
	gateway    *Gateway
	x          *exchange.Exchange
	now        time.Time
	requestID  string
	extendedID string

	place      place
	route      route
	setting    program.MethodSetting // what the stage sets for the route's method
	key        *program.APIKey       // set once a method required one
	identified *Identity             // who signed the call, of an AWS_IAM method
	granted    *grant                // what an authorizer said about the caller
	authorised authorised
	integrated integrated
	verb       string // the method's, after X-HTTP-Method-Override

	content  requestBody
	held     int64 // of the room for bodies
	query    parameters
	queried  bool
	context  *jsonpath.Object // $context, made when first needed
	tracing  *trace           // where the call stands in a trace, when first asked for
	refusal  *Refusal         // being answered
	test     bool             // a test invocation
	log      *executionLog    // nil: nobody listens
	response exchange.Response
	fields   [8]exchange.Field // room for the response's header
}

// begin starts a call: it gets its ids.
func (g *Gateway) begin(x *exchange.Exchange) *call {
	c := &call{gateway: g, x: x, now: g.options.Now(), verb: x.Request.Method}
	c.requestID, c.extendedID = g.newIDs(x, c.now)
	x.RequestID = c.requestID
	if x.Gateway != nil {
		x.Record.Revision = x.Gateway.Revision
	}
	return c
}

// dateText is a Date field's value for one second.
type dateText struct {
	second int64
	text   string
}

// dateOf returns the moment as it stands in Date (RFC 9110 section 6.6.1).
func (g *Gateway) dateOf(now time.Time) string {
	second := now.Unix()
	if cached := g.date.Load(); cached != nil && cached.second == second {
		return cached.text
	}
	text := now.UTC().Format(http.TimeFormat)
	g.date.Store(&dateText{second, text})
	return text
}
