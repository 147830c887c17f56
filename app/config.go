package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"drawbridge/dataplane/server"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/sigv4"
)

// DefaultListen is the address that awslocal, tflocal and cdklocal use.
const DefaultListen = "127.0.0.1:4566"

// MemoryData is the value of Config.Data that keeps nothing.
const MemoryData = "memory"

// Config is everything a Drawbridge is started with. The fields are the
// settings of `drawbridge serve`, checked by New.
type Config struct {
	Listen    []string // "[ROLES=]ADDR"; none: DefaultListen with all roles
	Data      string   // folder, or MemoryData
	Account   string   // 12 digits
	Region    string
	Wording   string // "2022" or "current"
	CacheSize int64  // bytes of RAM for cached objects
	// APICacheSize is the bytes of RAM for the answers in the caches of all
	// stages; 0: gateway.DefaultCacheBytes.
	APICacheSize int64

	EdgeAddress        string
	GeoDatabases       []string // MaxMind-format files that tell where viewers are
	CognitoEndpoint    string   // "": user pools are on AWS
	LambdaEndpoint     string   // for functions that do not run here; "": there are none
	AWSEndpoints       []string // SERVICE=URL, of AWS integrations; s3 also for what CloudFront reads
	VPCLinkTargets     []string // LINK-OR-BALANCER=HOST[:PORT]
	ConnectTo          []string // HOST1:PORT1:HOST2:PORT2, exactly curl's
	OriginCA           string   // PEM file
	TLSCertificates    []string // CERT.pem:KEY.pem, the operator's own
	AllowOrigin        []string // CIDR
	Truststores        []string // s3://bucket/key[?versionId=V]=FILE
	TrustedProxies     []string // CIDR
	ControlHosts       []string
	Credentials        string // YAML file
	CredentialsInline  string // AKID:SECRET
	Propagation        time.Duration
	GatewayPropagation time.Duration
	AccessLog          string   // "stderr", "off" or a file
	APIAccessLog       []string // telemetry.SinkOptions.Specs of stages' access logs
	APIExecutionLog    []string // and of their execution logs
	OTLPEndpoint       string   // base URL of an OpenTelemetry collector; "": none
	DrainTimeout       time.Duration
	Limits             map[string]int64
	Functions          map[string]Function // that run here, by name
	// Signer signs calls to AWS's services and to what stands in for them.
	Signer sigv4.Credential

	Stdout io.Writer
	Stderr io.Writer
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now; what caches, meters, policies and signatures go by
}

// address is one --listen.
type address struct {
	roles server.Roles
	addr  string
}

// parseListen reads "[ROLES=]ADDR". The default address has all roles, an
// address given without roles has edge and gateway (design.md section 2).
func parseListen(specs []string) ([]address, error) {
	if len(specs) == 0 {
		return []address{{server.AllRoles, DefaultListen}}, nil
	}
	var addresses []address
	for _, spec := range specs {
		names, addr, named := strings.Cut(spec, "=")
		if !named {
			names, addr = "edge,gateway", spec
		}
		roles, err := server.ParseRoles(names)
		if err != nil {
			return nil, fmt.Errorf("--listen %s: %w", spec, err)
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, fmt.Errorf("--listen %s: %q is no address; write HOST:PORT, for example 127.0.0.1:4566", spec, addr)
		}
		addresses = append(addresses, address{roles, addr})
	}
	return addresses, nil
}

// loopback tells whether an address is reachable from this machine only.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

