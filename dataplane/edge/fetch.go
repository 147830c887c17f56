package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/httpcache"
)

// errShort is a body that has not the length its head announced: it is passed on
// as broken and never stored (reference/cloudfront.md section 3.6).
var errShort = errors.New("edge: body differs from its Content-Length")

// told is what a fetch tells those who wait for it, once the head is known.
type told struct {
	object *object         // the head; its Body only where spool is nil
	header exchange.Header // for the one who began: with the fields that storing strips
	spool  *httpcache.Spool
	reader *httpcache.SpoolReader // the beginner's, from the start
	length int64                  // of the body in the spool, -1 unknown

	fault  Fault
	word   word
	reason httpcache.Reason
	// alone tells that the answer is for the one who began only.
	alone        bool
	originStatus int
	latency      time.Duration
	panicked     error
}

// fetchOf is what a fetch is for.
type fetchOf struct {
	key    string
	coding coding
	zone   *httpcache.Zone
	have   found
	ranged bool
	alone  bool // nobody can join
	// until is the beginner's context: its reader ends with it. nil: nobody
	// began it for the answer's sake.
	until context.Context
}

// fetch is one way to an origin and into the store. It holds nothing of the
// exchange that began it that could change under it, for it may outlive it.
type fetch struct {
	fetchOf
	edge  *Edge
	ask   ask
	hold  *hold
	began time.Time
	spool *httpcache.Spool
	done  bool // told
}

// newFetch copies what a fetch needs of a request.
func newFetch(e *Edge, r request, of fetchOf) *fetch {
	q := *r.asked
	q.Header, q.Body = r.asked.Header.Clone(), exchange.Body{}
	q.Header.Del("Content-Length") // a body is not sent
	x := &exchange.Exchange{Conn: r.x.Conn, Request: &q, RequestID: r.x.RequestID, Hops: r.x.Hops}
	f := &fetch{fetchOf: of, edge: e, began: e.now()}
	f.ask = ask{request: r, coding: of.coding, keep: true, ranged: of.ranged}
	f.ask.x, f.ask.asked = x, &q
	if o := of.have.object; o != nil && o.Fault == 0 && !forwardsCookies(r.behavior) && (o.OriginETag != "" || o.LastModified != "") {
		f.ask.revalidate = o
	}
	return f
}

// run is the fetch: ask, decide, tell, store.
func (f *fetch) run() {
	defer f.hold.End()
	defer f.caught()
	resp, fault := f.edge.send(f.hold.Context, f.ask)
	t := &told{latency: f.edge.now().Sub(f.began), alone: f.alone}
	status := fault.row().status
	if resp != nil {
		status, t.originStatus = resp.Status, resp.Status
	}
	now := f.edge.now()
	switch old := f.have.object; {
	case fault == faultViewerGone:
		t.fault = fault
	case old != nil && old.Fault == 0 && status >= 500 && old.OnError(now):
		f.serveStale(t, resp, status, now)
	case fault != faultNone:
		f.keepFault(t, fault, now)
	case status == http.StatusNotModified && f.ask.revalidate != nil:
		f.refresh(t, resp, now)
	default:
		f.take(t, resp, now)
		return
	}
	f.tell(t)
}

// caught hands a panic to the request that began the fetch: the server logs it
// and answers. Where none waits (any more), it is logged here.
func (f *fetch) caught() {
	p := recover()
	if p == nil {
		return
	}
	if f.spool != nil {
		f.spool.Finish(errShort)
	}
	err := fmt.Errorf("fetch: %v\n%s", p, debug.Stack())
	if f.until == nil || f.done {
		f.edge.logger.Error("a fetch panicked", "distribution", f.ask.distribution.ID, "err", err)
	}
	if !f.done {
		f.tell(&told{panicked: err, alone: true})
	}
}

// tell lets the waiting requests go on.
func (f *fetch) tell(t *told) {
	f.done = true
	if t.alone || t.spool == nil { // nothing is left to share: what there is is in the store
		f.hold.Close()
	}
	f.hold.Tell(t)
}

