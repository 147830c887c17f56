package certificates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"drawbridge/store"
)

// Prefix is that of all keys of this package; below it: account, family, name.
const Prefix = "certificates/"

// The families of records.
const (
	familyACM    = "acm"     // name: <region>/<id>
	familyToken  = "tokens"  // name: <region>/<escaped idempotency token> → id
	familyIAM    = "iam"     // name: escaped, lower case
	familyIAMIDs = "iam-ids" // name: <server certificate id> → key of the record
)

func key(account, family, name string) string { return Prefix + account + "/" + family + "/" + name }

// Record is a stored certificate with its private key.
type Record struct {
	ID      string // ACM: a UUID; IAM: "ASCA…"
	ARN     string
	Name    string // of an IAM server certificate
	Path    string // of an IAM server certificate
	Type    string // of ACM: IMPORTED or AMAZON_ISSUED
	Created time.Time
	Updated time.Time

	DomainName       string
	Names            []string // DNS names, lower case
	ValidationMethod string
	KeyAlgorithm     string // "RSA_2048"
	CTLogging        string

	Certificate string // PEM
	Chain       string // PEM
	PrivateKey  string // PEM; secret: never shown, never logged

	Tags map[string]string
}

// tokenRecord remembers a request's idempotency token.
type tokenRecord struct {
	ID   string
	Time time.Time
}

// maxAttempts bounds how often a change starts anew because another one came
// before it.
const maxAttempts = 100

// change makes a transaction that attempt describes, until nothing it read has
// changed meanwhile.
func change(ctx context.Context, st store.Store, attempt func(*store.Txn) error) error {
	for range maxAttempts {
		txn := store.Txn{}
		if err := attempt(&txn); err != nil {
			return err
		}
		_, err := st.Txn(ctx, txn)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("store a certificate: %w", err)
		}
		return nil
	}
	return errors.New("gave up after many conflicting changes of certificates")
}

// load reads the record under a key; nil and 0 when there is none.
func load[R any](ctx context.Context, st store.Store, key string) (*R, int64, error) {
	entry, err := st.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrLimit) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read a certificate: %w", err)
	}
	record := new(R)
	if err := json.Unmarshal(entry.Value, record); err != nil {
		return nil, 0, fmt.Errorf("stored record %s: %w", key, err)
	}
	return record, entry.ModRevision, nil
}

// put notes in a transaction that a record, now at revision, is written.
func put(txn *store.Txn, key string, revision int64, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	txn.Compares = append(txn.Compares, store.Compare{Key: key, ModRevision: revision})
	txn.Puts = append(txn.Puts, store.Put{Key: key, Value: value})
	return nil
}

// remove notes in a transaction that a record, now at revision, goes.
func remove(txn *store.Txn, key string, revision int64) {
	txn.Compares = append(txn.Compares, store.Compare{Key: key, ModRevision: revision})
	txn.Deletes = append(txn.Deletes, key)
}

// section is a part of a list: up to most records below a prefix, from after on.
type section struct {
	prefix, after string
	most          int
}

// page reads a part of a list; next is "" on the last page.
func (s *Store) page(ctx context.Context, part section) (records []*Record, next string, err error) {
	prefix, after := part.prefix, part.after
	if after != "" {
		after = prefix + after
	}
	snapshot, err := s.store.ListPage(ctx, prefix, after, part.most)
	if err != nil {
		return nil, "", fmt.Errorf("list certificates: %w", err)
	}
	for _, entry := range snapshot.Entries {
		record := new(Record)
		if err := json.Unmarshal(entry.Value, record); err != nil {
			return nil, "", fmt.Errorf("stored record %s: %w", entry.Key, err)
		}
		records = append(records, record)
		next = strings.TrimPrefix(entry.Key, prefix)
	}
	if !snapshot.More {
		next = ""
	}
	return records, next, nil
}

func escape(text string) string { return url.PathEscape(text) }

// value returns what p points to, or the zero value for an absent member.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// indexPut writes an index entry.
func indexPut(key, target string) store.Put {
	text, _ := json.Marshal(target) // a string never fails
	return store.Put{Key: key, Value: text}
}
