package cloudfront

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/store"
)

// listedRecord is an item of a list of a family.
type listedRecord[C any] struct {
	kind   string // "managed" or "custom"
	record *ConfigRecord[C]
}

// recordQuery is the input of a list operation.
type recordQuery struct {
	kind, marker *string
	maxItems     *int32
}

// recordPage is one page of a list.
type recordPage[C any] struct {
	items      []listedRecord[C]
	maxItems   *int32
	nextMarker *string // nil on the last page
}

// list shows the managed policies first, then the account's own by id; the
// marker is the id of the last record of the page before.
func (f *recordFamily[C]) list(call *api.Call, q recordQuery) (recordPage[C], error) {
	most, err := pageSize(q.maxItems)
	if err != nil {
		return recordPage[C]{}, err
	}
	var all []listedRecord[C]
	if kind := value(q.kind); f.managed != nil && (kind == "" || kind == "managed") {
		for _, record := range f.managed() {
			all = append(all, listedRecord[C]{"managed", record})
		}
	}
	if kind := value(q.kind); kind == "" || kind == "custom" {
		var broken error
		err := f.service.each(call, Key(call.Account, f.kind, ""), func(entry store.Entry) bool {
			var record *ConfigRecord[C]
			if record, broken = Decode[ConfigRecord[C]](entry.Key, entry.Value); broken == nil {
				all = append(all, listedRecord[C]{"custom", record})
			}
			return broken == nil
		})
		if err != nil {
			return recordPage[C]{}, err
		}
		if broken != nil {
			return recordPage[C]{}, internalError(broken)
		}
	}
	all = f.after(all, value(q.marker))
	page := recordPage[C]{items: all, maxItems: new(int32(most))}
	if len(all) > most {
		page.items = all[:most]
		page.nextMarker = new(page.items[most-1].record.ID)
	}
	return page, nil
}

// after cuts off what comes up to the marker. A custom policy that is gone
// still marks its place in the order of ids.
func (f *recordFamily[C]) after(all []listedRecord[C], marker string) []listedRecord[C] {
	if marker == "" {
		return all
	}
	if i := slices.IndexFunc(all, func(p listedRecord[C]) bool { return p.record.ID == marker }); i >= 0 {
		return all[i+1:]
	}
	i := slices.IndexFunc(all, func(p listedRecord[C]) bool {
		return p.kind == "custom" && strings.Compare(p.record.ID, marker) > 0
	})
	if i < 0 {
		return nil
	}
	return all[i:]
}
