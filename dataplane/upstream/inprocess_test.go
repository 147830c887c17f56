package upstream

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
)

func localClient(t *testing.T, plain bool, h exchange.Handler) *Client {
	return newClient(t, func(o *Options) {
		o.Now = func() time.Time { return time.Date(2022, 3, 6, 2, 39, 23, 0, time.UTC) }
		o.InProcess = func(host string) (Local, bool) {
			return Local{Handler: h, PlainHTTP: plain}, host == "api.execute-api.us-east-1.amazonaws.com"
		}
	})
}

func localTo(scheme string, port int) *Call {
	call := callTo(port)
	call.Scheme, call.Host, call.Authority = scheme, "API.execute-api.us-east-1.amazonaws.com.", "D1.cloudfront.net:443"
	return call
}

func TestInProcessSeesWhatTLSWouldCarry(t *testing.T) {
	var seen *exchange.Exchange
	c := localClient(t, false, func(_ context.Context, x *exchange.Exchange) *exchange.Response {
		seen = x
		body, _ := x.Request.Body.ReadAll(100)
		return &exchange.Response{Status: 200, Header: exchange.Header{{Name: "Content-Type", Value: "a/b"}}, Body: exchange.Bytes(body)}
	})
	call := localTo("https", 443)
	call.Method, call.Path, call.RawQuery, call.HasQuery = "POST", "/prod", "a=1", true
	call.ServerName, call.CallerAddress, call.Hops = "API.execute-api.us-east-1.amazonaws.com", "64.252.64.1", 1
	call.Header = exchange.Header{{Name: "Connection", Value: "x"}, {Name: "x-api-key", Value: "k"}, {Name: "Host", Value: "h"}, {Name: "Content-Length", Value: "9"}}
	call.Body = exchange.Bytes([]byte("hello"))
	response, err := c.Do(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	r := seen.Request
	if !seen.Conn.InProcess || seen.Conn.RemoteAddr.Addr().String() != "64.252.64.1" || seen.Hops != 1 ||
		seen.Conn.TLS == nil || seen.Conn.TLS.ServerName != "api.execute-api.us-east-1.amazonaws.com" {
		t.Errorf("connection %+v %+v", seen.Conn, seen.Conn.TLS)
	}
	if r.Host != "d1.cloudfront.net" || r.Authority != "D1.cloudfront.net:443" || r.Scheme != "https" || r.Target() != "/prod?a=1" ||
		r.Protocol != exchange.HTTP11 {
		t.Errorf("request %+v", r)
	}
	if len(r.Header) != 2 || r.Header.Get("x-api-key") != "k" || r.Header.Get("content-length") != "5" {
		t.Errorf("header %v", r.Header)
	}
	want := exchange.Header{{Name: "Content-Type", Value: "a/b"}, {Name: "Content-Length", Value: "5"}, {Name: "Date", Value: "Sun, 06 Mar 2022 02:39:23 GMT"}}
	if len(response.Header) != 3 || response.Header[0] != want[0] || response.Header[1] != want[1] || response.Header[2] != want[2] {
		t.Errorf("response header %v", response.Header)
	}
}

func TestInProcessPorts(t *testing.T) {
	answer := func(context.Context, *exchange.Exchange) *exchange.Response { return &exchange.Response{Status: 200} }
	rows := []struct {
		scheme string
		port   int
		plain  bool
		want   Kind
	}{
		{"https", 443, false, 0}, {"http", 80, false, ConnectFailed}, {"https", 8443, false, ConnectFailed},
		{"http", 443, false, ConnectFailed}, {"https", 443, true, 0}, {"http", 80, true, 0}, {"http", 8080, true, ConnectFailed},
	}
	for _, row := range rows {
		if _, err := localClient(t, row.plain, answer).Do(t.Context(), localTo(row.scheme, row.port)); kindOf(err) != row.want {
			t.Errorf("%+v: %v", row, err)
		}
	}
}

func TestInProcessFailures(t *testing.T) {
	rows := map[string]struct {
		handler exchange.Handler
		want    Kind
	}{
		"panic": {func(context.Context, *exchange.Exchange) *exchange.Response { panic("boom") }, BrokenResponse},
		"nil":   {func(context.Context, *exchange.Exchange) *exchange.Response { return nil }, BrokenResponse},
		"slow": {func(ctx context.Context, _ *exchange.Exchange) *exchange.Response {
			<-ctx.Done()
			return &exchange.Response{Status: 500}
		}, Timeout},
	}
	for name, row := range rows {
		call := localTo("https", 443)
		call.ReadTimeout = 20 * time.Millisecond
		if _, err := localClient(t, false, row.handler).Do(t.Context(), call); kindOf(err) != row.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := localClient(t, false, func(context.Context, *exchange.Exchange) *exchange.Response {
		cancel()
		return &exchange.Response{Status: 200}
	})
	if _, err := c.Do(ctx, localTo("https", 443)); kindOf(err) != Canceled {
		t.Errorf("canceled: %v", err)
	}
}

func TestInProcessStream(t *testing.T) {
	var inner context.Context
	boom := errors.New("boom")
	source := io.MultiReader(strings.NewReader("ab"), errReader{boom})
	c := localClient(t, false, func(ctx context.Context, _ *exchange.Exchange) *exchange.Response {
		inner = ctx
		return &exchange.Response{Status: 200, Body: exchange.Stream(io.NopCloser(source), -1)}
	})
	response, err := c.Do(t.Context(), localTo("https", 443))
	if err != nil || inner.Err() != nil {
		t.Fatal(err, inner.Err())
	}
	got, err := io.ReadAll(response.Body.Reader())
	if string(got) != "ab" || kindOf(err) != BrokenResponse || !errors.Is(err, boom) {
		t.Errorf("%q, %v", got, err)
	}
	_ = response.Body.Close()
	if inner.Err() == nil {
		t.Error("closing the body does not end the handler's context")
	}
	if response.Header.Has("Content-Length") {
		t.Error("a stream of unknown length got a Content-Length")
	}
}

func TestInProcessHead(t *testing.T) {
	c := localClient(t, false, func(context.Context, *exchange.Exchange) *exchange.Response {
		return &exchange.Response{Status: 200, Header: exchange.Header{{Name: "Content-Length", Value: "4"}}, Body: exchange.Bytes([]byte("body"))}
	})
	call := localTo("https", 443)
	call.Method = "HEAD"
	response, err := c.Do(t.Context(), call)
	if err != nil || !response.Body.Empty() || response.Header.Get("Content-Length") != "4" {
		t.Errorf("%+v, %v", response, err)
	}
}
