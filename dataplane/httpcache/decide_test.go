package httpcache_test

import (
	"testing"
	"time"

	"drawbridge/dataplane/httpcache"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	sec  = time.Second
	day  = 24 * time.Hour
	year = 365 * day
)

// TestTTLMatrix is the table of reference/cloudfront.md section 3.1, each cell
// with MinTTL 0 and MinTTL > 0.
func TestTTLMatrix(t *testing.T) {
	inOneHour := now.Add(time.Hour).Format("Mon, 02 Jan 2006 15:04:05 GMT")
	zero := httpcache.Rules{DefaultTTL: day, MaxTTL: year, ErrorTTL: 10 * sec}
	some := httpcache.Rules{MinTTL: 60 * sec, DefaultTTL: 30 * sec, MaxTTL: 1800 * sec, ErrorTTL: 10 * sec}
	for _, row := range []struct {
		name, cacheControl, expires string
		ttlZero                     time.Duration // -1: not stored
		reasonZero                  httpcache.Reason
		ttlSome                     time.Duration
		reasonSome                  httpcache.Reason
	}{
		{"max-age", "max-age=100", "", 100 * sec, "max-age", 100 * sec, "max-age"},
		{"max-age beyond MaxTTL", "max-age=999999999", "", year, "max-age", 1800 * sec, "max-age"},
		{"max-age below MinTTL", "max-age=5", "", 5 * sec, "max-age", 60 * sec, "max-age"},
		{"s-maxage wins", "max-age=5, s-maxage=70", "", 70 * sec, "max-age", 70 * sec, "max-age"},
		{"s-maxage wins, before", "s-maxage=70, max-age=5", "", 70 * sec, "max-age", 70 * sec, "max-age"},
		{"nothing", "", "", day, "default-ttl", 60 * sec, "default-ttl"},
		{"other directives only", "public, immutable", "", day, "default-ttl", 60 * sec, "default-ttl"},
		{"Expires", "", inOneHour, time.Hour, "expires", 1800 * sec, "expires"},
		{"max-age beats Expires", "max-age=90", inOneHour, 90 * sec, "max-age", 90 * sec, "max-age"},
		{"Expires no date", "", "0", -1, "ttl-0", 60 * sec, "expires"},
		{"no-store", "no-store", "", -1, "no-store", 60 * sec, "min-ttl"},
		{"no-store, with max-age", "no-store, max-age=500", "", -1, "no-store", 60 * sec, "min-ttl"},
		{"private", "private", "", -1, "private", 60 * sec, "min-ttl"},
		{"no-cache", "no-cache", "", -1, "ttl-0", 60 * sec, "min-ttl"},
		{"max-age=0", "max-age=0", "", -1, "ttl-0", 60 * sec, "max-age"},
		{"max-age no number", "max-age=soon", "", -1, "ttl-0", 60 * sec, "max-age"},
		{"max-age overflow", "max-age=99999999999999999999999", "", year, "max-age", 1800 * sec, "max-age"},
		{"qualified no-cache", `no-cache="Set-Cookie", max-age=90`, "", 90 * sec, "max-age", 90 * sec, "max-age"},
		{"qualified private", `private="x-user", max-age=90`, "", 90 * sec, "max-age", 90 * sec, "max-age"},
		{"case does not count", "Max-Age=90, NO-STORE", "", -1, "no-store", 60 * sec, "min-ttl"},
	} {
		facts := httpcache.Facts{Status: 200, CacheControl: row.cacheControl, Expires: row.expires, Now: now}
		check := func(rules httpcache.Rules, ttl time.Duration, reason httpcache.Reason) {
			t.Helper()
			v := httpcache.Decide(rules, facts)
			if v.Store != (ttl >= 0) || v.Store && v.TTL != ttl || v.Reason != reason || v.Share != (ttl > 0) {
				t.Errorf("%s, MinTTL %v: %+v; want TTL %v, %s", row.name, rules.MinTTL, v, ttl, reason)
			}
		}
		check(zero, row.ttlZero, row.reasonZero)
		check(some, row.ttlSome, row.reasonSome)
	}
}

