package lock

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// newDoor serves one answer over TLS and HTTP/2. Its certificate is for
// example.com.
func newDoor(t *testing.T, handler http.HandlerFunc) ProberOptions {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return ProberOptions{
		Address: server.Listener.Addr().String(),
		CA:      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		CAFile:  "ca.pem",
	}
}

func newProber(t *testing.T, o ProberOptions) *Prober {
	t.Helper()
	prober, err := NewProber(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(prober.Close)
	return prober
}

func TestProbe(t *testing.T) {
	var seen http.Request
	prober := newProber(t, newDoor(t, func(w http.ResponseWriter, r *http.Request) {
		seen = *r.Clone(context.Background())
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-ErrorType", "ForbiddenException")
		w.Header().Set("X-Cache", "Error from cloudfront")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"Forbidden"}`))
	}))
	answer, err := prober.Do(t.Context(), Probe{Host: "example.com", Path: "/prod?a=b", Fields: []Field{{"x-api-key", "k"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := answer.Telling(), "HTTP/2 403  content-type: application/json  content-length: 23  x-amzn-errortype: ForbiddenException  x-cache: Error from cloudfront"; got != want {
		t.Errorf("told  %s\nwant %s", got, want)
	}
	if got, want := answer.Seen(), "403 Error ForbiddenException"; got != want {
		t.Errorf("seen %q, want %q", got, want)
	}
	if seen.Host != "example.com" || seen.RequestURI != "/prod?a=b" || seen.Method != "GET" || seen.Header.Get("x-api-key") != "k" {
		t.Errorf("the door saw %s %s %s %v", seen.Method, seen.Host, seen.RequestURI, seen.Header)
	}
	if seen.Header.Get("Accept-Encoding") != "" {
		t.Error("a probe asks for compression, and so would see another object than curl")
	}
}

func TestProbeFollowsNoRedirect(t *testing.T) {
	prober := newProber(t, newDoor(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	answer, err := prober.Do(t.Context(), Probe{Host: "example.com", Path: "/"})
	if err != nil || answer.Status != http.StatusMovedPermanently {
		t.Errorf("got %v, %v; want 301", answer.Status, err)
	}
}

func TestProbeVerifiesTheDoor(t *testing.T) {
	door := newDoor(t, func(http.ResponseWriter, *http.Request) {})
	for name, test := range map[string]struct {
		options ProberOptions
		host    string
		want    string
	}{
		"another name":      {door, "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "certificate is valid for"},
		"another authority": {ProberOptions{Address: door.Address}, "example.com", "certificate signed by unknown authority"},
		"nobody there":      {ProberOptions{Address: "127.0.0.1:1", CA: door.CA}, "example.com", "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := newProber(t, test.options).Do(t.Context(), Probe{Host: test.host, Path: "/"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v; want an error with %q", answer, err, test.want)
			}
		})
	}
}

func TestNewProberNeedsACertificate(t *testing.T) {
	if _, err := NewProber(ProberOptions{CA: []byte("no certificate")}); err == nil {
		t.Error("an authority without certificate is accepted; every probe would fail")
	}
}

func TestCurlLine(t *testing.T) {
	prober := newProber(t, ProberOptions{Address: "127.0.0.1:4566", CAFile: "ca.pem"})
	s := known()
	for _, test := range []struct {
		probe Probe
		want  string
	}{
		{Probe{Host: "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", Path: "/prod"},
			`curl -si --cacert ca.pem --connect-to ::127.0.0.1:4566 https://$API.execute-api.us-east-1.amazonaws.com/prod`},
		{Probe{Method: "POST", Host: "d1.cloudfront.net", Path: "/?a=b&c", Fields: []Field{{"x-api-key", "Zm9vYmFyYmF6cXV4"}}},
			`curl -si --cacert ca.pem --connect-to ::127.0.0.1:4566 -X POST -H "x-api-key: $KEY" 'https://d1.cloudfront.net/?a=b&c'`},
	} {
		if got := s.line(prober.curl(test.probe)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	plain := newProber(t, ProberOptions{})
	if got, want := s.line(plain.curl(Probe{Host: "d1.cloudfront.net", Path: "/"})), "curl -si https://d1.cloudfront.net/"; got != want {
		t.Errorf("against AWS: got %s, want %s", got, want)
	}
}

// An HTTP/1.1 door is one as well.
func TestProbeHTTP1(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	prober := newProber(t, ProberOptions{
		Address: server.Listener.Addr().String(),
		CA:      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	})
	answer, err := prober.Do(t.Context(), Probe{Host: "example.com", Path: "/"})
	if err != nil || answer.Telling() != "HTTP/1.1 200  content-length: 0" {
		t.Errorf("got %q, %v", answer.Telling(), err)
	}
}
