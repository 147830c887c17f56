package edge

import (
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/httpcache"
)

// word is the one word for what became of a request: X-Cache and the log say it
// (reference/cloudfront.md section 3.9).
type word uint8

const (
	wordMiss word = iota
	wordHit
	wordRefreshHit
	wordError
	wordRedirect
	wordCapacity
	wordFunction
	wordFunctionFailed
	wordFunctionInvalid
	wordFunctionThrottled
)

var words = [...]struct{ log, xCache string }{
	wordMiss:              {"Miss", "Miss from cloudfront"},
	wordHit:               {"Hit", "Hit from cloudfront"},
	wordRefreshHit:        {"RefreshHit", "RefreshHit from cloudfront"},
	wordError:             {"Error", "Error from cloudfront"},
	wordRedirect:          {"Redirect", "Redirect from cloudfront"},
	wordCapacity:          {"CapacityExceeded", "CapacityExceeded from cloudfront"},
	wordFunction:          {"FunctionGeneratedResponse", "FunctionGeneratedResponse from cloudfront"},
	wordFunctionFailed:    {"FunctionExecutionError", "FunctionExecutionError from cloudfront"},
	wordFunctionInvalid:   {"FunctionValidationError", "FunctionValidationError from cloudfront"},
	wordFunctionThrottled: {"FunctionThrottledError", "FunctionThrottledError from cloudfront"},
}

// inlineFields is how many fields a response has room for without an
// allocation of their own.
const inlineFields = 20

// box is a response with its fields in one piece of memory.
type box struct {
	response exchange.Response
	fields   [inlineFields]exchange.Field
}

// newBox returns a response with room for n fields.
func newBox(n int) *box {
	b := &box{}
	b.response.Header = b.fields[:0]
	if n > inlineFields {
		b.response.Header = make(exchange.Header, 0, n)
	}
	return b
}

// ownFields is the number of fields that finish adds at most.
const ownFields = 6

// reply makes the response: conditions and ranges, then the fields of CloudFront
// behind the origin's (reference/cloudfront.md section 4.1).
func (e *Edge) reply(r request, a answer) *exchange.Response {
	if a.fault != faultNone {
		row := a.fault.row()
		m := made{status: row.status, fault: a.fault, word: row.word, age: a.age, aged: a.aged}
		m.body, m.contentType = row.body(r.x.RequestID)
		return e.generated(r.visit, m)
	}
	if a.stored && a.status == 200 {
		if conditions(r.asked).NotModified(a.validators) {
			return e.notModified(r, a)
		}
		if a.whole && r.asked.Method == "GET" {
			if value := r.asked.Header.Get("Range"); value != "" {
				if resp := e.partial(r, a, value); resp != nil {
					return resp
				}
			}
		}
	}
	b := newBox(len(a.header) + ownFields)
	b.response.Header = append(b.response.Header, a.header...)
	if r.asked.Method == "HEAD" {
		a.dropForHead(b)
	}
	b.response.Status, b.response.Body = a.status, a.body
	return finish(r.visit, b, &a)
}

// dropForHead leaves a HEAD's answer the length of the body it does not have.
func (a *answer) dropForHead(b *box) {
	if length := a.body.Length(); a.whole && length >= 0 && !b.response.Header.Has("Content-Length") {
		b.response.Header.Add("Content-Length", strconv.FormatInt(length, 10))
	}
	a.drop()
}

// finish adds CloudFront's own fields, in its order, and writes the record.
func finish(v visit, b *box, a *answer) *exchange.Response {
	w := a.word
	if a.status >= 400 && w <= wordRefreshHit {
		w = wordError
	}
	if v.session != "" {
		b.response.Header = append(b.response.Header, exchange.Field{Name: "Set-Cookie", Value: v.session})
	}
	h := append(b.response.Header,
		exchange.Field{Name: "X-Cache", Value: words[w].xCache},
		exchange.Field{Name: "Via", Value: joinList(a.via, v.via, ", ")},
		exchange.Field{Name: "X-Amz-Cf-Pop", Value: v.location.pop},
		exchange.Field{Name: "X-Amz-Cf-Id", Value: v.x.RequestID})
	if a.aged || a.age > 0 {
		h = append(h, exchange.Field{Name: "Age", Value: strconv.FormatInt(int64(a.age/time.Second), 10)})
	}
	b.response.Header = h
	v.x.Record.Result, v.x.Record.Reason = words[w].log, a.reason
	return &b.response
}

