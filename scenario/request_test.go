package scenario

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// field is one header field as it came, in its place.
type field struct{ name, value string }

// response is a viewer's answer.
type response struct {
	version string // "HTTP/1.1", "HTTP/2"
	status  int
	fields  []field
	body    []byte
	answers int               // how many came, with --raw
	leaf    *x509.Certificate // of a TLS connection
}

func (r *response) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d\n", r.version, r.status)
	for _, f := range r.fields {
		fmt.Fprintf(&b, "%s: %s\n", f.name, f.value)
	}
	fmt.Fprintf(&b, "\n%.300s", r.body)
	return b.String()
}

// values gives all values of a header field.
func (r *response) values(name string) []string {
	var out []string
	for _, f := range r.fields {
		if strings.EqualFold(f.name, name) {
			out = append(out, f.value)
		}
	}
	return out
}

// viewerRequest is a request line of a story, understood.
type viewerRequest struct {
	method, scheme, authority, target string
	fields                            []field
	data                              string
	protocol                          string // "", "http1", "http2", "http2-prior"
	to                                int    // listener, from 1
	sni                               *string
	raw, connection, from             string
	tls                               string // with raw: TLS to that name
	later                             string // name of a request that is waited for by finish
	until                             int    // the status to go on asking for
	sign                              bool   // as the caller of the environment
	certificate                       string // the caller shows this one
}

func parseRequest(args []string) (*viewerRequest, error) {
	r := &viewerRequest{to: 1}
	var words []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		next := func() string {
			i++
			if i < len(args) {
				return args[i]
			}
			return ""
		}
		switch arg {
		case "-H":
			name, value, ok := strings.Cut(next(), ":")
			if !ok {
				return nil, errors.New("-H wants 'name: value'")
			}
			r.fields = append(r.fields, field{name, strings.TrimSpace(value)})
		case "--data":
			r.data = next()
		case "--http1", "--http2", "--http2-prior":
			r.protocol = arg[2:]
		case "--to":
			n, err := strconv.Atoi(next())
			if err != nil {
				return nil, err
			}
			r.to = n
		case "--sni":
			name := next()
			r.sni = &name
		case "--raw":
			r.raw = next()
		case "--tls":
			r.tls = next()
		case "--connection":
			r.connection = next()
		case "--from":
			r.from = next()
		case "--later":
			r.later = next()
		case "--certificate":
			r.certificate = next()
		case "--sign":
			r.sign = true
		case "--until":
			n, err := strconv.Atoi(next())
			if err != nil {
				return nil, err
			}
			r.until = n
		default:
			if strings.HasPrefix(arg, "-") {
				return nil, fmt.Errorf("request has no option %s", arg)
			}
			words = append(words, arg)
		}
	}
	if r.raw != "" {
		if r.tls != "" {
			r.scheme, r.authority = "https", r.tls
		}
		return r, nil
	}
	if len(words) != 2 {
		return nil, errors.New("write: request METHOD URL [options]")
	}
	r.method = words[0]
	scheme, rest, ok := strings.Cut(words[1], "://")
	if !ok || scheme != "http" && scheme != "https" {
		return nil, fmt.Errorf("%q is no http or https URL", words[1])
	}
	cut := strings.IndexAny(rest, "/?")
	r.scheme, r.authority, r.target = scheme, rest, "/"
	if cut >= 0 {
		r.authority, r.target = rest[:cut], rest[cut:]
	}
	if strings.HasPrefix(r.target, "?") {
		r.target = "/" + r.target
	}
	return r, nil
}

// cmdRequest: request METHOD URL [options], or request --raw FILE [options].
func cmdRequest(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	r, err := parseRequest(args)
	ts.Check(err)
	if s.server == nil || r.to < 1 || r.to > len(s.server.addresses) {
		ts.Fatalf("no server, or it has no listener %d", r.to)
	}
	if r.raw != "" {
		if !strings.Contains(r.raw, "\\") {
			text, err := expandFile(ts.MkAbs(r.raw), ts.Getenv)
			ts.Check(err)
			r.raw = text
		}
	}
	if r.sign {
		ts.Check(s.signViewer(ts.Getenv, r))
	}
	if r.later == "" {
		response, err := s.perform(r)
		for end := time.Now().Add(patience); err == nil && r.until != 0 && response.status != r.until && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
			response, err = s.perform(r)
		}
		s.finish(ts, neg, outcome{response, err})
		return
	}
	ended := make(chan outcome, 1)
	s.later[r.later] = ended
	go func() {
		response, err := s.perform(r)
		ended <- outcome{response, err}
	}()
}

