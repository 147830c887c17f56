package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// fixedNow is the clock of the tests that compare bytes.
func fixedNow() time.Time { return time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC) }

const fixedDate = "Sun, 22 Nov 2026 16:00:00 GMT"

// testEdge is an edge program with two distributions.
func testEdge() *program.Edge {
	e := &program.Edge{}
	return e.With(1, program.EdgeChange{Distributions: map[string]*program.Distribution{
		"E1AAAAAAAAAAAA": {ID: "E1AAAAAAAAAAAA", DomainName: "d1aaaaaaaaaaaa.cloudfront.net", Enabled: true,
			Aliases: []string{"www.example.com", "*.wild.example.com", "both.example.com"}},
		"E2BBBBBBBBBBBB": {ID: "E2BBBBBBBBBBBB", DomainName: "d2bbbbbbbbbbbb.cloudfront.net", Enabled: true},
	}})
}

// testGateway is a gateway program with two APIs and two custom domains.
func testGateway() *program.Gateway {
	g := &program.Gateway{}
	return g.With(1, program.GatewayChange{
		APIs: map[string]*program.API{
			"abc123defg": {ID: "abc123defg", Region: "us-east-1"},
			"tokyo12345": {ID: "tokyo12345", Region: "ap-northeast-1"},
		},
		Domains: testDomains(),
	})
}

func testDomains() map[string]*program.Domain {
	api := &program.Domain{Name: "api.example.com", RegionalName: "d-abcdef1234.execute-api.us-east-1.amazonaws.com",
		Mappings: []program.BasePathMapping{
			{BasePath: "v1/beta", APIID: "tokyo12345", Stage: "prod"},
			{BasePath: "v1", APIID: "abc123defg", Stage: "prod"},
			{BasePath: "", APIID: "abc123defg"},
		}}
	both := &program.Domain{Name: "both.example.com", RegionalName: "d-both567890.execute-api.us-east-1.amazonaws.com",
		Mappings: []program.BasePathMapping{{BasePath: "", APIID: "abc123defg", Stage: "prod"}}}
	exact := &program.Domain{Name: "api.wild.example.com", RegionalName: "d-exact67890.execute-api.us-east-1.amazonaws.com",
		Mappings: []program.BasePathMapping{{BasePath: "", APIID: "abc123defg", Stage: "prod"}}}
	domains := map[string]*program.Domain{}
	for _, d := range []*program.Domain{api, both, exact} {
		domains[d.Name], domains[d.RegionalName] = d, d
	}
	return domains
}

// echo answers with what it saw: the plane's place is taken by this in tests.
func echo(_ context.Context, x *exchange.Exchange) *exchange.Response {
	body, err := x.Request.Body.ReadAll(1 << 20)
	text := x.Request.Method + " " + x.Request.Host + " " + x.Request.Target() + " " + string(body)
	if err != nil {
		text += " error: " + err.Error()
	}
	return &exchange.Response{
		Status: 200,
		Header: exchange.Header{{Name: "Content-Type", Value: "text/plain"}, {Name: "x-amzn-RequestId", Value: "id"}},
		Body:   exchange.Bytes([]byte(text)),
	}
}

// recorder collects finished exchanges.
type recorder struct {
	mu   sync.Mutex
	done []exchange.Record
}

func (r *recorder) finish(x *exchange.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, x.Record)
}

func (r *recorder) records() []exchange.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]exchange.Record(nil), r.done...)
}

func testOptions(plane exchange.Handler) Options {
	return Options{
		Edge: plane, Gateway: plane,
		Control: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "control "+r.Method+" "+r.RequestURI+" "+string(body))
		}),
		Ops: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "ops "+r.URL.Path)
		}),
		EdgeLocations: []*program.Location[program.Edge]{program.NewLocation("NRT57-P2", testEdge())},
		GatewayCells:  []*program.Location[program.Gateway]{program.NewLocation("cell-1", testGateway())},
		Now:           fixedNow,
	}
}

// newTestServer returns a server over options that is closed with the test.
func newTestServer(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// listen serves on a loopback port and returns its address.
func listen(t testing.TB, s *Server, roles Roles) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := s.Serve(Listener{ln, roles}); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}()
	t.Cleanup(func() {
		s.Close()
		<-served
	})
	return ln.Addr().String()
}

// roundTrip sends raw bytes over a new connection and returns all that comes
// back until the server closes it or a second passes without a byte.
func roundTrip(t testing.TB, addr, raw string) string {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(nc, raw); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(nc)
	if err != nil {
		t.Fatalf("the server did not close: %v after %q", err, out)
	}
	return string(out)
}

func TestHTTP1RoundTrip(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	got := roundTrip(t, addr, "GET /a?b HTTP/1.1\r\nHost: WWW.example.com:80\r\n\r\n"+
		"POST /c HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
	want := "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 27\r\nConnection: keep-alive\r\n" +
		"Date: " + fixedDate + "\r\nx-amzn-RequestId: id\r\n\r\nGET www.example.com /a?b " +
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 29\r\nConnection: close\r\n" +
		"Date: " + fixedDate + "\r\nx-amzn-RequestId: id\r\n\r\nPOST www.example.com /c hello"
	want = strings.Replace(want, "Content-Length: 27", "Content-Length: 25", 1)
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestTLSAndHTTP2(t *testing.T) {
	o := testOptions(echo)
	o.Now = nil
	ca, err := NewCA(CAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o.CA = ca
	addr := listen(t, newTestServer(t, o), AllRoles)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM())
	for _, http2 := range []bool{false, true} {
		tr := &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: pool},
			ForceAttemptHTTP2: http2,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			},
		}
		defer tr.CloseIdleConnections()
		client := &http.Client{Transport: tr}
		resp, err := client.Post("https://www.example.com/x", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "POST www.example.com /x body" || (resp.ProtoMajor == 2) != http2 {
			t.Errorf("http2=%v: %s %q", http2, resp.Proto, body)
		}
	}
}

// readResponse reads one response of a raw connection.
func readResponse(t testing.TB, r *bufio.Reader) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp, string(body)
}
