package gateway

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"drawbridge/dataplane/exchange"
)

// requestBody is the request's body once it has been read.
type requestBody struct {
	read bool
	data []byte
}

// body returns the request's body, read whole: API Gateway takes at most 10 MB
// and hands on nothing it has not got.
func (c *call) body() ([]byte, *Refusal) {
	if c.content.read {
		return c.content.data, nil
	}
	sent := c.x.Request.Body
	if _, ok := sent.InMemory(); !ok {
		sent = exchange.Stream(&paced{ReadCloser: sent.Reader(), now: c.gateway.options.Now, begin: c.gateway.options.Now()}, sent.Length())
	}
	data, err := c.readAll(sent, maxPayload)
	if err != nil {
		return nil, bodyRefusal(err)
	}
	c.content = requestBody{read: true, data: data}
	return data, nil
}

// bodyRefusal returns the refusal for a client's body that could not be read.
func bodyRefusal(err error) *Refusal {
	switch {
	case errors.Is(err, exchange.ErrBodyTooLarge):
		return &Refusal{Type: RequestTooLarge, Reason: reasonBodyTooLong}
	case errors.Is(err, errNoRoom):
		return &Refusal{Type: Unavailable, Reason: reasonNoRoom}
	case errors.Is(err, errSlow):
		return &Refusal{Type: RequestTimeout, Reason: reasonBodySlow}
	}
	return &Refusal{Type: BadRequest, Reason: reasonBodyBroken}
}

// decode undoes a body's Content-Encoding, when the API has a
// minimumCompressionSize: gzip and deflate, identity as it is, nothing else
// (reference/api-gateway.md 5.9). Without one, bodies stay as they came.
func (c *call) decode() *Refusal {
	header := &c.x.Request.Header
	coding := strings.ToLower(header.Joined("Content-Encoding"))
	if c.place.deployment.MinCompression == nil || coding == "" || coding == "identity" {
		return nil
	}
	if coding != "gzip" && coding != "deflate" {
		return &Refusal{Type: UnsupportedMediaType, Reason: reasonCoding}
	}
	data, refusal := c.body()
	if refusal != nil {
		return refusal
	}
	if len(data) > 0 {
		var decoder io.ReadCloser
		var err error
		if coding == "gzip" {
			decoder, err = gzip.NewReader(bytes.NewReader(data))
		} else { // zlib's format (RFC 9110 section 8.4.1.2)
			decoder, err = zlib.NewReader(bytes.NewReader(data))
		}
		if err == nil {
			data, err = c.readAll(exchange.Stream(decoder, -1), maxPayload)
		}
		if err != nil {
			return bodyRefusal(err)
		}
	}
	c.content.data = data
	*header = header.Clone() // the server's own stays
	header.Del("Content-Encoding")
	return nil
}

// bodyText returns the body as templates see it: bytes that are no UTF-8 become
// U+FFFD (reference/api-gateway.md 5.3).
func (c *call) bodyText() (string, *Refusal) {
	data, refusal := c.body()
	if refusal != nil {
		return "", refusal
	}
	return string(validUTF8(data)), nil
}
