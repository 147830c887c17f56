package cloudfront

import (
	"errors"
	"slices"
	"sort"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// CreateInvalidation stores a batch of paths to purge; the data plane purges
// them when it sees the record. The same caller reference with the same paths
// gives the first batch again (reference/cloudfront.md 1.5).
func (s *Service) CreateInvalidation(call *api.Call, in *cloudfrontapi.CreateInvalidationRequest) (*cloudfrontapi.CreateInvalidationResult, error) {
	shown, err := s.invalidate(call, in.InvalidationBatch, func() (purged, error) {
		distribution, err := s.distribution(call, in.DistributionId)
		return purged{value(in.DistributionId), KindDistribution, distribution.revision}, err
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateInvalidationResult{
		Invalidation: shown, Location: new(endpoint + "distribution/" + *in.DistributionId + "/invalidation/" + *shown.Id),
	}, nil
}

// purged is what a batch of paths is purged from: a distribution or a tenant.
type purged struct {
	id       string
	kind     Kind
	revision int64
}

// invalidate stores a batch for what find finds.
func (s *Service) invalidate(call *api.Call, batch *cloudfrontapi.InvalidationBatch, find func() (purged, error)) (*cloudfrontapi.Invalidation, error) {
	checked := false
	var record *InvalidationRecord
	revision, err := s.write(call, func(c *change) error {
		from, err := find()
		if err != nil {
			return err
		}
		if !checked {
			if err := s.checkBatch(batch); err != nil {
				return err
			}
			checked = true
		}
		record, err = s.firstBatch(call, from.id, batch)
		if err != nil || record != nil {
			return err
		}
		record = &InvalidationRecord{
			ID: s.newID(IDInvalidation), DistributionID: from.id, CreateTime: moment(call), Batch: *batch,
		}
		return s.makeInvalidation(call, c, from, record)
	})
	if err != nil {
		return nil, err
	}
	_, written, err := read[InvalidationRecord](call, s, invalidationKey(call.Account, record.DistributionID, record.ID))
	if err != nil {
		return nil, err
	}
	if written == 0 { // deleted again by now, with its distribution
		written = revision
	}
	return s.showInvalidation(record, written), nil
}

// firstBatch finds the batch that has the same caller reference, nil if there
// is none.
func (s *Service) firstBatch(call *api.Call, distribution string, batch *cloudfrontapi.InvalidationBatch) (*InvalidationRecord, error) {
	reference := value(batch.CallerReference)
	id, _, err := s.readIndex(call, invalidationReferenceKey(call.Account, distribution, reference))
	if err != nil || id == "" {
		return nil, err
	}
	first, _, err := read[InvalidationRecord](call, s, invalidationKey(call.Account, distribution, id))
	if err != nil || first == nil {
		return nil, err
	}
	if !slices.Equal(slices.Sorted(slices.Values(first.Batch.Paths.Items)), slices.Sorted(slices.Values(batch.Paths.Items))) {
		return nil, cloudfrontapi.InvalidationBatchAlreadyExists(
			"An invalidation batch with the caller reference already exists, for other paths. Already exists: " + id)
	}
	return first, nil
}

// makeInvalidation describes the change that adds a batch, and takes away the
// oldest completed ones beyond what is remembered.
func (s *Service) makeInvalidation(call *api.Call, c *change, from purged, record *InvalidationRecord) error {
	all, err := s.invalidations(call, from.id)
	if err != nil {
		return err
	}
	if err := s.checkInProgress(all, record.Batch.Paths.Items); err != nil {
		return err
	}
	const mostAtOnce = 100 // far below store.MaxTxnOps
	for _, old := range slices.Backward(all) {
		if len(all)-len(c.txn.Deletes)/2 < s.limits.InvalidationsRemembered || len(c.txn.Deletes) >= 2*mostAtOnce ||
			!s.deployed(old.revision) {
			break
		}
		c.delete(
			invalidationKey(call.Account, from.id, old.ID),
			invalidationReferenceKey(call.Account, from.id, value(old.Batch.CallerReference)),
		)
	}
	key := invalidationKey(call.Account, from.id, record.ID)
	c.expect(Key(call.Account, from.kind, from.id), from.revision)
	c.expect(key, 0)
	c.put(key, record)
	c.create(invalidationReferenceKey(call.Account, from.id, value(record.Batch.CallerReference)), record.ID)
	return nil
}

// checkBatch is what must hold for a batch alone (reference/cloudfront.md 1.9, 3.8).
func (s *Service) checkBatch(batch *cloudfrontapi.InvalidationBatch) error {
	if batch == nil {
		return missingBody()
	}
	if err := requiredMembers("CreateInvalidation", batch); err != nil {
		return err
	}
	if err := quantities(batch); err != nil {
		return err
	}
	paths := batch.Paths.Items
	switch {
	case value(batch.CallerReference) == "":
		return badParameter("CallerReference is required.")
	case len(paths) > s.limits.InvalidationPaths:
		return cloudfrontapi.BatchTooLarge("Invalidation batch specified is too large.")
	case len(paths) == 0 || !allValid(paths):
		return cloudfrontapi.InvalidArgument("Your request contains one or more invalid invalidation paths.")
	}
	return nil
}

func allValid(paths []string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return !validInvalidation(path) })
}

// validInvalidation: a path as it stands in a request line, with its query, or
// "#" and a cache tag.
func validInvalidation(path string) bool {
	if tag, isTag := strings.CutPrefix(path, "#"); isTag {
		return tag != "" && len(tag) <= maxCacheTagBytes &&
			!strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' || r == '*' })
	}
	return strings.HasPrefix(path, "/") && len(path) <= maxInvalidationBytes &&
		!strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= '~' }) // '~' itself is not allowed
}

