package sigv4

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"
)

// UnsignedPayload stands in x-amz-content-sha256 where the body is not part of
// the signature.
const UnsignedPayload = "UNSIGNED-PAYLOAD"

// skew is how far a request's clock may be off, either way.
const skew = 5 * time.Minute

// Credential is a secret key and, for temporary credentials, its token.
type Credential struct {
	AccessKeyID  string // used by Sign only
	SecretKey    string
	SessionToken string
}

// VerifyInput is a request with what is known about its caller.
type VerifyInput struct {
	Request
	// Presented is [Parse]'s reading of the same request.
	Presented *Presented
	// BodyHash is the lower-case hex SHA-256 of the body; empty: Body is
	// hashed.
	BodyHash string
	Body     []byte
	Now      time.Time
	// Credential belongs to Presented.AccessKeyID.
	Credential Credential
	// ExpectRegion and ExpectService are what the scope must name; an empty
	// one is not checked.
	ExpectRegion  string
	ExpectService string
	// DoubleEncodePath is set for every service but S3.
	DoubleEncodePath bool
	// AllowV4A accepts AlgorithmV4A, too, for what is not of one region; its set
	// of regions must hold ExpectRegion.
	AllowV4A bool
	// AllowUnsignedPayload accepts UNSIGNED-PAYLOAD (S3 and Lambda URLs).
	AllowUnsignedPayload bool
}

// Verify tells whether the request was signed with the credential. The error
// is an *Error.
func (k *Keyring) Verify(in VerifyInput) error {
	p := in.Presented
	if p == nil {
		return missingToken()
	}
	if p.Algorithm != AlgorithmV4 && !in.AllowV4A {
		return &Error{ReasonNotSupported, CodeIncompleteSignature, "Unsupported AWS 'algorithm': '" + p.Algorithm + "'."}
	}
	region := in.ExpectRegion
	if p.Algorithm == AlgorithmV4A {
		if err := p.checkRegionSet(region); err != nil {
			return err
		}
		region = ""
	}
	if err := p.CheckScope(region, in.ExpectService); err != nil {
		return err
	}
	if err := p.CheckTime(in.Now); err != nil {
		return err
	}
	if in.Credential.SecretKey == "" { // a key that was not found must not verify
		return UnknownKey()
	}
	if subtle.ConstantTimeCompare([]byte(p.SessionToken), []byte(in.Credential.SessionToken)) != 1 {
		e := UnknownKey()
		e.Reason = ReasonToken
		return e
	}
	return k.compare(&in)
}

// CheckScope compares the scope's region, service, terminator and date; it
// needs no key, so a caller may run it before looking the key up. An empty
// region or service is not compared. The error is an *Error.
func (p *Presented) CheckScope(region, service string) error {
	var text strings.Builder
	if region != "" && p.Region != region {
		text.WriteString("Credential should be scoped to a valid region, not '" + p.Region + "'. ")
	}
	if service != "" && p.Service != service {
		text.WriteString("Credential should be scoped to correct service: '" + service + "'. ")
	}
	if p.term != terminator {
		text.WriteString("Credential should be scoped with a valid terminator: 'aws4_request', not '" + p.term + "'. ")
	}
	if text.Len() > 0 {
		return invalid(ReasonScope, text.String())
	}
	if stamp := p.Time.UTC().Format(isoBasic); p.Date != stamp[:8] {
		return invalid(ReasonScope, fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601"+
			" version of date from HTTP: '%s' != '%s', from '%s'.", p.Date, stamp[:8], stamp))
	}
	if !slices.Contains(p.SignedHeaders, "host") {
		return invalid(ReasonUnsignedHost, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

// CheckTime allows five minutes of clock difference; a presigned request lives
// for its X-Amz-Expires. The error is an *Error.
func (p *Presented) CheckTime(now time.Time) error {
	life := skew
	if p.Presigned && p.Expires > 0 {
		life = p.Expires
	}
	now = now.UTC().Truncate(time.Second)
	stamp := p.Time.UTC().Format(isoBasic)
	if oldest := now.Add(-life); p.Time.Before(oldest) {
		return invalid(ReasonExpired, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s)",
			stamp, oldest.Format(isoBasic), now.Format(isoBasic), inMinutes(life)))
	}
	if newest := now.Add(skew); p.Time.After(newest) {
		return invalid(ReasonNotYetCurrent, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s)",
			stamp, newest.Format(isoBasic), now.Format(isoBasic), inMinutes(skew)))
	}
	return nil
}

func inMinutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}

// compare makes the signature anew and compares it. The text of a mismatch
// shows AWS's own form of the path.
func (k *Keyring) compare(in *VerifyInput) error {
	p := in.Presented
	payload, payloadOK := in.payload()
	headers, there := canonicalHeaders(&in.Request, p.SignedHeaders)
	c := canonicalRequest{
		method:  in.Method,
		query:   canonicalQuery(in.RawQuery, p.Presigned),
		headers: headers,
		signed:  strings.Join(p.SignedHeaders, ";"),
		payload: payload,
	}
	amzDate := p.Time.UTC().Format(isoBasic)
	path, literal := canonicalPaths(in.RawPath, in.DoubleEncodePath)
	canonical := c.text(path)
	toSign := stringToSign(p.Algorithm, amzDate, p.scope(), canonical)
	same := k.isSigned(in, toSign)
	if !same && literal != path {
		same = k.isSigned(in, stringToSign(p.Algorithm, amzDate, p.scope(), c.text(literal)))
	}
	switch {
	case !payloadOK:
		return mismatch(ReasonPayload, canonical, toSign)
	case !there:
		return mismatch(ReasonHeaderNotThere, canonical, toSign)
	case !same:
		return mismatch(ReasonMismatch, canonical, toSign)
	}
	return nil
}

// scope is the credential scope as it is signed.
func (p *Presented) scope() string {
	if p.Algorithm == AlgorithmV4A {
		return p.Date + "/" + p.Service + "/" + terminator
	}
	return p.Date + "/" + p.Region + "/" + p.Service + "/" + terminator
}

// isSigned tells whether the request's signature is the credential's for a
// string to sign.
func (k *Keyring) isSigned(in *VerifyInput, toSign string) bool {
	p := in.Presented
	if p.Algorithm == AlgorithmV4A {
		return verifyECDSA(in, toSign)
	}
	name := keyName{in.Credential.SecretKey, p.Date, p.Region, p.Service}
	return subtle.ConstantTimeCompare([]byte(k.signature(name, toSign)), []byte(p.Signature)) == 1
}

// payload gives the last line of the canonical request. ok is false if the
// request declares a payload hash that is not its body's, or leaves the body
// unsigned where that is not allowed (reference/api-gateway.md Appendix C 4).
func (in *VerifyInput) payload() (hash string, ok bool) {
	actual := in.BodyHash
	if actual == "" {
		actual = hexSHA256(string(in.Body))
	}
	declared, there := in.first("x-amz-content-sha256")
	if !there && in.Presented.Presigned && in.Presented.Service == "s3" && in.AllowUnsignedPayload {
		declared, there = UnsignedPayload, true // S3 never signs the body of a presigned request
	}
	switch {
	case !there:
		return actual, true
	case declared == UnsignedPayload:
		return declared, in.AllowUnsignedPayload
	default:
		return actual, declared == actual
	}
}
