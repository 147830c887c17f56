package edge

import (
	"context"
	"math"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/httpcache"
)

// answer is what a request gets, before conditions, ranges and CloudFront's own
// fields.
type answer struct {
	fault      Fault // not faultNone: the edge's own page; the rest is empty
	status     int
	header     exchange.Header
	via        string // the origin's
	body       exchange.Body
	validators httpcache.Validators
	word       word
	reason     string
	// stored tells that the answer comes from an object: viewers' conditions are
	// held against it. whole tells that its body is at hand, so ranges are too.
	stored, whole bool
	// errorPage: a custom error page stands in for the answer. generated: no
	// origin had part in it.
	errorPage, generated bool
	// age is what Age says; it is sent when aged, or when it is not zero.
	age  time.Duration
	aged bool
	// reader is the body where it is shared with a store on its way there.
	reader *httpcache.SpoolReader
}

// drop gives up the body: a shared one still goes into the store.
func (a *answer) drop() {
	if a.reader != nil {
		a.reader.Detach()
	} else {
		_ = a.body.Close()
	}
	a.reader, a.body = nil, exchange.Body{}
}

// obtain gets the answer: from the cache, from the origin by way of the cache,
// or from the origin alone.
func (e *Edge) obtain(ctx context.Context, r request, key cacheKey, have found) answer {
	r.x.Trail.Add("cache", string(have.reason))
	switch {
	case key.past != bypassNo:
		return e.pass(ctx, r, key.past)
	case have.state == httpcache.Fresh:
		return fromObject(r, have.object, wordHit, have.reason)
	case have.state == httpcache.Refreshing:
		e.refreshBehind(ctx, r, key, have.object)
		return fromObject(r, have.object, wordHit, have.reason)
	}
	return e.fetchObject(ctx, r, key, have)
}

// fromObject answers with a stored object as it is.
func fromObject(r request, o *object, w word, reason httpcache.Reason) answer {
	if o.Fault != 0 {
		return answer{fault: Fault(o.Fault), aged: true, age: o.Age(r.now)}
	}
	return answer{
		status: o.Status, header: o.Header, via: o.OriginVia, body: exchange.Bytes(o.Body),
		validators: o.Validators, word: w, reason: string(reason), stored: true, whole: !o.HeadOnly,
		age: o.OriginAge + o.Age(r.now), aged: true,
	}
}

// pass is the way past the cache: methods that are never cached, and behaviors
// that cache nothing. The body streams through and nobody shares it.
func (e *Edge) pass(ctx context.Context, r request, why bypass) answer {
	a := ask{request: r, ranged: true}
	began := e.now()
	resp, fault := e.send(ctx, a)
	r.x.Record.OriginLatency = e.now().Sub(began)
	if fault != faultNone {
		return answer{fault: fault}
	}
	r.x.Record.OriginStatus = resp.Status
	h := readHead(r.behavior, r.asked.Method, resp, e.now())
	body := resp.Body
	if r.asked.Method == "HEAD" || !hasBody(resp.Status) {
		_ = body.Close()
		body = exchange.Body{}
	}
	return answer{
		status: h.status, header: h.assemble(nil), via: h.via, body: body,
		word: wordMiss, reason: string(why.reason()), age: h.age,
	}
}

// fetchObject gets an object from the origin, or waits for whoever is getting
// it already.
func (e *Edge) fetchObject(ctx context.Context, r request, key cacheKey, have found) answer {
	zone := r.location.store.Zone(r.distribution.CacheID())
	mark := zone.Mark()
	if have.object != nil && !have.object.Good() {
		have = found{reason: httpcache.ReasonAbsent} // invalidated since the lookup
	}
	text := string(key.bytes)
	ranged := have.object == nil && r.asked.Method == "GET" && wantsOneRange(r.asked)
	shared := key.shared && !ranged && r.asked.Method != "HEAD" && (have.object == nil || !have.object.Revalidated())
	if shared {
		h, first, err := r.location.flights.Share(ctx, text, mark)
		if err != nil {
			return answer{fault: faultBusy}
		}
		if first {
			return lead(ctx, r, newFetch(e, r, fetchOf{until: ctx, key: text, coding: key.coding, zone: zone, have: have}), h)
		}
		if a, ok := follow(ctx, r, h); ok {
			return a
		}
	}
	h, err := r.location.flights.Begin(ctx, mark)
	if err != nil {
		return answer{fault: faultBusy}
	}
	return lead(ctx, r, newFetch(e, r, fetchOf{until: ctx, key: text, coding: key.coding, zone: zone, have: have, ranged: ranged, alone: true}), h)
}

