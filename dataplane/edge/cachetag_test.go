package edge_test

import (
	"context"
	"crypto/tls"
	"strings"
	"testing"

	"drawbridge/dataplane/edge"
)

// Invalidation by cache tags (reference/cloudfront.md 3.8).
func TestCacheTags(t *testing.T) {
	w := newWorld(t)
	w.dist.TagHeader = "Cache-Tag"
	w.answers("200\nCache-Tag: Red , blue\nCache-Tag: green\nETag: \"1\"\n\nok", "304\nCache-Tag: black\n\n", "200\nCache-Tag: white\n\nok")
	result := func() string {
		t.Helper()
		w.get("GET https://d1.cloudfront.net/a")
		return w.last.Record.Result
	}
	if result() != "Miss" || result() != "Hit" {
		t.Fatal(w.last.Record)
	}
	for _, tag := range []string{"#yellow", "#re", "#red*", "#", "/red", "red"} {
		w.edge.Purge(0, w.dist.ID, []string{tag})
		if result() != "Hit" {
			t.Errorf("%q took the object away", tag)
		}
	}
	w.edge.Purge(0, w.dist.ID, []string{"/other", "#RED"})
	if result() == "Hit" {
		t.Error("#RED did not take it away")
	}
	// Without the configuration the header means nothing.
	w.dist.TagHeader = ""
	w.answers("200\nCache-Tag: red\n\nok")
	w.get("GET https://d1.cloudfront.net/b")
	w.edge.Purge(0, w.dist.ID, []string{"#red"})
	w.get("GET https://d1.cloudfront.net/b")
	if w.last.Record.Result != "Hit" {
		t.Error("a tag without CacheTagConfig")
	}
}

// FuzzCacheTags: at most 50 tags, each of its form.
func FuzzCacheTags(f *testing.F) {
	f.Add("a, b,,c")
	f.Add(strings.Repeat("x,", 60) + "é")
	f.Fuzz(func(t *testing.T, value string) {
		tags := edge.CacheTags(value)
		if len(tags) > 50 {
			t.Errorf("%d tags", len(tags))
		}
		for _, tag := range tags {
			if len(tag) < 2 || len(tag) > 257 || tag[0] != '#' || strings.ContainsAny(tag, ", \t") || tag != strings.ToLower(tag) {
				t.Errorf("%q", tag)
			}
		}
	})
}

// Origin mTLS: what the account's certificate is, is for others to know.
func TestClientCertificate(t *testing.T) {
	shown := &tls.Certificate{}
	w := newWorld(t, func(o *edge.Options) {
		o.ClientCertificate = func(_ context.Context, account, arn string) *tls.Certificate {
			if account != "111122223333" || arn != "arn:c" {
				t.Errorf("asked for %s of %s", arn, account)
			}
			return shown
		}
	})
	w.dist.Account = "111122223333"
	w.get("GET https://d1.cloudfront.net/a")
	if w.lastCall().ClientCertificate != nil {
		t.Error("shown to an origin that asks for none")
	}
	w.behavior().Origin.ClientCertificate = "arn:c"
	w.get("GET https://d1.cloudfront.net/b")
	if w.lastCall().ClientCertificate != shown {
		t.Error("not shown")
	}
}
