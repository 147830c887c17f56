package cloudfront

import (
	"context"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// policyFamily is what tells one family of policies from another; the life of
// a policy is the same in all of them.
type policyFamily[C any] struct {
	service *Service
	kind    Kind
	managed func() []*PolicyRecord[C] // AWS's own, in the order they are listed
	name    func(*C) string
	prepare func(*C) error // validates and fills in defaults
	limit   int            // custom policies per account

	// conflict tells whether a distribution may go on using a policy that is
	// about to become config.
	conflict func(d *distributionCheck, id string, config *C) error

	noSuch, exists, inUse, tooMany func() error
}

func (f *policyFamily[C]) managedByID(id string) *PolicyRecord[C] {
	for _, record := range f.managed() {
		if record.ID == id {
			return record
		}
	}
	return nil
}

// find returns a policy, nil if there is none; the revision is 0 for a managed one.
func (f *policyFamily[C]) find(ctx context.Context, account, id string) (*PolicyRecord[C], int64, error) {
	if record := f.managedByID(id); record != nil {
		return record, 0, nil
	}
	return read[PolicyRecord[C]](ctx, f.service, Key(account, f.kind, id))
}

func (f *policyFamily[C]) get(call *api.Call, id *string) (*PolicyRecord[C], error) {
	record, _, err := f.find(call, call.Account, value(id))
	if err == nil && record == nil {
		return nil, f.noSuch()
	}
	return record, err
}

func (f *policyFamily[C]) create(call *api.Call, config *C) (*PolicyRecord[C], error) {
	s := f.service
	if err := f.prepare(config); err != nil {
		return nil, err
	}
	var record *PolicyRecord[C]
	_, err := s.write(call, func(c *change) error {
		nameKey := policyNameKey(call.Account, f.kind, f.name(config))
		taken, _, err := s.readIndex(call, nameKey)
		if err != nil {
			return err
		}
		if taken != "" || f.isManagedName(f.name(config)) {
			return f.exists()
		}
		snapshot, err := s.store.ListPage(call, Key(call.Account, f.kind, ""), "", f.limit)
		if err != nil {
			return storeError(err)
		}
		if len(snapshot.Entries) >= f.limit {
			return f.tooMany()
		}
		record = &PolicyRecord[C]{
			ID: s.newID(IDPolicy), ETag: s.newID(IDETag), LastModifiedTime: moment(call), Config: *config,
		}
		key := Key(call.Account, f.kind, record.ID)
		c.expect(key, 0)
		c.put(key, record)
		c.create(nameKey, record.ID)
		return nil
	})
	return record, err
}

func (f *policyFamily[C]) isManagedName(name string) bool {
	return slices.ContainsFunc(f.managed(), func(r *PolicyRecord[C]) bool { return f.name(&r.Config) == name })
}

// policyUpdate is the input of an update.
type policyUpdate[C any] struct {
	id, ifMatch *string
	config      *C
}

func (f *policyFamily[C]) update(call *api.Call, in policyUpdate[C]) (*PolicyRecord[C], error) {
	s := f.service
	id := value(in.id)
	if f.managedByID(id) != nil {
		return nil, cloudfrontapi.IllegalUpdate("The update contains modifications that are not allowed.")
	}
	prepared := false
	var record *PolicyRecord[C]
	_, err := s.write(call, func(c *change) error {
		key := Key(call.Account, f.kind, id)
		old, revision, err := read[PolicyRecord[C]](call, s, key)
		if err != nil {
			return err
		}
		if old == nil {
			return f.noSuch()
		}
		if err := checkIfMatch(in.ifMatch, old.ETag); err != nil {
			return err
		}
		if !prepared {
			if err := f.prepare(in.config); err != nil {
				return err
			}
			prepared = true
		}
		if err := f.rename(call, c, [2]string{f.name(&old.Config), f.name(in.config)}, id); err != nil {
			return err
		}
		if err := f.checkUsers(call, c, id, in.config); err != nil {
			return err
		}
		record = &PolicyRecord[C]{ID: id, ETag: s.newID(IDETag), LastModifiedTime: moment(call), Config: *in.config}
		c.expect(key, revision)
		c.put(key, record)
		return nil
	})
	return record, err
}

// rename moves the index entry of a policy's name.
func (f *policyFamily[C]) rename(call *api.Call, c *change, names [2]string, id string) error {
	if names[0] == names[1] {
		return nil
	}
	nameKey := policyNameKey(call.Account, f.kind, names[1])
	taken, _, err := f.service.readIndex(call, nameKey)
	if err != nil {
		return err
	}
	if taken != "" || f.isManagedName(names[1]) {
		return f.exists()
	}
	c.create(nameKey, id)
	c.delete(policyNameKey(call.Account, f.kind, names[0]))
	return nil
}

// checkUsers looks whether the distributions that use a policy stand its new
// form, and demands that they are the same when the change is made.
func (f *policyFamily[C]) checkUsers(call *api.Call, c *change, id string, config *C) error {
	s := f.service
	usersKey := policyUsersKey(call.Account, f.kind, id)
	users, revision, err := read[PolicyUsersRecord](call, s, usersKey)
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
		policies, err := s.loadPolicies(call, call.Account, &distribution.Config)
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

func (f *policyFamily[C]) remove(call *api.Call, id, ifMatch *string) error {
	s := f.service
	if f.managedByID(value(id)) != nil {
		return cloudfrontapi.IllegalDelete("Deletion is not allowed for this entity.")
	}
	_, err := s.write(call, func(c *change) error {
		key := Key(call.Account, f.kind, value(id))
		old, revision, err := read[PolicyRecord[C]](call, s, key)
		if err != nil {
			return err
		}
		if old == nil {
			return f.noSuch()
		}
		if err := checkIfMatch(ifMatch, old.ETag); err != nil {
			return err
		}
		usersKey := policyUsersKey(call.Account, f.kind, old.ID)
		users, _, err := read[PolicyUsersRecord](call, s, usersKey)
		if err != nil {
			return err
		}
		if users != nil {
			return f.inUse()
		}
		c.expect(key, revision)
		c.expect(usersKey, 0)
		c.delete(key, policyNameKey(call.Account, f.kind, f.name(&old.Config)))
		return nil
	})
	return err
}

// listedPolicy is an item of a list of policies.
type listedPolicy[C any] struct {
	kind   string // "managed" or "custom"
	record *PolicyRecord[C]
}

// policyQuery is the input of a list operation.
type policyQuery struct {
	kind, marker *string
	maxItems     *int32
}

// policyPage is one page of a list.
type policyPage[C any] struct {
	items      []listedPolicy[C]
	maxItems   *int32
	nextMarker *string // nil on the last page
}

// list shows the managed policies first, then the account's own by id; the
// marker is the id of the last policy of the page before.
func (f *policyFamily[C]) list(call *api.Call, q policyQuery) (policyPage[C], error) {
	most, err := pageSize(q.maxItems)
	if err != nil {
		return policyPage[C]{}, err
	}
	var all []listedPolicy[C]
	if kind := value(q.kind); kind == "" || kind == "managed" {
		for _, record := range f.managed() {
			all = append(all, listedPolicy[C]{"managed", record})
		}
	}
	if kind := value(q.kind); kind == "" || kind == "custom" {
		var broken error
		err := f.service.each(call, Key(call.Account, f.kind, ""), func(entry store.Entry) bool {
			var record *PolicyRecord[C]
			if record, broken = Decode[PolicyRecord[C]](entry.Key, entry.Value); broken == nil {
				all = append(all, listedPolicy[C]{"custom", record})
			}
			return broken == nil
		})
		if err != nil {
			return policyPage[C]{}, err
		}
		if broken != nil {
			return policyPage[C]{}, internalError(broken)
		}
	}
	all = f.after(all, value(q.marker))
	page := policyPage[C]{items: all, maxItems: new(int32(most))}
	if len(all) > most {
		page.items = all[:most]
		page.nextMarker = new(page.items[most-1].record.ID)
	}
	return page, nil
}

// after cuts off what comes up to the marker. A custom policy that is gone
// still marks its place in the order of ids.
func (f *policyFamily[C]) after(all []listedPolicy[C], marker string) []listedPolicy[C] {
	if marker == "" {
		return all
	}
	if i := slices.IndexFunc(all, func(p listedPolicy[C]) bool { return p.record.ID == marker }); i >= 0 {
		return all[i+1:]
	}
	i := slices.IndexFunc(all, func(p listedPolicy[C]) bool {
		return p.kind == "custom" && strings.Compare(p.record.ID, marker) > 0
	})
	if i < 0 {
		return nil
	}
	return all[i:]
}