// serveStale answers with the expired object instead of a failure, and leaves
// the origin alone for ErrorCachingMinTTL (reference/cloudfront.md section 3.2).
func (f *fetch) serveStale(t *told, resp *exchange.Response, status int, now time.Time) {
	if resp != nil {
		_ = resp.Body.Close()
	}
	o := f.have.object
	o.RetryAt(now.Add(f.ask.distribution.ErrorTTL(status)))
	t.object, t.header, t.word, t.reason = o, o.Header, wordHit, httpcache.ReasonStaleOnError
}

// keepFault keeps a failure as long as an error response would be kept
// (reference/cloudfront.md section 3.5).
func (f *fetch) keepFault(t *told, fault Fault, now time.Time) {
	t.fault, t.reason = fault, httpcache.ReasonError
	status := fault.row().status
	v := httpcache.Decide(f.rules(status), httpcache.Facts{Status: status, Now: now})
	if !v.Store || !fault.row().origin {
		return
	}
	o := f.newObject(v, now)
	o.Status, o.Fault, o.HeadOnly = status, uint8(fault), false
	f.store(o, now)
}

// store puts an object into the cache, unless it is worth less than what has
// come there meanwhile: a failure or a bare head takes no good object's place.
func (f *fetch) store(o *object, now time.Time) {
	if o.Fault != 0 || o.HeadOnly {
		have, ok := f.ask.location.store.Get([]byte(f.key))
		if ok && have.Fault == 0 && !have.HeadOnly {
			if state, _ := have.At(now); state == httpcache.Fresh {
				return
			}
		}
	}
	f.ask.location.store.Put(o)
}

// rules are the bounds that the configuration sets for a status.
func (f *fetch) rules(status int) httpcache.Rules {
	p := &f.ask.behavior.Cache
	return httpcache.Rules{
		Off: p.Disabled(), MinTTL: p.MinTTL, DefaultTTL: p.DefaultTTL, MaxTTL: p.MaxTTL,
		ErrorTTL: f.ask.distribution.ErrorTTL(status),
	}
}

// newObject begins an object of this fetch.
func (f *fetch) newObject(v httpcache.Verdict, now time.Time) *object {
	o := &object{
		Key: f.key, Zone: f.zone, URLs: urlsOf(f.ask.request),
		Freshness: httpcache.NewFreshness(now, v), HeadOnly: f.ask.asked.Method == "HEAD",
	}
	o.SetMark(f.hold.Mark)
	return o
}

// fill gives an object what viewers see of a head, and its tags.
func (f *fetch) fill(o *object, h *head, header exchange.Header) {
	o.Tags = cacheTags(h.rest, f.ask.distribution.TagHeader)
	o.Status, o.Header, o.HeaderSize = h.status, header, headerSize(header)
	o.Validators, o.OriginETag = h.validators, h.originETag
	o.OriginAge, o.OriginVia = h.age, h.via
}

// refresh makes the expired object fresh with the fields of a 304 (RFC 9111
// section 4.3.4): RefreshHit.
func (f *fetch) refresh(t *told, resp *exchange.Response, now time.Time) {
	_ = resp.Body.Close()
	old := f.ask.revalidate
	merged := old.Header.Clone()
	for _, field := range resp.Header {
		if refreshes(field.Name) {
			merged.Set(field.Name, field.Value)
		}
	}
	body := exchange.Bytes(old.Body)
	h := readHead(f.ask.behavior, "HEAD", &exchange.Response{Status: old.Status, Header: merged, Body: body}, now)
	h.originETag, h.validators.ETag, h.via = old.OriginETag, old.ETag, old.OriginVia
	v := httpcache.Decide(f.rules(old.Status), h.facts)
	o := f.newObject(v, now)
	f.fill(o, h, h.assemble(v.Strip))
	o.Body, o.HeadOnly = old.Body, old.HeadOnly
	if v.Store {
		f.store(o, now)
	}
	t.object, t.header, t.word, t.reason = o, o.Header, wordRefreshHit, httpcache.ReasonRefreshed
	t.alone = t.alone || !v.Share
}

