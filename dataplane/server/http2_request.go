package server

import (
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// request2 is what the header block of an HTTP/2 request says.
type request2 struct {
	request exchange.Request // without a body
	length  int64            // of the body; -1: not stated
	expect  bool             // 100-continue
	ended   bool             // there is no body
}

// readRequest2 reads the header block of a request. Without ok the message is
// malformed in the sense of RFC 9113 section 8.1.1 and gets a stream error; with
// a refusal it is well-formed but cannot be answered by a plane.
func readRequest2(head *head2, secure bool, maxFields int) (r request2, refused *refusal, ok bool) {
	r = request2{length: -1, ended: head.ended}
	r.request.Protocol = exchange.HTTP2
	r.request.Scheme = "http"
	if secure {
		r.request.Scheme = "https"
	}
	r.request.Method = head.method
	if head.truncated {
		return r, &refusal{431, "head-too-long"}, true
	}
	if r.request.Method == "CONNECT" {
		return r, bad("connect"), true
	}
	if !isToken(r.request.Method) || head.path == "" || head.scheme == "" || head.protocol != "" {
		return r, nil, false
	}
	hosts, ok := r.fields(head.fields)
	if !ok || r.ended && r.length > 0 {
		return r, nil, false
	}
	if len(r.request.Header) > maxFields {
		return r, &refusal{431, "too-many-fields"}, true
	}
	if reason := r.target(head.path, head.authority, hosts); reason != "" {
		return r, bad(reason), true
	}
	if v, ok := r.request.Header.Lookup("expect"); ok {
		if !strings.EqualFold(v, "100-continue") {
			return r, &refusal{417, "expect"}, true
		}
		r.expect = !r.ended
	}
	return r, nil, true
}

// fields takes the regular fields over, in their place, and returns the Host
// fields apart.
func (r *request2) fields(all exchange.Header) (hosts []string, ok bool) {
	header := all[:0]
	cookie := -1
	for _, field := range all {
		value := trimBlank(field.Value)
		switch field.Name {
		case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
			return nil, false // RFC 9113 section 8.2.2
		case "te":
			if value != "trailers" {
				return nil, false
			}
		case "host":
			hosts = append(hosts, value)
			continue
		case "content-length":
			if r.length >= 0 || value == "" || len(value) > 18 || !isDigits(value) {
				return nil, false
			}
			r.length, _ = strconv.ParseInt(value, 10, 64)
		case "cookie": // crumbs are put together again (RFC 9113 section 8.2.3)
			if cookie >= 0 {
				header[cookie].Value += "; " + value
				continue
			}
			cookie = len(header)
		}
		header = append(header, exchange.Field{Name: field.Name, Value: value})
	}
	r.request.Header = header
	return hosts, true
}

// target reads path and authority; the reason is "" when they are acceptable.
func (r *request2) target(path, authority string, hosts []string) (reason string) {
	if path[0] != '/' && path != "*" {
		return "target"
	}
	t, reason := parseTarget(r.request.Method, path)
	if reason != "" {
		return reason
	}
	switch {
	case len(hosts) > 1:
		return "two-hosts"
	case len(hosts) == 1 && authority == "":
		authority = hosts[0]
	case len(hosts) == 1 && !strings.EqualFold(hosts[0], authority):
		return "host-unlike-authority"
	}
	host, err := NormalizeHost(authority)
	if err != nil {
		return "host"
	}
	r.request.Host, r.request.Authority = host, authority
	r.request.Path, r.request.RawQuery, r.request.HasQuery = t.path, t.rawQuery, t.hasQuery
	return ""
}
