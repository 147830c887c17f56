package edge

import (
	"errors"
	"net"
	"strconv"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/upstream"
)

// Fault is why the edge itself answers with an error. What it looks like stands
// in one table; page is the one place that turns it into bytes.
type Fault uint8

// The faults.
const (
	faultNone Fault = iota
	faultNoDistribution
	faultDisabled
	faultTooManyHops
	faultLoop
	faultURITooLong
	faultHeaderTooLarge
	faultHTTPSOnly
	faultMethod
	faultBodyOnGet
	faultRange
	faultOriginConnect
	faultOriginResolve
	faultOriginRefused
	faultOriginTLS
	faultOriginClosed
	faultOriginConnectTimeout
	faultOriginTimeout
	faultOriginHeader
	faultViewerGone
	faultBusy
	faultGeo
	faultMissingKey
	faultUnknownKey
	faultDenied
	faultMalformedPolicy
	faultFunctionFailed
	faultFunctionInvalid
	faultFunctionThrottled
	faultServer // what the server refused
	faultCount
)

// The lines of the error page (reference/cloudfront.md section 4.3).
const (
	lineBadRequest = "Bad request."
	lineMethod     = "This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests."
	lineConnect    = "CloudFront wasn't able to connect to the origin."
	lineResolve    = "CloudFront wasn't able to resolve the origin domain name."
	lineAttempt    = "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection."
	lineGeo        = "The Amazon CloudFront distribution is configured to block access from your country."
	lineFunction   = "The CloudFront function associated with the CloudFront distribution is invalid or could not run."
	lineContact    = "Failed to contact the origin."
)

// faultRow is what viewers, logs and metrics see of a fault.
type faultRow struct {
	status int
	line   string
	word   word
	reason string
	// close: the connection ends behind the answer (reference/cloudfront.md section 3.5).
	close bool
	// origin: an origin failed. Such an answer may be kept, a stale object or a
	// custom error page may take its place.
	origin bool
	// page: a custom error page may take its place though no origin failed.
	page bool
	// code: the answer is an XML error with this code and line as its message.
	code string
}

// hasErrorPage tells whether a custom error page may take a fault's place.
func (row *faultRow) hasErrorPage() bool { return row.origin || row.page }

// faultRows is the table (reference/cloudfront.md sections 2.4, 2.5, 4.3). The
// pages of 414, 494 and the 403 of https-only are not recorded anywhere; they
// say "Bad request.".
var faultRows = [faultCount]faultRow{
	faultNoDistribution:       {status: 403, line: lineBadRequest, word: wordError, reason: "no-distribution"},
	faultDisabled:             {status: 403, line: lineBadRequest, word: wordError, reason: "distribution-disabled"},
	faultTooManyHops:          {status: 403, line: lineBadRequest, word: wordError, reason: "too-many-distributions"},
	faultLoop:                 {status: 403, line: lineBadRequest, word: wordError, reason: "loop"},
	faultURITooLong:           {status: 414, line: lineBadRequest, word: wordError, reason: "uri-too-long", close: true},
	faultHeaderTooLarge:       {status: 494, line: lineBadRequest, word: wordError, reason: "header-too-large", close: true},
	faultHTTPSOnly:            {status: 403, line: lineBadRequest, word: wordError, reason: "https-only"},
	faultMethod:               {status: 403, line: lineMethod, word: wordError, reason: "method-not-allowed"},
	faultBodyOnGet:            {status: 403, line: lineBadRequest, word: wordError, reason: "body-on-get"},
	faultRange:                {status: 416, line: lineBadRequest, word: wordError, reason: "range-not-satisfiable", close: true},
	faultOriginConnect:        {status: 502, line: lineConnect, word: wordError, reason: "origin-connect", origin: true},
	faultOriginResolve:        {status: 502, line: lineResolve, word: wordError, reason: "origin-dns", origin: true},
	faultOriginRefused:        {status: 502, line: lineConnect, word: wordError, reason: "origin-address-refused", origin: true},
	faultOriginTLS:            {status: 502, line: lineConnect, word: wordError, reason: "origin-tls", origin: true},
	faultOriginClosed:         {status: 502, line: lineAttempt, word: wordError, reason: "origin-closed", origin: true},
	faultOriginConnectTimeout: {status: 504, line: lineAttempt, word: wordError, reason: "origin-connect-timeout", origin: true},
	faultOriginTimeout:        {status: 504, line: lineAttempt, word: wordError, reason: "origin-timeout", origin: true},
	faultOriginHeader:         {status: 502, line: lineConnect, word: wordError, reason: "origin-header-too-big", origin: true},
	faultViewerGone:           {status: 503, line: lineContact, word: wordError, reason: "viewer-gone", close: true},
	faultBusy:                 {status: 503, line: lineContact, word: wordCapacity, reason: "too-many-fetches"},
	faultGeo:                  {status: 403, line: lineGeo, word: wordError, reason: "geo-blocked", page: true},
	faultMissingKey:           {status: 403, code: "MissingKey", line: "Missing Key-Pair-Id query parameter or cookie value", word: wordError, reason: "missing-key", page: true},
	faultUnknownKey:           {status: 403, code: "InvalidKey", line: "Unknown Key", word: wordError, reason: "unknown-key", page: true},
	faultDenied:               {status: 403, code: "AccessDenied", line: "Access denied", word: wordError, reason: "access-denied", page: true},
	faultMalformedPolicy:      {status: 403, code: "MalformedPolicy", line: "Malformed Policy", word: wordError, reason: "malformed-policy", page: true},
	faultFunctionFailed:       {status: 503, line: lineFunction, word: wordFunctionFailed, reason: "function-failed", page: true},
	faultFunctionInvalid:      {status: 502, line: lineFunction, word: wordFunctionInvalid, reason: "function-invalid", page: true},
	faultFunctionThrottled:    {status: 503, line: lineFunction, word: wordFunctionThrottled, reason: "function-throttled"},
	faultServer:               {status: 400, line: lineBadRequest, word: wordError, reason: "refused", close: true},
}