// outcome is how a request ended.
type outcome struct {
	response *response
	err      error
}

func (s *story) finish(ts *testscript.TestScript, neg bool, o outcome) {
	s.response = o.response
	if o.err != nil {
		s.response = nil
		fmt.Fprintln(ts.Stderr(), o.err)
		if !neg {
			ts.Fatalf("%v", o.err)
		}
		return
	}
	if neg {
		ts.Fatalf("it was answered: %s", s.response)
	}
}

// cmdFinish: finish NAME — waits for a request that was made with --later NAME.
func cmdFinish(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	usage(ts, len(args) == 1 && s.later[args[0]] != nil, "finish NAME")
	select {
	case o := <-s.later[args[0]]:
		s.finish(ts, neg, o)
	case <-time.After(patience):
		ts.Fatalf("%s has no answer", args[0])
	}
}

func (s *story) perform(r *viewerRequest) (*response, error) {
	conn := s.conns[r.connection]
	if conn == nil || r.connection == "" {
		var err error
		if conn, err = s.connect(r); err != nil {
			return nil, err
		}
		if r.connection != "" {
			s.conns[r.connection] = conn
		} else {
			defer conn.close()
		}
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	var out *response
	var err error
	switch {
	case r.raw != "":
		out, err = conn.raw(unescape(r.raw))
	case conn.h2 != nil:
		out, err = conn.h2.exchange(r)
	default:
		out, err = conn.http1(r)
	}
	if out != nil {
		out.leaf = conn.leaf
	}
	return out, err
}

// viewerConn is a viewer's connection.
type viewerConn struct {
	net.Conn
	in   *bufio.Reader
	h2   *http2Conn
	leaf *x509.Certificate
}

func (c *viewerConn) close() { _ = c.Conn.Close() }

// connect reaches the listener, whatever host the URL names.
func (s *story) connect(r *viewerRequest) (*viewerConn, error) {
	dialer := net.Dialer{Timeout: patience}
	if r.from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(r.from)}
	}
	raw, err := dialer.Dial("tcp", s.server.addresses[r.to-1].hostPort)
	if err != nil {
		return nil, err
	}
	conn := &viewerConn{Conn: raw}
	useHTTP2 := r.protocol == "http2-prior"
	if r.scheme == "https" {
		tlsConn := tls.Client(raw, s.tlsConfig(r))
		if err := raw.SetDeadline(time.Now().Add(patience)); err != nil {
			return nil, err
		}
		if err := tlsConn.Handshake(); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		state := tlsConn.ConnectionState()
		conn.Conn, conn.leaf = tlsConn, state.PeerCertificates[0]
		useHTTP2 = state.NegotiatedProtocol == "h2"
		if r.protocol == "http2" && !useHTTP2 {
			return nil, errors.Join(fmt.Errorf("the server chose %q, not h2", state.NegotiatedProtocol), raw.Close())
		}
	}
	conn.in = bufio.NewReader(conn.Conn)
	if useHTTP2 {
		conn.h2, err = newHTTP2(conn)
	}
	return conn, err
}

// tlsConfig verifies the server against its authority, for the name in the URL.
func (s *story) tlsConfig(r *viewerRequest) *tls.Config {
	name := r.authority
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.TrimSuffix(name, ".")
	protocols := []string{"h2", "http/1.1"}
	if r.protocol == "http1" || r.raw != "" {
		protocols = []string{"http/1.1"}
	}
	config := &tls.Config{RootCAs: s.server.ca, NextProtos: protocols, Time: s.clock.now, ServerName: name}
	if shown, ok := s.certificates[r.certificate]; ok {
		config.Certificates = []tls.Certificate{shown}
	}
	if r.sni == nil {
		return config
	}
	config.ServerName = *r.sni
	if *r.sni == "none" { // no name is sent; the certificate must still be from the authority
		config.ServerName, config.InsecureSkipVerify = "", true
		config.VerifyConnection = func(state tls.ConnectionState) error {
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: s.server.ca, CurrentTime: s.clock.now()})
			return err
		}
	}
	return config
}

