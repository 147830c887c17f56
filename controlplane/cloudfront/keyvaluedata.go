package cloudfront

import (
	"encoding/base64"
	"errors"
	"strings"

	"drawbridge/controlplane/api"
	kvs "drawbridge/controlplane/api/cloudfrontkeyvaluestoreapi"
)

// Bounds of key value stores (reference/cloudfront.md 5.3 and 6).
const (
	maxStoreBytes   = 5 << 20
	maxPairKey      = 512
	maxPairValue    = 1 << 10
	maxPairsUpdate  = 50
	maxBytesUpdate  = 3 << 20
	defaultPairPage = 10
	maxPairPage     = 50
)

// KeyValues is the data API of key value stores, over the same records.
type KeyValues struct {
	kvs.Unimplemented
	service *Service
}

var _ kvs.Service = (*KeyValues)(nil)

// KeyValues gives the data API.
func (s *Service) KeyValues() *KeyValues { return &KeyValues{service: s} }

// Texts are those of AWS's model.
func kvsNotFound() error        { return kvs.ResourceNotFoundException("Resource was not found.") }
func kvsKeyNotFound() error     { return kvs.ResourceNotFoundException("Key could not be found.") }
func kvsStale() error           { return kvs.ConflictException("Pre-Condition failed.") }
func kvsInvalid(t string) error { return kvs.ValidationException(t) }

func kvsQuota() error { return kvs.ServiceQuotaExceededException("Limit exceeded.") }

// answer puts errors of the service below into the data API's codes.
func (k *KeyValues) answer(err error) error {
	known := new(api.Error)
	if err == nil || errors.As(err, &known) && strings.HasSuffix(known.Code, "Exception") {
		return err
	}
	internal := kvs.InternalServerException("Internal server error.")
	internal.Cause = err
	return internal
}

// openStore is a store whose pairs are read or changed.
type openStore struct {
	account, id string
	key         string // of the summary
	summary     *KeyValueSummary
	revision    int64
}

// open finds a store by its ARN.
func (k *KeyValues) open(call *api.Call, arn *string) (openStore, error) {
	account, id := storeID(value(arn))
	if account == "" {
		return openStore{}, kvsInvalid("KvsARN is not valid.")
	}
	if account != call.Account {
		return openStore{}, kvs.AccessDeniedException("Access denied.")
	}
	o := openStore{account: account, id: id, key: Key(account, KindKeyValueSummary, id)}
	var err error
	o.summary, o.revision, err = read[KeyValueSummary](call, k.service, o.key)
	if err == nil && o.summary == nil {
		err = kvsNotFound()
	}
	return o, err
}

// DescribeKeyValueStore shows a store with the version of its pairs.
func (k *KeyValues) DescribeKeyValueStore(call *api.Call, in *kvs.DescribeKeyValueStoreRequest) (*kvs.DescribeKeyValueStoreResponse, error) {
	o, err := k.open(call, in.KvsARN)
	if err != nil {
		return nil, k.answer(err)
	}
	status := "READY"
	if !k.service.deployed(o.revision) {
		status = "PROVISIONING"
	}
	return &kvs.DescribeKeyValueStoreResponse{
		ItemCount: new(int32(o.summary.Count)), TotalSizeInBytes: new(o.summary.Bytes), KvsARN: in.KvsARN,
		Created: new(o.summary.Created), ETag: new(o.summary.ETag), LastModified: new(o.summary.Modified), Status: new(status),
	}, nil
}

// GetKey gives the value of a key.
func (k *KeyValues) GetKey(call *api.Call, in *kvs.GetKeyRequest) (*kvs.GetKeyResponse, error) {
	o, err := k.open(call, in.KvsARN)
	if err != nil {
		return nil, k.answer(err)
	}
	pair, _, err := read[KeyValueRecord](call, k.service, keyValueKey(o.account, o.id, value(in.Key)))
	if err == nil && pair == nil {
		err = kvsKeyNotFound()
	}
	if err != nil {
		return nil, k.answer(err)
	}
	return &kvs.GetKeyResponse{
		Key: new(pair.Key), Value: new(pair.Value), ItemCount: new(int32(o.summary.Count)), TotalSizeInBytes: new(o.summary.Bytes),
	}, nil
}

// ListKeys lists pairs in the order of their keys; the token tells the last one
// of the page before.
func (k *KeyValues) ListKeys(call *api.Call, in *kvs.ListKeysRequest) (*kvs.ListKeysResponse, error) {
	o, err := k.open(call, in.KvsARN)
	if err != nil {
		return nil, k.answer(err)
	}
	most := defaultPairPage
	if in.MaxResults != nil {
		if most = int(*in.MaxResults); most < 1 || most > maxPairPage {
			return nil, kvsInvalid("MaxResults is not valid.")
		}
	}
	after := ""
	if token := value(in.NextToken); token != "" {
		key, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, kvsInvalid("NextToken is not valid.")
		}
		after = keyValueKey(o.account, o.id, string(key))
	}
	snapshot, err := k.service.store.ListPage(call, Key(o.account, KindKeyValue, o.id+"/"), after, most)
	if err != nil {
		return nil, k.answer(storeError(err))
	}
	out := &kvs.ListKeysResponse{Items: []kvs.ListKeysResponseListItem{}}
	last := ""
	for _, entry := range snapshot.Entries {
		pair, err := Decode[KeyValueRecord](entry.Key, entry.Value)
		if err != nil {
			return nil, k.answer(err)
		}
		out.Items = append(out.Items, kvs.ListKeysResponseListItem{Key: new(pair.Key), Value: new(pair.Value)})
		last = pair.Key
	}
	if snapshot.More {
		out.NextToken = new(base64.RawURLEncoding.EncodeToString([]byte(last)))
	}
	return out, nil
}

