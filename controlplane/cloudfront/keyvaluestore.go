package cloudfront

import (
	"context"
	"errors"
	"slices"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// KeyValueStoreRecord is a stored key value store, by name. Its version is
// another one than that of its pairs (reference/cloudfront.md 5.3).
type KeyValueStoreRecord struct {
	ID               string
	Name             string
	Comment          string
	ETag             string
	LastModifiedTime time.Time
}

// KeyValueSummary is what a store's pairs come to.
type KeyValueSummary struct {
	ETag     string
	Count    int
	Bytes    int64 // of keys and values
	Created  time.Time
	Modified time.Time
}

// KeyValueRecord is a pair. Its key stands here because the store's key may
// be the hash of it.
type KeyValueRecord struct{ Key, Value string }

func keyValueKey(account, id, key string) string {
	return Key(account, KindKeyValue, id+"/"+escape(key))
}

// foundStore is a store with the revision that last put it.
type foundStore struct {
	*KeyValueStoreRecord
	revision int64
}

// keyValueStore finds a store by its name, as AWS's control API does.
func (s *Service) keyValueStore(ctx context.Context, account string, name *string) (foundStore, error) {
	record, revision, err := read[KeyValueStoreRecord](ctx, s, Key(account, KindKeyValueStore, value(name)))
	if err == nil && (record == nil || value(name) == "") {
		err = entityNotFound()
	}
	return foundStore{record, revision}, err
}

func (s *Service) showKeyValueStore(call *api.Call, f foundStore) *cloudfrontapi.KeyValueStore {
	status := "READY"
	if !s.deployed(f.revision) {
		status = "PROVISIONING"
	}
	return &cloudfrontapi.KeyValueStore{
		Name: new(f.Name), Id: new(f.ID), Comment: new(f.Comment), ARN: new(arnPrefix(call) + "key-value-store/" + f.ID),
		Status: new(status), LastModifiedTime: new(f.LastModifiedTime),
	}
}

// CreateKeyValueStore makes a store, empty or with the pairs of an object in
// S3. More pairs than one transaction takes are written before the store is
// there.
func (s *Service) CreateKeyValueStore(call *api.Call, in *cloudfrontapi.CreateKeyValueStoreRequest) (*cloudfrontapi.CreateKeyValueStoreResult, error) {
	switch {
	case checkFunctionName(in.Name) != nil:
		return nil, checkFunctionName(in.Name)
	case len([]rune(value(in.Comment))) > maxComment:
		return nil, badParameter("Comment is too big.")
	}
	pairs, err := s.importedPairs(call, in.ImportSource)
	if err != nil {
		return nil, err
	}
	record := &KeyValueStoreRecord{
		ID: s.newID(IDPolicy), Name: *in.Name, Comment: value(in.Comment), ETag: s.newID(IDETag), LastModifiedTime: moment(call),
	}
	summary := KeyValueSummary{ETag: s.newID(IDKeyValueETag), Created: moment(call), Modified: moment(call), Count: len(pairs)}
	for _, pair := range pairs {
		summary.Bytes += int64(len(pair.Key) + len(pair.Value))
	}
	if err := s.putPairs(call, call.Account, record.ID, pairs); err != nil {
		return nil, err
	}
	revision, err := s.write(call, func(c *change) error {
		key := Key(call.Account, KindKeyValueStore, record.Name)
		if taken, err := s.revision(call, key); err != nil || taken > 0 {
			if err == nil {
				err = entityExists()
			}
			return err
		}
		room := use{1, s.limits.KeyValueStores, entityLimit}
		if err := s.countUses(call, c, useCountKey(call.Account, "family", string(KindKeyValueStore)), room); err != nil {
			return err
		}
		c.expect(key, 0)
		c.put(key, record)
		c.create(Key(call.Account, KindKeyValueStoreID, record.ID), record.Name)
		c.put(Key(call.Account, KindKeyValueSummary, record.ID), summary)
		return s.putTags(c, tagsKey(call.Account, "key-value-store", record.ID), in.Tags)
	})
	if err != nil {
		return nil, errors.Join(err, s.forgetPairs(call, call.Account, record.ID))
	}
	return &cloudfrontapi.CreateKeyValueStoreResult{
		KeyValueStore: s.showKeyValueStore(call, foundStore{record, revision}), ETag: new(record.ETag),
		Location: new(endpoint + "key-value-store/" + record.Name),
	}, nil
}

// DescribeKeyValueStore shows a store.
func (s *Service) DescribeKeyValueStore(call *api.Call, in *cloudfrontapi.DescribeKeyValueStoreRequest) (*cloudfrontapi.DescribeKeyValueStoreResult, error) {
	found, err := s.keyValueStore(call, call.Account, in.Name)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.DescribeKeyValueStoreResult{KeyValueStore: s.showKeyValueStore(call, found), ETag: new(found.ETag)}, nil
}

// UpdateKeyValueStore replaces the comment of a store.
func (s *Service) UpdateKeyValueStore(call *api.Call, in *cloudfrontapi.UpdateKeyValueStoreRequest) (*cloudfrontapi.UpdateKeyValueStoreResult, error) {
	var record *KeyValueStoreRecord
	revision, err := s.write(call, func(c *change) error {
		old, err := s.keyValueStore(call, call.Account, in.Name)
		if err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, old.ETag); err != nil {
			return err
		}
		switch {
		case in.Comment == nil:
			return badParameter("Comment is required.")
		case len([]rune(*in.Comment)) > maxComment:
			return badParameter("Comment is too big.")
		}
		record = &KeyValueStoreRecord{
			ID: old.ID, Name: old.Name, Comment: *in.Comment, ETag: s.newID(IDETag), LastModifiedTime: moment(call),
		}
		c.expect(Key(call.Account, KindKeyValueStore, old.Name), old.revision)
		c.put(Key(call.Account, KindKeyValueStore, old.Name), record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateKeyValueStoreResult{
		KeyValueStore: s.showKeyValueStore(call, foundStore{record, revision}), ETag: new(record.ETag),
	}, nil
}

// DeleteKeyValueStore deletes a store that no function uses, with its pairs.
func (s *Service) DeleteKeyValueStore(call *api.Call, in *cloudfrontapi.DeleteKeyValueStoreRequest) error {
	var gone foundStore
	_, err := s.write(call, func(c *change) error {
		var err error
		if gone, err = s.keyValueStore(call, call.Account, in.Name); err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, gone.ETag); err != nil {
			return err
		}
		usersKey := recordUsersKey(call.Account, KindKeyValueStoreID, gone.ID)
		users, err := s.revision(call, usersKey)
		if err != nil {
			return err
		}
		if users > 0 {
			return entityInUse()
		}
		c.expect(usersKey, 0)
		c.expect(Key(call.Account, KindKeyValueStore, gone.Name), gone.revision)
		c.delete(Key(call.Account, KindKeyValueStore, gone.Name), Key(call.Account, KindKeyValueStoreID, gone.ID),
			Key(call.Account, KindKeyValueSummary, gone.ID), tagsKey(call.Account, "key-value-store", gone.ID))
		return s.countUses(call, c, useCountKey(call.Account, "family", string(KindKeyValueStore)), use{by: -1})
	})
	if err != nil {
		return err
	}
	return s.forgetPairs(call, call.Account, gone.ID)
}

// forgetPairs deletes the pairs of a store that is gone. A process that ends
// meanwhile leaves some behind, which nothing can reach: ids are never reused.
func (s *Service) forgetPairs(ctx context.Context, account, id string) error {
	var keys []string
	if err := s.each(ctx, Key(account, KindKeyValue, id+"/"), func(entry store.Entry) bool {
		keys = append(keys, entry.Key)
		return true
	}); err != nil {
		return err
	}
	for step := range slices.Chunk(keys, store.MaxTxnOps/2) {
		if _, err := s.store.Txn(ctx, store.Txn{Deletes: step}); err != nil && !errors.Is(err, store.ErrConflict) {
			return storeError(err)
		}
	}
	return nil
}

// ListKeyValueStores lists stores by name; the marker is the last name of the
// page before.
func (s *Service) ListKeyValueStores(call *api.Call, in *cloudfrontapi.ListKeyValueStoresRequest) (*cloudfrontapi.ListKeyValueStoresResult, error) {
	most, err := pageSize(in.MaxItems)
	if err != nil {
		return nil, err
	}
	prefix, after := Key(call.Account, KindKeyValueStore, ""), ""
	if marker := value(in.Marker); marker != "" {
		after = prefix + marker
	}
	list := &cloudfrontapi.KeyValueStoreList{MaxItems: new(int32(most))}
	for {
		snapshot, err := s.store.ListPage(call, prefix, after, min(most+1, store.MaxPage))
		if err != nil {
			return nil, storeError(err)
		}
		for _, entry := range snapshot.Entries {
			after = entry.Key
			record, err := Decode[KeyValueStoreRecord](entry.Key, entry.Value)
			if err != nil {
				return nil, internalError(err)
			}
			shown := s.showKeyValueStore(call, foundStore{record, entry.ModRevision})
			if status := value(in.Status); status != "" && status != value(shown.Status) {
				continue
			}
			if len(list.Items) == most {
				list.NextMarker = list.Items[most-1].Name
				snapshot.More = false
				break
			}
			list.Items = append(list.Items, *shown)
		}
		if !snapshot.More {
			list.Quantity = new(int32(len(list.Items)))
			return &cloudfrontapi.ListKeyValueStoresResult{KeyValueStoreList: list}, nil
		}
	}
}
