package edge

import (
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// maxHops is how many distributions may be chained (reference/cloudfront.md
// section 2.1: more than two answer 403).
const maxHops = 2

// visit is a viewer's request that has found its distribution and location.
type visit struct {
	x            *exchange.Exchange
	asked        *exchange.Request // what the viewer asks; what a custom error page asks
	distribution *program.Distribution
	location     *location
	now          time.Time
	locate       Locator
	// session is the Set-Cookie of a continuous deployment's session; "": none.
	session string
	// via is the value of Via on the response: a new name each time.
	via string
}

// arrive gives the exchange its ids and finds the location and the
// distribution. The server has decided whose request it is; a host that no
// distribution owns and a distribution that is disabled answer the same page
// (reference/cloudfront.md section 2.1).
func (e *Edge) arrive(x *exchange.Exchange) (visit, Fault) {
	v := visit{x: x, asked: x.Request, location: e.locations[0], now: e.now(), locate: e.locate}
	if x.Conn != nil && 0 <= x.Conn.Location && x.Conn.Location < len(e.locations) {
		v.location = e.locations[x.Conn.Location]
	}
	x.RequestID, v.via = e.newIDs()
	if x.Edge != nil {
		x.Record.Revision = x.Edge.Revision
	}
	d := x.Owner.Distribution
	if d == nil {
		return v, faultNoDistribution
	}
	v.distribution = d
	x.Record.Distribution = d.ID
	switch {
	case !d.Enabled:
		return v, faultDisabled
	case x.Hops >= maxHops:
		return v, faultTooManyHops
	}
	if x.Owner.PathForm {
		inner := *x.Request
		inner.Path = x.Owner.Path
		v.asked = &inner
	}
	if fault := loops(v.asked.Header, d.ID); fault != faultNone {
		return v, fault
	}
	e.stage(&v)
	return v, faultNone
}