func TestDecideOther(t *testing.T) {
	zero := httpcache.Rules{DefaultTTL: day, MaxTTL: year, ErrorTTL: 10 * sec}
	some := httpcache.Rules{MinTTL: sec, DefaultTTL: day, MaxTTL: year, ErrorTTL: 10 * sec}
	for _, row := range []struct {
		name   string
		rules  httpcache.Rules
		facts  httpcache.Facts
		store  bool
		share  bool
		ttl    time.Duration
		reason httpcache.Reason
	}{
		{"caching off", httpcache.Rules{Off: true}, httpcache.Facts{Status: 200, CacheControl: "max-age=9"}, false, false, 0, "caching-off"},
		{"no-cache with a validator", zero, httpcache.Facts{Status: 200, CacheControl: "no-cache", Validator: true}, true, false, 0, "no-cache"},
		{"max-age=0 with a validator", zero, httpcache.Facts{Status: 200, CacheControl: "max-age=0", Validator: true}, true, false, 0, "max-age"},
		{"Vary *", zero, httpcache.Facts{Status: 200, VaryAny: true}, false, false, 0, "vary-any"},
		{"Vary * with MinTTL", some, httpcache.Facts{Status: 200, VaryAny: true}, true, true, day, "default-ttl"},
		{"206", zero, httpcache.Facts{Status: 206}, false, false, 0, "partial"},
		{"301", zero, httpcache.Facts{Status: 301}, true, true, day, "default-ttl"},
		{"307 without Cache-Control", zero, httpcache.Facts{Status: 307}, false, false, 0, "redirect-without-cache-control"},
		{"308 with it", zero, httpcache.Facts{Status: 308, CacheControl: "max-age=7"}, true, true, 7 * sec, "max-age"},
		{"404", zero, httpcache.Facts{Status: 404}, true, true, 10 * sec, "error"},
		{"404 with max-age", zero, httpcache.Facts{Status: 404, CacheControl: "max-age=70"}, true, true, 70 * sec, "error"},
		{"404 with a short max-age", zero, httpcache.Facts{Status: 404, CacheControl: "max-age=1"}, true, true, 10 * sec, "error"},
		{"404 no-store", zero, httpcache.Facts{Status: 404, CacheControl: "no-store"}, false, false, 0, "no-store"},
		{"404 no-store with MinTTL", some, httpcache.Facts{Status: 404, CacheControl: "no-store"}, true, true, 10 * sec, "error"},
		{"500 no-store", zero, httpcache.Facts{Status: 500, CacheControl: "no-store"}, true, true, 10 * sec, "error"},
		{"504", zero, httpcache.Facts{Status: 504}, true, true, 10 * sec, "error"},
		{"403", zero, httpcache.Facts{Status: 403}, false, false, 0, "error-not-cached"},
		{"403 with max-age", zero, httpcache.Facts{Status: 403, CacheControl: "max-age=20"}, true, true, 20 * sec, "error"},
		{"403 with s-maxage", zero, httpcache.Facts{Status: 403, CacheControl: "s-maxage=20"}, true, true, 20 * sec, "error"},
		{"416", zero, httpcache.Facts{Status: 416, CacheControl: "max-age=20"}, false, false, 0, "error-not-cached"},
		{"401", zero, httpcache.Facts{Status: 401, CacheControl: "max-age=20"}, false, false, 0, "error-not-cached"},
		{"404 with ErrorCachingMinTTL 0", httpcache.Rules{DefaultTTL: day, MaxTTL: year}, httpcache.Facts{Status: 404}, false, false, 0, "error"},
		{"304 out of the blue", zero, httpcache.Facts{Status: 304}, false, false, 0, "not-modified"},
	} {
		row.facts.Now = now
		v := httpcache.Decide(row.rules, row.facts)
		if v.Store != row.store || v.Share != row.share || v.Reason != row.reason || row.store && v.TTL != row.ttl {
			t.Errorf("%s: %+v", row.name, v)
		}
	}
}