// checkInProgress counts the paths that are being purged, with those of a new batch.
func (s *Service) checkInProgress(all []storedInvalidation, paths []string) error {
	files, wildcards := 0, 0
	add := func(paths []string) {
		for _, path := range paths {
			if strings.HasSuffix(path, "*") {
				wildcards++
			} else {
				files++
			}
		}
	}
	add(paths)
	for _, other := range all {
		if !s.deployed(other.revision) {
			add(other.Batch.Paths.Items)
		}
	}
	if files > s.limits.InvalidationPaths || wildcards > s.limits.WildcardInvalidations {
		return cloudfrontapi.TooManyInvalidationsInProgress("You have exceeded the maximum number of allowable InProgress " +
			"invalidation batch requests, or invalidation objects.")
	}
	return nil
}

// GetInvalidation shows an invalidation.
func (s *Service) GetInvalidation(call *api.Call, in *cloudfrontapi.GetInvalidationRequest) (*cloudfrontapi.GetInvalidationResult, error) {
	distribution, err := s.distribution(call, in.DistributionId)
	if err != nil {
		return nil, err
	}
	shown, err := s.invalidation(call, distribution.ID, in.Id)
	return &cloudfrontapi.GetInvalidationResult{Invalidation: shown}, err
}

// invalidation shows one of a distribution or a tenant.
func (s *Service) invalidation(call *api.Call, from string, id *string) (*cloudfrontapi.Invalidation, error) {
	record, revision, err := read[InvalidationRecord](call, s, invalidationKey(call.Account, from, value(id)))
	if err != nil {
		return nil, err
	}
	if record == nil {
		return nil, cloudfrontapi.NoSuchInvalidation("The specified invalidation does not exist.")
	}
	return s.showInvalidation(record, revision), nil
}

// ListInvalidations lists the invalidations of a distribution, the newest
// first; the marker is the last id of the page before.
func (s *Service) ListInvalidations(call *api.Call, in *cloudfrontapi.ListInvalidationsRequest) (*cloudfrontapi.ListInvalidationsResult, error) {
	distribution, err := s.distribution(call, in.DistributionId)
	if err != nil {
		return nil, err
	}
	list, err := s.listInvalidations(call, distribution.ID, pageQuery{in.Marker, in.MaxItems})
	return &cloudfrontapi.ListInvalidationsResult{InvalidationList: list}, err
}

