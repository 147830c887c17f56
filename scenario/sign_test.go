package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"drawbridge/engine/sigv4"
)

// signViewer signs a viewer's request as the caller of AWS_ACCESS_KEY_ID.
func (s *story) signViewer(getenv func(string) string, r *viewerRequest) error {
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		return err
	}
	path, query, _ := strings.Cut(r.target, "?")
	sum := sha256.Sum256([]byte(r.data))
	fields, err := keys.Sign(sigv4.SignInput{
		Request: sigv4.Request{Method: r.method, RawPath: path, RawQuery: query, Host: r.authority, Header: func(yield func(string, string) bool) {
			for _, f := range r.fields {
				if !yield(f.name, f.value) {
					return
				}
			}
		}},
		Credential: sigv4.Credential{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: getenv("AWS_SESSION_TOKEN")},
		BodyHash: hex.EncodeToString(sum[:]), Region: getenv("AWS_REGION"), Service: "execute-api", Now: s.clock.now(), DoubleEncodePath: true,
	})
	for _, f := range fields {
		r.fields = append(r.fields, field{f.Name, f.Value})
	}
	return err
}
