package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func addLine(l *Lines, text string) { l.Add(func(b []byte) []byte { return append(b, text+"\n"...) }) }

func TestSinksRouteByName(t *testing.T) {
	folder := t.TempDir()
	one, rest := filepath.Join(folder, "one"), filepath.Join(folder, "rest")
	var posted bytes.Buffer
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(&posted, r.Body) }))
	defer endpoint.Close()
	var stdout bytes.Buffer
	s, err := NewSinks(SinkOptions{Specs: []string{"/aws/one=" + one, "hook-*=" + endpoint.URL + "/?a=b", "none=off", "out=-", rest}, Stdout: &stdout})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/aws/one", "hook-x", "out", "other"} {
		addLine(s.For(name), name)
	}
	if s.For("/aws/one/Canary") != s.For("/aws/one") || s.For("/aws/one-more") != s.For("other") {
		t.Error("a name is not that of what is below it, or that of another that begins alike")
	}
	if s.For("none") != nil {
		t.Error("a log that is off has a place")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct{ name, want string }{{one, "/aws/one\n"}, {rest, "other\n"}} {
		if got, err := os.ReadFile(file.name); err != nil || string(got) != file.want {
			t.Errorf("%s: %q, %v, want %q", file.name, got, err, file.want)
		}
	}
	if posted.String() != "hook-x\n" || stdout.String() != "out\n" || s.Dropped() != 0 {
		t.Errorf("posted %q, stdout %q, dropped %d", posted.String(), stdout.String(), s.Dropped())
	}
}

func TestSinksRefuseWhatMakesNoSense(t *testing.T) {
	for _, spec := range []string{"", "name=", "http://", "name=https:///x"} {
		if err := CheckSinks([]string{spec}); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
	if _, err := NewSinks(SinkOptions{Specs: []string{filepath.Join(t.TempDir(), "no", "such")}}); err == nil {
		t.Error("a file in a folder that is not there is opened")
	}
}

func TestLinesCountWhatAFailingPlaceLoses(t *testing.T) {
	endpoint := httptest.NewServer(http.NotFoundHandler())
	defer endpoint.Close()
	s, err := NewSinks(SinkOptions{Specs: []string{endpoint.URL}})
	if err != nil {
		t.Fatal(err)
	}
	addLine(s.For("x"), "a")
	addLine(s.For("x"), "b")
	_ = s.Close()
	if s.Dropped() != 2 {
		t.Errorf("%d lines counted as dropped, want 2", s.Dropped())
	}
}

func TestEventsAreJSONLines(t *testing.T) {
	var out bytes.Buffer
	l := NewLines(&out)
	l.WriteEvents("group/prod", time.UnixMilli(1234), []string{"a \"b\"\n", "c"})
	_ = l.Close()
	want := `{"timestamp":1234,"logGroup":"group/prod","message":"a \"b\"\u000a"}` + "\n" + `{"timestamp":1234,"logGroup":"group/prod","message":"c"}` + "\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}

func TestSpansGoToACollector(t *testing.T) {
	var body []byte
	var path, kind string
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		path, kind = r.URL.Path, r.Header.Get("Content-Type")
		body, _ = io.ReadAll(r.Body)
	}))
	defer endpoint.Close()
	s, err := NewSpans(endpoint.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1, 5)
	s.Send(Span{TraceID: strings.Repeat("a", 32), ID: strings.Repeat("b", 16), Name: "GET \"/\"", Server: true, Start: at, End: at.Add(time.Second),
		Attributes: []Attribute{{Name: "http.response.status_code", Number: 200}, {Name: "url.path", Text: "/x"}}})
	s.Send(Span{TraceID: strings.Repeat("a", 32), ID: strings.Repeat("c", 16), Parent: strings.Repeat("b", 16), Name: "integration", Start: at, End: at, Failed: true})
	_ = s.Close()
	if path != "/v1/traces" || kind != "application/json" || s.Dropped() != 0 {
		t.Errorf("%s %s, %d dropped", path, kind, s.Dropped())
	}
	const want = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"drawbridge"}}]},"scopeSpans":[{"scope":{"name":"drawbridge"},"spans":[` +
		`{"kind":2,"traceId":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","spanId":"bbbbbbbbbbbbbbbb","name":"GET \"/\"","startTimeUnixNano":"1000000005","endTimeUnixNano":"2000000005",` +
		`"attributes":[{"key":"http.response.status_code","value":{"intValue":"200"}},{"key":"url.path","value":{"stringValue":"/x"}}]},` +
		`{"kind":3,"traceId":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","spanId":"cccccccccccccccc","parentSpanId":"bbbbbbbbbbbbbbbb","name":"integration","startTimeUnixNano":"1000000005","endTimeUnixNano":"1000000005","attributes":[],"status":{"code":2}}` +
		`]}]}]}`
	if string(body) != want || !json.Valid(body) {
		t.Errorf("%s", body)
	}
}
