package edge

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"strings"
	"time"

	"drawbridge/dataplane/program"
)

// signedAlphabet is base64 as it stands in signed URLs: "-", "~" and "_" for
// "+", "/" and "=" (reference/cloudfront.md section 5.5).
var signedAlphabet = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").WithPadding('_').Strict()

// decodeSigned decodes a parameter of a signed URL.
func decodeSigned(text string) ([]byte, bool) {
	out, err := signedAlphabet.DecodeString(text)
	return out, err == nil
}

// cannedPolicy is the policy that a signed URL with Expires stands for, byte by
// byte (reference/cloudfront.md section 5.5).
func cannedPolicy(url, expires string) []byte {
	return []byte(`{"Statement":[{"Resource":"` + url + `","Condition":{"DateLessThan":{"AWS:EpochTime":` + expires + `}}}]}`)
}

// signs verifies a signature with a public key: RSA (PKCS #1 v1.5) or ECDSA,
// over SHA-1 unless Hash-Algorithm says SHA256.
func signs(key crypto.PublicKey, hash string, signature, text []byte) bool {
	var digest []byte
	kind := crypto.SHA1
	switch hash {
	case "", "SHA1":
		sum := sha1.Sum(text)
		digest = sum[:]
	case "SHA256":
		sum := sha256.Sum256(text)
		digest, kind = sum[:], crypto.SHA256
	default:
		return false
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, kind, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	}
	return false
}

// grant is what a custom policy allows.
type grant struct {
	resource    string // "" is any
	after, till time.Time
	from        netip.Prefix // the zero value is anywhere
}

// epoch is a date of a policy: seconds since 1970.
type epoch struct {
	Seconds *int64 `json:"AWS:EpochTime"`
}

// statement is the one statement of a custom policy.
type statement struct {
	Resource  string
	Condition struct {
		DateLessThan    *epoch
		DateGreaterThan *epoch
		IPAddress       *struct {
			SourceIP string `json:"AWS:SourceIp"`
		} `json:"IpAddress"`
	}
}

var errGrant = errors.New("edge: the policy is not one of signed URLs")

// parseGrant reads a custom policy: one statement, whose DateLessThan is
// required (reference/cloudfront.md section 5.5).
func parseGrant(text []byte) (grant, error) {
	var policy struct{ Statement []statement }
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&policy); err != nil {
		return grant{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || len(policy.Statement) != 1 {
		return grant{}, errGrant
	}
	s := &policy.Statement[0]
	if s.Condition.DateLessThan == nil || s.Condition.DateLessThan.Seconds == nil {
		return grant{}, errGrant
	}
	g := grant{resource: s.Resource, till: time.Unix(*s.Condition.DateLessThan.Seconds, 0)}
	if after := s.Condition.DateGreaterThan; after != nil {
		if after.Seconds == nil {
			return grant{}, errGrant
		}
		g.after = time.Unix(*after.Seconds, 0)
	}
	if address := s.Condition.IPAddress; address != nil {
		text := address.SourceIP
		if !strings.Contains(text, "/") {
			text += "/32"
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil || !prefix.Addr().Is4() {
			return grant{}, errGrant
		}
		g.from = prefix.Masked()
	}
	return g, nil
}

// allows tells whether a grant holds at a time, for an address.
func (g *grant) allows(now time.Time, from netip.Addr) bool {
	if !now.Before(g.till) || !g.after.IsZero() && !now.After(g.after) {
		return false
	}
	return !g.from.IsValid() || g.from.Contains(from.Unmap())
}

// matches tells whether a grant's resource stands for a URL: "*" and "?" within
// the protocol, within the domain, and within what follows.
func (g *grant) matches(url string) bool {
	if g.resource == "" || g.resource == "*" {
		return true
	}
	scheme, host, target := splitURL(url)
	wantScheme, wantHost, wantTarget := splitURL(g.resource)
	match := func(pattern, text string) bool { return program.NewNamePattern(pattern).Match(text) }
	if !match(wantScheme, scheme) || !match(strings.ToLower(wantHost), host) || !match(wantTarget, target) {
		return false
	}
	path, query, has := strings.Cut(target, "?")
	if target == wantTarget || !strings.ContainsAny(wantTarget, "*?") || !hasDotSegment(path) {
		return true
	}
	// The behavior is found by the normal path, and the origin may read the raw
	// one like that: "/a/*" is not to stand for "/a/../b" (docs/evidence.md).
	normal := normalPath(path)
	if has {
		normal += "?" + query
	}
	return match(wantTarget, normal)
}

// hasDotSegment tells whether a path goes up, or stays, within itself.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(normalEscapes(path), "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// splitURL takes a URL apart, without reading more into it.
func splitURL(url string) (scheme, host, target string) {
	scheme, rest, _ := strings.Cut(url, "://")
	at := strings.IndexByte(rest, '/')
	if at < 0 {
		return scheme, rest, ""
	}
	return scheme, rest[:at], rest[at:]
}
