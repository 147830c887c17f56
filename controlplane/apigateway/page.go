package apigateway

import (
	"encoding/base64"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
)

const (
	defaultPage = 25
	maxPage     = 500
)

// page is the part of a list a call asks for (reference/api-gateway.md 1.6):
// at most limit items whose sort keys are greater than after.
type page struct {
	limit int
	after string
}

// pageOf reads limit and position. AWS answers a negative limit with an empty
// list, and so do we a limit of 0.
func pageOf(limit *int32, position *string) (page, error) {
	p := page{limit: defaultPage}
	if limit != nil {
		p.limit = min(max(int(*limit), 0), maxPage)
	}
	if val(position) != "" {
		after, err := base64.RawURLEncoding.DecodeString(*position)
		if err != nil {
			return page{}, apigatewayapi.BadRequestException("Invalid position specified")
		}
		p.after = string(after)
	}
	return p, nil
}

// position is the token for what comes after the item with this sort key.
func position(after string) *string {
	return new(base64.RawURLEncoding.EncodeToString([]byte(after)))
}

// slice cuts a page out of items, which are sorted by the key that keyOf gives.
func slice[T any](p page, items []T, keyOf func(*T) string) ([]T, *string) {
	out := make([]T, 0, min(p.limit, len(items)))
	for i := range items {
		switch {
		case p.after != "" && keyOf(&items[i]) <= p.after:
		case len(out) == p.limit:
			if p.limit == 0 {
				return out, nil
			}
			return out, position(keyOf(&out[len(out)-1]))
		default:
			out = append(out, items[i])
		}
	}
	return out, nil
}

// listing says which records to list and what to make of them.
type listing[T any] struct {
	prefix string
	page   page
	// item turns a record into an item of the answer; false leaves it out.
	item func(ref Ref, value []byte) (T, bool, error)
}

// list reads a page of records in the order of their keys, without reading
// those behind it.
func list[T any](call *api.Call, st store.Store, l listing[T]) ([]T, *string, error) {
	items := []T{}
	if l.page.limit == 0 || len(l.prefix) > store.MaxKeyBytes {
		return items, nil, nil
	}
	after, last := "", ""
	if l.page.after != "" {
		after = l.prefix + l.page.after
	}
	for {
		snap, err := st.ListPage(call, l.prefix, after, l.page.limit+1)
		if err != nil {
			return nil, nil, storeError("list", err)
		}
		for _, entry := range snap.Entries {
			after = entry.Key
			ref, ok := ParseKey(entry.Key)
			if !ok {
				continue
			}
			item, ok, err := l.item(ref, entry.Value)
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				continue
			}
			if len(items) == l.page.limit {
				return items, position(last), nil
			}
			items, last = append(items, item), strings.TrimPrefix(entry.Key, l.prefix)
		}
		if !snap.More {
			return items, nil, nil
		}
	}
}

// count is how many keys start with prefix. It is for prefixes with small
// records.
func count(call *api.Call, st store.Store, prefix string) (int, error) {
	n, after := 0, ""
	for {
		snap, err := st.ListPage(call, prefix, after, store.MaxPage)
		if err != nil {
			return 0, storeError("list", err)
		}
		n += len(snap.Entries)
		if !snap.More {
			return n, nil
		}
		after = snap.Entries[len(snap.Entries)-1].Key
	}
}