// pairChange is what one call does to the pairs of a store.
type pairChange struct {
	arn, ifMatch *string
	puts         []kvs.PutKeyRequestListItem
	deletes      []string
}

func (p *pairChange) check() error {
	if len(p.puts)+len(p.deletes) == 0 || len(p.puts)+len(p.deletes) > maxPairsUpdate {
		return kvsInvalid("The number of keys is not valid.")
	}
	seen, size := map[string]bool{}, 0
	note := func(key string) error {
		if key == "" || len(key) > maxPairKey {
			return kvsInvalid("Key is not valid.")
		}
		if seen[key] {
			return kvsInvalid("A key occurs more than once.")
		}
		seen[key] = true
		return nil
	}
	for _, put := range p.puts {
		if err := note(value(put.Key)); err != nil {
			return err
		}
		if put.Value == nil || len(*put.Value) > maxPairValue {
			return kvsInvalid("Value is not valid.")
		}
		size += len(*put.Key) + len(*put.Value)
	}
	for _, key := range p.deletes {
		if err := note(key); err != nil {
			return err
		}
	}
	if size > maxBytesUpdate {
		return kvsInvalid("The update is too large.")
	}
	return nil
}

// apply makes a change as a whole or not at all.
func (k *KeyValues) apply(call *api.Call, p pairChange) (*KeyValueSummary, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var summary KeyValueSummary
	_, err := k.service.write(call, func(c *change) error {
		o, err := k.open(call, p.arn)
		if err != nil {
			return err
		}
		if value(p.ifMatch) != o.summary.ETag {
			return kvsStale()
		}
		for _, put := range p.puts {
			if err := k.put(call, c, o, KeyValueRecord{*put.Key, *put.Value}); err != nil {
				return err
			}
		}
		for _, key := range p.deletes {
			if err := k.delete(call, c, o, key); err != nil {
				return err
			}
		}
		if summary = *o.summary; summary.Bytes > maxStoreBytes {
			return kvsQuota()
		}
		summary.ETag, summary.Modified = k.service.newID(IDKeyValueETag), moment(call)
		c.expect(o.key, o.revision)
		c.put(o.key, summary)
		return nil
	})
	return &summary, k.answer(err)
}

// put and delete note one pair, and in the store's summary what it changes;
// that the pairs are as they were read follows from the summary, which every
// change of them compares.
func (k *KeyValues) put(call *api.Call, c *change, o openStore, pair KeyValueRecord) error {
	summary := o.summary
	key := keyValueKey(o.account, o.id, pair.Key)
	old, _, err := read[KeyValueRecord](call, k.service, key)
	if err != nil {
		return err
	}
	if old == nil {
		summary.Count++
		summary.Bytes += int64(len(pair.Key))
	} else {
		summary.Bytes -= int64(len(old.Value))
	}
	summary.Bytes += int64(len(pair.Value))
	c.put(key, pair)
	return nil
}

func (k *KeyValues) delete(call *api.Call, c *change, o openStore, name string) error {
	summary := o.summary
	key := keyValueKey(o.account, o.id, name)
	old, _, err := read[KeyValueRecord](call, k.service, key)
	if err != nil {
		return err
	}
	if old == nil {
		return kvsKeyNotFound()
	}
	summary.Count--
	summary.Bytes -= int64(len(old.Key) + len(old.Value))
	c.delete(key)
	return nil
}

// PutKey sets the value of a key.
func (k *KeyValues) PutKey(call *api.Call, in *kvs.PutKeyRequest) (*kvs.PutKeyResponse, error) {
	summary, err := k.apply(call, pairChange{arn: in.KvsARN, ifMatch: in.IfMatch, puts: []kvs.PutKeyRequestListItem{{Key: in.Key, Value: in.Value}}})
	if err != nil {
		return nil, err
	}
	return &kvs.PutKeyResponse{ItemCount: new(int32(summary.Count)), TotalSizeInBytes: new(summary.Bytes), ETag: new(summary.ETag)}, nil
}

// DeleteKey deletes a key.
func (k *KeyValues) DeleteKey(call *api.Call, in *kvs.DeleteKeyRequest) (*kvs.DeleteKeyResponse, error) {
	summary, err := k.apply(call, pairChange{arn: in.KvsARN, ifMatch: in.IfMatch, deletes: []string{value(in.Key)}})
	if err != nil {
		return nil, err
	}
	return &kvs.DeleteKeyResponse{ItemCount: new(int32(summary.Count)), TotalSizeInBytes: new(summary.Bytes), ETag: new(summary.ETag)}, nil
}

// UpdateKeys sets and deletes several keys, all of them or none.
func (k *KeyValues) UpdateKeys(call *api.Call, in *kvs.UpdateKeysRequest) (*kvs.UpdateKeysResponse, error) {
	change := pairChange{arn: in.KvsARN, ifMatch: in.IfMatch, puts: in.Puts}
	for _, item := range in.Deletes {
		change.deletes = append(change.deletes, value(item.Key))
	}
	summary, err := k.apply(call, change)
	if err != nil {
		return nil, err
	}
	return &kvs.UpdateKeysResponse{ItemCount: new(int32(summary.Count)), TotalSizeInBytes: new(summary.Bytes), ETag: new(summary.ETag)}, nil
}
