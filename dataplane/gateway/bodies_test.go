package gateway

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// post asks the fixture with a streamed body.
func (f *fixture) post(head string, body io.Reader, length int64) *exchange.Response {
	f.t.Helper()
	p := f.program()
	x := f.exchangeOf(p, head)
	x.Request.Body = exchange.Stream(io.NopCloser(body), length)
	x.Gateway = p
	f.last = x
	return f.gateway.Serve(f.t.Context(), x)
}

// Bodies of running calls share their room; what finds none is answered 503, and
// room comes back when a call has gone.
func TestBodyRoom(t *testing.T) {
	f := newFixture(t)
	f.bodyBytes = 100 << 10
	big := strings.Repeat("x", 60<<10)
	inside := make(chan int64, 1)
	f.http(nil)
	f.backend = func(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
		inside <- f.gateway.BodyBytes()
		sent, _ := call.Body.InMemory()
		return &exchange.Response{Status: 200, Body: exchange.Bytes(sent)}, nil
	}
	response := f.post("POST /prod/h", strings.NewReader(big), -1)
	if used := <-inside; response.Status != 200 || used < int64(len(big)) {
		t.Fatalf("%d with %d bytes taken", response.Status, used)
	}
	if used := f.gateway.BodyBytes(); used != int64(len(big)) {
		t.Errorf("%d bytes are taken by an answer of %d", used, len(big))
	}
	if got, err := response.Body.ReadAll(1 << 20); err != nil || string(got) != big {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if used := f.gateway.BodyBytes(); used != 0 {
		t.Errorf("%d bytes stay taken", used)
	}
	response = f.post("POST /prod/h", strings.NewReader(big+big), -1)
	if response.Status != 503 || f.last.Record.Reason != string(reasonNoRoom) {
		t.Errorf("%d %s", response.Status, f.last.Record.Reason)
	}
	response = f.post("POST /prod/h", strings.NewReader("small"), 5) // always finds room
	if used := <-inside; response.Status != 200 || used != 0 || f.gateway.BodyBytes() != 0 {
		t.Errorf("%d with %d", response.Status, used)
	}
	f.backend = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		return &exchange.Response{Status: 200, Body: exchange.Stream(io.NopCloser(strings.NewReader(big+big)), -1)}, nil
	}
	response = f.post("POST /prod/h", strings.NewReader(""), 0)
	if response.Status != 503 || f.gateway.BodyBytes() != 0 {
		t.Errorf("%d, %d bytes stay", response.Status, f.gateway.BodyBytes())
	}
}

// dripping is a body of which every byte takes a second.
type dripping struct{ f *fixture }

func (d dripping) Read(p []byte) (int, error) {
	d.f.now = d.f.now.Add(time.Second)
	p[0] = 'x'
	return 1, nil
}

func TestSlowBody(t *testing.T) {
	f := newFixture(t)
	f.http(nil)
	begin := f.now
	response := f.post("POST /prod/h", dripping{f}, -1)
	if took := f.now.Sub(begin); response.Status != 408 || took < slowGrace || took > slowGrace+2*time.Second {
		t.Errorf("%d after %s", response.Status, took)
	}
}

func TestRequestDecompression(t *testing.T) {
	squeezed := func(w interface {
		io.WriteCloser
		Reset(io.Writer)
	}, text string) string {
		var b bytes.Buffer
		w.Reset(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	gzipped, deflated := squeezed(gzip.NewWriter(nil), `{"a":1}`), squeezed(zlib.NewWriter(io.Discard), `{"a":1}`)
	for _, row := range []struct {
		name, coding, body string
		status             int
		want               string
	}{
		{"gzip", "gzip", gzipped, 200, "<1>"},
		{"deflate", "Deflate", deflated, 200, "<1>"},
		{"identity", "identity", `{"a":1}`, 200, "<1>"},
		{"none", "", `{"a":1}`, 200, "<1>"},
		{"empty", "gzip", "", 200, "<>"},
		{"unknown", "br", "x", 415, ""},
		{"two", "gzip, gzip", gzipped, 415, ""},
		{"no gzip", "gzip", "x", 400, ""},
		{"cut off", "gzip", gzipped[:len(gzipped)-9], 400, ""},
		{"bomb", "gzip", squeezed(gzip.NewWriter(nil), strings.Repeat("x", maxPayload+1)), 413, ""},
	} {
		f := newFixture(t)
		f.stage.Deployment.MinCompression = new(0)
		r := f.http(func(i *program.Integration) {
			i.RequestTemplates = program.Templates{template("application/json", `<$!input.path('$.a')>`)}
		})
		head := "POST /prod/h"
		if row.coding != "" {
			head += "\nContent-Encoding: " + row.coding
		}
		response := f.post(head, strings.NewReader(row.body), int64(len(row.body)))
		if response.Status != row.status {
			t.Errorf("%s: %d, %s", row.name, response.Status, f.last.Record.Reason)
			continue
		}
		if row.status == 200 {
			if body, _ := r.call.Body.InMemory(); string(body) != row.want {
				t.Errorf("%s: the backend got %q", row.name, body)
			}
		}
		if f.gateway.BodyBytes() != 0 {
			t.Errorf("%s: %d bytes stay", row.name, f.gateway.BodyBytes())
		}
	}
	f := newFixture(t) // without a minimumCompressionSize nothing is undone
	r := f.proxy("http://backend.example/", nil)
	f.wantPart("POST /prod/p\nContent-Encoding: gzip\n\n"+gzipped, "200\n")
	if body, _ := r.call.Body.InMemory(); string(body) != gzipped {
		t.Errorf("the backend got %q", body)
	}
}

// A test invocation leaves nothing behind either.
func TestBodyRoomOfTestInvocation(t *testing.T) {
	f := newFixture(t)
	r := f.http(nil)
	r.answer = &exchange.Response{Status: 200, Body: exchange.Stream(io.NopCloser(strings.NewReader(strings.Repeat("x", 60<<10))), -1)}
	f.program()
	result := f.gateway.TestInvoke(t.Context(), Test{API: f.api, Deployment: f.stage.Deployment, Method: f.methods[1], Verb: "POST", Path: "/h"})
	if result.Status != 200 || len(result.Body) != 60<<10 || f.gateway.BodyBytes() != 0 {
		t.Errorf("%d, %d bytes, %d stay", result.Status, len(result.Body), f.gateway.BodyBytes())
	}
}
