package cloudfront

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// recordFamily is what tells one family of records from another; the life of a
// record is the same in all of them: policies, origin access controls, keys …
// A nil function means that the family has no such thing.
type recordFamily[C any] struct {
	service *Service
	kind    Kind
	managed func() []*ConfigRecord[C] // AWS's own, in the order they are listed
	newID   func(*C) string           // nil: a UUID
	name    func(*C) string           // unique in its family
	prepare func(*C) error            // validates and fills in defaults
	limit   int                       // records per account, without AWS's own

	// reference is a caller reference, which only one create can have. Where
	// replay is set, the same create again answers what the first one made.
	reference func(*C) string
	replay    bool

	// kept refuses an update of what can never change; updates compares no
	// ETag where unversioned is set.
	kept        func(old, config *C) error
	unversioned bool

	// uses are the records of other families that a record names, and unknown
	// answers for one that does not exist.
	uses    func(*C) map[recordRef]bool
	unknown func(recordRef) error

	// conflict tells whether a distribution may go on using a policy that is
	// about to become config.
	conflict func(d *distributionCheck, id string, config *C) error

	// removable refuses to delete a record for another reason than its users.
	removable func(old *ConfigRecord[C], revision int64) error

	// tagged is the resource type of the records' ARNs, "" when they have no tags.
	tagged string

	noSuch, exists, inUse, tooMany func() error
}

func (f *recordFamily[C]) managedByID(id string) *ConfigRecord[C] {
	if f.managed == nil {
		return nil
	}
	for _, record := range f.managed() {
		if record.ID == id {
			return record
		}
	}
	return nil
}

// find returns a policy, nil if there is none; the revision is 0 for a managed one.
func (f *recordFamily[C]) find(ctx context.Context, account, id string) (*ConfigRecord[C], int64, error) {
	if record := f.managedByID(id); record != nil {
		return record, 0, nil
	}
	if id == "" {
		return nil, 0, nil
	}
	return read[ConfigRecord[C]](ctx, f.service, Key(account, f.kind, id))
}

func (f *recordFamily[C]) get(call *api.Call, id *string) (*ConfigRecord[C], error) {
	record, _, err := f.find(call, call.Account, value(id))
	if err == nil && record == nil {
		return nil, f.noSuch()
	}
	return record, err
}

func (f *recordFamily[C]) create(call *api.Call, config *C) (*ConfigRecord[C], error) {
	return f.createTagged(call, config, nil)
}

func (f *recordFamily[C]) createTagged(call *api.Call, config *C, tags map[string]string) (*ConfigRecord[C], error) {
	if err := f.prepare(config); err != nil {
		return nil, err
	}
	var record *ConfigRecord[C]
	_, err := f.service.write(call, func(c *change) error {
		replayed, err := f.replayed(call, config)
		if err != nil || replayed != nil {
			record = replayed
			return err
		}
		record, err = f.make(call, c, config)
		if err == nil && len(tags) > 0 {
			c.put(tagsKey(call.Account, f.tagged, record.ID), TagsRecord{Tags: tags})
		}
		return err
	})
	return record, err
}

// replayed looks for the record that an earlier create with the same caller
// reference made.
func (f *recordFamily[C]) replayed(call *api.Call, config *C) (*ConfigRecord[C], error) {
	if f.reference == nil {
		return nil, nil
	}
	id, _, err := f.service.readIndex(call, recordReferenceKey(call.Account, f.kind, f.reference(config)))
	if err != nil || id == "" {
		return nil, err
	}
	if f.replay {
		record, _, err := f.find(call, call.Account, id)
		if err != nil || record != nil && sameConfig(&record.Config, config) {
			return record, err
		}
	}
	return nil, f.exists()
}

func sameConfig[C any](a, b *C) bool {
	one, errOne := json.Marshal(a)
	other, errOther := json.Marshal(b)
	return errOne == nil && errOther == nil && bytes.Equal(one, other)
}

// make describes the change that creates a record.
func (f *recordFamily[C]) make(call *api.Call, c *change, config *C) (*ConfigRecord[C], error) {
	s := f.service
	id := s.newRecordID(f.newID == nil, func() string { return f.newID(config) })
	if err := f.rename(call, c, [2]*C{nil, config}, id); err != nil {
		return nil, err
	}
	snapshot, err := s.store.ListPage(call, Key(call.Account, f.kind, ""), "", f.limit)
	if err != nil {
		return nil, storeError(err)
	}
	if len(snapshot.Entries) >= f.limit {
		return nil, f.tooMany()
	}
	now := moment(call)
	record := &ConfigRecord[C]{ID: id, ETag: s.newID(IDETag), CreatedTime: now, LastModifiedTime: now, Config: *config}
	if err := f.settle(call, c, id, [2]*C{nil, config}); err != nil {
		return nil, err
	}
	if f.reference != nil {
		c.create(recordReferenceKey(call.Account, f.kind, f.reference(config)), id)
	}
	key := Key(call.Account, f.kind, id)
	c.expect(key, 0)
	c.put(key, record)
	return record, nil
}

func (s *Service) newRecordID(plain bool, special func() string) string {
	if plain {
		return s.newID(IDPolicy)
	}
	return special()
}

// settle notes which other records a record begins and ends to use; configs[0]
// is what is replaced by [1].
func (f *recordFamily[C]) settle(call *api.Call, c *change, id string, configs [2]*C) error {
	if f.uses == nil {
		return nil
	}
	var used [2]map[recordRef]bool
	for i, config := range configs {
		if config != nil {
			used[i] = f.uses(config)
		}
	}
	for ref := range used[1] {
		revision, err := f.service.revision(call, Key(call.Account, ref.family, ref.id))
		if err != nil {
			return err
		}
		if revision == 0 {
			return f.unknown(ref)
		}
		c.expect(Key(call.Account, ref.family, ref.id), revision)
	}
	return f.service.use(call, c, recordUser{call.Account, f.kind, id}, used)
}