// withUsual adds what curl sends unless the story says otherwise: a field with
// an empty value is left out.
func withUsual(r *viewerRequest) []field {
	var out []field
	for _, usual := range []field{{"User-Agent", "viewer/1.0"}, {"Accept", "*/*"}} {
		given := false
		for _, f := range r.fields {
			given = given || strings.EqualFold(f.name, usual.name)
		}
		if !given {
			out = append(out, usual)
		}
	}
	for _, f := range r.fields {
		if f.value != "" {
			out = append(out, f)
		}
	}
	return out
}

func (c *viewerConn) http1(r *viewerRequest) (*response, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.method, r.target)
	host := r.authority
	var rest []field
	for _, f := range withUsual(r) {
		if strings.EqualFold(f.name, "host") {
			host = f.value
			continue
		}
		rest = append(rest, f)
	}
	fmt.Fprintf(&b, "Host: %s\r\n", host)
	for _, f := range rest {
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	if r.data != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.data))
	}
	b.WriteString("\r\n" + r.data)
	if _, err := c.Write(b.Bytes()); err != nil {
		return nil, err
	}
	return readHTTP1(c.in, r.method)
}

// readHTTP1 reads one final answer with its fields in their order.
func readHTTP1(in *bufio.Reader, method string) (*response, error) {
	for {
		out, err := readHead(in)
		if err != nil {
			return nil, err
		}
		if out.status < 200 {
			continue
		}
		if method == "HEAD" || out.status == 204 || out.status == 304 {
			return out, nil
		}
		out.body, err = readBody(in, out)
		return out, err
	}
}

func readHead(in *bufio.Reader) (*response, error) {
	line, err := readLine(in)
	if err != nil {
		return nil, err
	}
	out := &response{}
	if n, _ := fmt.Sscanf(line, "%s %d", &out.version, &out.status); n != 2 {
		return nil, fmt.Errorf("no status line: %q", line)
	}
	for {
		line, err := readLine(in)
		if err != nil || line == "" {
			return out, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("no header field: %q", line)
		}
		out.fields = append(out.fields, field{name, strings.TrimSpace(value)})
	}
}

func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(line, "\r\n") {
		return "", fmt.Errorf("line without CRLF: %q", line)
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}

func readBody(in *bufio.Reader, out *response) ([]byte, error) {
	if strings.EqualFold(strings.Join(out.values("transfer-encoding"), ","), "chunked") {
		body, err := io.ReadAll(httputil.NewChunkedReader(in))
		if err != nil {
			return body, err
		}
		_, err = readLine(in) // the empty line behind the last chunk
		return body, err
	}
	if length := out.values("content-length"); len(length) == 1 {
		n, err := strconv.Atoi(length[0])
		if err != nil {
			return nil, err
		}
		body := make([]byte, n)
		n, err = io.ReadFull(in, body)
		return body[:n], err
	}
	return io.ReadAll(in)
}

// raw sends bytes as they stand and reads answers until the server closes.
func (c *viewerConn) raw(text []byte) (*response, error) {
	if _, err := c.Write(text); err != nil {
		return nil, err
	}
	var first *response
	answers := 0
	for {
		if _, err := c.in.Peek(1); err != nil {
			if first == nil {
				return nil, fmt.Errorf("closed without an answer: %w", err)
			}
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				return nil, errors.New("the server does not close the connection")
			}
			first.answers = answers
			return first, nil
		}
		next, err := readHTTP1(c.in, "")
		if err != nil {
			return nil, err
		}
		answers++
		if first == nil {
			first = next
		}
	}
}

// unescape turns a --raw file into bytes: line ends are dropped, \r \n \t \0
// \\ and \xHH mean what they mean in C, \(a*99) is 99 times a.
func unescape(text string) []byte {
	text = strings.ReplaceAll(text, "\n", "")
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		switch text[i] {
		case 'r':
			out = append(out, '\r')
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case '0':
			out = append(out, 0)
		case '(':
			what, rest, _ := strings.Cut(text[i+1:], "*")
			times, _, _ := strings.Cut(rest, ")")
			n, _ := strconv.Atoi(times)
			out = append(out, strings.Repeat(what, n)...)
			i += len(what) + len(times) + 2
		case 'x':
			n, _ := strconv.ParseUint(text[i+1:min(i+3, len(text))], 16, 8)
			out = append(out, byte(n))
			i += 2
		default:
			out = append(out, text[i])
		}
	}
	return out
}
