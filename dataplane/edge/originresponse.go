package edge

import (
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/httpcache"
	"drawbridge/dataplane/program"
)

// head is what viewers see of an origin's response, and what the cache needs to
// know of it.
type head struct {
	status      int
	via         string // the origin's own, to stand before ours
	age         time.Duration
	validators  httpcache.Validators
	originETag  string
	facts       httpcache.Facts
	contentType string
	length      int64 // of the body, -1 unknown
	encoded     bool  // it has a Content-Encoding
	cookies     bool  // Set-Cookie passes
	// added is the Vary that compression adds; declared the origin's Content-Length.
	added, date, declared string
	rest                  exchange.Header // the other fields, as they came
}

// readHead takes an origin's response apart.
func readHead(b *program.Behavior, method string, resp *exchange.Response, now time.Time) *head {
	h := &head{status: resp.Status, length: resp.Body.Length(), cookies: forwardsCookies(b)}
	h.rest = make(exchange.Header, 0, len(resp.Header))
	for _, f := range resp.Header {
		h.take(b, f)
	}
	if declared, err := strconv.ParseInt(h.declared, 10, 64); err == nil && declared >= 0 && h.length < 0 {
		h.length = declared
	}
	if h.length >= 0 && method != "HEAD" && hasBody(h.status) {
		h.declared = strconv.FormatInt(h.length, 10)
	}
	if method == "HEAD" {
		h.length, _ = strconv.ParseInt(h.declared, 10, 64)
	}
	if h.date == "" {
		h.date = now.UTC().Format(httpDate)
	}
	h.facts.Status, h.facts.Now = h.status, now
	h.facts.Validator = h.originETag != "" || h.validators.LastModified != ""
	return h
}

// httpDate is the form of RFC 9110 section 5.6.7.
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// hasBody tells the statuses whose responses have a body (RFC 9110 section 6.4.1).
func hasBody(status int) bool { return status >= 200 && status != 204 && status != 304 }

// take sorts one field of the origin's.
func (h *head) take(b *program.Behavior, f exchange.Field) {
	name := strings.ToLower(f.Name)
	switch name {
	case "content-type":
		if h.contentType == "" {
			h.contentType = f.Value
		}
		return
	case "content-length":
		h.declared = f.Value
		return
	case "date":
		h.date = f.Value
		return
	case "via":
		h.via = joinList(h.via, f.Value, ", ")
		return
	case "age":
		if seconds, err := strconv.ParseUint(f.Value, 10, 31); err == nil {
			h.age = time.Duration(seconds) * time.Second
		}
		return
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "x-cache":
		return // of one connection, or ours to say
	case "set-cookie":
		if !h.cookies {
			return
		}
	case "vary":
		h.facts.VaryAny = h.facts.VaryAny || hasName(f.Value, "*")
		if f.Value = filterVary(b, f.Value); f.Value == "" {
			return
		}
	case "etag":
		h.originETag, h.validators.ETag = f.Value, f.Value
	case "last-modified":
		h.validators.LastModified = f.Value
	case "cache-control":
		h.facts.CacheControl = joinList(h.facts.CacheControl, f.Value, ", ")
	case "expires":
		h.facts.Expires = f.Value
	case "content-encoding":
		h.encoded = true
	}
	if strings.HasPrefix(name, "x-amz-cf-") {
		return
	}
	h.rest = append(h.rest, f)
}

// addVary notes that the response varies by Accept-Encoding.
func (h *head) addVary() {
	for i, f := range h.rest {
		if strings.EqualFold(f.Name, "Vary") {
			if !hasName(h.rest.Joined("Vary"), "Accept-Encoding") {
				h.rest[i].Value = f.Value + ", Accept-Encoding"
			}
			return
		}
	}
	h.added = "Accept-Encoding"
}

// encode notes that the body goes out in a coding: its length is not the
// origin's any more, and neither is its entity tag (RFC 9110 section 8.8.3.3;
// reference/cloudfront.md section 3.7).
func (h *head) encode(coding string) {
	h.declared, h.length, h.encoded = "", -1, true
	if tag := h.originETag; tag != "" {
		h.rest.Del("ETag")
		h.validators.ETag = ""
		if httpcache.ValidETag(tag) {
			if !strings.HasPrefix(tag, "W/") {
				tag = "W/" + tag
			}
			h.validators.ETag = tag
			h.rest.Add("ETag", tag)
		}
	}
	h.rest.Add("Content-Encoding", coding)
}

// assemble puts the fields in CloudFront's order, without those that strip
// names: Content-Type, Content-Length, the Vary it adds, Date, then the origin's
// as they came (reference/cloudfront.md section 4.1 and the recorded answers).
func (h *head) assemble(strip []string) exchange.Header {
	out := make(exchange.Header, 0, len(h.rest)+4)
	if h.contentType != "" {
		out.Add("Content-Type", h.contentType)
	}
	if h.declared != "" && hasBody(h.status) {
		out.Add("Content-Length", h.declared)
	}
	if h.added != "" {
		out.Add("Vary", h.added)
	}
	out.Add("Date", h.date)
	out = append(out, h.rest...)
	for _, name := range strip {
		out.Del(name)
	}
	return out
}

// headerSize is about what a header takes in memory.
func headerSize(h exchange.Header) int {
	size := 0
	for i := range h {
		size += len(h[i].Name) + len(h[i].Value) + 32
	}
	return size
}
