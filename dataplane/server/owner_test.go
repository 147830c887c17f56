package server

import (
	"testing"

	"drawbridge/dataplane/exchange"
)

const (
	signedControl = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature=00"
	signedExecute = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00"
)

// decision is an owner and a refusal in one line.
func decision(o exchange.Owner, r *Refusal) string {
	text := o.Plane.String()
	switch {
	case o.Distribution != nil:
		text += " " + o.Distribution.ID
	case o.API != nil:
		text += " " + o.API.ID
	}
	if o.Domain != nil {
		text += " domain=" + o.Domain.Name
	}
	if o.Stage != "" {
		text += " stage=" + o.Stage
	}
	if o.Path != "" {
		text += " path=" + o.Path
	}
	if o.PathForm {
		text += " form"
	}
	if r != nil {
		text += " -> " + r.Reason + r.Location
	}
	return text
}

// ask is a row: what is asked, in short.
type ask struct {
	roles  Roles // 0: all
	method string
	host   string
	target string // path?query
	sni    string // non-empty: over TLS
	fields exchange.Header
	rules  Rules
}

func (a ask) decide(t *testing.T) string {
	t.Helper()
	if a.roles == 0 {
		a.roles = AllRoles
	}
	if a.method == "" {
		a.method = "GET"
	}
	if a.target == "" {
		a.target = "/"
	}
	target, reason := parseTarget(a.method, a.target)
	if reason != "" {
		t.Fatal(reason)
	}
	host, err := NormalizeHost(a.host)
	if err != nil && a.host != "" {
		t.Fatal(err)
	}
	q := Question{Roles: a.roles, Edge: testEdge(), Gateway: testGateway(), Request: &exchange.Request{
		Method: a.method, Scheme: "http", Host: host, Authority: a.host,
		Path: target.path, RawQuery: target.rawQuery, HasQuery: target.hasQuery, Header: a.fields,
	}}
	if a.sni != "" {
		q.TLS = &exchange.TLS{ServerName: a.sni}
		q.Request.Scheme = "https"
	}
	return decision(a.rules.Decide(q))
}

