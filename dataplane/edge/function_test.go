package edge_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/jsfunc"
)

// function compiles the body of a handler.
func function(t testing.TB, body string) *program.EdgeFunction {
	t.Helper()
	engine, err := jsfunc.New(jsfunc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	code, err := engine.Compile(jsfunc.Source{
		Runtime: jsfunc.Runtime20, Code: []byte("import cf from 'cloudfront';\nasync function handler(event) {\nconst request = event.request;\nconst response = event.response;\n" + body + "\n}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &program.EdgeFunction{Name: "f", Code: code, Store: "store-1"}
}

// What a viewer-request function changes goes on; what it leaves alone stays as
// the viewer sent it (reference/cloudfront.md 5.2).
func TestViewerRequestChanges(t *testing.T) {
	w := newWorld(t)
	w.behavior().Request = program.OriginRequestPolicy{
		ID: "all", Headers: program.Selection{Mode: program.SelectAll},
		Cookies: program.Selection{Mode: program.SelectAll}, QueryStrings: program.Selection{Mode: program.SelectAll},
	}
	w.dist.DefaultRootObject = "root.html"
	for _, row := range []struct {
		body, request string
		path, query   string
		header        []string // "Name: value" that is there, "!Name" that is not
	}{
		{"return request;", "GET https://d1.cloudfront.net/a%2Fb?b=2&a=1\nx-LOW: 1\nCookie: z=1; y\nConnection2: x",
			"/prod/a%2Fb", "b=2&a=1", []string{"x-LOW: 1", "Cookie: z=1"}},
		{"request.uri = '/index.html'; return request;", "GET https://d1.cloudfront.net/x", "/prod/index.html", "", nil},
		{"request.querystring.c = {value: '3'}; delete request.querystring.b; return request;", "GET https://d1.cloudfront.net/x?b=2&a=1",
			"/prod/x", "a=1&c=3", nil},
		{"request.querystring = 'z=1&y=2'; return request;", "GET https://d1.cloudfront.net/x?b=2", "/prod/x", "z=1&y=2", nil},
		{"request.headers['x-new-one'] = {value: 'v'}; request.headers['x-old'].value = 'w'; delete request.headers['x-gone']; return request;",
			"GET https://d1.cloudfront.net/\nX-OLD: 1\nX-Gone: 1", "/prod/root.html", "", []string{"X-New-One: v", "X-Old: w", "!X-Gone"}},
		{"request.cookies.n = {value: '1'}; return request;", "GET https://d1.cloudfront.net/x\nCookie: a[b]=1; c=2",
			"/prod/x", "", []string{"Cookie: a[b]=1; c=2; n=1"}},
		{"request.headers.m = {value: '', multiValue: [{value: 'a'}, {value: 'b'}]}; return request;", "GET https://d1.cloudfront.net/x",
			"/prod/x", "", []string{"M: a"}},
		// The default root object is put in place after the function.
		{"request.headers['x-uri'] = {value: request.uri}; return request;", "GET https://d1.cloudfront.net/", "/prod/root.html", "", []string{"X-Uri: /"}},
		{"request.headers['x-host'] = {value: request.headers.host.value + ' ' + event.viewer.ip + ' ' + event.context.distributionDomainName}; return request;",
			"GET https://d1.cloudfront.net/x", "/prod/x", "", []string{"X-Host: d1.cloudfront.net 192.0.2.7 d1.cloudfront.net"}},
	} {
		w.behavior().ViewerRequest = function(t, row.body)
		w.edge.Purge(0, w.dist.ID, []string{"/*"})
		if resp := w.get(row.request); resp.Status != 200 {
			t.Errorf("%s: %d %s", row.body, resp.Status, body(resp))
			continue
		}
		call := w.lastCall()
		if call.Path != row.path || call.RawQuery != row.query {
			t.Errorf("%s: asked for %s?%s", row.body, call.Path, call.RawQuery)
		}
		for _, want := range row.header {
			name, value, _ := strings.Cut(want, ": ")
			if absent, not := strings.CutPrefix(name, "!"); not {
				if call.Header.Has(absent) {
					t.Errorf("%s: %s is there", row.body, absent)
				}
			} else if got := call.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", row.body, name, got, value)
			}
		}
	}
}

func TestFunctionAnswers(t *testing.T) {
	w := newWorld(t)
	w.behavior().ViewerRequest = function(t, `return {statusCode: 302, statusDescription: 'Found',
		headers: {location: {value: '/new'}, 'cache-control': {value: 'no-store'}}, cookies: {s: {value: '1', attributes: 'Secure; Path=/'}},
		body: 'go on'};`)
	w.expect("GET https://d1.cloudfront.net/", `
302
Server: CloudFront
Date: Sun, 22 Nov 2026 12:00:00 GMT
Content-Length: 5
Location: /new
Cache-Control: no-store
Set-Cookie: s=1; Secure; Path=/
X-Cache: FunctionGeneratedResponse from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID

go on`)
	if resp := w.get("HEAD https://d1.cloudfront.net/"); !resp.Body.Empty() || resp.Header.Get("Content-Length") != "5" {
		t.Errorf("HEAD: %v", resp)
	}
	// Its own 4xx has no custom error page, and keeps its word.
	w.dist.Errors = map[int]program.ErrorResponse{403: {PagePath: "/sorry.html", StatusCode: 200}, 503: {PagePath: "/sorry.html"}}
	w.behavior().ViewerRequest = function(t, `return {statusCode: 403};`)
	w.xCache("GET https://d1.cloudfront.net/", 403, "FunctionGeneratedResponse", "function")
	if w.numberOfCalls() != 0 {
		t.Error("the origin was called")
	}
	// A redirect to HTTPS comes before functions.
	w.behavior().ViewerProtocol = program.RedirectToHTTPS
	w.xCache("GET http://d1.cloudfront.net/", 301, "Redirect", "redirect-to-https")
	// What fails has CloudFront's page, unless the distribution has one.
	w.dist.Errors = nil
	w.behavior().ViewerRequest = function(t, `return event.nothing.here;`)
	w.xCache("GET https://d1.cloudfront.net/", 503, "FunctionExecutionError", "function-failed")
	if resp := w.get("GET https://d1.cloudfront.net/"); len(body(resp)) != 999 {
		t.Errorf("the page has %d bytes", len(body(resp)))
	}
	for _, bad := range []string{
		`return 7;`, `request.headers.connection = {value: 'close'}; return request;`, `request.headers.host.value = 'evil'; return request;`,
		`request.uri = 'nowhere'; return request;`, `return {statusCode: 99};`, `cf.selectRequestOriginById('none'); return request;`,
	} {
		w.behavior().ViewerRequest = function(t, bad)
		w.xCache("GET https://d1.cloudfront.net/", 502, "FunctionValidationError", "function-invalid")
	}
	w.behavior().ViewerRequest = &program.EdgeFunction{Name: "broken"}
	w.xCache("GET https://d1.cloudfront.net/", 503, "FunctionExecutionError", "function-failed")
	w.dist.Errors = map[int]program.ErrorResponse{503: {PagePath: "/sorry.html", StatusCode: 200}}
	if resp := w.get("GET https://d1.cloudfront.net/"); resp.Status != 200 || w.lastCall().Path != "/prod/sorry.html" {
		t.Errorf("no error page: %d", resp.Status)
	}
}

func TestViewerResponse(t *testing.T) {
	w := newWorld(t)
	w.answers("200\nContent-Type: text/plain\nETag: \"1\"\nX-A: 1\nServer: s\nVia: 1.1 origin\n\nhello")
	w.behavior().ViewerResponse = function(t, `response.headers['x-seen'] = {value: request.uri + ' ' + response.statusCode};
		delete response.headers['x-a']; response.cookies.c = {value: '1', attributes: 'Secure'}; return response;`)
	for _, word := range []string{"Miss", "Hit"} {
		age := ""
		if word == "Hit" {
			age = "\nAge: 0"
		}
		w.expect("GET https://d1.cloudfront.net/p", `
200
Content-Type: text/plain
Content-Length: 5
Date: Sun, 22 Nov 2026 12:00:00 GMT
ETag: "1"
Server: s
X-Seen: /p 200
Set-Cookie: c=1; Secure
X-Cache: `+word+` from cloudfront
Via: 1.1 origin, $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID`+age+`

hello`)
	}
	// Conditions and ranges are held against what the cache has.
	if resp := w.get("GET https://d1.cloudfront.net/p\nIf-None-Match: \"1\""); resp.Status != 304 || resp.Header.Get("X-Seen") == "" {
		t.Errorf("%d %v", resp.Status, resp.Header)
	}
	// A body of its own, and a status.
	w.behavior().ViewerResponse = function(t, `response.statusCode = 202; response.body = {encoding: 'base64', data: 'eWVz'}; return response;`)
	if resp := w.get("GET https://d1.cloudfront.net/p"); resp.Status != 202 || body(resp) != "yes" || resp.Header.Get("Content-Length") != "3" {
		t.Errorf("%d %v %q", resp.Status, resp.Header, body(resp))
	}
	// Not for errors, and a failure is a page.
	w.answers("404\n\nno")
	w.behavior().ViewerResponse = function(t, `throw new Error('x');`)
	w.xCache("GET https://d1.cloudfront.net/q", 404, "Error", "error")
	w.answers("200\n\nyes")
	w.xCache("GET https://d1.cloudfront.net/r", 503, "FunctionExecutionError", "function-failed")
	w.behavior().ViewerResponse = function(t, `response.headers.via = {value: 'x'}; return response;`)
	w.xCache("GET https://d1.cloudfront.net/r", 502, "FunctionValidationError", "function-invalid")
}

func TestFunctionChoosesOrigin(t *testing.T) {
	w := newWorld(t)
	w.behavior().Cache = program.CachePolicy{ID: "off"}
	w.behavior().Origin.CustomHeaders = []program.HeaderField{{Name: "x-key", Value: "configured"}}
	w.dist.Origins = map[string]*program.Origin{
		"api": w.behavior().Origin,
		"two": {ID: "two", DomainName: "two.example.com", HTTPPort: 80, HTTPSPort: 443, Attempts: 1, ConnectTimeout: time.Second, ReadTimeout: time.Second, KeepAlive: time.Second},
	}
	w.behavior().Origin.KeepAlive = 5 * time.Second
	for _, row := range []struct{ body, want string }{
		{`cf.selectRequestOriginById('two');`, "https two.example.com:443 two.example.com /x key="},
		{`cf.selectRequestOriginById('two', {hostHeader: 'h.example.com'});`, "https two.example.com:443 h.example.com /x key="},
		{`cf.updateRequestOrigin({domainName: 'B.example.com', originPath: '/v2', customOriginConfig: {port: 8080, protocol: 'http'}, timeouts: {readTimeout: 7}});`,
			"http b.example.com:8080 b.example.com /v2/x key=configured"},
		{`cf.updateRequestOrigin({customHeaders: {}});`, "https api.example.com:443 api.example.com /prod/x key="},
		{`cf.updateRequestOrigin({customHeaders: {'x-key': 'mine'}});`, "https api.example.com:443 api.example.com /prod/x key=mine"},
		{`cf.createRequestOriginGroup({originIds: [{originId: 'two'}, {originId: 'api', originOverrides: {originPath: '/other'}}], failoverCriteria: {statusCodes: [500]}});`,
			"https api.example.com:443 api.example.com /other/x key=configured"},
	} {
		w.answers("200\n\nok")
		if strings.Contains(row.body, "Group") {
			w.answers("500\n\nno", "200\n\nok")
		}
		w.behavior().ViewerRequest = function(t, row.body+" return request;")
		if resp := w.get("GET https://d1.cloudfront.net/x"); resp.Status != 200 {
			t.Errorf("%s: %d", row.body, resp.Status)
			continue
		}
		c := w.lastCall()
		got := c.Scheme + " " + c.Host + ":" + strconv.Itoa(c.Port) + " " + c.Authority + " " + c.Path + " key=" + c.Header.Get("x-key")
		if got != row.want {
			t.Errorf("%s\ngot  %s\nwant %s", row.body, got, row.want)
		}
	}
	for _, bad := range []string{
		`cf.updateRequestOrigin({domainName: 'a b'});`, `cf.updateRequestOrigin({domainName: 'a/b'});`, `cf.updateRequestOrigin({originPath: 'x'});`,
		`cf.updateRequestOrigin({timeouts: {readTimeout: 0}});`, `cf.updateRequestOrigin({customHeaders: {'a\nb': '1'}});`,
		`cf.updateRequestOrigin({customHeaders: {'x-here': '1'}});`, `cf.updateRequestOrigin({connectionAttempts: 9});`,
		`cf.createRequestOriginGroup({originIds: [{originId: 'two'}, {originId: 'api'}], failoverCriteria: {statusCodes: [200]}});`,
	} {
		w.behavior().ViewerRequest = function(t, bad+" return request;")
		w.xCache("GET https://d1.cloudfront.net/x\nX-Here: 1", 502, "FunctionValidationError", "function-invalid")
	}
}

func TestFunctionReadsStore(t *testing.T) {
	w := newWorld(t)
	w.program = new(program.Edge).With(1, program.EdgeChange{Stores: map[string]*program.KeyValueStore{
		"store-1": {Pairs: map[string]string{"k": "v"}, Created: noon, Modified: noon},
	}})
	w.behavior().ViewerRequest = function(t, `const kvs = cf.kvs(); const meta = await kvs.meta();
		return {statusCode: 200, body: await kvs.get('k') + ' ' + meta.keyCount + ' ' + await kvs.exists('n') + ' ' + cf.edgeLocation.name};`)
	if got := body(w.get("GET https://d1.cloudfront.net/")); got != "v 1 false NRT" {
		t.Errorf("%q", got)
	}
	w.behavior().ViewerRequest.Store = "store-2"
	w.xCache("GET https://d1.cloudfront.net/", 503, "FunctionExecutionError", "function-failed")
}

// FuzzFunctionEvent: whatever a viewer and an origin send makes an event, and
// what a function hands back makes a request and a response.
func FuzzFunctionEvent(f *testing.F) {
	f.Add("/a", "b=1&b=2&&=3&c", "k=v; k=w; x", "n=v; Secure")
	f.Add("/%41//x", "2=a&1=b&__proto__=x", "a[b]=1;;$x=y\x80", "=;")
	w := newWorld(f)
	all := program.Selection{Mode: program.SelectAll}
	w.behavior().Cache = program.CachePolicy{ID: "off"}
	w.behavior().Request = program.OriginRequestPolicy{ID: "all", Headers: all, Cookies: all, QueryStrings: all}
	w.behavior().ViewerRequest, w.behavior().ViewerResponse = function(f, "return request;"), function(f, "return response;")
	f.Fuzz(func(t *testing.T, path, query, cookie, set string) {
		if len(path)+len(query)+len(cookie)+len(set) > 1000 {
			return
		}
		r := response("200\n\nok")
		r.Header.Add("Set-Cookie", set)
		w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) { return r, nil }
		x := w.exchangeOf("GET https://d1.cloudfront.net/x")
		x.Request.Path, x.Request.RawQuery, x.Request.HasQuery = "/"+path, query, query != ""
		x.Request.Header = exchange.Header{{Name: "Cookie", Value: cookie}, {Name: "x-v", Value: set}}
		if resp := w.edge.Serve(t.Context(), x); resp.Status != 200 && resp.Status != 502 {
			t.Errorf("%d", resp.Status)
		}
	})
}