// refreshes tells whether a field of a 304 replaces the stored one: all but
// those that describe the stored body (RFC 9111 section 3.2) or were made here.
func refreshes(name string) bool {
	switch strings.ToLower(name) {
	case "content-length", "content-encoding", "content-type", "content-range", "transfer-encoding",
		"etag", "vary", "via", "connection", "keep-alive", "x-cache", "age":
		return false
	}
	return true
}

// take passes a response on and into the store.
func (f *fetch) take(t *told, resp *exchange.Response, now time.Time) {
	method := f.ask.asked.Method
	h := readHead(f.ask.behavior, method, resp, now)
	v := httpcache.Decide(f.rules(h.status), h.facts)
	if h.length > f.ask.location.store.MaxObject() {
		v.Store, v.Share, v.Reason = false, false, httpcache.ReasonTooLarge
	}
	coding := ""
	length := h.length
	if fitForCompression(f.ask.behavior, h) {
		h.addVary()
		if method != "HEAD" {
			coding = chooseCoding(f.ask.behavior, f.ask.coding)
		}
	}
	if coding != "" {
		h.encode(coding)
	}
	o := f.newObject(v, now)
	f.fill(o, h, h.assemble(v.Strip))
	t.object, t.header, t.word, t.reason, t.length = o, o.Header, wordMiss, v.Reason, h.length
	if len(v.Strip) > 0 {
		t.header = h.assemble(nil)
	}
	t.alone = t.alone || !v.Share
	in := incoming{body: resp.Body, length: length, coding: coding, store: v.Store}
	if method == "HEAD" || !hasBody(h.status) {
		_ = resp.Body.Close()
		in.body = exchange.Body{}
	}
	if data, ok := in.body.InMemory(); ok {
		f.takeBytes(t, in, data)
		return
	}
	f.takeStream(t, in)
}

// incoming is a response's body on its way in.
type incoming struct {
	body   exchange.Body
	length int64  // as announced, -1 unknown
	coding string // to compress with; "" is none
	store  bool
}

// takeBytes is take for a body that is at hand.
func (f *fetch) takeBytes(t *told, in incoming, data []byte) {
	if in.coding != "" {
		packed, err := f.edge.compressors.compress(in.coding, data)
		if err != nil {
			panic("BUG: compressing into memory failed: " + err.Error())
		}
		data = packed
	}
	t.object.Body = data
	if in.store {
		f.store(t.object, f.edge.now())
	}
	f.tell(t)
}

// takeStream is take for a body that is still coming: viewers read it while it
// is put together for the store.
func (f *fetch) takeStream(t *told, in incoming) {
	keep := int64(0)
	if in.store {
		keep = f.ask.location.store.MaxObject()
	}
	f.spool = httpcache.NewSpool(f.edge.budget, keep)
	t.spool = f.spool
	if f.until != nil {
		t.reader, _ = f.spool.NewReader(f.until, f.hold.Leave)
	}
	f.tell(t)
	err := f.pump(in)
	if data, ok := f.spool.Whole(); ok && err == nil && in.store {
		f.store(t.object.WithBody(data), f.edge.now())
	}
	f.hold.Close() // before the end is seen: who comes now finds the object, or fetches anew
	f.spool.Finish(err)
}

// chunk is how much is read from an origin at a time.
const chunk = 32 << 10

// pump moves a body from the origin into the spool, compressed if need be.
func (f *fetch) pump(in incoming) error {
	source := in.body.Reader()
	defer source.Close()
	var sink io.Writer = f.spool
	if in.coding == "" {
		return copyBody(sink, source, in.length)
	}
	enc, back := f.edge.compressors.take(in.coding, sink)
	defer back()
	if err := copyBody(enc, source, in.length); err != nil {
		return err
	}
	return enc.Close()
}

// copyBody copies a body and holds it against its announced length.
func copyBody(to io.Writer, from io.Reader, length int64) error {
	n, err := io.CopyBuffer(onlyWriter{to}, onlyReader{from}, make([]byte, chunk))
	if err != nil {
		return err
	}
	if length >= 0 && n != length {
		return errShort
	}
	return nil
}

// onlyWriter and onlyReader hide what would let io.CopyBuffer choose another way.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