func fields(pairs ...string) (h exchange.Header) {
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// TestWhoseRequest has a row for every sentence of design.md section 2, "Whose
// request is it".
func TestWhoseRequest(t *testing.T) {
	const d1, d2 = "d1aaaaaaaaaaaa.cloudfront.net", "d2bbbbbbbbbbbb.cloudfront.net"
	for _, row := range []struct {
		sentence string
		ask      ask
		want     string
	}{
		{"host is normalised: lower case, port, one trailing dot",
			ask{host: "D1AAAAAAAAAAAA.CloudFront.NET.:4566"}, "edge E1AAAAAAAAAAAA"},
		// 1
		{"any *.cloudfront.net", ask{host: d1}, "edge E1AAAAAAAAAAAA"},
		{"<label>.cloudfront.localhost, label the d-label", ask{host: "d1aaaaaaaaaaaa.cloudfront.localhost:4566"}, "edge E1AAAAAAAAAAAA"},
		{"<label>.cloudfront.localhost, label the id", ask{host: "e2bbbbbbbbbbbb.cloudfront.localhost"}, "edge E2BBBBBBBBBBBB"},
		{"an alias", ask{host: "www.example.com"}, "edge E1AAAAAAAAAAAA"},
		{"a wildcard alias", ask{host: "any.wild.example.com"}, "edge E1AAAAAAAAAAAA"},
		{"unknown -> 403 page", ask{host: "dunknown.cloudfront.net"}, "edge"},
		{"unknown .localhost form -> 403 page", ask{host: "dunknown.cloudfront.localhost"}, "edge"},
		{"host comes before the reserved path", ask{host: d1, target: "/_drawbridge/health"}, "edge E1AAAAAAAAAAAA"},
		{"host comes before the signature", ask{host: d1, fields: fields("Authorization", signedControl)}, "edge E1AAAAAAAAAAAA"},
		// 2
		{"<api>.execute-api.<region>.amazonaws.com", ask{host: "abc123defg.execute-api.us-east-1.amazonaws.com", target: "/prod"}, "gateway abc123defg"},
		{"the same in China", ask{host: "abc123defg.execute-api.us-east-1.amazonaws.com.cn"}, "gateway abc123defg"},
		{"<api>.execute-api.<region>.localhost", ask{host: "tokyo12345.execute-api.ap-northeast-1.localhost:4566"}, "gateway tokyo12345"},
		{"<api>.execute-api.localhost", ask{host: "abc123defg.execute-api.localhost"}, "gateway abc123defg"},
		{"a form without region, else a unique match", ask{host: "tokyo12345.execute-api.localhost"}, "gateway tokyo12345"},
		{"<api>.execute-api.localhost.localstack.cloud", ask{host: "abc123defg.execute-api.localhost.localstack.cloud"}, "gateway abc123defg"},
		{"another region -> unknown", ask{host: "abc123defg.execute-api.eu-west-1.amazonaws.com"}, "gateway"},
		{"unknown -> 403, 23 bytes", ask{host: "nope000000.execute-api.us-east-1.amazonaws.com"}, "gateway"},
		{"unknown without region", ask{host: "nope000000.execute-api.localhost"}, "gateway"},
		{"any *.execute-api.… host", ask{host: "abc123defg.execute-api.example.net"}, "gateway"},
		{"a custom domain's regional name", ask{host: "d-abcdef1234.execute-api.us-east-1.amazonaws.com", target: "/v1/x"},
			"gateway abc123defg domain=api.example.com stage=prod path=/x"},
		{"an API Gateway custom domain", ask{host: "api.example.com", target: "/v1/beta/x/y"},
			"gateway tokyo12345 domain=api.example.com stage=prod path=/x/y"},
		{"a base path is whole segments", ask{host: "api.example.com", target: "/v1beta/x"},
			"gateway abc123defg domain=api.example.com stage=v1beta path=/x"},
		{"a mapping without stage: next segment", ask{host: "api.example.com", target: "/prod/x"},
			"gateway abc123defg domain=api.example.com stage=prod path=/x"},
		{"a mapping without stage and no segment", ask{host: "api.example.com"}, "gateway domain=api.example.com"},
		{"both alias and custom domain: the edge's on an edge listener", ask{host: "both.example.com"}, "edge E1AAAAAAAAAAAA"},
		{"both: the gateway's on a listener with only gateway", ask{roles: RoleGateway, host: "both.example.com", target: "/x"},
			"gateway abc123defg domain=both.example.com stage=prod path=/x"},
		{"an exact custom domain is not also a wildcard's", ask{host: "api.wild.example.com", target: "/x"},
			"gateway abc123defg domain=api.wild.example.com stage=prod path=/x"},
		// 3
		{"/_drawbridge/… on ops", ask{host: "localhost:4566", target: "/_drawbridge/health"}, "ops"},
		{"/_drawbridge itself", ask{host: "localhost", target: "/_drawbridge"}, "ops"},
		{"a longer word is not reserved", ask{host: "localhost", target: "/_drawbridges/health"}, "control"},
		{"not without the ops role", ask{roles: RoleControl, host: "localhost", target: "/_drawbridge/health"}, "control"},
		{"path form execute-api", ask{host: "localhost", target: "/_drawbridge/execute-api/abc123defg/prod/a/b?c"}, "gateway abc123defg stage=prod path=/a/b form"},
		{"path form execute-api, root", ask{host: "localhost", target: "/_drawbridge/execute-api/abc123defg/prod"}, "gateway abc123defg stage=prod path=/ form"},
		{"path form execute-api, no stage", ask{host: "localhost", target: "/_drawbridge/execute-api/abc123defg"}, "gateway path=/ form"},
		{"path form execute-api, unknown", ask{host: "localhost", target: "/_drawbridge/execute-api/nope/prod/"}, "gateway stage=prod path=/ form"},
		{"path form cloudfront", ask{host: "localhost", target: "/_drawbridge/cloudfront/E1AAAAAAAAAAAA/x"}, "edge E1AAAAAAAAAAAA path=/x form"},
		{"path form cloudfront, unknown", ask{host: "localhost", target: "/_drawbridge/cloudfront/E9/x"}, "edge path=/x form"},
		{"path form _aws", ask{host: "localhost", target: "/_aws/execute-api/abc123defg/prod/a"}, "gateway abc123defg stage=prod path=/a form"},
		{"path form restapis", ask{host: "localhost", target: "/restapis/abc123defg/prod/_user_request_/a/"}, "gateway abc123defg stage=prod path=/a/ form"},
		{"path form restapis, root", ask{host: "localhost", target: "/restapis/abc123defg/prod/_user_request_"}, "gateway abc123defg stage=prod path=/ form"},
		{"/restapis without the marker is control", ask{host: "localhost", target: "/restapis/abc123defg/stages/prod"}, "control"},
		{"a signed call to a path form stays one", ask{host: "localhost", target: "/restapis/abc123defg/prod/_user_request_/a",
			fields: fields("Authorization", signedControl)}, "gateway abc123defg stage=prod path=/a form"},
		{"a browser navigation to a path form is sent to the .localhost host form",
			ask{host: "localhost:4566", target: "/_aws/execute-api/abc123defg/prod/a?b=c", fields: fields("Sec-Fetch-Mode", "navigate")},
			"gateway abc123defg stage=prod path=/a form -> navigation-to-path-formhttp://abc123defg.execute-api.localhost:4566/prod/a?b=c"},
		{"the same for a distribution, over TLS",
			ask{host: "localhost:8443", sni: "localhost", target: "/_drawbridge/cloudfront/E1AAAAAAAAAAAA/x?", fields: fields("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site")},
			"edge E1AAAAAAAAAAAA path=/x form -> navigation-to-path-formhttps://e1aaaaaaaaaaaa.cloudfront.localhost:8443/x?"},
		{"a script's fetch is not", ask{host: "localhost", target: "/_aws/execute-api/abc123defg/prod/a", fields: fields("Sec-Fetch-Mode", "cors")},
			"gateway abc123defg stage=prod path=/a form"},
		// 4
		{"control: service from the SigV4 scope", ask{host: "127.0.0.1:4566", fields: fields("Authorization", signedControl)}, "control"},
		{"control: presigned GET", ask{host: "localhost", target: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20261122%2Fus-east-1%2Fsts%2Faws4_request"}, "control"},
		{"control: from the host", ask{host: "apigateway.us-east-1.amazonaws.com"}, "control"},
		{"control: from the host", ask{host: "cloudfront.amazonaws.com"}, "control"},
		{"scope execute-api is never control", ask{host: "localhost", fields: fields("Authorization", signedExecute)}, "gateway"},
		{"an unsigned control call is control's to refuse", ask{host: "localhost"}, "control"},
		{"without control, every other host gets the edge's 403 page", ask{roles: RoleEdge | RoleGateway, host: "localhost"}, "edge"},
		{"without control, whatever the signature", ask{roles: RoleGateway, host: "10.0.0.1", fields: fields("Authorization", signedControl)}, "edge"},
		{"a distribution is nobody's on a gateway listener", ask{roles: RoleGateway, host: d1}, "edge"},
		{"an API is nobody's on an edge listener", ask{roles: RoleEdge, host: "abc123defg.execute-api.localhost"}, "edge"},
		// TLS
		{"TLS for the owner's own name", ask{host: d1, sni: d1}, "edge E1AAAAAAAAAAAA"},
		{"TLS for another name of the owner", ask{host: "www.example.com", sni: d1}, "edge E1AAAAAAAAAAAA"},
		{"TLS for another distribution -> 421", ask{host: d1, sni: d2}, "edge E1AAAAAAAAAAAA -> tls-name-of-another-owner"},
		{"TLS for another API -> 421", ask{host: "abc123defg.execute-api.localhost", sni: "tokyo12345.execute-api.localhost"},
			"gateway abc123defg -> tls-name-of-another-owner"},
		{"TLS for a distribution, control call -> 421", ask{host: "localhost", sni: d1}, "control -> tls-name-of-another-owner"},
		{"TLS for a distribution, path form -> 421", ask{host: "localhost", sni: d1, target: "/_drawbridge/cloudfront/E2BBBBBBBBBBBB/"},
			"edge E2BBBBBBBBBBBB path=/ form -> tls-name-of-another-owner"},
		{"TLS for localhost", ask{host: d1, sni: "localhost"}, "edge E1AAAAAAAAAAAA"},
		{"TLS for a distribution, unknown host: the 403 page", ask{host: "dunknown.cloudfront.net", sni: d1}, "edge"},
	} {
		if got := row.ask.decide(t); got != row.want {
			t.Errorf("%s (%s %s):\n got %s\nwant %s", row.sentence, row.ask.host, row.ask.target, got, row.want)
		}
	}
}

// TestBrowsersAreNotClients has a row for every sentence of design.md section 2,
// "Browsers are not clients of the control plane".
func TestBrowsersAreNotClients(t *testing.T) {
	for _, host := range []string{"127.0.0.1:4566", "[::1]:4566", "localhost", "drawbridge:4566", "my.localhost",
		"sts.eu-west-1.localhost.localstack.cloud", "localhost.localstack.cloud:4566", "sts.amazonaws.com",
		"apigateway.cn-north-1.amazonaws.com.cn", "bridge.internal", ""} {
		a := ask{host: host, rules: Rules{ControlHosts: []string{"bridge.internal"}}}
		if got := a.decide(t); got != "control" {
			t.Errorf("control at %q: %s", host, got)
		}
		a.target = "/_drawbridge/health"
		if got := a.decide(t); got != "ops" {
			t.Errorf("ops at %q: %s", host, got)
		}
	}
	for _, row := range []struct {
		sentence string
		ask      ask
		want     string
	}{
		{"else 421", ask{host: "evil.example"}, "control -> host-is-not-local"},
		{"else 421, signed but not verified", ask{host: "evil.example", fields: fields("Authorization", signedControl)}, "control -> host-is-not-local"},
		{"/_drawbridge likewise", ask{host: "evil.example", target: "/_drawbridge/console/"}, "ops -> host-is-not-local"},
		{"path forms below it likewise", ask{host: "evil.example", target: "/_drawbridge/execute-api/abc123defg/prod/"},
			"gateway abc123defg stage=prod path=/ form -> host-is-not-local"},
		{"a name that only begins like localhost", ask{host: "localhost.evil.example"}, "control -> host-is-not-local"},
		{"a name that only ends like it", ask{host: "evil-amazonaws.com"}, "control -> host-is-not-local"},
		{"unless signatures are verified", ask{host: "evil.example", rules: Rules{SignaturesVerified: true}}, "control"},
		{"Origin of another site", ask{host: "localhost:4566", fields: fields("Origin", "http://evil.example")}, "control -> cross-site"},
		{"Origin of another port", ask{host: "localhost:4566", fields: fields("Origin", "http://localhost:3000")}, "control -> cross-site"},
		{"Origin null", ask{host: "localhost:4566", fields: fields("Origin", "null")}, "control -> cross-site"},
		{"Origin of our own", ask{host: "localhost:4566", fields: fields("Origin", "http://localhost:4566")}, "control"},
		{"Origin of our own, default port", ask{host: "localhost:80", fields: fields("Origin", "http://localhost")}, "control"},
		{"two Origins", ask{host: "localhost:4566", fields: fields("Origin", "http://localhost:4566", "Origin", "http://evil.example")}, "control -> cross-site"},
		{"Sec-Fetch-Site cross-site", ask{host: "localhost", fields: fields("Sec-Fetch-Site", "cross-site")}, "control -> cross-site"},
		{"Sec-Fetch-Site same-site", ask{host: "localhost", target: "/_drawbridge/metrics", fields: fields("Sec-Fetch-Site", "same-site")}, "ops -> cross-site"},
		{"Sec-Fetch-Site none", ask{host: "localhost", target: "/_drawbridge/console/", fields: fields("Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate")}, "ops"},
		{"Sec-Fetch-Site same-origin", ask{host: "localhost", fields: fields("Sec-Fetch-Site", "same-origin")}, "control"},
		{"also when signatures are verified", ask{host: "localhost", rules: Rules{SignaturesVerified: true}, fields: fields("Origin", "http://evil.example")}, "control -> cross-site"},
		{"viewers may come from anywhere", ask{host: "www.example.com", fields: fields("Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site")}, "edge E1AAAAAAAAAAAA"},
	} {
		if got := row.ask.decide(t); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.sentence, got, row.want)
		}
	}
}

func TestInProcess(t *testing.T) {
	for host, want := range map[string]exchange.Plane{
		"both.example.com":                                 exchange.PlaneGateway,
		"www.example.com":                                  exchange.PlaneEdge,
		"d1aaaaaaaaaaaa.cloudfront.net":                    exchange.PlaneEdge,
		"abc123defg.execute-api.us-east-1.amazonaws.com":   exchange.PlaneGateway,
		"d-abcdef1234.execute-api.us-east-1.amazonaws.com": exchange.PlaneGateway,
		"nope.execute-api.us-east-1.amazonaws.com":         exchange.PlaneNone,
		"origin.example.org":                               exchange.PlaneNone,
	} {
		if got := InProcess(host, testEdge(), testGateway()); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	if o := GatewayOwner(testGateway(), "www.example.com", "/"); o.Plane != exchange.PlaneGateway || o.API != nil {
		t.Errorf("a viewer's host at execute-api is somebody's: %+v", o)
	}
}

func TestNormalizeHost(t *testing.T) {
	for in, want := range map[string]string{
		"Example.COM": "example.com", "a.b.:80": "a.b", "localhost": "localhost", "[::1]:80": "[::1]",
		"[2001:DB8::1]": "[2001:db8::1]", "127.0.0.1:65535": "127.0.0.1", "a_b.c": "a_b.c",
		"": "", ".": "", "a..b": "", ".a": "", "a..": "", "a:": "", "a:x": "", "a:65536": "", "a:-1": "", "a:123456": "", ":80": "",
		"u@a": "", "a b": "", "a/b": "", "a,b": "", "[::1": "", "[::1]x": "", "[fe80::1%25eth0]": "", "[127.0.0.1]": "", "a\x00": "", "ä": "",
	} {
		got, err := NormalizeHost(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseRoles(t *testing.T) {
	roles, err := ParseRoles("gateway,edge")
	if err != nil || roles != RoleEdge|RoleGateway || roles.String() != "edge,gateway" {
		t.Errorf("%v, %v", roles, err)
	}
	if _, err := ParseRoles("edge,lock"); err == nil {
		t.Error("an unknown role is accepted")
	}
	if AllRoles.String() != "edge,gateway,control,ops" {
		t.Error(AllRoles.String())
	}
}

func FuzzNormalizeHost(f *testing.F) {
	for _, seed := range []string{"example.com:80", "[::1]:1", "A.", "a..b", ":"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		host, err := NormalizeHost(in)
		if err != nil {
			return
		}
		again, err := NormalizeHost(host)
		if err != nil || again != host {
			t.Fatalf("%q -> %q -> %q, %v", in, host, again, err)
		}
	})
}
