package gateway

import (
	"errors"

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
	data, err := c.x.Request.Body.ReadAll(maxPayload)
	if errors.Is(err, exchange.ErrBodyTooLarge) {
		return nil, &Refusal{Type: RequestTooLarge, Reason: reasonBodyTooLong}
	}
	if err != nil {
		return nil, &Refusal{Type: BadRequest, Reason: reasonBodyBroken}
	}
	c.content = requestBody{read: true, data: data}
	return data, nil
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
