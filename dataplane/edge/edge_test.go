package edge_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/program"
)

const article = `200
Date: Sun, 06 Mar 2022 05:12:30 GMT
Content-Type: text/html
Content-Length: 1310
x-amzn-RequestId: bd9d0322-ba24-44ed-9553-de4858ec9536
x-amz-apigw-id: Oi9duGUWtjMFm8g=

`

// The article's answers through CloudFront, field by field in order
// (reference/article.md).
func TestArticleTranscripts(t *testing.T) {
	w := newWorld(t)
	w.behavior().Compress = true
	page := strings.Repeat("p", 1310)
	w.answers(article + page)
	const head = `
200
Content-Type: text/html
Content-Length: 1310
Vary: Accept-Encoding
Date: Sun, 06 Mar 2022 05:12:30 GMT
x-amzn-RequestId: bd9d0322-ba24-44ed-9553-de4858ec9536
x-amz-apigw-id: Oi9duGUWtjMFm8g=
`
	w.expect("GET https://d1.cloudfront.net/\nX-Api-Key: anything", head+`X-Cache: Miss from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID

`+page)
	w.later(46 * time.Second)
	w.expect("GET https://d1.cloudfront.net/", head+`X-Cache: Hit from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID
Age: 46

`+page)
	if n := w.numberOfCalls(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// The article's second transcript: an empty JSON answer, too small to vary.
func TestArticleEmptyAnswer(t *testing.T) {
	w := newWorld(t)
	w.behavior().Compress = true
	w.answers("200\nDate: Tue, 20 Sep 2022 08:49:51 GMT\nContent-Type: application/json\nx-amzn-RequestId: e4752a73\n\n")
	w.expect("GET https://d1.cloudfront.net/", `
200
Content-Type: application/json
Content-Length: 0
Date: Tue, 20 Sep 2022 08:49:51 GMT
x-amzn-RequestId: e4752a73
X-Cache: Miss from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID

`)
}

func TestOriginErrorPassesThrough(t *testing.T) {
	w := newWorld(t)
	w.answers("403\nContent-Type: application/json\nx-amzn-ErrorType: ForbiddenException\nServer: hidden\nConnection: close\n\n" + `{"message":"Forbidden"}`)
	want := `
403
Content-Type: application/json
Content-Length: 23
Date: Sun, 22 Nov 2026 12:00:00 GMT
x-amzn-ErrorType: ForbiddenException
Server: hidden
X-Cache: Error from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID

{"message":"Forbidden"}`
	w.expect("GET https://d1.cloudfront.net/", want)
	w.expect("GET https://d1.cloudfront.net/", want) // a 403 is not cached without max-age
	if w.numberOfCalls() != 2 {
		t.Error("a 403 was cached")
	}
}

// Every page CloudFront makes has the recorded number of bytes
// (reference/cloudfront.md section 4.3).
func TestErrorPages(t *testing.T) {
	for _, row := range []struct {
		name, request, failure string
		status, length         int
		line                   string
		closes                 bool
	}{
		{"method", "TRACE https://d1.cloudfront.net/", "", 403, 1053, "The distribution supports only cachable requests.", false},
		{"body on GET", "GET https://d1.cloudfront.net/\n\nx", "", 403, 915, "Bad request.", false},
		{"body on HEAD", "HEAD https://d1.cloudfront.net/\n\nx", "", 403, 915, "", false},
		{"long URL", "GET https://d1.cloudfront.net/" + strings.Repeat("a", 8192), "", 414, 915, "Bad request.", true},
		{"big header", "GET https://d1.cloudfront.net/\nX: " + strings.Repeat("a", 32768), "", 494, 915, "Bad request.", true},
		{"connect", "GET https://d1.cloudfront.net/", "!connect", 502, 951, "CloudFront wasn't able to connect to the origin.", false},
		{"tls", "GET https://d1.cloudfront.net/", "!tls", 502, 951, "CloudFront wasn't able to connect to the origin.", false},
		{"address refused", "GET https://d1.cloudfront.net/", "!refused", 502, 951, "", false},
		{"header too big", "GET https://d1.cloudfront.net/", "!header", 502, 951, "", false},
		{"resolve", "GET https://d1.cloudfront.net/", "!resolve", 502, 960, "CloudFront wasn't able to resolve the origin domain name.", false},
		{"broken", "GET https://d1.cloudfront.net/", "!broken", 502, 1033, "either the attempt failed or the origin closed the connection.", false},
		{"timeout", "GET https://d1.cloudfront.net/", "!timeout", 504, 1033, "either the attempt failed or the origin closed the connection.", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			if row.failure != "" {
				w.answers(row.failure)
			}
			resp := w.get(row.request)
			if resp.Status != row.status || resp.Header.Get("Content-Length") != strconv.Itoa(row.length) || resp.Close != row.closes {
				t.Errorf("%d, %s bytes, close %v", resp.Status, resp.Header.Get("Content-Length"), resp.Close)
			}
			if !strings.HasPrefix(row.request, "HEAD") {
				if n := len(body(resp)); n != row.length || !strings.Contains(body(resp), row.line) {
					t.Errorf("%d bytes: %s", n, body(resp))
				}
			} else if body(resp) != "" {
				t.Error("HEAD has a body")
			}
			if resp.Header.Get("X-Cache") != "Error from cloudfront" || w.last.Record.Result != "Error" || w.last.Record.Reason == "" {
				t.Errorf("%s, %+v", resp.Header.Get("X-Cache"), w.last.Record)
			}
		})
	}
}

func TestGeneratedPageWhole(t *testing.T) {
	w := newWorld(t)
	x := w.exchangeOf("GET https://nobody.example.com/")
	x.Owner.Distribution = nil
	resp := w.edge.Serve(t.Context(), x)
	want := `403
Server: CloudFront
Date: Sun, 22 Nov 2026 12:00:00 GMT
Content-Type: text/html
Content-Length: 915
X-Cache: Error from cloudfront
Via: ` + testVia + `
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: ` + testID + `

<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">
<TITLE>ERROR: The request could not be satisfied</TITLE>
</HEAD><BODY>
<H1>403 ERROR</H1>
<H2>The request could not be satisfied.</H2>
<HR noshade size="1px">
Bad request.
We can't connect to the server for this app or website at this time. There might be too much traffic or a configuration error. Try again later, or contact the app or website owner.
<BR clear="all">
If you provide content to customers through CloudFront, you can find steps to troubleshoot and help prevent this error by reviewing the CloudFront documentation.
<BR clear="all">
<HR noshade size="1px">
<PRE>
Generated by cloudfront (CloudFront)
Request ID: ` + testID + `
</PRE>
<ADDRESS>
</ADDRESS>
</BODY></HTML>`
	if got := show(resp); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if x.Record.Reason != "no-distribution" {
		t.Errorf("reason %q", x.Record.Reason)
	}
	w.dist.Enabled = false
	w.xCache("GET https://d1.cloudfront.net/", 403, "Error", "distribution-disabled")
}

func TestRefuse(t *testing.T) {
	w := newWorld(t)
	x := w.exchangeOf("GET https://d1.cloudfront.net/")
	for status, length := range map[int]int{400: 915, 421: 171} {
		resp := w.edge.Refuse(status, x)
		if resp.Status != status || len(body(resp)) != length || !resp.Close {
			t.Errorf("%d: %d, %d bytes: %s", status, resp.Status, len(body(resp)), body(resp))
		}
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	w := newWorld(t)
	w.behavior().ViewerProtocol = program.RedirectToHTTPS
	w.expect("GET http://d1.cloudfront.net:80/a%2F..//b?c=%20&d HTTP/1.1", "\n301\nServer: CloudFront\nDate: Sun, 22 Nov 2026 12:00:00 GMT\n"+
		"Content-Type: text/html\nContent-Length: 167\nLocation: https://d1.cloudfront.net/a%2F..//b?c=%20&d\n"+
		"X-Cache: Redirect from cloudfront\nVia: $VIA\nX-Amz-Cf-Pop: NRT57-P2\nX-Amz-Cf-Id: $ID\n\n"+
		"<html>\r\n<head><title>301 Moved Permanently</title></head>\r\n<body>\r\n<center><h1>301 Moved Permanently</h1></center>\r\n"+
		"<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n")
	for request, status := range map[string]int{
		"HEAD http://d1.cloudfront.net/ HTTP/1.0":   301,
		"POST http://d1.cloudfront.net/ HTTP/1.1":   307,
		"DELETE http://d1.cloudfront.net/ HTTP/1.1": 307,
		"POST http://d1.cloudfront.net/ HTTP/1.0":   403,
		"TRACE http://d1.cloudfront.net/ HTTP/1.1":  403,
		"GET https://d1.cloudfront.net/ HTTP/1.1":   200,
	} {
		if resp := w.get(request); resp.Status != status {
			t.Errorf("%s: %d, want %d", request, resp.Status, status)
		}
	}
	if got := w.get("GET http://d1.cloudfront.localhost:4566/x HTTP/1.1").Header.Get("Location"); got != "https://d1.cloudfront.localhost:4566/x" {
		t.Errorf("a port that speaks TLS too stays: %s", got)
	}
	w.behavior().ViewerProtocol = program.HTTPSOnly
	w.xCache("GET http://d1.cloudfront.net/ HTTP/1.1", 403, "Error", "https-only")
	w.behavior().ViewerProtocol = program.AllowAll
	w.xCache("POST http://d1.cloudfront.net/ HTTP/1.1", 200, "Miss", "method")
}

func TestBehaviors(t *testing.T) {
	w := newWorld(t)
	special := *w.behavior()
	special.Pattern = program.NewPathPattern("/a*")
	special.Allowed = methods("GET HEAD")
	w.dist.Behaviors = append([]*program.Behavior{&special}, w.dist.Behaviors...)
	for request, status := range map[string]int{
		"POST https://d1.cloudfront.net/a/b/..?c=1": 403,
		"POST https://d1.cloudfront.net/x/../a":     403,
		"POST https://d1.cloudfront.net/%61b":       403,
		"POST https://d1.cloudfront.net//ab":        403,
		"POST https://d1.cloudfront.net/x%2f../a":   200, // an escaped slash ends no segment
		"POST https://d1.cloudfront.net/b":          200,
		"POST https://d1.cloudfront.net/A":          200,
	} {
		if resp := w.get(request); resp.Status != status {
			t.Errorf("%s: %d, want %d", request, resp.Status, status)
		}
	}
	w.get("GET https://d1.cloudfront.net/a/b/..?c=1")
	if got := w.lastCall().Path; got != "/prod/a/b/.." {
		t.Errorf("the raw path goes to the origin, got %q", got)
	}
}

func TestDefaultRootObject(t *testing.T) {
	w := newWorld(t)
	w.dist.DefaultRootObject = "index.html"
	w.get("GET https://d1.cloudfront.net/")
	if got := w.lastCall().Path; got != "/prod/index.html" {
		t.Errorf("path %q", got)
	}
	w.xCache("GET https://d1.cloudfront.net/index.html", 200, "Hit", "fresh")
	w.edge.Purge(0, "E1TEST", []string{"/"})
	w.xCache("GET https://d1.cloudfront.net/index.html", 200, "Miss", "default-ttl")
}

func TestPathForm(t *testing.T) {
	w := newWorld(t)
	x := w.exchangeOf("GET https://127.0.0.1/_drawbridge/cloudfront/E1TEST/x?y=1")
	x.Owner.PathForm, x.Owner.Path = true, "/x"
	w.edge.Serve(t.Context(), x)
	if got := w.lastCall().Path; got != "/prod/x" {
		t.Errorf("path %q", got)
	}
	w.behavior().ViewerProtocol = program.RedirectToHTTPS
	x = w.exchangeOf("GET http://127.0.0.1:4566/_drawbridge/cloudfront/E1TEST/x?y=1")
	x.Owner.PathForm, x.Owner.Path = true, "/x"
	// At the same host without the form is the control plane.
	if got := w.edge.Serve(t.Context(), x).Header.Get("Location"); got != "https://127.0.0.1:4566/_drawbridge/cloudfront/E1TEST/x?y=1" {
		t.Errorf("redirect to %s", got)
	}
}

func TestChainsAndLoops(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		loop   string
		hops   int
		status int
		reason string
	}{
		{"", 0, 200, "default-ttl"},
		{"", 1, 200, "fresh"},
		{"", 2, 403, "too-many-distributions"},
		{"other; distribution=E1TEST", 0, 200, "fresh"},
		{"CloudFront;distribution=EOTHER", 0, 200, "fresh"},
		{"CloudFront; distribution=E1TEST", 0, 403, "loop"},
		{"x, CloudFront;distribution=EA, CloudFront;distribution=EB", 0, 403, "too-many-distributions"},
	} {
		x := w.exchangeOf("GET https://d1.cloudfront.net/\nCDN-Loop: " + row.loop)
		x.Hops = row.hops
		resp := w.edge.Serve(t.Context(), x)
		if resp.Status != row.status || x.Record.Reason != row.reason {
			t.Errorf("%q, %d hops: %d %s", row.loop, row.hops, resp.Status, x.Record.Reason)
		}
	}
	if w.lastCall().Hops != 1 {
		t.Error("an in-process origin is told of this hop")
	}
	w.behavior().Origin.CustomHeaders = []program.HeaderField{{Name: "CDN-loop", Value: "mine"}}
	w.get("GET https://d1.cloudfront.net/custom")
	if got := w.lastCall().Header.Joined("CDN-Loop"); got != "CloudFront;distribution=E1TEST, mine" {
		t.Errorf("a custom header takes the mark away that ends loops: %q", got)
	}
}

func TestLocationsCacheForThemselves(t *testing.T) {
	w := newWorld(t)
	w.get("GET https://d1.cloudfront.net/")
	x := w.exchangeOf("GET https://d1.cloudfront.net/")
	x.Conn.Location = 1
	resp := w.edge.Serve(t.Context(), x)
	if resp.Header.Get("X-Cache") != "Miss from cloudfront" || resp.Header.Get("X-Amz-Cf-Pop") != "SEA19-C1" {
		t.Errorf("%s", show(resp))
	}
	w.edge.Purge(1, "E1TEST", []string{"/*"})
	w.edge.Purge(7, "E1TEST", []string{"/*"}) // no such location
	w.xCache("GET https://d1.cloudfront.net/", 200, "Hit", "fresh")
}

func TestFreshIDs(t *testing.T) {
	w := newWorld(t, func(o *edge.Options) { o.Random = nil })
	seen := map[string]bool{}
	for range 100 {
		resp := w.get("GET https://d1.cloudfront.net/")
		id, via := resp.Header.Get("X-Amz-Cf-Id"), resp.Header.Get("Via")
		if len(id) != 56 || !strings.HasSuffix(id, "==") || strings.ContainsAny(id, "+/") || len(via) != len(testVia) || seen[id] || seen[via] {
			t.Fatalf("%s, %s", id, via)
		}
		seen[id], seen[via] = true, true
		if w.last.RequestID != id {
			t.Fatal("the exchange has another id")
		}
	}
}

func TestNewNeedsItsOptions(t *testing.T) {
	if _, err := edge.New(edge.Options{}); err == nil {
		t.Error("an edge of nothing")
	}
}

// TestRecord checks what the log gets.
func TestRecord(t *testing.T) {
	w := newWorld(t)
	x := w.exchangeOf("GET https://d1.cloudfront.net/")
	x.Edge = &program.Edge{Revision: 9}
	w.edge.Serve(t.Context(), x)
	r := x.Record
	if r.Distribution != "E1TEST" || r.Revision != 9 || r.OriginStatus != 200 || r.Result != "Miss" || r.Reason != "default-ttl" {
		t.Errorf("%+v", r)
	}
	var trail bytes.Buffer
	for _, s := range x.Trail.Steps() {
		fmt.Fprintf(&trail, "%s=%s ", s.Name, s.Decision)
	}
	if trail.String() != "behavior=* cache=absent fetch=default-ttl " {
		t.Errorf("trail %s", trail.String())
	}
}
