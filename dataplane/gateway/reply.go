package gateway

import (
	"strconv"

	"drawbridge/dataplane/exchange"
)

// reply makes the response of an answer: the gateway's own fields in the order
// that AWS sends them over HTTP/1.1, then the answer's
// (reference/api-gateway.md 2.4).
func (c *call) reply(a answer) *exchange.Response {
	header := append(exchange.Header(c.fields[:0]),
		exchange.Field{Name: "Date", Value: c.gateway.dateOf(c.now)},
		exchange.Field{Name: "Content-Type", Value: a.contentType})
	body := exchange.Bytes(a.body)
	if a.stream != nil {
		body = *a.stream
	}
	if length := body.Length(); length >= 0 {
		header = append(header, exchange.Field{Name: "Content-Length", Value: strconv.FormatInt(length, 10)})
	}
	header = append(header, exchange.Field{Name: "x-amzn-RequestId", Value: c.requestID})
	if c.refusal != nil {
		if errorType := c.errorType(); errorType != "" {
			header = append(header, exchange.Field{Name: "x-amzn-ErrorType", Value: errorType})
		}
	}
	header = append(header, exchange.Field{Name: "x-amz-apigw-id", Value: c.extendedID})
	header = append(header, a.header...)
	c.response = exchange.Response{Status: a.status, Header: header, Body: body}
	return &c.response
}