// listInvalidations gives a page of a distribution's or a tenant's.
func (s *Service) listInvalidations(call *api.Call, from string, q pageQuery) (*cloudfrontapi.InvalidationList, error) {
	most, err := pageSize(q.maxItems)
	if err != nil {
		return nil, err
	}
	all, err := s.invalidations(call, from)
	if err != nil {
		return nil, err
	}
	if marker := value(q.marker); marker != "" {
		at := slices.IndexFunc(all, func(i storedInvalidation) bool { return i.ID == marker })
		if at < 0 {
			at = len(all) - 1 // forgotten meanwhile, and so is all that was older
		}
		all = all[at+1:]
	}
	page := all[:min(most, len(all))]
	list := &cloudfrontapi.InvalidationList{
		Marker: new(value(q.marker)), MaxItems: new(int32(most)),
		IsTruncated: new(len(page) < len(all)), Quantity: new(int32(len(page))),
	}
	for _, i := range page {
		list.Items = append(list.Items, cloudfrontapi.InvalidationSummary{
			Id: new(i.ID), CreateTime: new(i.CreateTime), Status: new(s.invalidationStatus(i.revision)),
		})
	}
	if len(page) < len(all) {
		list.NextMarker = new(page[len(page)-1].ID)
	}
	return list, nil
}

// storedInvalidation is an invalidation with the revision that put it.
type storedInvalidation struct {
	*InvalidationRecord
	revision int64
}

// invalidations gives those of a distribution, the newest first.
func (s *Service) invalidations(call *api.Call, distribution string) ([]storedInvalidation, error) {
	var all []storedInvalidation
	var broken error
	err := s.each(call, invalidationKey(call.Account, distribution, ""), func(entry store.Entry) bool {
		var record *InvalidationRecord
		if record, broken = Decode[InvalidationRecord](entry.Key, entry.Value); broken == nil {
			all = append(all, storedInvalidation{record, entry.ModRevision})
		}
		return broken == nil
	})
	if err != nil {
		return nil, err
	}
	if broken != nil {
		return nil, internalError(broken)
	}
	sort.Slice(all, func(i, k int) bool { return all[i].revision > all[k].revision })
	return all, nil
}

// invalidationsInProgress counts a distribution's unfinished batches. When all
// that is stored is in force, nothing is unfinished and nothing need be read.
func (s *Service) invalidationsInProgress(call *api.Call, distribution string) (int, error) {
	if s.deployed(s.store.Revision()) {
		return 0, nil
	}
	n := 0
	err := s.each(call, invalidationKey(call.Account, distribution, ""), func(entry store.Entry) bool {
		if !s.deployed(entry.ModRevision) {
			n++
		}
		return true
	})
	return n, err
}

func (s *Service) invalidationStatus(revision int64) string {
	if s.deployed(revision) {
		return statusCompleted
	}
	return statusInProgress
}

func (s *Service) showInvalidation(record *InvalidationRecord, revision int64) *cloudfrontapi.Invalidation {
	return &cloudfrontapi.Invalidation{
		Id: new(record.ID), Status: new(s.invalidationStatus(revision)),
		CreateTime: new(record.CreateTime), InvalidationBatch: &record.Batch,
	}
}

// forgetInvalidations deletes what is left of a deleted distribution, in steps
// that the store takes. Nobody can see it any more.
func (s *Service) forgetInvalidations(call *api.Call, distribution string) error {
	var keys []string
	for _, prefix := range []string{
		invalidationKey(call.Account, distribution, ""),
		Key(call.Account, KindInvalidationReference, distribution+"/"),
	} {
		if err := s.each(call, prefix, func(entry store.Entry) bool {
			keys = append(keys, entry.Key)
			return true
		}); err != nil {
			return err
		}
	}
	for step := range slices.Chunk(keys, store.MaxTxnOps/2) {
		if _, err := s.store.Txn(call, store.Txn{Deletes: step}); err != nil && !errors.Is(err, store.ErrConflict) {
			return storeError(err)
		}
	}
	return nil
}
