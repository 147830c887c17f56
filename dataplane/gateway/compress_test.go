package gateway

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"drawbridge/dataplane/program"
)

func TestAcceptedCoding(t *testing.T) {
	for field, want := range map[string]string{
		"": "", "gzip": "gzip", "GZip": "gzip", "deflate": "deflate", "deflate, gzip": "gzip", "gzip;q=0.5, deflate;q=0.8": "deflate", "gzip;q=0": "",
		"gzip; q=0, deflate": "deflate", "*": "", "br, identity": "", "gzip;q=2": "", "gzip;q=x, deflate;q=0.1": "deflate", "a,b,gzip": "gzip", ",;=,": "",
	} {
		if got := acceptedCoding(field); got != want {
			t.Errorf("%q: %q", field, got)
		}
	}
}

func TestCompression(t *testing.T) {
	f := newFixture(t)
	text := strings.Repeat("all the same ", 50)
	response := f.root.Integration.Responses[0]
	response.Templates = program.Templates{template("application/json", text)}
	answerTo := func(accept string) (coding string, body []byte) {
		x := f.exchangeOf(f.program(), "GET /prod\nAccept-Encoding: "+accept)
		r := f.gateway.Serve(t.Context(), x)
		body, err := r.Body.ReadAll(1 << 20)
		if err != nil || r.Header.Get("Content-Length") != strconv.Itoa(len(body)) {
			t.Errorf("%q: Content-Length %s of %d, %v", accept, r.Header.Get("Content-Length"), len(body), err)
		}
		return r.Header.Get("Content-Encoding"), body
	}
	plain := func(accept string) {
		t.Helper()
		if coding, body := answerTo(accept); coding != "" || string(body) != text {
			t.Errorf("%q: %s %q", accept, coding, body)
		}
	}
	plain("gzip") // not asked for by the API
	f.stage.Deployment.MinCompression = new(len(text) + 1)
	plain("gzip")
	f.stage.Deployment.MinCompression = new(len(text))
	plain("br")
	for range 2 { // the second by a compressor that was used before
		coding, body := answerTo("gzip")
		if r, err := gzip.NewReader(bytes.NewReader(body)); coding != "gzip" || err != nil || textIn(t, r) != text {
			t.Errorf("gzip: %s, %v", coding, err)
		}
		coding, body = answerTo("deflate")
		if r, err := zlib.NewReader(bytes.NewReader(body)); coding != "deflate" || err != nil || textIn(t, r) != text {
			t.Errorf("deflate: %s, %v", coding, err)
		}
	}
	response.ResponseParameters = map[string]string{"method.response.header.Content-Encoding": "'x-own'"}
	f.root.Responses["200"] = program.MethodResponse{Parameters: map[string]bool{"method.response.header.Content-Encoding": true}}
	if coding, body := answerTo("gzip"); coding != "x-own" || string(body) != text {
		t.Errorf("an encoded answer was encoded again: %s", coding)
	}
	response.ResponseParameters, response.Templates = nil, nil
	f.stage.Deployment.MinCompression = new(0)
	if coding, body := answerTo("gzip"); coding != "" || len(body) > 0 {
		t.Errorf("nothing became %s of %d bytes", coding, len(body))
	}
}

func textIn(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestCompressorsUnderLoad(t *testing.T) {
	var p compressors
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			want := strings.Repeat(strconv.Itoa(n), 1000)
			for range 50 {
				body, err := p.compress("gzip", []byte(want))
				if err != nil {
					t.Error(err)
					return
				}
				r, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil || textIn(t, r) != want {
					t.Errorf("answers mixed: %v", err)
					return
				}
			}
		})
	}
	wait.Wait()
}
