package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

const apiHeaders = "X-Amzn-Apigateway-Api-Id: abcdefghij|X-Amzn-Trace-Id: Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1|"

const traceLine = "\nx-amzn-trace-id: Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1"

// proxy makes the fixture's POST /{pathVariable} an HTTP_PROXY and returns
// where its backend's calls and answers are.
func (f *fixture) proxy(uri string, mappings map[string]string) *recorder {
	r := &recorder{answer: &exchange.Response{Status: 200}}
	f.backend = r.serve
	f.methods = append(f.methods, &program.Method{
		Verb: "ANY", ResourcePath: "/{pathVariable}", Key: "/{pathVariable}/ANY",
		Integration: &program.Integration{Type: program.IntegrationHTTPProxy, URI: uri, Verb: "POST", RequestParameters: mappings},
	})
	return r
}

// recorder is a backend that keeps the last call.
type recorder struct {
	call   *upstream.Call
	answer *exchange.Response
	err    error
}

func (r *recorder) serve(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
	r.call = call
	return r.answer, r.err
}

func (r *recorder) header() string {
	text := ""
	for _, field := range r.call.Header {
		text += field.Name + ": " + field.Value + "|"
	}
	return text
}

// The client's headers of vectors/apigateway-invoke-headers.json, as far as the
// server hands them on.
const allHeaders = "\nAccept: application/json\nAccept-Charset: UTF-8\nAccept-Encoding: br\nAge: request_Age\nAuthorization: Unauthorized" +
	"\nContent-Encoding: deflate\nContent-MD5: request_Content-MD5\nContent-Type: application/json\nDate: request_Date\nExpect: 100-continue" +
	"\nMax-Forwards: 2\nPragma: cache\nProxy-Authenticate: Basic\nRange: bytes=500-999\nReferer: https://example.com/\nServer: https://example.com/" +
	"\nTE: deflate\nTrailer: Expires\nUser-Agent: localStack/0.0\nVia: p.example.net\nWarn: 299 localStack/0.0\nWWW-Authenticate: Basic x" + traceLine

func TestProxyRequestHeaders(t *testing.T) {
	f := newFixture(t)
	r := f.proxy("http://backend.example/post", nil)
	f.wantPart("GET /prod/p"+allHeaders, "200\n")
	want := "Accept: application/json|Accept-Charset: UTF-8|Accept-Encoding: br|Age: request_Age|Authorization: Unauthorized|" +
		"Content-Type: application/json|Date: request_Date|Pragma: cache|Range: bytes=500-999|Referer: https://example.com/|" +
		"User-Agent: localStack/0.0|Warn: 299 localStack/0.0|" + apiHeaders
	if got := r.header(); got != want {
		t.Errorf("backend got\n%s\nwant\n%s", got, want)
	}

	static := map[string]string{}
	for _, name := range []string{"Accept", "Accept-Charset", "Accept-Encoding", "Age", "Authorization", "Content-Encoding", "Content-MD5",
		"Content-Type", "Date", "Expect", "Host", "Max-Forwards", "Pragma", "Proxy-Authenticate", "Range", "Referer", "Server", "TE", "Trailer",
		"Upgrade", "User-Agent", "Via", "Warn", "WWW-Authenticate"} {
		static["integration.request.header."+name] = "'mapped'"
	}
	f = newFixture(t)
	r = f.proxy("http://backend.example/post", static)
	f.wantPart("GET /prod/p"+allHeaders, "200\n")
	got := r.header()
	for _, name := range []string{"Accept", "Accept-Charset", "Accept-Encoding", "Age", "Authorization", "Content-Encoding", "Content-MD5",
		"Content-Type", "Date", "Max-Forwards", "Pragma", "Range", "Referer", "Server", "Trailer", "Upgrade", "User-Agent", "Warn", "WWW-Authenticate"} {
		if strings.Count(got, name+": mapped|") != 1 {
			t.Errorf("%s is not set once by its mapping: %s", name, got)
		}
	}
	for _, name := range []string{"Expect: ", "Proxy-Authenticate: ", "TE: ", "Via: ", "Host: ", "request_"} {
		if strings.Contains(got, name) {
			t.Errorf("%s arrived: %s", name, got)
		}
	}
	if r.call.Authority != "mapped" || r.call.Host != "backend.example" {
		t.Errorf("Host mapping: authority %q, host %q", r.call.Authority, r.call.Host)
	}
}

