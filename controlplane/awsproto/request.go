package awsproto

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"drawbridge/engine/sigv4"
)

// request is one HTTP request, read whole.
type request struct {
	method   string
	host     string
	rawPath  string // as on the request line
	rawQuery string
	query    url.Values
	header   http.Header
	body     []byte
	source   netip.Addr
}

// errTooLarge is a body beyond maxBody.
var errTooLarge = errors.New("the request body is too large")

// readRequest reads the body; a request whose body is too large comes back
// without it, so that it can still be told whose it was.
func readRequest(w http.ResponseWriter, r *http.Request) (*request, error) {
	out := &request{method: r.Method, host: r.Host, header: r.Header}
	out.rawPath, out.rawQuery = target(r)
	// A parameter that cannot be decoded is left out; all others count.
	out.query, _ = url.ParseQuery(out.rawQuery)
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		out.source = at.Addr().Unmap()
	}
	if r.Body == nil {
		return out, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return out, errTooLarge
	}
	out.body = body
	return out, err
}

// target gives path and query as the client wrote them: the signature covers
// these bytes, not a cleaned form of them.
func target(r *http.Request) (rawPath, rawQuery string) {
	if strings.HasPrefix(r.RequestURI, "/") {
		rawPath, rawQuery, _ = strings.Cut(r.RequestURI, "?")
		return rawPath, rawQuery
	}
	rawPath = r.URL.EscapedPath()
	if rawPath == "" {
		rawPath = "/"
	}
	return rawPath, r.URL.RawQuery
}

// signed is the request as the signature covers it. net/http keeps Host apart
// and a server in front may keep Content-Length apart.
func (r *request) signed() sigv4.Request {
	return sigv4.Request{Method: r.method, RawPath: r.rawPath, RawQuery: r.rawQuery, Host: r.host, Header: sigv4.MapHeader(r.header)}
}

// response is one answer before it is written.
type response struct {
	status int
	header http.Header
	body   []byte
}

func newResponse(status int, contentType string, body []byte) *response {
	return &response{status: status, header: http.Header{"Content-Type": {contentType}}, body: body}
}
