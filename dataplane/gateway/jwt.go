package gateway

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"

	"drawbridge/engine/jsonpath"
)

// errToken is the error of a token that is not accepted; it repeats nothing of it.
var errToken = errors.New("the token is not accepted")

// token is a signed JWT (RFC 7519 in the compact form of RFC 7515), read but not
// verified.
type token struct {
	keyID     string
	claims    *jsonpath.Object
	signed    string // what the signature covers
	signature []byte
}

// parseToken reads a token signed by RS256, the only algorithm of user pools. A
// token that names another, "none" above all, is refused here.
func parseToken(text string) (*token, error) {
	head, rest, _ := strings.Cut(text, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(signature, ".") {
		return nil, errToken
	}
	strict := base64.RawURLEncoding.Strict()
	headText, err := strict.DecodeString(head)
	if err != nil {
		return nil, errToken
	}
	var header struct {
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		Critical  []string `json:"crit"`
	}
	if json.Unmarshal(headText, &header) != nil || header.Algorithm != "RS256" || header.Critical != nil {
		return nil, errToken
	}
	body, err := strict.DecodeString(payload)
	if err != nil {
		return nil, errToken
	}
	tree, err := jsonpath.Parse(string(body))
	if err != nil {
		return nil, errToken
	}
	t := &token{keyID: header.KeyID, signed: text[:len(head)+1+len(payload)]}
	if t.claims, ok = tree.(*jsonpath.Object); !ok {
		return nil, errToken
	}
	if t.signature, err = strict.DecodeString(signature); err != nil {
		return nil, errToken
	}
	return t, nil
}

// verify checks the signature (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 section 3.3).
func (t *token) verify(key *rsa.PublicKey) error {
	sum := sha256.Sum256([]byte(t.signed))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) != nil {
		return errToken
	}
	return nil
}

// claim returns a claim as text: numbers in decimals, "" for none.
func (t *token) claim(name string) string {
	value, _ := t.claims.Get(name)
	text, _ := jsonpath.Scalar(value)
	return text
}

// seconds returns a claim that is a moment (RFC 7519 section 2, NumericDate).
func (t *token) seconds(name string) (int64, bool) {
	value, _ := t.claims.Get(name)
	switch v := value.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), v > 0 && v < 1<<53
	}
	return 0, false
}

// Limits of a key set.
const (
	maxKeySet     = 1 << 20 // bytes
	maxKeys       = 100
	minModulus    = 2048 // bits; a smaller one proves nothing
	maxModulus    = 8192 // a larger one is slow to use
	maxExponent   = 1<<31 - 1
	smallExponent = 3
)

// parseKeySet reads the RSA keys of a JSON Web Key Set (RFC 7517 section 5) by
// their ids. Keys of other kinds and uses are passed over.
func parseKeySet(text []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []struct {
			Kind     string `json:"kty"`
			ID       string `json:"kid"`
			Use      string `json:"use"`
			Modulus  string `json:"n"`
			Exponent string `json:"e"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) > maxKeys {
		return nil, errors.New("not a key set")
	}
	keys := make(map[string]*rsa.PublicKey, len(set.Keys))
	for _, k := range set.Keys {
		if k.Kind != "RSA" || k.Use != "" && k.Use != "sig" {
			continue
		}
		n, errN := base64.RawURLEncoding.DecodeString(strings.TrimRight(k.Modulus, "="))
		e, errE := base64.RawURLEncoding.DecodeString(strings.TrimRight(k.Exponent, "="))
		if errN != nil || errE != nil {
			continue
		}
		modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
		if modulus.BitLen() < minModulus || modulus.BitLen() > maxModulus || !exponent.IsInt64() ||
			exponent.Int64() < smallExponent || exponent.Int64() > maxExponent {
			continue
		}
		keys[k.ID] = &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
	}
	return keys, nil
}