func TestForbiddenMappings(t *testing.T) {
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "x-amzn-apigateway-api-id"} {
		f := newFixture(t)
		f.proxy("http://backend.example/", map[string]string{"integration.request.header." + name: "'0'"})
		f.want("GET /prod/p", 500, "InternalServerErrorException", internal)
	}
}

// vectors/apigateway-invoke-http.json, http-proxy-request-mappings.
func TestProxyRequestMappings(t *testing.T) {
	f := newFixture(t)
	f.stage.Variables = map[string]string{"host": "backend.example:8080"}
	r := f.proxy("http://${stageVariables.host}/${stageVariables.none}x/?testVar={pathVar}&testQs={qsVar}", map[string]string{
		"integration.request.header.headerVar":        "method.request.header.foobar",
		"integration.request.path.qsVar":              "method.request.querystring.testVar",
		"integration.request.path.pathVar":            "method.request.path.pathVariable",
		"integration.request.querystring.queryString": "method.request.querystring.testQueryString",
		"integration.request.querystring.testQs":      "method.request.querystring.testQueryString",
		"integration.request.querystring.testEmptyQs": "method.request.header.emptyheader",
		"integration.request.header.bodyVar":          "method.request.body.message",
		"integration.request.header.bodyMap":          "method.request.body.$",
	})
	f.wantPart("POST /prod/foobar?testQueryString=foo&testVar=bar\nContent-Type: application/json\nfoobar: mapped-value\nheaderVar: request-value"+
		traceLine+"\n\n{\"message\": \"hello world\"}", "200\n")
	want := "Content-Type: application/json|foobar: mapped-value|headerVar: mapped-value|bodyMap: {\"message\":\"hello world\"}|bodyVar: hello world|" + apiHeaders
	if got := r.header(); got != want {
		t.Errorf("header\n%s\nwant\n%s", got, want)
	}
	target := fmt.Sprintf("%s %s://%s:%d %s %s?%s", r.call.Method, r.call.Scheme, r.call.Host, r.call.Port, r.call.Authority, r.call.Path, r.call.RawQuery)
	if want := "POST http://backend.example:8080 backend.example:8080 /x/?testVar=foobar&testQs=bar&testQueryString=foo&testVar=bar&queryString=foo&testQs=foo"; target != want {
		t.Errorf("target %s\nwant   %s", target, want)
	}
	if body, _ := r.call.Body.InMemory(); string(body) != `{"message": "hello world"}` {
		t.Errorf("body %s", body)
	}
	f.want("POST /prod/p"+traceLine+"\n\n{broken", 400, "BadRequestException", `{"message": "Invalid JSON in request body"}`)
}

func TestProxyVerbAndBody(t *testing.T) {
	f := newFixture(t)
	r := f.proxy("https://backend.example", nil)
	integration := f.methods[1].Integration
	for _, row := range []struct{ verb, client, want, body string }{
		{"POST", "GET", "POST", "b"}, {"GET", "POST", "GET", ""}, {"ANY", "PATCH", "PATCH", "b"}, {"", "HEAD", "HEAD", ""}, {"", "DELETE", "DELETE", "b"},
	} {
		integration.Verb = row.verb
		f.wantPart(row.client+" /prod/p\n\nb", "200\n")
		body, _ := r.call.Body.InMemory()
		if r.call.Method != row.want || string(body) != row.body || r.call.Path != "/" || r.call.Port != 443 || r.call.HasQuery {
			t.Errorf("%+v: %+v", row, r.call)
		}
	}
}

