package sigv4

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"path"
	"slices"
	"strings"
)

// SigV4A signs with an ECDSA key on P-256 that both sides derive from the access
// key pair, for a set of regions instead of one (IAM User Guide, "AWS Signature
// Version 4A"). Deriving a key and checking a signature cost some 100 µs, which
// the few calls that are signed so can bear: nothing is remembered.

// deriveECDSA derives the key of an access key pair: a KDF in counter mode
// (NIST SP 800-108) over HMAC-SHA256 gives candidates, the first of which that
// is below the order of the curve less two is the key less one (FIPS 186-4
// B.4.2).
func deriveECDSA(accessKeyID, secret string) (*ecdsa.PrivateKey, error) {
	order := elliptic.P256().Params().N
	bound := new(big.Int).Sub(order, big.NewInt(2)).Bytes()
	for counter := byte(1); counter < 255; counter++ {
		input := binary.BigEndian.AppendUint32(nil, 1) // the first and only block
		input = append(input, AlgorithmV4A...)
		input = append(input, 0)
		input = append(input, accessKeyID...)
		input = append(input, counter)
		input = binary.BigEndian.AppendUint32(input, 256) // bits
		candidate := mac([]byte("AWS4A"+secret), string(input))
		if bytes.Compare(candidate[:], bound) >= 0 {
			continue
		}
		d := new(big.Int).SetBytes(candidate[:])
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), d.Add(d, big.NewInt(1)).FillBytes(make([]byte, 32)))
	}
	return nil, errors.New("sigv4: no key can be derived from the access key") // one in 2^8000
}

// verifyECDSA tells whether a signature in hex is the key pair's.
func verifyECDSA(in *VerifyInput, toSign string) bool {
	key, err := deriveECDSA(in.Presented.AccessKeyID, in.Credential.SecretKey)
	if err != nil {
		return false
	}
	signature, err := hex.DecodeString(in.Presented.Signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(toSign))
	return ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature)
}

// checkRegionSet demands that the set of regions is signed and holds region; ""
// is not compared. Names in it can hold "*".
func (p *Presented) checkRegionSet(region string) error {
	if p.RegionSet == "" || !p.Presigned && !slices.Contains(p.SignedHeaders, "x-amz-region-set") {
		return invalid(ReasonScope, "'X-Amz-Region-Set' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if region == "" {
		return nil
	}
	for pattern := range strings.SplitSeq(p.RegionSet, ",") {
		if ok, err := path.Match(strings.Trim(pattern, " \t"), region); ok && err == nil {
			return nil
		}
	}
	return invalid(ReasonScope, "Credential should be scoped to a valid region. ")
}