var (
	accountPattern = regexp.MustCompile(`^\d{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
)

// checkEndpoint demands a URL where a setting is given.
func checkEndpoint(flag, text string) error {
	if u, err := url.Parse(text); text != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("%s %q: write http://HOST:PORT or https://HOST", flag, text)
	}
	return nil
}

// Check refuses settings that cannot mean anything, with the mend. It looks at
// no file and no socket.
func (c *Config) Check() error {
	if !accountPattern.MatchString(c.Account) {
		return fmt.Errorf("--account %q: an account id has 12 digits", c.Account)
	}
	if !regionPattern.MatchString(c.Region) {
		return fmt.Errorf("--region %q: write a region such as us-east-1", c.Region)
	}
	if c.Wording != "2022" && c.Wording != "current" {
		return fmt.Errorf("--aws-wording %q: choose 2022 or current", c.Wording)
	}
	if err := checkEndpoint("--cognito-endpoint", c.CognitoEndpoint); err != nil {
		return err
	}
	if _, err := netip.ParseAddr(c.EdgeAddress); err != nil {
		return fmt.Errorf("--edge-address %q: write an IP address", c.EdgeAddress)
	}
	if c.Propagation < 0 || c.GatewayPropagation < 0 {
		return fmt.Errorf("--propagation and --gateway-propagation cannot be negative")
	}
	if c.CacheSize < 1<<20 {
		return fmt.Errorf("--cache-size %d: at least 1048576 bytes", c.CacheSize)
	}
	if c.APICacheSize < 0 {
		return fmt.Errorf("--api-cache-size %d: bytes cannot be negative", c.APICacheSize)
	}
	addresses, err := parseListen(c.Listen)
	for _, at := range addresses {
		err = errors.Join(err, c.mayListen(at))
	}
	err = errors.Join(err, c.checkLambda())
	_, limitsErr := c.limits()
	logErr := c.checkLogs()
	_, originErr := c.allowedOrigins()
	_, connectErr := c.connectTo()
	_, proxiesErr := c.trustedProxies()
	for _, setting := range c.Truststores {
		_, _, trustErr := parseTruststore(setting)
		err = errors.Join(err, trustErr)
	}
	_, serviceErr := c.awsEndpoints()
	_, linkErr := c.vpcLinkTargets()
	return errors.Join(err, limitsErr, logErr, originErr, connectErr, proxiesErr, serviceErr, linkErr)
}

// originRoots are the certificates an origin's certificate may come from: the
// system's and those of --origin-ca.
func (c *Config) originRoots() (*x509.CertPool, error) {
	if c.OriginCA == "" {
		return nil, nil // the system's
	}
	text, err := os.ReadFile(c.OriginCA)
	if err != nil {
		return nil, fmt.Errorf("--origin-ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--origin-ca %s: no PEM certificate in it", c.OriginCA)
	}
	return roots, nil
}

// certificates reads the operator's own certificates; they take precedence over
// the local authority's.
func (c *Config) certificates() ([]tls.Certificate, error) {
	var own []tls.Certificate
	for _, pair := range c.TLSCertificates {
		cert, key, ok := strings.Cut(pair, ":")
		if !ok {
			return nil, fmt.Errorf("--tls-certificate %q: write CERT.pem:KEY.pem", pair)
		}
		loaded, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("--tls-certificate %s: %w", pair, err)
		}
		own = append(own, loaded)
	}
	return own, nil
}

func (c *Config) allowedOrigins() ([]netip.Prefix, error) {
	return parsePrefixes("--allow-origin", c.AllowOrigin)
}

func (c *Config) trustedProxies() ([]netip.Prefix, error) {
	return parsePrefixes("--trusted-proxy", c.TrustedProxies)
}

func parsePrefixes(setting string, texts []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: write a CIDR block such as 10.0.0.0/8", setting, text)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

func (c *Config) connectTo() ([]upstream.ConnectTo, error) {
	var rules []upstream.ConnectTo
	for _, text := range c.ConnectTo {
		rule, err := upstream.ParseConnectTo(text)
		if err != nil {
			return nil, fmt.Errorf("--connect-to %q: %w", text, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// DefaultData is the XDG state folder of Drawbridge, or MemoryData when the
// user has no home.
func DefaultData() string {
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "drawbridge")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return MemoryData
	}
	return filepath.Join(home, ".local", "state", "drawbridge")
}