func TestProxyResponse(t *testing.T) {
	f := newFixture(t)
	r := f.proxy("http://backend.example/", nil)
	r.answer = &exchange.Response{Status: 404, Body: exchange.Stream(io.NopCloser(strings.NewReader("body")), -1), Header: exchange.Header{
		{Name: "Server", Value: "gunicorn"}, {Name: "Date", Value: "then"}, {Name: "Connection", Value: "keep-alive"},
		{Name: "Content-Type", Value: "text/x"}, {Name: "Content-Length", Value: "4"}, {Name: "x-amzn-RequestId", Value: "theirs"},
		{Name: "Access-Control-Allow-Origin", Value: "*"}, {Name: "Set-Cookie", Value: "a"}, {Name: "Set-Cookie", Value: "b"},
		{Name: "Via", Value: "1.1 x"}, {Name: "Transfer-Encoding", Value: "chunked"}, {Name: "Content-Encoding", Value: "gzip"}, {Name: "x-amzn-trace-id", Value: "t"},
	}}
	want := "404\nDate: Tue, 20 Sep 2022 08:47:16 GMT\nContent-Type: text/x\nContent-Length: 4\nx-amzn-RequestId: 46533423-7524-481e-9b47-9a48a83e9aa4\n" +
		"x-amz-apigw-id: OinCTHqDNjMFftQ=\nx-amzn-Remapped-Server: gunicorn\nx-amzn-Remapped-Date: then\nx-amzn-Remapped-Connection: keep-alive\n" +
		"x-amzn-Remapped-Content-Length: 4\nx-amzn-Remapped-x-amzn-RequestId: theirs\nAccess-Control-Allow-Origin: *\nSet-Cookie: a\nSet-Cookie: b\n" +
		"Content-Encoding: gzip\nx-amzn-trace-id: t\n\nbody"
	if got := f.do("GET /prod/p"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if f.last.Record.OriginStatus != 404 {
		t.Errorf("origin status %d", f.last.Record.OriginStatus)
	}
	r.answer = &exchange.Response{Status: 204}
	f.want("GET /prod/p", 204, "", "")
}

func TestBackendFailures(t *testing.T) {
	const network = `{"message": "Network error communicating with endpoint"}`
	rows := []struct {
		err    error
		status int
		body   string
	}{
		{&upstream.Error{Kind: upstream.Timeout, Err: io.EOF}, 504, timedOut},
		{&upstream.Error{Kind: upstream.BrokenResponse, Err: io.EOF}, 504, network},
		{&upstream.Error{Kind: upstream.TLSFailed, Err: io.EOF}, 504, network},
		{&upstream.Error{Kind: upstream.HeaderTooBig, Err: io.EOF}, 504, network},
		{errors.New("other"), 504, network},
		{&upstream.Error{Kind: upstream.ConnectFailed, Err: io.EOF}, 500, internal},
		{&upstream.Error{Kind: upstream.ResolveFailed, Err: io.EOF}, 500, internal},
		{&upstream.Error{Kind: upstream.AddressRefused, Err: io.EOF}, 500, internal},
		{exchange.ErrBodyTooLarge, 500, internal},
	}
	for _, row := range rows {
		f := newFixture(t)
		f.proxy("http://backend.example/", nil).err = row.err
		f.want("GET /prod/p", row.status, "InternalServerErrorException", row.body)
	}
	f := newFixture(t)
	r := f.proxy("http://backend.example/", nil)
	r.answer.Body = exchange.Stream(io.NopCloser(strings.NewReader(strings.Repeat("x", 10<<20+1))), -1)
	f.want("GET /prod/p", 500, "InternalServerErrorException", internal)
}

func TestInvalidEndpoint(t *testing.T) {
	for _, uri := range []string{"", "backend.example", "ftp://a/", "http://", "http://u@a/", "http://a:0/", "http://a:x/", "http://a:70000/", "http://a/{open}",
		"http://${stageVariables.none}/", "http://a b/"} {
		f := newFixture(t)
		f.proxy(uri, nil)
		f.want("GET /prod/p", 500, "InternalServerErrorException", internal)
		if f.last.Record.Reason != string(reasonEndpoint) {
			t.Errorf("%q: %s", uri, f.last.Record.Reason)
		}
	}
}

// A value of the request cannot leave the part of the URI it is put into.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"a", "../b", "//evil.example/", "?q=1#x", "@evil", "a\r\nHost: b", "{x}", "%2f", "é"} {
		f.Add(seed)
	}
	fx := newFixture(f)
	fx.proxy("http://backend.example/base/{p}/end", nil)
	fx.program()
	endpoint := fx.methods[1].Integration.Endpoint
	f.Fuzz(func(t *testing.T, value string) {
		c := &call{}
		var out upstream.Call
		if !c.setEndpoint(&out, c.expandURI(endpoint, map[string]string{"p": value})) {
			t.Fatalf("%q makes the endpoint invalid", value)
		}
		if out.Host != "backend.example" || out.Port != 80 || out.HasQuery || !strings.HasPrefix(out.Path, "/base/") || !strings.HasSuffix(out.Path, "/end") {
			t.Fatalf("%q leads to %+v", value, out)
		}
		for _, c := range []byte(out.Path) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("%q makes the path %q", value, out.Path)
			}
		}
	})
}