// TestStale is reference/cloudfront.md section 3.2.
func TestStale(t *testing.T) {
	rules := httpcache.Rules{DefaultTTL: 10 * sec, MaxTTL: 100 * sec}
	for _, row := range []struct {
		cacheControl     string
		at               time.Duration // after it was stored
		state            httpcache.State
		reason           httpcache.Reason
		standsInForError bool
	}{
		{"max-age=10", 9 * sec, httpcache.Fresh, "fresh", true},
		{"max-age=10", 10 * sec, httpcache.Stale, "expired", true},
		{"max-age=10", 109 * sec, httpcache.Stale, "expired", true}, // up to MaxTTL
		{"max-age=10", 110 * sec, httpcache.Stale, "expired", false},
		{"max-age=10, stale-while-revalidate=5", 14 * sec, httpcache.Refreshing, "stale-while-revalidate", true},
		{"max-age=10, stale-while-revalidate=5", 15 * sec, httpcache.Stale, "expired", true},
		{"max-age=10, stale-while-revalidate=500", 109 * sec, httpcache.Refreshing, "stale-while-revalidate", true}, // min(N, MaxTTL)
		{"max-age=10, stale-while-revalidate=500", 110 * sec, httpcache.Stale, "expired", false},
		{"max-age=10, stale-if-error=5", 14 * sec, httpcache.Stale, "expired", true},
		{"max-age=10, stale-if-error=5", 15 * sec, httpcache.Stale, "expired", false},
		{"max-age=10, stale-if-error=0", 10 * sec, httpcache.Stale, "expired", false},
		{"max-age=10, must-revalidate", 10 * sec, httpcache.Stale, "expired", false},
	} {
		v := httpcache.Decide(rules, httpcache.Facts{Status: 200, CacheControl: row.cacheControl, Now: now})
		f := httpcache.NewFreshness(now, v)
		at := now.Add(row.at)
		if state, reason := f.At(at); state != row.state || reason != row.reason || f.OnError(at) != row.standsInForError {
			t.Errorf("%s after %v: %v %s, on error %v", row.cacheControl, row.at, state, reason, f.OnError(at))
		}
	}
	f := httpcache.NewFreshness(now, httpcache.Verdict{TTL: sec})
	if f.Age(now.Add(-sec)) != 0 || f.Age(now.Add(90*sec)) != 90*sec {
		t.Error("an age is never negative")
	}
}

func TestStripOfQualifiedDirectives(t *testing.T) {
	v := httpcache.Decide(httpcache.Rules{MaxTTL: day}, httpcache.Facts{
		Status: 200, Now: now, CacheControl: `no-cache="Set-Cookie, x-a", max-age=5, private=X-User`})
	if len(v.Strip) != 3 || v.Strip[0] != "Set-Cookie" || v.Strip[1] != "x-a" || v.Strip[2] != "X-User" {
		t.Errorf("strip %q", v.Strip)
	}
}

func FuzzParseCacheControl(f *testing.F) {
	for _, seed := range []string{"max-age=1, s-maxage=2", `no-cache="a,b", private`, `a="\"", max-age=3`, ",,=,=\"", "max-age"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d := httpcache.ParseCacheControl(value)
		for _, age := range []time.Duration{d.MaxAge, d.SMaxAge, d.StaleIfError, d.StaleWhileRevalidate} {
			if age < -1 || age > 100*year {
				t.Fatalf("%q: a time of %v", value, age)
			}
		}
		if len(d.Strip) > 32 {
			t.Fatalf("%d fields", len(d.Strip))
		}
		// What stands before another directive does not change what it says.
		if d.NoStore && !httpcache.ParseCacheControl("no-store").NoStore {
			t.Fatal("no-store")
		}
	})
}

