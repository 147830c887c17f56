package edge

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"

	"drawbridge/dataplane/program"
)

// Sizes between which CloudFront compresses (reference/cloudfront.md section 3.7).
const (
	minCompress = 1000
	maxCompress = 10_000_000
)

// Levels that cost little enough to run on the way to a viewer.
const (
	gzipLevel   = 5
	brotliLevel = 4
)

// compressible are the types that CloudFront compresses
// (reference/cloudfront.md section 3.7).
var compressible = compressibleTypes(map[string]string{
	"application": "dash+xml eot font font-sfnt javascript json opentype otf pdf pkcs7-mime protobuf rss+xml truetype ttf " +
		"vnd.apple.mpegurl vnd.mapbox-vector-tile vnd.ms-fontobject wasm xhtml+xml xml x-font-opentype x-font-truetype " +
		"x-font-ttf x-httpd-cgi x-javascript x-mpegurl x-opentype x-otf x-perl x-ttf",
	"font":  "eot opentype otf ttf",
	"image": "svg+xml",
	"text":  "css csv html javascript js plain richtext tab-separated-values xml x-component x-java-source x-script",
})

func compressibleTypes(groups map[string]string) map[string]bool {
	types := map[string]bool{"vnd.apple.mpegurl": true}
	for group, names := range groups {
		for _, name := range strings.Fields(names) {
			types[group+"/"+name] = true
		}
	}
	return types
}

// fitForCompression tells whether a response is one that CloudFront compresses
// for viewers that take a coding: such a response varies by Accept-Encoding
// even where this viewer takes none.
func fitForCompression(b *program.Behavior, h *head) bool {
	gzip, brotli := b.Cache.Encodings()
	if !b.Compress || !gzip && !brotli || h.encoded {
		return false
	}
	switch h.status {
	case 200, 403, 404:
	default:
		return false
	}
	if h.length < minCompress || h.length > maxCompress {
		return false
	}
	mediaType, _, _ := strings.Cut(h.contentType, ";")
	return compressible[strings.ToLower(strings.TrimSpace(mediaType))]
}

// chooseCoding returns the coding to compress with, Brotli first, or "".
func chooseCoding(b *program.Behavior, c coding) string {
	switch {
	case c.hasBrotli() && b.Cache.Brotli:
		return "br"
	case c.hasGzip():
		return "gzip"
	}
	return ""
}

// compressors are encoders at rest; each is a few hundred kilobytes.
type compressors struct{ gzip, brotli sync.Pool }

// encoder is a compressor that can be used again.
type encoder interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// take returns an encoder that writes to w, and what puts it back.
func (c *compressors) take(coding string, w io.Writer) (encoder, func()) {
	pool := &c.gzip
	if coding == "br" {
		pool = &c.brotli
	}
	enc, ok := pool.Get().(encoder)
	if !ok {
		enc = newEncoder(coding)
	}
	enc.Reset(w)
	return enc, func() {
		enc.Reset(io.Discard)
		pool.Put(enc)
	}
}

func newEncoder(coding string) encoder {
	if coding == "br" {
		return brotli.NewWriterLevel(io.Discard, brotliLevel)
	}
	w, err := gzip.NewWriterLevel(io.Discard, gzipLevel)
	if err != nil {
		panic("BUG: the gzip level is one of gzip's")
	}
	return w
}

// compress returns body in a coding.
func (c *compressors) compress(coding string, body []byte) ([]byte, error) {
	var out bytes.Buffer
	enc, back := c.take(coding, &out)
	defer back()
	if _, err := enc.Write(body); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