// conditions are the viewer's preconditions that the cache evaluates.
func conditions(q *exchange.Request) httpcache.Conditions {
	if q.Method != "GET" && q.Method != "HEAD" {
		return httpcache.Conditions{}
	}
	return httpcache.Conditions{
		IfNoneMatch: q.Header.Joined("If-None-Match"), IfModifiedSince: q.Header.Get("If-Modified-Since"),
	}
}

// notModified answers 304: the stored fields without those that describe a body
// (RFC 9110 section 15.4.5).
func (e *Edge) notModified(r request, a answer) *exchange.Response {
	a.drop()
	b := newBox(len(a.header) + ownFields)
	for _, f := range a.header {
		if !describesBody(f.Name) {
			b.response.Header = append(b.response.Header, f)
		}
	}
	a.status = 304
	b.response.Status = a.status
	return finish(r.visit, b, &a)
}

// describesBody tells the fields that a 304 leaves out.
func describesBody(name string) bool {
	switch strings.ToLower(name) {
	case "content-type", "content-length", "content-encoding", "content-language", "content-md5", "content-range":
		return true
	}
	return false
}

// partial answers a range of a stored body: 206, or 416 where there is nothing
// in it; nil where the range is to be ignored (RFC 9110 section 14.2).
func (e *Edge) partial(r request, a answer, value string) *exchange.Response {
	data, ok := a.body.InMemory()
	if !ok || !httpcache.RangeHolds(r.asked.Header.Get("If-Range"), a.validators) {
		return nil
	}
	part, kind := httpcache.ParseRange(value, int64(len(data)))
	total := strconv.Itoa(len(data))
	switch kind {
	case httpcache.RangeIgnored:
		return nil
	case httpcache.RangeUnsatisfiable:
		row := faultRange.row()
		return e.generated(r.visit, made{
			status: row.status, fault: faultRange, word: row.word, contentRange: "bytes */" + total,
			body: page(row.status, row.line, r.x.RequestID),
		})
	}
	b := newBox(len(a.header) + ownFields + 2)
	for _, f := range a.header {
		if strings.ToLower(f.Name) != "content-length" {
			b.response.Header = append(b.response.Header, f)
		}
		if strings.ToLower(f.Name) == "content-type" {
			b.response.Header.Add("Content-Length", strconv.FormatInt(part.Length, 10))
		}
	}
	b.response.Header.Set("Content-Length", strconv.FormatInt(part.Length, 10))
	last := part.Start + part.Length - 1
	b.response.Header.Add("Content-Range", "bytes "+strconv.FormatInt(part.Start, 10)+"-"+strconv.FormatInt(last, 10)+"/"+total)
	a.status = 206
	b.response.Status, b.response.Body = a.status, exchange.Bytes(data[part.Start:last+1])
	return finish(r.visit, b, &a)
}

// made is an answer that CloudFront makes itself.
type made struct {
	status       int
	fault        Fault // faultNone for a redirect
	word         word
	reason       string // where there is no fault
	body         []byte
	contentType  string // "" is text/html
	location     string
	contentRange string
	age          time.Duration
	aged         bool
}

// generated makes the response of an answer that no origin gave
// (reference/cloudfront.md section 4.1: Server, Date, Content-Type,
// Content-Length, Location, then CloudFront's fields).
func (e *Edge) generated(v visit, m made) *exchange.Response {
	b := newBox(inlineFields)
	b.response.Status = m.status
	h := &b.response.Header
	h.Add("Server", "CloudFront")
	h.Add("Date", v.now.UTC().Format(httpDate))
	if m.contentType == "" {
		m.contentType = "text/html"
	}
	h.Add("Content-Type", m.contentType)
	h.Add("Content-Length", strconv.Itoa(len(m.body)))
	if m.location != "" {
		h.Add("Location", m.location)
	}
	if m.contentRange != "" {
		h.Add("Content-Range", m.contentRange)
	}
	if v.asked.Method != "HEAD" {
		b.response.Body = exchange.Bytes(m.body)
	}
	if m.fault != faultNone {
		m.reason = m.fault.row().reason
		b.response.Close = m.fault.row().close
	}
	return finish(v, b, &answer{status: m.status, word: m.word, reason: m.reason, age: m.age, aged: m.aged})
}
