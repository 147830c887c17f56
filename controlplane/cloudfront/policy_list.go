package cloudfront

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/store"
)

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
	if kind := value(q.kind); f.managed != nil && (kind == "" || kind == "managed") {
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
