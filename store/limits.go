package store

import "fmt"

// Limits of every store. They are wide for configuration (the largest resource
// AWS takes is an API definition of some MB) and small enough that no caller
// can make a transaction that a store has trouble holding in memory.
const (
	MaxKeyBytes   = 1024
	MaxValueBytes = 8 << 20
	MaxTxnOps     = 1000 // puts and deletes together; compares likewise
	MaxTxnBytes   = 64 << 20
	MaxPage       = 10_000

	DefaultLogRevisions = 10_000
	DefaultLogBytes     = 32 << 20
)

// Validate checks what can be checked of a transaction without looking into
// the store. It returns a *LimitError or an error that is ErrInvalid.
func (t Txn) Validate() error {
	if n := len(t.Puts) + len(t.Deletes); n > MaxTxnOps {
		return &LimitError{What: "operations in a transaction", Got: int64(n), Max: MaxTxnOps}
	}
	if n := len(t.Compares); n > MaxTxnOps {
		return &LimitError{What: "compares in a transaction", Got: int64(n), Max: MaxTxnOps}
	}
	for _, c := range t.Compares {
		if err := ValidateKey(c.Key); err != nil {
			return err
		}
		if c.ModRevision < 0 {
			return fmt.Errorf("%w: compare of key %q with a negative revision", ErrInvalid, c.Key)
		}
	}
	return t.validateWrites()
}

func (t Txn) validateWrites() error {
	var (
		bytes int64
		seen  map[string]struct{}
	)
	if len(t.Puts)+len(t.Deletes) > 1 { // a single write cannot clash with itself
		seen = make(map[string]struct{}, len(t.Puts)+len(t.Deletes))
	}
	once := func(key string) error {
		if err := ValidateKey(key); err != nil || seen == nil {
			return err
		}
		if _, twice := seen[key]; twice {
			return fmt.Errorf("%w: key %q is written twice in one transaction", ErrInvalid, key)
		}
		seen[key] = struct{}{}
		return nil
	}
	for _, p := range t.Puts {
		if err := once(p.Key); err != nil {
			return err
		}
		if n := len(p.Value); n > MaxValueBytes {
			return &LimitError{What: "bytes in a value", Got: int64(n), Max: MaxValueBytes}
		}
		bytes += int64(len(p.Key) + len(p.Value))
	}
	for _, key := range t.Deletes {
		if err := once(key); err != nil {
			return err
		}
		bytes += int64(len(key))
	}
	if bytes > MaxTxnBytes {
		return &LimitError{What: "bytes in a transaction", Got: bytes, Max: MaxTxnBytes}
	}
	return nil
}

// ValidateKey refuses an empty key (ErrInvalid) and one over MaxKeyBytes
// (*LimitError). Any bytes are allowed in between.
func ValidateKey(key string) error {
	if key == "" {
		return fmt.Errorf("%w: empty key", ErrInvalid)
	}
	if n := len(key); n > MaxKeyBytes {
		return &LimitError{What: "bytes in a key", Got: int64(n), Max: MaxKeyBytes}
	}
	return nil
}

// PageLimit turns ListPage's limit into the one that holds.
func PageLimit(limit int) int {
	if limit < 1 || limit > MaxPage {
		return MaxPage
	}
	return limit
}
