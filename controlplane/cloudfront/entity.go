package cloudfront

import (
	"context"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// Identifiers of the newer families (reference/cloudfront.md 1.3): a prefix
// and 26 of A-Z2-7.
const (
	IDVPCOrigin IDKind = iota + 101 // "vo_…"
	IDAnycastIPList
	IDTrustStore         // "ts_…"
	IDConnectionGroup    // "cg_…"
	IDDistributionTenant // "dt_…"
	IDConnectionFunction // "cf_…"
)

func entityPrefix(kind IDKind) (string, bool) {
	prefix, is := map[IDKind]string{
		IDVPCOrigin: "vo_", IDAnycastIPList: "aip_", IDTrustStore: "ts_", IDConnectionGroup: "cg_", IDDistributionTenant: "dt_",
		IDConnectionFunction: "cf_",
	}[kind]
	return prefix, is
}

// EntityRecord is a stored resource of one of the newer families, with a
// configuration of type C. Its store revision is when it was last changed.
type EntityRecord[C any] struct {
	ID               string
	Name             string // "" in families without names
	ETag             string
	CreatedTime      time.Time
	LastModifiedTime time.Time
	Config           C
}

// entity is a stored resource with the revision that last put it.
type entity[C any] struct {
	*EntityRecord[C]
	revision int64
}

// entityFamily is what tells one of the newer families from another; the life
// of a resource is the same in all of them.
type entityFamily[C any] struct {
	service *Service
	kind    Kind
	arnType string // "vpcorigin" in arn:aws:cloudfront::111122223333:vpcorigin/vo_1
	idKind  IDKind
	limit   int // per account
	noSuch  func() error
	tooMany func() error
}

// Texts are those of AWS's model (reference/cloudfront.md, head).
func entityNotFound() error { return cloudfrontapi.EntityNotFound("The entity was not found.") }

func entityExists() error {
	return cloudfrontapi.EntityAlreadyExists("The entity already exists. You must provide a unique entity.")
}

func entityLimit() error {
	return cloudfrontapi.EntityLimitExceeded("The entity limit has been exceeded.")
}

func entityInUse() error {
	return cloudfrontapi.CannotDeleteEntityWhileInUse("The entity cannot be deleted while it is in use.")
}

func entityKeepsUse() error {
	return cloudfrontapi.CannotUpdateEntityWhileInUse("The entity cannot be updated while it is in use.")
}

func resourceNotDisabled() error {
	return cloudfrontapi.ResourceNotDisabled("The specified CloudFront resource hasn't been disabled yet.")
}

func invalidAssociation() error {
	return cloudfrontapi.InvalidAssociation("The specified CloudFront resource can't be associated.")
}

func (f *entityFamily[C]) key(account, id string) string { return Key(account, f.kind, id) }

func (f *entityFamily[C]) arn(call *api.Call, id string) string {
	return arnPrefix(call) + f.arnType + "/" + id
}

// find returns the resource with an id, or the family's error.
func (f *entityFamily[C]) find(ctx context.Context, account, id string) (entity[C], error) {
	record, revision, err := read[EntityRecord[C]](ctx, f.service, f.key(account, id))
	if err == nil && (record == nil || id == "") {
		err = f.noSuch()
	}
	return entity[C]{record, revision}, err
}

// identify finds by id, name or ARN.
func (f *entityFamily[C]) identify(call *api.Call, identifier *string) (entity[C], error) {
	text := strings.TrimPrefix(value(identifier), arnPrefix(call)+f.arnType+"/")
	found, err := f.find(call, call.Account, text)
	if err == nil || found.revision > 0 {
		return found, err
	}
	id, _, indexErr := f.service.readIndex(call, recordNameKey(call.Account, f.kind, text))
	if indexErr != nil || id == "" {
		return found, err
	}
	return f.find(call, call.Account, id)
}

// current finds the resource that a client wants to change, at the version it
// names.
func (f *entityFamily[C]) current(call *api.Call, id, ifMatch *string) (entity[C], error) {
	found, err := f.find(call, call.Account, value(id))
	if err != nil {
		return found, err
	}
	return found, checkIfMatch(ifMatch, found.ETag)
}

// create notes in a change a new resource; name "" has no index.
func (f *entityFamily[C]) create(call *api.Call, c *change, name string, config C) (*EntityRecord[C], error) {
	s := f.service
	if name != "" {
		taken, _, err := s.readIndex(call, recordNameKey(call.Account, f.kind, name))
		if err != nil {
			return nil, err
		}
		if taken != "" {
			return nil, entityExists()
		}
	}
	if err := s.countUses(call, c, useCountKey(call.Account, "family", string(f.kind)), use{1, f.limit, f.tooMany}); err != nil {
		return nil, err
	}
	record := &EntityRecord[C]{
		ID: s.newID(f.idKind), Name: name, ETag: s.newID(IDETag),
		CreatedTime: moment(call), LastModifiedTime: moment(call), Config: config,
	}
	if name != "" {
		c.create(recordNameKey(call.Account, f.kind, name), record.ID)
	}
	c.expect(f.key(call.Account, record.ID), 0)
	c.put(f.key(call.Account, record.ID), record)
	return record, nil
}

// replace notes in a change a new configuration of a resource.
func (f *entityFamily[C]) replace(call *api.Call, c *change, old entity[C], config C) *EntityRecord[C] {
	record := *old.EntityRecord
	record.ETag, record.LastModifiedTime, record.Config = f.service.newID(IDETag), moment(call), config
	c.expect(f.key(call.Account, old.ID), old.revision)
	c.put(f.key(call.Account, old.ID), record)
	return &record
}

// remove notes in a change that a resource goes, with its name and tags. A
// family that distributions use is asked for users first.
func (f *entityFamily[C]) remove(call *api.Call, c *change, gone entity[C]) error {
	c.expect(f.key(call.Account, gone.ID), gone.revision)
	c.delete(f.key(call.Account, gone.ID), entityTagsKey(call.Account, f.arnType, gone.ID),
		resourcePolicyKey(call.Account, f.arn(call, gone.ID)))
	if gone.Name != "" {
		c.delete(recordNameKey(call.Account, f.kind, gone.Name))
	}
	return f.service.countUses(call, c, useCountKey(call.Account, "family", string(f.kind)), use{by: -1})
}

// unused demands that no distribution, tenant or connection group uses a
// resource when the change is made.
func (f *entityFamily[C]) unused(call *api.Call, c *change, id string, inUse func() error) error {
	for _, key := range []string{recordUsersKey(call.Account, f.kind, id), useCountKey(call.Account, string(f.kind), id)} {
		users, _, err := f.service.readIndex(call, key)
		if err != nil {
			return err
		}
		if users != "" {
			return inUse()
		}
		c.expect(key, 0)
	}
	return nil
}

// entityPage is one page of a list.
type entityPage[C any] struct {
	items []entity[C]
	most  int
	next  *string // nil on the last page
}

// pageQuery is the input of a list operation.
type pageQuery struct {
	marker   *string
	maxItems *int32
}

// list shows the resources by id; the marker is the last id of the page
// before. keep chooses; nil: all.
func (f *entityFamily[C]) list(call *api.Call, q pageQuery, keep func(*EntityRecord[C]) bool) (entityPage[C], error) {
	most, err := pageSize(q.maxItems)
	if err != nil {
		return entityPage[C]{}, err
	}
	page, prefix := entityPage[C]{most: most}, f.key(call.Account, "")
	after := ""
	if marker := value(q.marker); marker != "" {
		after = prefix + marker
	}
	for {
		snapshot, err := f.service.store.ListPage(call, prefix, after, min(most+1, store.MaxPage))
		if err != nil {
			return page, storeError(err)
		}
		for _, entry := range snapshot.Entries {
			after = entry.Key
			record, err := Decode[EntityRecord[C]](entry.Key, entry.Value)
			if err != nil {
				return page, internalError(err)
			}
			if keep != nil && !keep(record) {
				continue
			}
			if len(page.items) == most {
				page.next = new(page.items[most-1].ID)
				return page, nil
			}
			page.items = append(page.items, entity[C]{record, entry.ModRevision})
		}
		if !snapshot.More {
			return page, nil
		}
	}
}

// use is a step of a counter of uses.
type use struct {
	by      int
	most    int          // 0: no limit
	tooMany func() error // of most
}

// UseCountRecord counts uses; there is none for 0.
type UseCountRecord struct{ Count int }

func useCountKey(account, kind, id string) string {
	return Key(account, KindUseCount, kind+"/"+id)
}

// countUses notes in a change that a resource is used more or less often.
func (s *Service) countUses(ctx context.Context, c *change, key string, u use) error {
	record, revision, err := read[UseCountRecord](ctx, s, key)
	if err != nil {
		return err
	}
	count := u.by
	if record != nil {
		count += record.Count
	}
	if u.most > 0 && u.by > 0 && count > u.most {
		return u.tooMany()
	}
	c.expect(key, revision)
	if count <= 0 {
		c.delete(key)
	} else {
		c.put(key, UseCountRecord{count})
	}
	return nil
}

func entityTagsKey(account, arnType, id string) string {
	return Key(account, KindTags, arnType+"/"+id)
}

// putTags notes in a change the tags that a resource has from the start.
func (s *Service) putTags(c *change, key string, in *cloudfrontapi.Tags) error {
	if in == nil {
		return nil
	}
	tags, err := s.checkTags(in)
	if err == nil && len(tags) > 0 {
		c.put(key, TagsRecord{Tags: tags})
	}
	return err
}

// showTags gives the tags that lie under a key; nil: none.
func (s *Service) showTags(ctx context.Context, key string) (*cloudfrontapi.Tags, error) {
	record, _, err := read[TagsRecord](ctx, s, key)
	if err != nil || record == nil {
		return nil, err
	}
	return listTags(record.Tags), nil
}

// deploymentStatus of what is in force at the edge once its revision is.
func (s *Service) deploymentStatus(revision int64) *string {
	return new(s.distributionStatus(revision))
}
