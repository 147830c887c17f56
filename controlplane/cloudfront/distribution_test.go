package cloudfront_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store"
	"drawbridge/store/memory"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

func get(t testing.TB, s *cloudfront.Service, id *string) *cloudfrontapi.GetDistributionResult {
	t.Helper()
	out, err := s.GetDistribution(call(account), &cloudfrontapi.GetDistributionRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func remove(s *cloudfront.Service, id, ifMatch *string) error {
	return s.DeleteDistribution(call(account), &cloudfrontapi.DeleteDistributionRequest{Id: id, IfMatch: ifMatch})
}

// TestETagFlow is reference/cloudfront.md 9.2.
func TestETagFlow(t *testing.T) {
	var inForce atomic.Int64
	inForce.Store(1 << 60)
	s := newService(t, cloudfront.Options{Deployed: func(revision int64) bool { return revision <= inForce.Load() }})
	made := create(t, s, account, config("r"))
	id := made.Distribution.Id

	read, err := s.GetDistributionConfig(call(account), &cloudfrontapi.GetDistributionConfigRequest{Id: id})
	if err != nil || *read.ETag != *made.ETag {
		t.Fatalf("%v, ETag %v of %v", err, read.ETag, made.ETag)
	}
	c := sent(t, read.DistributionConfig)
	c.Comment = new("changed")
	updated, err := update(s, id, read.ETag, c)
	if err != nil {
		t.Fatal(err)
	}
	if *updated.ETag == *read.ETag || *updated.Distribution.DistributionConfig.Comment != "changed" ||
		*updated.Distribution.DomainName != *made.Distribution.DomainName {
		t.Errorf("after the update: %+v", updated)
	}
	_, err = update(s, id, read.ETag, sent(t, c))
	wantError(t, err, "PreconditionFailed", 412,
		"The request failed because it didn't meet the preconditions in one or more request-header fields.")
	for _, malformed := range []*string{nil, new(""), new("abc"), new("*"), new(`"E1"`), new("E1 ")} {
		_, err = update(s, id, malformed, sent(t, c))
		wantError(t, err, "InvalidIfMatchVersion", 400, "The If-Match version is missing or not valid for the resource.")
	}
	wantError(t, remove(s, id, read.ETag), "PreconditionFailed", 412, "")
	wantError(t, remove(s, id, nil), "InvalidIfMatchVersion", 400, "")
	const enabled = "The distribution you are trying to delete has not been disabled."
	wantError(t, remove(s, id, updated.ETag), "DistributionNotDisabled", 409, enabled)

	inForce.Store(0) // from now on changes take their time
	c.Enabled = new(false)
	disabled, err := update(s, id, updated.ETag, sent(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if status := *disabled.Distribution.Status; status != "InProgress" {
		t.Errorf("status %s before the change is in force", status)
	}
	wantError(t, remove(s, id, disabled.ETag), "DistributionNotDisabled", 409, enabled)
	inForce.Store(1 << 60)
	if status := *get(t, s, id).Distribution.Status; status != "Deployed" {
		t.Errorf("status %s when the change is in force", status)
	}
	if err := remove(s, id, disabled.ETag); err != nil {
		t.Fatal(err)
	}
	_, err = s.GetDistribution(call(account), &cloudfrontapi.GetDistributionRequest{Id: id})
	wantError(t, err, "NoSuchDistribution", 404, "The specified distribution does not exist.")
	wantError(t, remove(s, id, disabled.ETag), "NoSuchDistribution", 404, "")
	_, err = update(s, id, nil, sent(t, c))
	wantError(t, err, "NoSuchDistribution", 404, "")
}

// TestDeleteLeavesNothing: only what was there before remains in the store.
func TestDeleteLeavesNothing(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st})
	policy := createCachePolicy(t, s, cachePolicyConfig("p"))
	before := keys(t, st)
	c := config("r")
	setAliases(c, "www.example.com", "*.example.com")
	c.Enabled, c.DefaultCacheBehavior.CachePolicyId = new(false), policy.CachePolicy.Id
	made, err := s.CreateDistributionWithTags(call(account), &cloudfrontapi.CreateDistributionWithTagsRequest{
		DistributionConfigWithTags: &cloudfrontapi.DistributionConfigWithTags{DistributionConfig: c, Tags: tags("a", "b")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		invalidate(t, s, made.Distribution.Id, fmt.Sprint(i), "/*")
	}
	if n := len(keys(t, st)); n != len(before)+15 { // record, 2 ids, reference, tags, 2 users, 2 aliases, 3 x 2 invalidations
		t.Errorf("%d keys of %d:\n%s", n, len(before), strings.Join(keys(t, st), "\n"))
	}
	if err := remove(s, made.Distribution.Id, made.ETag); err != nil {
		t.Fatal(err)
	}
	if after := keys(t, st); !slices.Equal(before, after) {
		t.Errorf("left behind:\n%s", strings.Join(after, "\n"))
	}
	create(t, s, account, config("r")) // the caller reference is free again
}

func keys(t testing.TB, st store.Store) []string {
	t.Helper()
	snapshot, err := st.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range snapshot.Entries {
		all = append(all, entry.Key)
	}
	return all
}

// TestDefaults compares what AWS fills in with golden files
// (reference/cloudfront.md 1.8, last paragraph).
func TestDefaults(t *testing.T) {
	for name, edit := range map[string]func(c *distributionConfig){
		"policy": func(*distributionConfig) {},
		"legacy": func(c *distributionConfig) {
			legacy(c)
			addBehavior(c, "/a")
			s3(c, "")
			c.CustomErrorResponses = &cloudfrontapi.CustomErrorResponses{Quantity: new(int32(1)),
				Items: []cloudfrontapi.CustomErrorResponse{{ErrorCode: new(int32(404))}}}
		},
		"certificate": func(c *distributionConfig) {
			setAliases(c, "www.example.com")
			c.ViewerCertificate.MinimumProtocolVersion = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, cloudfront.Options{NewID: fixedIDs()})
			c := config("r")
			edit(c)
			made := create(t, s, account, c)
			got, err := json.MarshalIndent(made, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			file := "testdata/defaults-" + name + ".json"
			if *updateGolden {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("got\n%s\nwant %s", got, file)
			}
			again, err := update(s, made.Distribution.Id, made.ETag, sent(t, made.Distribution.DistributionConfig))
			if err != nil {
				t.Fatalf("what was read is refused: %v", err)
			}
			if !reflect.DeepEqual(again.Distribution.DistributionConfig, made.Distribution.DistributionConfig) {
				t.Error("what was read is changed when it is sent back")
			}
		})
	}
}

// fixedIDs makes the reference's own examples.
func fixedIDs() func(cloudfront.IDKind) string {
	return func(kind cloudfront.IDKind) string {
		return map[cloudfront.IDKind]string{
			cloudfront.IDDistribution: "E1U5RQF7T870K0", cloudfront.IDDomainLabel: "d111111abcdef8", cloudfront.IDETag: "E2QWRUHAPOMQZL",
			cloudfront.IDInvalidation: "I2J0I21PCUYOIK", cloudfront.IDPolicy: "4f1a0a8e-0000-4000-8000-000000000000",
		}[kind]
	}
}

func TestIdentifiers(t *testing.T) {
	for kind, pattern := range map[cloudfront.IDKind]string{
		cloudfront.IDDistribution: `^E[0-9A-Z]{13}$`, cloudfront.IDDomainLabel: `^d[0-9a-z]{13}$`, cloudfront.IDETag: `^E[0-9A-Z]{13}$`,
		cloudfront.IDInvalidation: `^I[0-9A-Z]{13}$`,
		cloudfront.IDPolicy:       `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	} {
		seen := make(map[string]bool)
		for range 100 {
			id := cloudfront.RandomID(kind)
			if !regexp.MustCompile(pattern).MatchString(id) || seen[id] {
				t.Errorf("%s does not match %s, or came twice", id, pattern)
			}
			seen[id] = true
		}
	}
}

func TestCreateAnswer(t *testing.T) {
	s := newService(t, cloudfront.Options{NewID: fixedIDs()})
	c := config("r")
	setAliases(c, "www.example.com")
	made := create(t, s, account, c)
	d := made.Distribution
	for _, test := range [][2]string{
		{*made.Location, "https://cloudfront.amazonaws.com/2020-05-31/distribution/E1U5RQF7T870K0"},
		{*d.ARN, "arn:aws:cloudfront::111122223333:distribution/E1U5RQF7T870K0"},
		{*d.DomainName, "d111111abcdef8.cloudfront.net"}, {*made.ETag, "E2QWRUHAPOMQZL"},
		{d.LastModifiedTime.Format("2006-01-02T15:04:05.999999999Z"), "2026-11-22T12:00:00.123Z"},
		{*d.AliasICPRecordals[0].CNAME, "www.example.com"}, {*d.Status, "Deployed"},
	} {
		if test[0] != test[1] {
			t.Errorf("got %s, want %s", test[0], test[1])
		}
	}
}

// TestIDsAreUnique: an id that exists already is not given to another.
func TestIDsAreUnique(t *testing.T) {
	var n atomic.Int64
	s := newService(t, cloudfront.Options{NewID: func(kind cloudfront.IDKind) string {
		if kind == cloudfront.IDDistribution && n.Add(1) <= 3 {
			return "ESAME"
		}
		return cloudfront.RandomID(kind)
	}})
	create(t, s, account, config("1"))
	if other := create(t, s, otherAccount, config("1")); *other.Distribution.Id == "ESAME" {
		t.Error("two distributions have one id")
	}
}

// TestCallerReference: of many creates with one reference one succeeds.
func TestCallerReference(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	const callers = 16
	var wg sync.WaitGroup
	made := make([]*cloudfrontapi.CreateDistributionResult, callers)
	failed := make([]error, callers)
	for i := range callers {
		wg.Go(func() {
			made[i], failed[i] = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: config("one")})
		})
	}
	wg.Wait()
	won := slices.IndexFunc(failed, func(err error) bool { return err == nil })
	if won < 0 {
		t.Fatal(failed[0])
	}
	id := *made[won].Distribution.Id
	for i, err := range failed {
		if i != won {
			wantError(t, err, "DistributionAlreadyExists", 409, "The caller reference that you are using to create a distribution "+
				"is associated with another distribution. Already exists: "+id)
		}
	}
	create(t, s, otherAccount, config("one")) // references are an account's own
	if n := len(list(t, s, nil, nil).Items); n != 1 {
		t.Errorf("%d distributions", n)
	}
	create(t, s, account, config(strings.Repeat("é/", 2000))) // longer than a key of the store
	_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: config(strings.Repeat("é/", 2000))})
	wantError(t, err, "DistributionAlreadyExists", 409, "")
}

// TestConcurrentUpdates: of many updates of one version one succeeds.
func TestConcurrentUpdates(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	made := create(t, s, account, config("r"))
	var wg sync.WaitGroup
	var succeeded atomic.Int64
	for i := range 16 {
		c := sent(t, made.Distribution.DistributionConfig)
		c.Comment = new(fmt.Sprint(i))
		wg.Go(func() {
			_, err := update(s, made.Distribution.Id, made.ETag, c)
			var e *api.Error
			if err == nil {
				succeeded.Add(1)
			} else if !errors.As(err, &e) || e.Status != 412 {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if n := succeeded.Load(); n != 1 {
		t.Errorf("%d updates of one version succeeded", n)
	}
}

// TestPolicyIsNeverLost: a policy is not deleted while distributions begin to
// use it.
func TestPolicyIsNeverLost(t *testing.T) {
	for round := range 20 {
		s := newService(t, cloudfront.Options{})
		policy := createCachePolicy(t, s, cachePolicyConfig("p"))
		var wg sync.WaitGroup
		var used, deleted atomic.Bool
		for i := range 8 {
			c := config(fmt.Sprint(i))
			c.DefaultCacheBehavior.CachePolicyId = policy.CachePolicy.Id
			wg.Go(func() {
				_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
				if err == nil {
					used.Store(true)
				} else {
					wantError(t, err, "NoSuchCachePolicy", 404, "")
				}
			})
		}
		wg.Go(func() {
			err := s.DeleteCachePolicy(call(account), &cloudfrontapi.DeleteCachePolicyRequest{Id: policy.CachePolicy.Id, IfMatch: policy.ETag})
			deleted.Store(err == nil)
		})
		wg.Wait()
		if used.Load() == deleted.Load() {
			t.Fatalf("round %d: used %v, deleted %v", round, used.Load(), deleted.Load())
		}
	}
}

func list(t testing.TB, s *cloudfront.Service, marker *string, most *int32) *cloudfrontapi.DistributionList {
	t.Helper()
	out, err := s.ListDistributions(call(account), &cloudfrontapi.ListDistributionsRequest{Marker: marker, MaxItems: most})
	if err != nil {
		t.Fatal(err)
	}
	return out.DistributionList
}

func TestListDistributions(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	if empty := list(t, s, nil, nil); *empty.Quantity != 0 || empty.Items != nil || *empty.IsTruncated || *empty.MaxItems != 100 ||
		*empty.Marker != "" || empty.NextMarker != nil {
		t.Errorf("empty list: %+v", empty)
	}
	var want, got []string
	for i := range 5 {
		want = append(want, *create(t, s, account, config(fmt.Sprint(i))).Distribution.Id)
		create(t, s, otherAccount, config(fmt.Sprint(i)))
	}
	slices.Sort(want)
	var sizes []int
	for marker := (*string)(nil); ; {
		page := list(t, s, marker, new(int32(2)))
		if *page.Marker != ptr(marker) || *page.MaxItems != 2 || int(*page.Quantity) != len(page.Items) || *page.IsTruncated != (page.NextMarker != nil) {
			t.Errorf("page %+v", page)
		}
		for _, item := range page.Items {
			got = append(got, *item.Id)
		}
		sizes = append(sizes, len(page.Items))
		if marker = page.NextMarker; marker == nil {
			break
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(sizes, []int{2, 2, 1}) {
		t.Errorf("got %v in pages of %v, want %v", got, sizes, want)
	}
	one := list(t, s, nil, nil).Items[0]
	whole := get(t, s, one.Id)
	if *one.ETag != *whole.ETag || *one.ARN != *whole.Distribution.ARN || !reflect.DeepEqual(one.Origins, whole.Distribution.DistributionConfig.Origins) {
		t.Errorf("summary %+v of %+v", one, whole)
	}
	_, err := s.ListDistributions(call(account), &cloudfrontapi.ListDistributionsRequest{MaxItems: new(int32(-1))})
	wantError(t, err, invalidArgument, 400, "")
}

func ptr(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestDistributionQuota(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st, Limits: cloudfront.Limits{Distributions: 2}})
	c := config("1")
	c.Enabled = new(false)
	first := create(t, s, account, c)
	create(t, s, otherAccount, config("1"))
	bad := config("bad")
	bad.DefaultCacheBehavior.TargetOriginId = new("x")
	for range 3 { // refused creates take no room
		_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: bad})
		wantError(t, err, "NoSuchOrigin", 404, "")
	}
	create(t, s, account, config("2"))
	full := func(s *cloudfront.Service) {
		t.Helper()
		_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: config("3")})
		wantError(t, err, "TooManyDistributions", 400,
			"Processing your request would cause you to exceed the maximum number of distributions allowed.")
	}
	full(s)
	full(newService(t, cloudfront.Options{Store: st, Limits: cloudfront.Limits{Distributions: 2}})) // after a restart, too
	if err := remove(s, first.Distribution.Id, first.ETag); err != nil {
		t.Fatal(err)
	}
	create(t, s, account, config("3"))
}

// TestPublished: the answer waits for the publishing of its own revision, and
// a failure is told.
func TestPublished(t *testing.T) {
	var seen []int64
	var failing error
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st, Published: func(_ context.Context, revision int64) error {
		seen = append(seen, revision)
		return failing
	}})
	create(t, s, account, config("1"))
	if len(seen) != 1 || seen[0] != st.Revision() {
		t.Errorf("published %v at revision %d", seen, st.Revision())
	}
	failing = errors.New("data plane is gone")
	_, err = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: config("2")})
	wantError(t, err, "ServiceUnavailable", 503, "CloudFront encountered an internal error. Please try again.")
	if !errors.Is(err, failing) {
		t.Error("the cause is lost")
	}
}

func TestStoreFailure(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: config("r")})
	wantError(t, err, "ServiceUnavailable", 503, "")
	_, err = s.ListDistributions(call(account), &cloudfrontapi.ListDistributionsRequest{})
	wantError(t, err, "ServiceUnavailable", 503, "")
}

// TestBehaviorConversion: no member of a default cache behavior is lost on the
// way to the common form and back.
func TestBehaviorConversion(t *testing.T) {
	full := reflect.New(reflect.TypeFor[cloudfrontapi.DefaultCacheBehavior]())
	for i := range full.Elem().NumField() {
		field := full.Elem().Field(i)
		field.Set(reflect.New(field.Type().Elem()))
	}
	in := full.Interface().(*cloudfrontapi.DefaultCacheBehavior)
	common := cloudfront.AsBehavior(in)
	if out := cloudfront.AsDefault(&common); !reflect.DeepEqual(in, out) {
		t.Errorf("%+v became %+v", in, out)
	}
}

func TestAliases(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	with := func(reference string, aliases ...string) *distributionConfig {
		c := config(reference)
		setAliases(c, aliases...)
		return c
	}
	taken := func(account string, aliases ...string) {
		t.Helper()
		_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: with("x", aliases...)})
		wantError(t, err, "CNAMEAlreadyExists", 409,
			"One or more of the CNAMEs you provided are already associated with a different resource.")
	}
	made := create(t, s, account, with("1", "www.example.com"))
	taken(account, "www.example.com")
	taken(otherAccount, "a.example.org", "www.example.com")
	taken(otherAccount, "*.example.com")
	create(t, s, account, with("2", "*.example.com")) // overlaps in one account are fine
	taken(otherAccount, "shop.example.com")
	create(t, s, otherAccount, with("3", "a.shop.example.com", "example.com")) // a wildcard is one label

	c := sent(t, made.Distribution.DistributionConfig)
	setAliases(c, "new.example.com")
	if _, err := update(s, made.Distribution.Id, made.ETag, c); err != nil {
		t.Fatal(err)
	}
	create(t, s, account, with("4", "www.example.com")) // given up, so free
	taken(account, "new.example.com")
}

func TestRecordsOnDisk(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st, NewID: fixedIDs()})
	c := config("a/b c")
	setAliases(c, "www.example.com")
	create(t, s, account, c)
	want := []string{
		"cloudfront-aliases/www.example.com",
		"cloudfront-ids/E1U5RQF7T870K0",
		"cloudfront-ids/d111111abcdef8",
		"cloudfront/111122223333/callerreferences/a%2Fb%20c",
		"cloudfront/111122223333/distributions/E1U5RQF7T870K0",
		"cloudfront/111122223333/policyusers/certificates/arn:aws:acm:us-east-1:111122223333:certificate%2F1f2e3d4c-0000-4000-8000-000000000000",
	}
	if got := keys(t, st); !slices.Equal(got, want) {
		t.Errorf("keys\n%s", strings.Join(got, "\n"))
	}
	gotAccount, kind, name, ok := cloudfront.ParseKey(want[4])
	if gotAccount != account || kind != cloudfront.KindDistribution || name != "E1U5RQF7T870K0" || !ok {
		t.Errorf("parsed %s %s %s %v", gotAccount, kind, name, ok)
	}
	if key := cloudfront.Key(account, kind, name); key != want[4] {
		t.Errorf("built %s", key)
	}
}
