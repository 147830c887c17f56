package cloudfront_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

func invalidation(id *string, reference string, paths ...string) *cloudfrontapi.CreateInvalidationRequest {
	return &cloudfrontapi.CreateInvalidationRequest{DistributionId: id, InvalidationBatch: &cloudfrontapi.InvalidationBatch{
		CallerReference: new(reference), Paths: &cloudfrontapi.Paths{Quantity: new(int32(len(paths))), Items: paths},
	}}
}

func invalidate(t testing.TB, s *cloudfront.Service, id *string, reference string, paths ...string) *cloudfrontapi.CreateInvalidationResult {
	t.Helper()
	out, err := s.CreateInvalidation(call(account), invalidation(id, reference, paths...))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInvalidationLife(t *testing.T) {
	var inForce atomic.Int64
	inForce.Store(1 << 60)
	s := newService(t, cloudfront.Options{Deployed: func(revision int64) bool { return revision <= inForce.Load() }})
	id := create(t, s, account, config("r")).Distribution.Id
	inForce.Store(1)
	first := invalidate(t, s, id, "one", "/a*", "/b?c=d", "#tag")
	if want := "https://cloudfront.amazonaws.com/2020-05-31/distribution/" + *id + "/invalidation/" + *first.Invalidation.Id; *first.Location != want {
		t.Errorf("Location %s, want %s", *first.Location, want)
	}
	status := func() string {
		t.Helper()
		got, err := s.GetInvalidation(call(account), &cloudfrontapi.GetInvalidationRequest{DistributionId: id, Id: first.Invalidation.Id})
		if err != nil {
			t.Fatal(err)
		}
		return *got.Invalidation.Status
	}
	if *first.Invalidation.Status != "InProgress" || status() != "InProgress" {
		t.Errorf("status %s, %s", *first.Invalidation.Status, status())
	}
	d := get(t, s, id).Distribution
	if *d.InProgressInvalidationBatches != 1 || *d.Status != "Deployed" {
		t.Errorf("%d batches in progress, %s", *d.InProgressInvalidationBatches, *d.Status)
	}
	inForce.Store(1 << 60)
	if status() != "Completed" || *get(t, s, id).Distribution.InProgressInvalidationBatches != 0 {
		t.Errorf("status %s when in force", status())
	}

	again := invalidate(t, s, id, "one", "#tag", "/a*", "/b?c=d")
	if *again.Invalidation.Id != *first.Invalidation.Id || *again.Invalidation.Status != "Completed" {
		t.Errorf("the same batch again: %+v", again.Invalidation)
	}
	_, err := s.CreateInvalidation(call(account), invalidation(id, "one", "/a*"))
	wantError(t, err, "InvalidationBatchAlreadyExists", 409, "")
	_, err = s.GetInvalidation(call(account), &cloudfrontapi.GetInvalidationRequest{DistributionId: id, Id: new("I1")})
	wantError(t, err, "NoSuchInvalidation", 404, "The specified invalidation does not exist.")
	_, err = s.CreateInvalidation(call(otherAccount), invalidation(id, "one", "/a"))
	wantError(t, err, "NoSuchDistribution", 404, "")
	_, err = s.ListInvalidations(call(otherAccount), &cloudfrontapi.ListInvalidationsRequest{DistributionId: id})
	wantError(t, err, "NoSuchDistribution", 404, "")
}

func TestInvalidationRules(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	id := create(t, s, account, config("r")).Distribution.Id
	const invalid = "Your request contains one or more invalid invalidation paths."
	for _, path := range []string{
		"", "a", "*", "/a b", "/ä", "/a~b", "/\x00", "/\x7f", "/" + strings.Repeat("a", 4000), "#", "#a,b", "#a b", "#*", "#" + strings.Repeat("t", 257),
	} {
		_, err := s.CreateInvalidation(call(account), invalidation(id, "r", "/ok", path))
		wantError(t, err, invalidArgument, 400, invalid)
	}
	for _, path := range []string{"/", "/*", "/a*b", "/a?b=c&d", "/%E3%81%82", "/" + strings.Repeat("a", 3999), "#tag", "#product:1"} {
		invalidate(t, s, id, path, path)
	}
	_, err := s.CreateInvalidation(call(account), invalidation(id, "r"))
	wantError(t, err, invalidArgument, 400, invalid)
	_, err = s.CreateInvalidation(call(account), invalidation(id, "", "/a"))
	wantError(t, err, invalidArgument, 400, "The parameter CallerReference is required.")
	_, err = s.CreateInvalidation(call(account), &cloudfrontapi.CreateInvalidationRequest{DistributionId: id})
	wantError(t, err, "MissingBody", 400, "")
	wrong := invalidation(id, "r", "/a")
	wrong.InvalidationBatch.Paths.Quantity = new(int32(2))
	_, err = s.CreateInvalidation(call(account), wrong)
	wantError(t, err, "InconsistentQuantities", 400, "")
	_, err = s.CreateInvalidation(call(account), invalidation(id, "r", slices.Repeat([]string{"/a"}, 3001)...))
	wantError(t, err, "BatchTooLarge", 413, "Invalidation batch specified is too large.")
	_, err = s.CreateInvalidation(call(account), invalidation(id, "r", slices.Repeat([]string{"/a*"}, 16)...))
	wantError(t, err, "TooManyInvalidationsInProgress", 400, "")
}

// TestInvalidationsInProgress: what is finished does not count.
func TestInvalidationsInProgress(t *testing.T) {
	var inForce atomic.Int64
	s := newService(t, cloudfront.Options{
		Deployed: func(revision int64) bool { return revision <= inForce.Load() },
		Limits:   cloudfront.Limits{InvalidationPaths: 3, WildcardInvalidations: 1},
	})
	id := create(t, s, account, config("r")).Distribution.Id
	invalidate(t, s, id, "1", "/a", "/b")
	_, err := s.CreateInvalidation(call(account), invalidation(id, "2", "/c", "/d"))
	wantError(t, err, "TooManyInvalidationsInProgress", 400,
		"You have exceeded the maximum number of allowable InProgress invalidation batch requests, or invalidation objects.")
	invalidate(t, s, id, "3", "/c", "/*")
	_, err = s.CreateInvalidation(call(account), invalidation(id, "4", "/*"))
	wantError(t, err, "TooManyInvalidationsInProgress", 400, "")
	inForce.Store(1 << 60)
	invalidate(t, s, id, "5", "/c", "/d", "/*")
}

func TestListInvalidations(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{InvalidationsRemembered: 5}})
	id := create(t, s, account, config("r")).Distribution.Id
	other := create(t, s, account, config("other")).Distribution.Id
	invalidate(t, s, other, "0", "/")
	var want []string
	for i := range 8 { // the first three are forgotten
		want = append(want, *invalidate(t, s, id, fmt.Sprint(i), "/").Invalidation.Id)
	}
	want = want[3:]
	slices.Reverse(want)
	var got []string
	var sizes []int
	for marker := (*string)(nil); ; {
		out, err := s.ListInvalidations(call(account), &cloudfrontapi.ListInvalidationsRequest{DistributionId: id, Marker: marker, MaxItems: new(int32(2))})
		if err != nil {
			t.Fatal(err)
		}
		page := out.InvalidationList
		sizes = append(sizes, len(page.Items))
		for _, item := range page.Items {
			got = append(got, *item.Id)
		}
		if marker = page.NextMarker; marker == nil {
			break
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(sizes, []int{2, 2, 1}) {
		t.Errorf("got %v in pages of %v, want %v", got, sizes, want)
	}
	out, err := s.ListInvalidations(call(account), &cloudfrontapi.ListInvalidationsRequest{DistributionId: id, Marker: new("IFORGOTTEN")})
	if err != nil || len(out.InvalidationList.Items) != 0 {
		t.Errorf("after a forgotten marker: %v, %v", out, err)
	}
	if first := invalidate(t, s, id, "0", "/other"); *first.Invalidation.Status != "Completed" {
		t.Errorf("a forgotten caller reference: %+v", first)
	}
}

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"", "*.example.com", "192.0.2.1", "[::1]", "0x7f.1", "/a*b?c", "#tag", "#~", "/~", "a..b", "example.com.", strings.Repeat("a.", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if cloudfront.AliasAllowed(name) {
			if plain := strings.TrimPrefix(name, "*."); !cloudfront.IsDomainName(plain) || cloudfront.IsAddress(plain) ||
				strings.ContainsAny(name, ":/ \r\n") || strings.HasSuffix(name, "localhost") || name != strings.ToLower(name) {
				t.Errorf("alias %q is allowed", name)
			}
		}
		if cloudfront.IsDomainName(name) && strings.ContainsAny(name, ":/@ \t\r\n?#[]") {
			t.Errorf("%q is taken for a domain name", name)
		}
		if cloudfront.ValidInvalidation(name) {
			// A tag may hold any of ASCII 33 to 126 but the comma, the tilde too (reference/cloudfront.md 3.8); a path no tilde.
			path := name[0] == '/' && len(name) <= 4000 && !strings.ContainsAny(name, " \r\n~")
			tag := name[0] == '#' && len(name) <= 257 && !strings.ContainsFunc(name, func(r rune) bool { return r < 33 || r > 126 || r == ',' })
			if !path && !tag {
				t.Errorf("%q is taken for an invalidation path", name)
			}
		}
	})
}