func (f *recordFamily[C]) isManagedName(name string) bool {
	return f.managed != nil &&
		slices.ContainsFunc(f.managed(), func(r *ConfigRecord[C]) bool { return f.name(&r.Config) == name })
}

// recordUpdate is the input of an update.
type recordUpdate[C any] struct {
	id, ifMatch *string
	config      *C
}

func (f *recordFamily[C]) update(call *api.Call, in recordUpdate[C]) (*ConfigRecord[C], error) {
	s := f.service
	id := value(in.id)
	if f.managedByID(id) != nil {
		return nil, cloudfrontapi.IllegalUpdate("The update contains modifications that are not allowed.")
	}
	prepared := false
	var record *ConfigRecord[C]
	_, err := s.write(call, func(c *change) error {
		key := Key(call.Account, f.kind, id)
		old, revision, err := f.current(call, in.id, in.ifMatch)
		if err != nil {
			return err
		}
		if !prepared {
			if err := f.prepare(in.config); err != nil {
				return err
			}
			prepared = true
		}
		if f.kept != nil {
			if err := f.kept(&old.Config, in.config); err != nil {
				return err
			}
		}
		configs := [2]*C{&old.Config, in.config}
		if err := f.rename(call, c, configs, id); err != nil {
			return err
		}
		if err := f.settle(call, c, id, configs); err != nil {
			return err
		}
		if err := f.checkUsers(call, c, id, in.config); err != nil {
			return err
		}
		record = &ConfigRecord[C]{
			ID: id, ETag: s.newID(IDETag), CreatedTime: old.CreatedTime, LastModifiedTime: moment(call), Config: *in.config,
		}
		c.expect(key, revision)
		c.put(key, record)
		return nil
	})
	return record, err
}

// current reads the version of a record that a client wants to change.
func (f *recordFamily[C]) current(call *api.Call, id, ifMatch *string) (*ConfigRecord[C], int64, error) {
	record, revision, err := f.find(call, call.Account, value(id))
	if err != nil {
		return nil, 0, err
	}
	if record == nil {
		return nil, 0, f.noSuch()
	}
	if f.unversioned {
		return record, revision, nil
	}
	return record, revision, checkIfMatch(ifMatch, record.ETag)
}

// rename moves the index entry of a record's name; configs[0] is nil for a new one.
func (f *recordFamily[C]) rename(call *api.Call, c *change, configs [2]*C, id string) error {
	if f.name == nil {
		return nil
	}
	name, before := f.name(configs[1]), ""
	if configs[0] != nil {
		if before = f.name(configs[0]); before == name {
			return nil
		}
	}
	nameKey := recordNameKey(call.Account, f.kind, name)
	taken, _, err := f.service.readIndex(call, nameKey)
	if err != nil {
		return err
	}
	if taken != "" || f.isManagedName(name) {
		return f.exists()
	}
	c.create(nameKey, id)
	if configs[0] != nil {
		c.delete(recordNameKey(call.Account, f.kind, before))
	}
	return nil
}

// checkUsers looks whether the distributions that use a policy stand its new
// form, and demands that they are the same when the change is made.
func (f *recordFamily[C]) checkUsers(call *api.Call, c *change, id string, config *C) error {
	if f.conflict == nil {
		return nil
	}
	s := f.service
	usersKey := recordUsersKey(call.Account, f.kind, id)
	users, revision, err := read[UsersRecord](call, s, usersKey)
	if err != nil {
		return err
	}
	c.expect(usersKey, revision)
	if users == nil {
		return nil
	}
	for _, user := range users.Distributions {
		key := Key(call.Account, KindDistribution, user)
		distribution, revision, err := read[DistributionRecord](call, s, key)
		if err != nil {
			return err
		}
		c.expect(key, revision)
		if distribution == nil {
			continue
		}
		policies, err := s.loadRecords(call, call.Account, &distribution.Config)
		if err != nil {
			return err
		}
		check := &distributionCheck{
			config: &distribution.Config, behaviors: allBehaviors(&distribution.Config),
			policies: policies, limits: &s.limits, wording: s.wording,
		}
		if err := f.conflict(check, id, config); err != nil {
			return err
		}
	}
	return nil
}

func (f *recordFamily[C]) remove(call *api.Call, id, ifMatch *string) error {
	s := f.service
	if f.managedByID(value(id)) != nil {
		return cloudfrontapi.IllegalDelete("Deletion is not allowed for this entity.")
	}
	_, err := s.write(call, func(c *change) error {
		old, revision, err := f.current(call, id, ifMatch)
		if err != nil {
			return err
		}
		if f.removable != nil {
			if err := f.removable(old, revision); err != nil {
				return err
			}
		}
		usersKey := recordUsersKey(call.Account, f.kind, old.ID)
		users, _, err := read[UsersRecord](call, s, usersKey)
		if err != nil {
			return err
		}
		if users != nil {
			return f.inUse()
		}
		if err := f.settle(call, c, old.ID, [2]*C{&old.Config, nil}); err != nil {
			return err
		}
		key := Key(call.Account, f.kind, old.ID)
		c.expect(key, revision)
		c.expect(usersKey, 0)
		c.delete(key)
		if f.name != nil {
			c.delete(recordNameKey(call.Account, f.kind, f.name(&old.Config)))
		}
		if f.reference != nil {
			c.delete(recordReferenceKey(call.Account, f.kind, f.reference(&old.Config)))
		}
		if f.tagged != "" {
			c.delete(tagsKey(call.Account, f.tagged, old.ID))
		}
		return nil
	})
	return err
}
