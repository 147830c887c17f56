package sigv4

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Field is one header field to set on a request.
type Field struct{ Name, Value string }

// SignInput is a request to be sent.
type SignInput struct {
	// Request's Header yields the fields that will be sent and that no hop on
	// the way changes; fields that proxies rewrite are left out of the
	// signature here (see unsigned).
	Request
	// BodyHash is the lower-case hex SHA-256 of the body, or UnsignedPayload;
	// empty: there is no body.
	BodyHash         string
	Credential       Credential
	Region, Service  string
	Now              time.Time
	DoubleEncodePath bool // every service but S3
	// ContentSHA256 also sends x-amz-content-sha256 (S3 and Lambda URLs want
	// it).
	ContentSHA256 bool
}

// unsigned are the fields that are never signed: the signer's own, and those
// that a hop may add or change.
func unsigned(lower string) bool {
	switch lower {
	case "authorization", "host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256",
		"user-agent", "x-amzn-trace-id", "expect", "transfer-encoding", "connection",
		"keep-alive", "te", "trailer", "upgrade", "via", "x-forwarded-for", "date":
		return true
	}
	return false
}

// Sign gives the fields to set (replacing those of the same name) so that the
// request is signed: X-Amz-Date, perhaps X-Amz-Security-Token and
// X-Amz-Content-Sha256, and Authorization last.
func (k *Keyring) Sign(in SignInput) ([]Field, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	amzDate := in.Now.UTC().Format(isoBasic)
	set := []Field{{"X-Amz-Date", amzDate}}
	if in.Credential.SessionToken != "" {
		set = append(set, Field{"X-Amz-Security-Token", in.Credential.SessionToken})
	}
	if in.ContentSHA256 {
		set = append(set, Field{"X-Amz-Content-Sha256", in.hash()})
	}
	signed := in.signedNames(set)
	r := in.Request
	r.Header = func(yield func(string, string) bool) {
		for _, f := range set {
			if !yield(f.Name, f.Value) {
				return
			}
		}
		if in.Header == nil {
			return
		}
		for name, value := range in.Header {
			if !unsigned(strings.ToLower(name)) && !yield(name, value) {
				return
			}
		}
	}
	headers, _ := canonicalHeaders(&r, signed)
	scope, signature := k.seal(&in, canonicalRequest{
		method: in.Method, query: canonicalQuery(in.RawQuery, false),
		headers: headers, signed: strings.Join(signed, ";"), payload: in.hash(),
	})
	return append(set, Field{"Authorization", AlgorithmV4 + " Credential=" + in.Credential.AccessKeyID + "/" + scope +
		", SignedHeaders=" + strings.Join(signed, ";") + ", Signature=" + signature}), nil
}

// Presign gives the whole raw query of a URL that is signed for the time of
// expires. Only Host is signed.
func (k *Keyring) Presign(in SignInput, expires time.Duration) (rawQuery string, err error) {
	if err := in.check(); err != nil {
		return "", err
	}
	if expires < time.Second || expires > maxExpires {
		return "", fmt.Errorf("sigv4: a presigned request lives from 1 second to 7 days, not %s", expires)
	}
	amzDate := in.Now.UTC().Format(isoBasic)
	scope := amzDate[:8] + "/" + in.Region + "/" + in.Service + "/" + terminator
	query := in.RawQuery
	if query != "" {
		query += "&"
	}
	query += "X-Amz-Algorithm=" + AlgorithmV4 +
		"&X-Amz-Credential=" + encode(in.Credential.AccessKeyID+"/"+scope) +
		"&X-Amz-Date=" + amzDate + fmt.Sprintf("&X-Amz-Expires=%d", expires/time.Second)
	if in.Credential.SessionToken != "" {
		query += "&X-Amz-Security-Token=" + encode(in.Credential.SessionToken)
	}
	query += "&X-Amz-SignedHeaders=host"
	headers, _ := canonicalHeaders(&in.Request, []string{"host"})
	_, signature := k.seal(&in, canonicalRequest{
		method: in.Method, query: canonicalQuery(query, true),
		headers: headers, signed: "host", payload: in.hash(),
	})
	return query + "&X-Amz-Signature=" + signature, nil
}

// seal signs a canonical request and gives the scope with it.
func (k *Keyring) seal(in *SignInput, c canonicalRequest) (scope, signature string) {
	amzDate := in.Now.UTC().Format(isoBasic)
	scope = amzDate[:8] + "/" + in.Region + "/" + in.Service + "/" + terminator
	path, _ := canonicalPaths(in.RawPath, in.DoubleEncodePath)
	toSign := stringToSign(AlgorithmV4, amzDate, scope, c.text(path))
	return scope, k.signature(keyName{in.Credential.SecretKey, amzDate[:8], in.Region, in.Service}, toSign)
}

func (in *SignInput) check() error {
	switch {
	case in.Credential.AccessKeyID == "" || in.Credential.SecretKey == "":
		return errors.New("sigv4: sign needs an access key id and a secret key")
	case in.Region == "" || in.Service == "":
		return errors.New("sigv4: sign needs a region and a service")
	case in.Host == "":
		return errors.New("sigv4: sign needs a host")
	}
	return nil
}

func (in *SignInput) hash() string {
	if in.BodyHash == "" {
		return hexSHA256("")
	}
	return in.BodyHash
}

// signedNames lists host, the signer's own fields and all others that may be
// signed, sorted.
func (in *SignInput) signedNames(set []Field) []string {
	names := []string{"host"}
	for _, f := range set {
		names = append(names, strings.ToLower(f.Name))
	}
	if in.Header != nil {
		for name := range in.Header {
			if lower := strings.ToLower(name); !unsigned(lower) {
				names = append(names, lower)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
