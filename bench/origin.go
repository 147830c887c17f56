package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// The origin has a name that only --connect-to resolves, as an operator would
// point a distribution at a machine that DNS does not know yet.
const originName = "origin.bench.example"

// origin is the server that both peers fetch the object from, once.
type origin struct {
	addr   string
	server *http.Server
}

func startOrigin(body []byte) (*origin, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the origin: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+objectPath, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("Cache-Control", "public, max-age=86400")
		h.Set("Etag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		h.Set("Last-Modified", "Sun, 01 Nov 2026 10:00:00 GMT")
		h.Set("Server", "bench-origin")
		_, _ = w.Write(body)
	})
	o := &origin{addr: listener.Addr().String(), server: &http.Server{Handler: mux, ReadHeaderTimeout: dialTimeout}}
	go func() { _ = o.server.Serve(listener) }()
	return o, nil
}

func (o *origin) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if o.server.Shutdown(ctx) != nil {
		_ = o.server.Close()
	}
}

// objectBody returns n bytes that no server would compress or mistake for text.
func objectBody(n int) []byte {
	body := make([]byte, n)
	state := uint32(2463534242) // xorshift32
	for i := range body {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		body[i] = byte(state)
	}
	return body
}