func (f Fault) row() *faultRow { return &faultRows[f] }

// String returns the reason, as it stands in logs.
func (f Fault) String() string { return f.row().reason }

// faultOf says what a failed call to an origin looks like to a viewer
// (reference/cloudfront.md sections 2.8 and 4.3).
func faultOf(err error) Fault {
	var failed *upstream.Error
	if !errors.As(err, &failed) {
		return faultOriginClosed
	}
	switch failed.Kind {
	case upstream.ResolveFailed:
		return faultOriginResolve
	case upstream.ConnectFailed:
		var timed net.Error
		if errors.As(failed.Err, &timed) && timed.Timeout() {
			return faultOriginConnectTimeout
		}
		return faultOriginConnect
	case upstream.TLSFailed:
		return faultOriginTLS
	case upstream.AddressRefused:
		return faultOriginRefused
	case upstream.Timeout:
		return faultOriginTimeout
	case upstream.HeaderTooBig:
		return faultOriginHeader
	case upstream.Canceled:
		return faultViewerGone
	}
	return faultOriginClosed
}

// The error page around its status, line and request id, byte by byte as
// CloudFront sends it (reference/cloudfront.md section 4.3).
const (
	pageHead = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">
<TITLE>ERROR: The request could not be satisfied</TITLE>
</HEAD><BODY>
<H1>`
	pageStatus = ` ERROR</H1>
<H2>The request could not be satisfied.</H2>
<HR noshade size="1px">
`
	pageAdvice = `
We can't connect to the server for this app or website at this time. There might be too much traffic or a configuration error. Try again later, or contact the app or website owner.
<BR clear="all">
If you provide content to customers through CloudFront, you can find steps to troubleshoot and help prevent this error by reviewing the CloudFront documentation.
<BR clear="all">
<HR noshade size="1px">
<PRE>
Generated by cloudfront (CloudFront)
Request ID: `
	pageTail = `
</PRE>
<ADDRESS>
</ADDRESS>
</BODY></HTML>`
)

// page returns the body of an error that CloudFront makes.
func page(status int, line, requestID string) []byte {
	out := make([]byte, 0, len(pageHead)+len(pageStatus)+len(line)+len(pageAdvice)+len(pageTail)+idLength+8)
	out = append(out, pageHead...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(append(append(out, pageStatus...), line...), pageAdvice...)
	return append(append(out, requestID...), pageTail...)
}

// The short page of redirects and of 421, from the front of CloudFront
// (reference/cloudfront.md sections 2.1 and 4.2).
func shortPage(title string) []byte {
	return []byte("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n")
}

// body is what a viewer gets of a fault: CloudFront's page, or the XML of
// requests that are not signed as they must be (reference/cloudfront.md section 4.4).
func (row *faultRow) body(requestID string) (body []byte, contentType string) {
	if row.code == "" {
		return page(row.status, row.line, requestID), "text/html"
	}
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + row.code + `</Code><Message>` + row.line + `</Message></Error>`), "text/xml"
}

// refuse answers before a behavior is known: no custom error page applies.
func (e *Edge) refuse(v visit, f Fault) *exchange.Response {
	return e.generated(v, made{status: f.row().status, fault: f, word: f.row().word, body: page(f.row().status, f.row().line, v.x.RequestID)})
}

// refuseStatus answers what the server refused, with its status.
func (e *Edge) refuseStatus(v visit, status int) *exchange.Response {
	return e.generated(v, made{status: status, fault: faultServer, word: wordError, body: page(status, lineBadRequest, v.x.RequestID)})
}

// misdirected answers a request whose host is not one of the connection's
// certificate.
func (e *Edge) misdirected(v visit) *exchange.Response {
	return e.generated(v, made{status: 421, fault: faultServer, word: wordError, body: shortPage("421 Misdirected Request")})
}

// redirect sends a viewer to HTTPS: 301 where the method may change to GET,
// else 307 (reference/cloudfront.md section 2.4).
func (e *Edge) redirect(r request) *exchange.Response {
	status, title := 301, "301 Moved Permanently"
	if r.asked.Method != "GET" && r.asked.Method != "HEAD" {
		status, title = 307, "307 Temporary Redirect"
	}
	return e.generated(r.visit, made{
		status: status, word: wordRedirect, reason: "redirect-to-https",
		location: redirectLocation(r), body: shortPage(title),
	})
}