// wantsOneRange tells whether a request's Range goes to the origin on a miss. Several
// ranges do not: they would let a viewer ask for many times the object
// (reference/cloudfront.md section 3.6: such a request is answered in full).
func wantsOneRange(q *exchange.Request) bool {
	value, ok := q.Header.Lookup("Range")
	if !ok {
		return false
	}
	_, kind := httpcache.ParseRange(value, math.MaxInt64)
	return kind == httpcache.RangeSatisfiable
}

// lead runs a fetch and answers with what it brings.
func lead(ctx context.Context, r request, f *fetch, h *hold) answer {
	f.hold = h
	go f.run()
	t, err := h.Wait(ctx)
	if err != nil {
		h.Leave()
		return answer{fault: faultViewerGone}
	}
	if t.panicked != nil {
		panic(t.panicked) // to the server, that logs it with this request
	}
	r.x.Record.OriginStatus, r.x.Record.OriginLatency = t.originStatus, t.latency
	r.x.Trail.Add("fetch", string(t.reason))
	if t.fault != faultNone {
		return answer{fault: t.fault}
	}
	a := answer{
		status: t.object.Status, header: t.header, via: t.object.OriginVia, validators: t.object.Validators,
		word: t.word, reason: string(t.reason), stored: true, age: t.object.OriginAge, reader: t.reader,
	}
	switch {
	case t.reader != nil:
		a.body = exchange.Stream(t.reader, t.length)
	case !t.object.HeadOnly:
		a.body = exchange.Bytes(t.object.Body)
		a.whole = t.word != wordMiss
	}
	if t.word == wordHit { // a stale object for a failing origin
		a.age, a.aged = t.object.OriginAge+t.object.Age(r.now), true
	}
	return a
}

// follow waits for another request's fetch. It is false when the answer turns
// out not to be for others, or its start has gone by already.
func follow(ctx context.Context, r request, h *hold) (answer, bool) {
	t, err := h.Wait(ctx)
	if err != nil {
		h.Leave()
		return answer{fault: faultViewerGone}, true
	}
	if t.alone || t.panicked != nil {
		h.Leave()
		return answer{}, false
	}
	r.x.Trail.Add("fetch", "collapsed")
	if t.fault != faultNone {
		h.Leave()
		return answer{fault: t.fault}, true
	}
	a := fromObject(r, t.object, wordHit, reasonCollapsed)
	if t.spool == nil {
		return a, true
	}
	a.whole = false
	reader, ok := t.spool.NewReader(ctx, h.Leave)
	if !ok {
		h.Leave()
		return answer{}, false
	}
	a.reader, a.body = reader, exchange.Stream(reader, t.length)
	return a, true
}

// reasonCollapsed stands where a request waited for another one's fetch.
const reasonCollapsed httpcache.Reason = "collapsed"

// refreshBehind revalidates an object while viewers are served the stale one,
// unless somebody does already (RFC 5861 section 3).
func (e *Edge) refreshBehind(ctx context.Context, r request, key cacheKey, o *object) {
	zone := r.location.store.Zone(r.distribution.CacheID())
	text := string(key.bytes)
	h, first, err := r.location.flights.Share(ctx, text, zone.Mark())
	switch {
	case err != nil:
		return // the next request tries again
	case !first:
		h.Leave()
		return
	}
	f := newFetch(e, r, fetchOf{key: text, coding: key.coding, zone: zone, have: found{object: o}})
	f.hold = h
	f.ask.asked.Method = "GET"
	go f.run()
}
