package server

import (
	"net/http"
	"strconv"

	"drawbridge/dataplane/exchange"
)

// statusPage is the answer where no plane has a page of its own.
func statusPage(status int) *exchange.Response {
	text := http.StatusText(status)
	if text == "" {
		text = "Refused"
	}
	return textPage(status, strconv.Itoa(status)+" "+text+"\n")
}

func textPage(status int, text string) *exchange.Response {
	return &exchange.Response{
		Status: status,
		Header: exchange.Header{
			{Name: "Content-Type", Value: "text/plain; charset=utf-8"},
			{Name: "X-Content-Type-Options", Value: "nosniff"},
		},
		Body: exchange.Bytes([]byte(text)),
	}
}

// misdirectedPage is CloudFront's answer to a host of another distribution than
// the TLS name's (reference/cloudfront.md 2.1, the page's shape from 4.2).
const misdirectedPage = "<html>\r\n<head><title>421 Misdirected Request</title></head>\r\n" +
	"<body>\r\n<center><h1>421 Misdirected Request</h1></center>\r\n" +
	"<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n"

// refusedPage turns a refusal of the ownership rules into its answer. None of
// them carries a CORS field: no page is to read more than the status.
func refusedPage(plane exchange.Plane, r *Refusal) *exchange.Response {
	switch r.Reason {
	case ReasonNavigation:
		resp := textPage(r.Status, "This API has an origin of its own: "+r.Location+"\n")
		resp.Header.Add("Location", r.Location)
		return resp
	case ReasonMisdirected:
		if plane == exchange.PlaneEdge {
			return &exchange.Response{
				Status: r.Status,
				Header: exchange.Header{{Name: "Server", Value: "CloudFront"}, {Name: "Content-Type", Value: "text/html"}},
				Body:   exchange.Bytes([]byte(misdirectedPage)),
			}
		}
		return textPage(r.Status, "421 Misdirected Request: the TLS server name belongs to another owner than the host\n")
	case ReasonForeignHost:
		return textPage(r.Status, "421 Misdirected Request: the control plane does not answer to this host; "+
			"use localhost, an IP address or a name given with --control-host\n")
	case ReasonCrossSite:
		return textPage(r.Status, "403 Forbidden: a request caused by another site does not reach the control plane\n")
	}
	return statusPage(r.Status)
}
