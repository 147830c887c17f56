package gateway

import "strings"

// Limits of a request (reference/api-gateway.md section 8, regional endpoint).
const (
	maxURL     = 10240
	maxHeaders = 10240
	maxPayload = 10 << 20
)

// admit refuses what is too large. A body of unknown length is measured when it
// is read.
func (c *call) admit() *Refusal {
	r := c.x.Request
	if len(r.Path)+len(r.RawQuery) > maxURL {
		return &Refusal{Type: URITooLong, Reason: reasonURLTooLong}
	}
	if strings.ContainsAny(r.RawQuery, "|{}") { // reference/api-gateway.md 2.2: only encoded
		return &Refusal{Type: BadRequest, Reason: reasonQueryCharacter}
	}
	size := len(r.Authority)
	for i := range r.Header {
		size += len(r.Header[i].Name) + len(r.Header[i].Value)
	}
	if size > maxHeaders {
		return &Refusal{Type: HeaderTooLarge, Reason: reasonHeadersTooLong}
	}
	if r.Body.Length() > maxPayload {
		return &Refusal{Type: RequestTooLarge, Reason: reasonBodyTooLong}
	}
	return nil
}
