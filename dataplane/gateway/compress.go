package gateway

import (
	"bytes"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"drawbridge/dataplane/exchange"
)

// compressed returns an answer as the caller can take it, when the API has a
// minimumCompressionSize and the body reaches it: gzip or deflate, unless the
// integration has encoded it already (API Gateway developer guide, "Payload
// compression for REST APIs").
func (c *call) compressed(a answer) answer {
	least := c.place.deployment.MinCompression
	if least == nil || a.stream != nil || len(a.body) == 0 || len(a.body) < *least || a.header.Has("Content-Encoding") {
		return a
	}
	coding := acceptedCoding(c.x.Request.Header.Joined("Accept-Encoding"))
	if coding == "" {
		return a
	}
	body, err := c.gateway.compressors.compress(coding, a.body)
	if err != nil {
		return a // as it is, it is right too
	}
	a.body = body
	a.header = append(a.header[:len(a.header):len(a.header)], exchange.Field{Name: "Content-Encoding", Value: coding})
	return a
}

// acceptedCoding returns the coding that Accept-Encoding values most (RFC 9110
// section 12.5.3), gzip before deflate; "" for none. "*" asks for nothing, as on
// AWS.
func acceptedCoding(field string) string {
	best, coding := 0.0, ""
	for item := range strings.SplitSeq(field, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "deflate" {
			continue
		}
		weight := 1.0
		if key, value, ok := strings.Cut(strings.TrimSpace(parameters), "="); ok && strings.EqualFold(strings.TrimSpace(key), "q") {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || parsed < 0 || parsed > 1 {
				continue
			}
			weight = parsed
		}
		if weight > best || weight == best && weight > 0 && name == "gzip" {
			best, coding = weight, name
		}
	}
	return coding
}

// compressors are kept for the next answer: each is some hundred kilobytes.
type compressors struct{ gzip, deflate sync.Pool }

// compressor is what gzip's and zlib's writers have in common.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

func (p *compressors) compress(coding string, body []byte) ([]byte, error) {
	pool := &p.gzip
	if coding == "deflate" {
		pool = &p.deflate
	}
	w, ok := pool.Get().(compressor)
	switch {
	case ok:
	case coding == "deflate": // zlib's format (RFC 9110 section 8.4.1.2)
		w = zlib.NewWriter(io.Discard)
	default:
		w = gzip.NewWriter(io.Discard)
	}
	defer pool.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	w.Reset(io.Discard) // the pool keeps no caller's answer
	return out.Bytes(), nil
}
