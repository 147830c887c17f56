package scenario

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// origin is a scripted server: it answers with files, in sequence (the last
// one again and again) or by path, and remembers what arrived.
type origin struct {
	listener net.Listener

	mu     sync.Mutex
	inTurn []string
	byPath map[string]string
	saw    []arrived
	conns  map[net.Conn]bool
	gone   bool
	held   chan struct{} // closed: answers go out
}

// arrived is one request as it came to an origin.
type arrived struct {
	line   string // "GET /path HTTP/1.1"
	fields []string
	body   string
}

// cmdOrigin: origin NAME FILE… | PATH=FILE… [--tls HOST] — starts an origin and
// sets $NAME_PORT. With --tls it has a certificate for HOST, by the authority in
// $ORIGIN_CA.
func cmdOrigin(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) >= 2, "origin NAME FILE… | PATH=FILE… [--tls HOST]")
	s, name := of(ts), args[0]
	if old := s.origins[name]; old != nil {
		old.script(ts, args[1:]) // a running origin gets new answers
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	for i, arg := range args {
		if arg == "--tls" && i+1 < len(args) {
			config, authority, err := originCertificate(args[i+1])
			ts.Check(err)
			listener = tls.NewListener(listener, config)
			ts.Check(os.WriteFile(ts.MkAbs("origin-ca.pem"), authority, 0o600))
			ts.Setenv("ORIGIN_CA", ts.MkAbs("origin-ca.pem"))
			args = append(args[:i:i], args[i+2:]...)
			break
		}
	}
	o := &origin{listener: listener, conns: map[net.Conn]bool{}}
	o.script(ts, args[1:])
	s.origins[name] = o
	ts.Setenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"_PORT", port)
	go o.serve()
}

// script sets the answers.
func (o *origin) script(ts *testscript.TestScript, files []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inTurn, o.byPath = nil, map[string]string{}
	for _, spec := range files {
		path, file, byPath := strings.Cut(spec, "=")
		if !byPath {
			file = spec
		}
		answer, err := expandFile(ts.MkAbs(file), ts.Getenv)
		ts.Check(err)
		answer = crlfHead(answer)
		if byPath {
			o.byPath[path] = answer
		} else {
			o.inTurn = append(o.inTurn, answer)
		}
	}
}

// crlfHead gives the head its line ends and the last line of the body none.
func crlfHead(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	return strings.ReplaceAll(strings.TrimRight(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + strings.TrimSuffix(body, "\n")
}

func (o *origin) serve() {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		if o.gone {
			_ = conn.Close()
		}
		o.conns[conn] = true
		o.mu.Unlock()
		go o.talk(conn)
	}
}

func (o *origin) close() {
	_ = o.listener.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gone = true
	o.release()
	for conn := range o.conns {
		_ = conn.Close()
	}
}

func (o *origin) talk(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		o.mu.Lock()
		delete(o.conns, conn)
		o.mu.Unlock()
	}()
	in := bufio.NewReader(conn)
	for {
		_ = conn.SetDeadline(time.Now().Add(patience))
		request, err := readArrived(in)
		if err != nil {
			return
		}
		if secured, ok := conn.(*tls.Conn); ok {
			for _, shown := range secured.ConnectionState().PeerCertificates {
				request.fields = append(request.fields, "client-certificate: "+shown.Subject.CommonName)
			}
		}
		answer := o.answer(request)
		o.mu.Lock()
		held := o.held
		o.mu.Unlock()
		if held != nil {
			<-held
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
		head, _, _ := strings.Cut(strings.ToLower(answer), "\r\n\r\n")
		framed := strings.Contains(head, "content-length:") || strings.Contains(head, "transfer-encoding:") || strings.Contains(head, " 304 ")
		if !framed || strings.Contains(head, "connection: close") {
			return
		}
	}
}

func readArrived(in *bufio.Reader) (arrived, error) {
	line, err := readLine(in)
	if err != nil {
		return arrived{}, err
	}
	out := arrived{line: line}
	length := 0
	for {
		line, err := readLine(in)
		if err != nil {
			return arrived{}, err
		}
		if line == "" {
			break
		}
		out.fields = append(out.fields, line)
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "content-length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return arrived{}, err
			}
		}
	}
	body := make([]byte, length)
	_, err = io.ReadFull(in, body)
	out.body = string(body)
	return out, err
}

