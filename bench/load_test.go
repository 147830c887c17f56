package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve1 answers every request on a loopback port with the same bytes.
func serve1(t *testing.T, reply string) target {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				for b := make([]byte, 4096); ; {
					if _, err := conn.Read(b); err != nil || reply == "" {
						return
					}
					if _, err := io.WriteString(conn, reply); err != nil {
						return
					}
				}
			}()
		}
	}()
	return target{addr: listener.Addr().String(), host: "h", body: []byte("hello")}
}

func TestHTTP1LoadChecksEveryAnswer(t *testing.T) {
	for name, row := range map[string]struct{ reply, fail string }{
		"right":          {okHead + "hello", ""},
		"status":         {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "wrong answer"},
		"body":           {okHead + "jello", "another body"},
		"one too many":   {okHead + "hellohello", "behind its end"},
		"closed":         {"", "closed"},
		"other protocol": {"\x15\x03\x01\x00\x02\x02\x46", "begins with"},
	} {
		l, err := startHTTP1(t.Context(), serve1(t, row.reply), small("h1", 4, 1))
		if err != nil {
			t.Fatal(err)
		}
		answers, err := l.drive(t.Context(), 50*time.Millisecond)
		l.close()
		if row.fail == "" && (err != nil || answers == 0) || row.fail != "" && (err == nil || !strings.Contains(err.Error(), row.fail)) {
			t.Errorf("%s: %d answers, %v; want an error with %q", name, answers, err, row.fail)
		}
	}
}

func small(name string, conns, streams int) row {
	return row{name: name, conns: conns, streams: streams}
}

// serve2 serves over HTTP/2 by net/http, with a certificate as nginx gets it.
func serve2(t *testing.T, handler http.HandlerFunc) target {
	t.Helper()
	folder := t.TempDir()
	roots, err := writeCertificate(folder, "h.example")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "leaf.pem"), filepath.Join(folder, "leaf.key"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return target{addr: server.Listener.Addr().String(), host: "h.example", roots: roots, body: objectBody(40000)}
}

func TestHTTP2LoadChecksEveryAnswer(t *testing.T) {
	body := objectBody(40000)
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		fail    string
	}{
		// net/http states no length of a large body by itself
		"no length": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }, "content-length -1"},
		"right":     {func(w http.ResponseWriter, _ *http.Request) { length(w, len(body)); _, _ = w.Write(body) }, ""},
		"status":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "status 403"},
		"short":     {func(w http.ResponseWriter, _ *http.Request) { length(w, 5); _, _ = w.Write(body[:5]) }, "content-length 5"},
		"other": {func(w http.ResponseWriter, _ *http.Request) {
			length(w, len(body))
			_, _ = w.Write(make([]byte, len(body)))
		}, "another body"},
		"reset": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, "reset"},
		"request": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" && r.Host == "h.example" && r.URL.Path == objectPath && r.UserAgent() == userAgent {
				length(w, len(body))
				_, _ = w.Write(body)
			}
		}, ""},
	} {
		l, err := startHTTP2(t.Context(), serve2(t, row.handler), small("h2", 2, 8))
		if err != nil {
			t.Fatal(err)
		}
		answers, err := l.drive(t.Context(), 100*time.Millisecond)
		l.close()
		if row.fail == "" && (err != nil || answers < 20) || row.fail != "" && (err == nil || !strings.Contains(err.Error(), row.fail)) {
			t.Errorf("%s: %d answers, %v; want an error with %q", name, answers, err, row.fail)
		}
	}
}

func length(w http.ResponseWriter, n int) { w.Header().Set("Content-Length", strconv.Itoa(n)) }

func TestHTTP2LoadRefusesAnotherHandshake(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler()) // has an RSA certificate
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	_, err := startHTTP2(t.Context(), target{addr: server.Listener.Addr().String(), host: "example.com", roots: roots}, small("h2", 1, 1))
	if err == nil || !strings.Contains(err.Error(), "P-256") {
		t.Errorf("error %v", err)
	}
}

func TestLoadsEndWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l, err := startHTTP1(ctx, serve1(t, okHead+"hello"), small("h1", 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if _, err := l.drive(ctx, time.Hour); err == nil {
		t.Error("no error although the context has ended")
	}
}
