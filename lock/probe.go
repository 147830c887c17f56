package lock

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxProbeBody bounds what is read of an answer: a probe wants its head, and
// the end of the body so that the connection can be used again.
const maxProbeBody = 1 << 20

// probeTimeout is the time for one probe: an API's integration may take 29 s.
const probeTimeout = 40 * time.Second

// Prober knocks at doors: it sends single requests over TLS and reports what
// came back. It follows no redirect and asks for no compression, as curl does.
type Prober struct {
	address string
	caFile  string
	client  *http.Client
}

// ProberOptions say how names are reached and trusted.
type ProberOptions struct {
	Address string // HOST:PORT that is dialled whatever the name; "": the name itself
	CA      []byte // PEM of the authority to trust; nil: the system's
	CAFile  string // where curl finds CA, for the lines that are shown
	Fresh   bool   // a connection of its own for each probe
}

// NewProber makes a Prober.
func NewProber(o ProberOptions) (*Prober, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("prober: no PEM certificate in the authority to trust")
		}
	}
	var dialer net.Dialer
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if o.Address != "" {
				address = o.Address
			}
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true, // a custom dialer turns it off otherwise
		DisableCompression:     true,
		DisableKeepAlives:      o.Fresh,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &Prober{address: o.Address, caFile: o.CAFile, client: &http.Client{
		Transport:     transport,
		Timeout:       probeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close ends the connections that wait for another probe.
func (p *Prober) Close() { p.client.CloseIdleConnections() }

// Field is one header field of a probe.
type Field struct{ Name, Value string }

// Probe is one request to a door.
type Probe struct {
	Method string // "": GET
	Host   string
	Path   string // with a leading slash; may have a query
	Fields []Field
}

func (p Probe) url() string { return "https://" + p.Host + p.Path }

// Answer is what came back.
type Answer struct {
	Proto  string // "HTTP/2", "HTTP/1.1"
	Status int
	Header http.Header
}

// Do sends a probe. The error is about the way to the door (dial, TLS,
// protocol): any status is an answer.
func (p *Prober) Do(ctx context.Context, probe Probe) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, probe.Method, probe.url(), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("probe: %w", err)
	}
	request.Header.Set("User-Agent", "drawbridge-lock")
	request.Header.Set("Accept", "*/*")
	for _, field := range probe.Fields {
		request.Header.Set(field.Name, field.Value)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("probe: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end, or given up
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxProbeBody)); err != nil {
		return Answer{}, fmt.Errorf("probe: read the body: %w", err)
	}
	return Answer{
		Proto:  strings.TrimSuffix(response.Proto, ".0"),
		Status: response.StatusCode,
		Header: response.Header,
	}, nil
}

// tellingHeaders are the header fields that say who answered and why, in the
// order they are shown.
var tellingHeaders = [...]string{"content-type", "content-length", "x-amzn-errortype", "x-cache", "age"}

// Telling is the status line and the telling header fields, for people.
func (a Answer) Telling() string {
	parts := []string{fmt.Sprintf("%s %d", a.Proto, a.Status)}
	for _, name := range tellingHeaders {
		if value := a.Header.Get(name); value != "" {
			parts = append(parts, name+": "+value)
		}
	}
	return strings.Join(parts, "  ")
}

// Seen is the answer in a few words: the status, by way of the edge what the
// cache says (x-cache), and AWS's error type if there is one:
// "403 Error ForbiddenException".
func (a Answer) Seen() string {
	seen := fmt.Sprint(a.Status)
	if cache := a.Header.Get("x-cache"); cache != "" {
		seen += " " + strings.TrimSuffix(cache, " from cloudfront")
	}
	if kind := a.Header.Get("x-amzn-errortype"); kind != "" {
		seen += " " + kind
	}
	return seen
}

// curl is the words of the curl line that sends the same probe.
func (p *Prober) curl(probe Probe) []string {
	words := []string{"curl", "-si"}
	if p.caFile != "" {
		words = append(words, "--cacert", p.caFile)
	}
	if p.address != "" {
		words = append(words, "--connect-to", "::"+p.address)
	}
	if probe.Method != "" && probe.Method != http.MethodGet {
		words = append(words, "-X", probe.Method)
	}
	for _, field := range probe.Fields {
		words = append(words, "-H", field.Name+": "+field.Value)
	}
	return append(words, probe.url())
}
