package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
)

// Options of a [Keyring].
type Options struct {
	// MaxKeys bounds the derived signing keys that are remembered; 0 means
	// 1024, about 300 bytes each.
	MaxKeys int
}

// Keyring verifies and signs, and remembers derived signing keys: one costs
// four HMACs and is good for a whole day, region and service.
type Keyring struct {
	half int // entries per generation

	mu         sync.Mutex
	young, old map[keyName][sha256.Size]byte
}

type keyName struct{ secret, date, region, service string }

// New makes a Keyring.
func New(o Options) (*Keyring, error) {
	if o.MaxKeys < 0 {
		return nil, errors.New("sigv4: MaxKeys is negative")
	}
	if o.MaxKeys == 0 {
		o.MaxKeys = 1024
	}
	return &Keyring{half: max(1, o.MaxKeys/2), young: map[keyName][sha256.Size]byte{}}, nil
}

// key gives the signing key, from the cache or made new. Two generations bound
// the cache without bookkeeping per use: a full young one becomes the old one.
func (k *Keyring) key(n keyName) [sha256.Size]byte {
	k.mu.Lock()
	key, ok := k.young[n]
	if !ok {
		if key, ok = k.old[n]; ok {
			k.put(n, key)
		}
	}
	k.mu.Unlock()
	if ok {
		return key
	}
	key = deriveKey(n)
	k.mu.Lock()
	k.put(n, key)
	k.mu.Unlock()
	return key
}

func (k *Keyring) put(n keyName, key [sha256.Size]byte) {
	if len(k.young) >= k.half {
		k.old, k.young = k.young, make(map[keyName][sha256.Size]byte, k.half)
	}
	k.young[n] = key
}

func (k *Keyring) signature(n keyName, toSign string) string {
	key := k.key(n)
	sum := mac(key[:], toSign)
	return hex.EncodeToString(sum[:])
}

// deriveKey is the chain of the SigV4 specification: secret, date, region,
// service, "aws4_request".
func deriveKey(n keyName) [sha256.Size]byte {
	key := mac([]byte("AWS4"+n.secret), n.date)
	key = mac(key[:], n.region)
	key = mac(key[:], n.service)
	return mac(key[:], terminator)
}

func mac(key []byte, text string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	h.Sum(sum[:0])
	return sum
}