func (o *origin) answer(request arrived) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.saw = append(o.saw, request)
	parts := strings.Split(request.line, " ")
	if len(parts) == 3 {
		if answer, ok := o.byPath[parts[1]]; ok {
			return answer
		}
	}
	if len(o.inTurn) == 0 {
		return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	}
	answer := o.inTurn[0]
	if len(o.inTurn) > 1 {
		o.inTurn = o.inTurn[1:]
	}
	return answer
}

func findOrigin(ts *testscript.TestScript, name string) *origin {
	o := of(ts).origins[name]
	if o == nil {
		ts.Fatalf("no origin %q", name)
	}
	return o
}

// cmdOriginSaw: origin-saw NAME 'GET /path HTTP/1.1' 'field: value' '!field' 'body=text' —
// the last request that arrived.
func cmdOriginSaw(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) >= 2, "origin-saw NAME LINE|- [FIELD…]")
	o := findOrigin(ts, args[0])
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.saw) == 0 {
		ts.Fatalf("nothing arrived at %s", args[0])
	}
	last := o.saw[len(o.saw)-1]
	if args[1] != "-" {
		expect(ts, false, "the request line", last.line, args[1])
	}
	for _, want := range args[2:] {
		if text, ok := strings.CutPrefix(want, "body="); ok {
			expect(ts, false, "the body", last.body, text)
			continue
		}
		last.expect(ts, want)
	}
}

func (a arrived) expect(ts *testscript.TestScript, want string) {
	name, absent := strings.CutPrefix(want, "!")
	name, value, _ := strings.Cut(name, ":")
	var got []string
	for _, line := range a.fields {
		if n, v, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			got = append(got, strings.TrimSpace(v))
		}
	}
	if absent {
		if len(got) > 0 {
			ts.Fatalf("%s arrived: %q", name, got)
		}
		return
	}
	if len(got) != 1 {
		ts.Fatalf("%d fields %s arrived in\n%s\n%s", len(got), name, a.line, strings.Join(a.fields, "\n"))
	}
	expect(ts, false, name, got[0], strings.TrimSpace(value))
}

// cmdOriginCount: origin-count NAME N — how many requests arrived so far. It
// waits for requests that were made with --later.
func cmdOriginCount(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 2, "origin-count NAME N")
	o := findOrigin(ts, args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		o.mu.Lock()
		got := len(o.saw)
		o.mu.Unlock()
		if got == want {
			return
		}
		if got > want || len(of(ts).later) == 0 || time.Now().After(until) {
			ts.Fatalf("%d requests arrived at %s, want %d", got, args[0], want)
		}
	}
}

// cmdOriginHold: origin-hold NAME — answers wait from now on until origin-release.
func cmdOriginHold(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "origin-hold NAME")
	o := findOrigin(ts, args[0])
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil {
		o.held = make(chan struct{})
	}
}

// cmdOriginRelease: origin-release NAME — lets the answers go.
func cmdOriginRelease(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 1, "origin-release NAME")
	o := findOrigin(ts, args[0])
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release()
}

// release lets held answers go; the caller holds the lock.
func (o *origin) release() {
	if o.held != nil {
		close(o.held)
		o.held = nil
	}
}

// originCertificate makes an authority and a certificate for host.
func originCertificate(host string) (*tls.Config, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	begin := time.Now().Add(-time.Hour)
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a story's origins"},
		NotBefore: begin, NotAfter: begin.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: begin, NotAfter: begin.AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, ClientAuth: tls.RequestClientCert}
	return config, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), nil
}
