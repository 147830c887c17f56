package gateway

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// reference/api-gateway.md 2.5: what an HTTP backend sees.
func TestHTTPRequestHeaders(t *testing.T) {
	f := newFixture(t)
	r := f.http(nil)
	f.wantPart("GET /prod/h"+allHeaders, "200\n", "X-Amzn-Trace-Id: Root=1-")
	if got, want := r.header(), "Accept: application/json|User-Agent: AmazonAPIGateway_abcdefghij|"+apiHeaders; got != want {
		t.Errorf("backend got\n%s\nwant\n%s", got, want)
	}
	f.wantPart("PATCH /prod/h"+allHeaders+"\n\nbody", "200\n")
	if got := r.header(); !strings.Contains(got, "|Content-Type: application/json|") {
		t.Errorf("no Content-Type: %s", got)
	}
	if r.call.Method != "POST" || r.call.HasQuery {
		t.Errorf("%+v", r.call)
	}
	mappings := map[string]string{}
	for _, name := range []string{"Accept", "Authorization", "Content-Encoding", "Content-MD5", "Content-Type", "Expect", "Host", "Max-Forwards",
		"Proxy-Authenticate", "Server", "TE", "Trailer", "Upgrade", "User-Agent", "Via", "WWW-Authenticate"} {
		mappings["integration.request.header."+name] = "'mapped'"
	}
	f = newFixture(t)
	r = f.http(func(i *program.Integration) { i.RequestParameters = mappings })
	f.wantPart("GET /prod/h", "200\n")
	got := r.header()
	for _, name := range []string{"Accept", "Authorization", "Content-Encoding", "Content-MD5", "Content-Type", "Max-Forwards", "Server", "Trailer", "Upgrade",
		"User-Agent", "WWW-Authenticate"} {
		if strings.Count(got, name+": mapped|") != 1 {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range []string{"Expect", "Proxy-Authenticate", "TE", "Via", "Host"} {
		if strings.Contains(got, name+": ") {
			t.Errorf("%s arrived: %s", name, got)
		}
	}
	if r.call.Authority != "mapped" {
		t.Error(r.call.Authority)
	}
}

func TestHTTPRequestBody(t *testing.T) {
	for _, row := range []struct {
		name, contentType, body string
		templates               program.Templates
		passthrough             program.Passthrough
		status                  int
		want                    string
	}{
		{"no template", "application/json", "b", nil, program.WhenNoMatch, 200, "b"},
		{"template", "application/json; charset=x", `{"a":1}`, program.Templates{template("application/json", `<$input.path('$.a')>`)}, program.Never, 200, "<1>"},
		{"no type", "", `{"a":1}`, program.Templates{template("application/json", `<$input.json('$')>`)}, program.WhenNoMatch, 200, `<{"a":1}>`},
		{"$default", "x/y", "b", program.Templates{template("$default", "d")}, program.Never, 200, "d"},
		{"no match", "x/y", "b", program.Templates{template("a/b", "t")}, program.WhenNoMatch, 200, "b"},
		{"empty template", "a/b", "b", program.Templates{{ContentType: "a/b"}}, program.Never, 200, "b"},
		{"no match, some", "x/y", "b", program.Templates{template("a/b", "t")}, program.WhenNoTemplates, 415, ""},
		{"none", "x/y", "b", nil, program.WhenNoTemplates, 200, "b"},
		{"never", "x/y", "b", nil, program.Never, 415, ""},
	} {
		f := newFixture(t)
		r := f.http(func(i *program.Integration) { i.RequestTemplates, i.Passthrough = row.templates, row.passthrough })
		call := "POST /prod/h\nContent-Type: " + row.contentType + "\n\n" + row.body
		if row.contentType == "" {
			call = "POST /prod/h\n\n" + row.body
		}
		if row.status == 415 {
			f.want(call, 415, "BadRequestException", `{"message":"Unsupported Media Type"}`)
			continue
		}
		f.answers(call, row.status, "")
		if body, _ := r.call.Body.InMemory(); string(body) != row.want {
			t.Errorf("%s: %q", row.name, body)
		}
	}
}

func TestHTTPOverrides(t *testing.T) {
	f := newFixture(t)
	r := f.http(func(i *program.Integration) {
		i.URI = "http://backend.example/{a}/{b}?fixed=1"
		i.RequestParameters = map[string]string{
			"integration.request.path.a": "'mapped'", "integration.request.path.b": "'kept'", "integration.request.querystring.q": "'mapped'",
			"integration.request.querystring.k": "'kept'", "integration.request.header.X-H": "'mapped'", "integration.request.header.X-K": "'kept'",
		}
		i.RequestTemplates = program.Templates{template("application/json", `#set($o = $context.requestOverride)`+
			`#set($o.path.a = "over ridden")#set($o.querystring.q = ["1","2"])#set($o.querystring.n = "3")`+
			`#set($o.header["X-H"] = ["1","2"])#set($o.header["Content-Length"] = "9")#set($o.header["Bad Name"] = "x")body`)}
		i.Responses[0].Templates = program.Templates{template("application/json", `#set($context.responseOverride.status = 418)#set($context.responseOverride.header.X = "y")`)}
	})
	f.wantPart("POST /prod/h"+traceLine, "418\n", "\nX: y")
	if got := r.call.Path + "?" + r.call.RawQuery; got != "/over%20ridden/kept?fixed=1&k=kept&q=1&q=2&n=3" {
		t.Error(got)
	}
	if got := r.header(); got != "Accept: application/json|User-Agent: AmazonAPIGateway_abcdefghij|X-K: kept|X-H: 1|X-H: 2|"+apiHeaders {
		t.Error(got)
	}
}

// Values that came several times: the last, all of them, or joined.
func TestSeveralValues(t *testing.T) {
	f := newFixture(t)
	r := f.http(func(i *program.Integration) {
		i.RequestParameters = map[string]string{
			"integration.request.querystring.last": "method.request.querystring.a", "integration.request.querystring.all": "method.request.multivaluequerystring.a",
			"integration.request.querystring.none": "method.request.multivaluequerystring.b",
			"integration.request.header.X-Last":    "method.request.header.H", "integration.request.header.X-All": "method.request.multivalueheader.H",
			"integration.request.header.X-Query": "method.request.multivaluequerystring.a",
		}
	})
	f.answers("GET /prod/h?a=1&a=2%203\nH: x\nH: y"+traceLine, 200, "")
	if r.call.RawQuery != "all=1&all=2%203&last=2%203" {
		t.Error(r.call.RawQuery)
	}
	if got, want := r.header(), "Accept: application/json|User-Agent: AmazonAPIGateway_abcdefghij|X-All: x,y|X-Last: y|X-Query: 1,2 3|"+apiHeaders; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestHTTPResponse(t *testing.T) {
	f := newFixture(t)
	r := f.http(func(i *program.Integration) {
		i.Responses = []*program.IntegrationResponse{
			{StatusCode: 404, Pattern: mustPattern(`4\d{2}`), ResponseParameters: map[string]string{
				"method.response.header.X-One": "integration.response.header.One", "method.response.header.X-All": "integration.response.multivalueheader.One",
				"method.response.header.X-Part": "integration.response.body.a.b", "method.response.header.X-None": "integration.response.header.one",
				"method.response.header.Date": "'mapped'", "method.response.header.X-Id": "context.apiId",
			}},
			{StatusCode: 201, Pattern: mustPattern(`3..`)}, {StatusCode: 203, Pattern: mustPattern(`203`)},
		}
	})
	answer := func(status int, body string) {
		r.answer = &exchange.Response{Status: status, Header: exchange.Header{{Name: "One", Value: "1"}, {Name: "One", Value: "2"}, {Name: "Unmapped", Value: "x"}},
			Body: exchange.Bytes([]byte(body))}
	}
	answer(418, `{"a":{"b":"part"}}`)
	f.wantPart("GET /prod/h", "404\n", "\nX-One: 2\n", "\nX-All: 1,2\n", "\nX-Part: part\n", "\nX-Id: abcdefghij\n", "\nx-amzn-Remapped-Date: mapped\n",
		"\nContent-Type: application/json\n", "\n\n"+`{"a":{"b":"part"}}`)
	if got := f.do("GET /prod/h"); strings.Contains(got, "Unmapped") || strings.Contains(got, "X-None") {
		t.Error(got)
	}
	answer(302, "moved")
	f.answers("GET /prod/h", 201, "moved") // a redirect is an answer
	answer(500, "")
	f.want("GET /prod/h", 500, "InternalServerErrorException", internal)
	if f.last.Record.Reason != string(reasonNoResponse) {
		t.Error(f.last.Record.Reason)
	}
	answer(203, "")
	f.want("GET /prod/h", 500, "InternalServerErrorException", internal)
	if f.last.Record.Reason != string(reasonUndeclared) {
		t.Error(f.last.Record.Reason)
	}
}

// mustPattern is a selection pattern as the compiler makes it.
func mustPattern(text string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + text + `)$`) }

// answers asks and compares status and body.
func (f *fixture) answers(call string, status int, body string) {
	f.t.Helper()
	got := f.do(call)
	_, gotBody, _ := strings.Cut(got, "\n\n")
	if !strings.HasPrefix(got, strconv.Itoa(status)+"\n") || gotBody != body {
		f.t.Errorf("%q: %q, want %d and %q; reason %s", call, got, status, body, f.last.Record.Reason)
	}
}
