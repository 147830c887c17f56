package gateway

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/vtl"
)

// payload is a body as API Gateway looks at it: text, which templates can see,
// or bytes (reference/api-gateway.md 5.3).
type payload struct {
	data   []byte
	binary bool
}

// newPayload returns what came as a body; text that is no UTF-8 gets U+FFFD in
// the place of what is not.
func newPayload(data []byte, binary bool) payload {
	if !binary {
		data = validUTF8(data)
	}
	return payload{data, binary}
}

// validUTF8 returns data with U+FFFD in place of each malformed sequence: as
// many as Java's decoder makes of them, which the recorded answers show.
func validUTF8(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	valid := make([]byte, 0, len(data)+len(data)/2)
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			size = malformedLength(data)
		}
		valid = utf8.AppendRune(valid, r)
		data = data[size:]
	}
	return valid
}

// malformedLength returns how many bytes at the start of data, which is not
// empty, count as one malformed sequence: as much of a character as is there
// (The Unicode Standard, section 3.9, "maximal subpart"), and a surrogate as a whole.
func malformedLength(data []byte) int {
	low, high, length := byte(0x80), byte(0xBF), 1
	switch lead := data[0]; {
	case lead >= 0xE0 && lead <= 0xEF:
		length = 3
		if lead == 0xE0 {
			low = 0xA0
		}
	case lead >= 0xF0 && lead <= 0xF4:
		length = 4
		if lead == 0xF0 {
			low = 0x90
		} else if lead == 0xF4 {
			high = 0x8F
		}
	}
	for n := 1; n < length; n++ {
		if n >= len(data) || data[n] < low || data[n] > high {
			return n
		}
		low, high = 0x80, 0xBF
	}
	return length
}

// toText returns bytes as their Base64, and text as it is.
func (p payload) toText() payload {
	if p.binary {
		return payload{data: base64.StdEncoding.AppendEncode(nil, p.data)}
	}
	return p
}

// toBinary returns the bytes that text stands for in Base64, and bytes as they
// are; ok is false for a text that is no Base64.
func (p payload) toBinary() (decoded payload, ok bool) {
	if p.binary {
		return p, true
	}
	data, err := base64.StdEncoding.AppendDecode(nil, p.data)
	return payload{data, true}, err == nil
}

// isBinary tells whether one of an API's binaryMediaTypes ("image/png",
// "image/*", "*/*") takes in a media type, which is JSON when none is named.
func isBinary(types []string, mediaType string) bool {
	if len(types) == 0 {
		return false
	}
	if mediaType == "" {
		mediaType = defaultContentType
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	for _, one := range types {
		one, _, _ = strings.Cut(one, ";")
		one = strings.TrimSpace(one)
		if one == "*/*" || strings.EqualFold(one, mediaType) {
			return true
		}
		if all, ok := strings.CutSuffix(one, "/*"); ok && strings.EqualFold(all, kind) {
			return true
		}
	}
	return false
}

func (c *call) binaryTypes() []string { return c.place.deployment.BinaryMediaTypes }

// integrationBody makes the body that an integration gets: the client's,
// converted as contentHandling says and rendered by the template of its type.
// Templates see text only (reference/api-gateway.md 5.2, 5.3).
func (c *call) integrationBody(integration *program.Integration) ([]byte, *Refusal) {
	template, found, refusal := c.requestTemplate(integration)
	if refusal != nil {
		return nil, refusal
	}
	body, refusal := c.requestPayload(integration)
	if refusal != nil {
		return nil, refusal
	}
	if found && !template.Empty() {
		if body.binary {
			return nil, &Refusal{Type: APIConfigurationError, Reason: reasonBinaryTemplate}
		}
		text, refusal := c.render(template, APIConfigurationError, func() (*vtl.Input, *Refusal) {
			return vtl.NewInput(string(body.data), c.inputParams()), nil
		})
		if refusal != nil {
			return nil, refusal
		}
		body.data = []byte(text)
	}
	if integration.ContentHandling == program.ConvertToBinary {
		var ok bool
		if body, ok = body.toBinary(); !ok {
			return nil, &Refusal{Type: APIConfigurationError, Reason: reasonNotBase64}
		}
	}
	return body.data, nil
}

// requestPayload is the client's body as templates get to see it.
func (c *call) requestPayload(integration *program.Integration) (payload, *Refusal) {
	data, refusal := c.body()
	if refusal != nil {
		return payload{}, refusal
	}
	body := newPayload(data, isBinary(c.binaryTypes(), mediaType(c.x.Request.Header.Get("Content-Type"))))
	if integration.ContentHandling == program.ConvertToText {
		body = body.toText()
	}
	return body, nil
}

// responseHandling is what happens to a backend's body: what the integration
// response says, else what the first type of Accept asks for.
func (c *call) responseHandling(response *program.IntegrationResponse) program.ContentHandling {
	switch {
	case response.ContentHandling != program.HandlingNone:
		return response.ContentHandling
	case isBinary(c.binaryTypes(), mediaType(c.x.Request.Header.Get("Accept"))):
		return program.ConvertToBinary
	}
	return program.ConvertToText
}

// proxyRequestBody is the body that an HTTP_PROXY backend gets: converted, but
// by no template. A coded body is no text.
func (c *call) proxyRequestBody(integration *program.Integration) ([]byte, *Refusal) {
	if isCoded(c.x.Request.Header) {
		return c.body()
	}
	body, refusal := c.requestPayload(integration)
	if refusal != nil {
		return nil, refusal
	}
	if integration.ContentHandling == program.ConvertToBinary {
		var ok bool
		if body, ok = body.toBinary(); !ok {
			return nil, &Refusal{Type: APIConfigurationError, Reason: reasonNotBase64}
		}
	}
	return body.data, nil
}

// proxyBody is the body of an HTTP_PROXY backend as the client gets it: bytes
// when their type and what the client accepts are binary, Base64 when only the
// type is, else text (reference/api-gateway.md 5.3).
func (c *call) proxyBody(header exchange.Header, data []byte) []byte {
	if isCoded(header) {
		return data
	}
	types := c.binaryTypes()
	body := newPayload(data, isBinary(types, mediaType(header.Get("Content-Type"))))
	if !isBinary(types, mediaType(c.x.Request.Header.Get("Accept"))) {
		body = body.toText()
	}
	return body.data
}

// isCoded tells whether a body is compressed or otherwise encoded.
func isCoded(header exchange.Header) bool {
	coding := header.Get("Content-Encoding")
	return coding != "" && !strings.EqualFold(coding, "identity")
}