func FuzzQueryParameters(f *testing.F) {
	f.Add("a=b&c=%2B+;d&=e&%zz=%zz&&")
	fx := newFixture(f)
	p := fx.program()
	f.Fuzz(func(t *testing.T, query string) {
		x := fx.exchangeOf(p, "GET /prod")
		x.Request.RawQuery = query
		c := fx.gateway.begin(x)
		if n := len(c.queryParameters()); n > strings.Count(query, "&")+strings.Count(query, ";")+1 {
			t.Fatalf("%d parameters in %q", n, query)
		}
	})
}

// An API that calls itself in process ends, and soon.
func TestLoopEnds(t *testing.T) {
	f := newFixture(t)
	f.proxy("https://abcdefghij.execute-api.ap-northeast-1.amazonaws.com/prod/p", nil)
	depth := 0
	f.backend = func(ctx context.Context, call *upstream.Call) (*exchange.Response, error) {
		depth++
		x := f.exchangeOf(f.program(), "POST /prod/p")
		x.Depth = call.Depth
		return f.gateway.Serve(ctx, x), nil
	}
	if got := f.do("POST /prod/p"); !strings.HasPrefix(got, "504\n") || depth != maxChained {
		t.Errorf("after %d calls: %s", depth, got)
	}
}

// Over real sockets: what net/http's server sees and the gateway gives back.
func TestProxyOverSockets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.RequestURI+" "+r.Header.Get("X-Amzn-Apigateway-Api-Id"))
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
		w.WriteHeader(201)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	client, err := upstream.New(upstream.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	f := newFixture(t)
	f.proxy(server.URL+"/{pathVariable}", map[string]string{"integration.request.path.pathVariable": "method.request.path.pathVariable"})
	f.backend = client.Do
	f.wantPart("POST /prod/a%2Fb?q=%20\n\nhello", "201\n", "\nX-Seen: POST /a%2Fb?q=%20 abcdefghij\n", "x-amzn-Remapped-Content-Length: 5\n", "\n\nhello")
	f.methods[1].Integration.Timeout = 50 * time.Millisecond
	f.want("POST /prod/slow", 504, "InternalServerErrorException", timedOut)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.methods[1].Integration.URI = "http://" + ln.Addr().String() + "/"
	_ = ln.Close()
	f.want("POST /prod/p", 500, "InternalServerErrorException", internal)
	if f.last.Record.Reason != string(reasonUnreachable) {
		t.Error(f.last.Record.Reason)
	}
}