func TestNotModified(t *testing.T) {
	const date, later, earlier = "Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:01 GMT", "Sun, 22 Nov 2026 09:59:59 GMT"
	for _, row := range []struct {
		name string
		c    httpcache.Conditions
		v    httpcache.Validators
		want bool
	}{
		{"no condition", httpcache.Conditions{}, httpcache.Validators{ETag: `"a"`}, false},
		{"same tag", httpcache.Conditions{IfNoneMatch: `"a"`}, httpcache.Validators{ETag: `"a"`}, true},
		{"weak comparison", httpcache.Conditions{IfNoneMatch: `W/"a"`}, httpcache.Validators{ETag: `"a"`}, true},
		{"weak comparison, the other way", httpcache.Conditions{IfNoneMatch: `"a"`}, httpcache.Validators{ETag: `W/"a"`}, true},
		{"list", httpcache.Conditions{IfNoneMatch: `"x", W/"y,z" ,"a"`}, httpcache.Validators{ETag: `"a"`}, true},
		{"comma in a tag", httpcache.Conditions{IfNoneMatch: `"x,"a","`}, httpcache.Validators{ETag: `"a"`}, false},
		{"other tag", httpcache.Conditions{IfNoneMatch: `"b"`}, httpcache.Validators{ETag: `"a"`}, false},
		{"star", httpcache.Conditions{IfNoneMatch: "*"}, httpcache.Validators{}, true},
		{"no tag", httpcache.Conditions{IfNoneMatch: `"a"`}, httpcache.Validators{}, false},
		{"a tag beats a date", httpcache.Conditions{IfNoneMatch: `"b"`, IfModifiedSince: date}, httpcache.Validators{ETag: `"a"`, LastModified: date}, false},
		{"same date", httpcache.Conditions{IfModifiedSince: date}, httpcache.Validators{LastModified: date}, true},
		{"later", httpcache.Conditions{IfModifiedSince: later}, httpcache.Validators{LastModified: date}, true},
		{"earlier", httpcache.Conditions{IfModifiedSince: earlier}, httpcache.Validators{LastModified: date}, false},
		{"no date", httpcache.Conditions{IfModifiedSince: "yesterday"}, httpcache.Validators{LastModified: date}, false},
		{"garbage", httpcache.Conditions{IfNoneMatch: `a"`}, httpcache.Validators{ETag: `"a"`}, false},
	} {
		if got := row.c.NotModified(row.v); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestParseRange(t *testing.T) {
	for _, row := range []struct {
		value  string
		size   int64
		kind   httpcache.RangeKind
		start  int64
		length int64
	}{
		{"bytes=0-0", 10, httpcache.RangeSatisfiable, 0, 1},
		{"bytes=2-5", 10, httpcache.RangeSatisfiable, 2, 4},
		{"BYTES=2-", 10, httpcache.RangeSatisfiable, 2, 8},
		{"bytes=-3", 10, httpcache.RangeSatisfiable, 7, 3},
		{"bytes=-30", 10, httpcache.RangeSatisfiable, 0, 10},
		{"bytes=5-99999999999999999999999", 10, httpcache.RangeSatisfiable, 5, 5},
		{"bytes=10-", 10, httpcache.RangeUnsatisfiable, 0, 0},
		{"bytes=99999999999999999999999-", 10, httpcache.RangeUnsatisfiable, 0, 0},
		{"bytes=-0", 10, httpcache.RangeUnsatisfiable, 0, 0},
		{"bytes=0-", 0, httpcache.RangeUnsatisfiable, 0, 0},
		{"bytes=-5", 0, httpcache.RangeUnsatisfiable, 0, 0},
		{"bytes=5-2", 10, httpcache.RangeIgnored, 0, 0},
		{"bytes=0-1,3-4", 10, httpcache.RangeIgnored, 0, 0},
		{"bytes=-", 10, httpcache.RangeIgnored, 0, 0},
		{"bytes=a-b", 10, httpcache.RangeIgnored, 0, 0},
		{"bytes=+1-2", 10, httpcache.RangeIgnored, 0, 0},
		{"lines=0-1", 10, httpcache.RangeIgnored, 0, 0},
		{"", 10, httpcache.RangeIgnored, 0, 0},
	} {
		r, kind := httpcache.ParseRange(row.value, row.size)
		if kind != row.kind || r.Start != row.start || r.Length != row.length {
			t.Errorf("%q of %d: %+v %v", row.value, row.size, r, kind)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-5", int64(10))
	f.Add("bytes=-5", int64(3))
	f.Add("bytes=9223372036854775807-9223372036854775808", int64(1)<<62)
	f.Fuzz(func(t *testing.T, value string, size int64) {
		if size < 0 || size > 1<<59 {
			return
		}
		r, kind := httpcache.ParseRange(value, size)
		if kind == httpcache.RangeSatisfiable && (r.Start < 0 || r.Length < 1 || r.Start+r.Length > size) {
			t.Fatalf("%q of %d: %+v", value, size, r)
		}
	})
}

func TestRangeHolds(t *testing.T) {
	const date = "Sun, 22 Nov 2026 10:00:00 GMT"
	v := httpcache.Validators{ETag: `"a"`, LastModified: date}
	for value, want := range map[string]bool{
		"": true, `"a"`: true, `"b"`: false, `W/"a"`: false, date: true, "Sun, 22 Nov 2026 10:00:01 GMT": false, "x": false,
	} {
		if got := httpcache.RangeHolds(value, v); got != want {
			t.Errorf("If-Range %q: %v", value, got)
		}
	}
	if httpcache.RangeHolds(`W/"a"`, httpcache.Validators{ETag: `W/"a"`}) {
		t.Error("a weak tag is not enough for a range")
	}
}
