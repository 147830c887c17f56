package apigateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
	"drawbridge/store/memory"
)

// world is a service over a store in memory, and a caller.
type world struct {
	testing.TB
	*Service
	st        store.Store
	call      *api.Call
	published *atomic.Int64 // the last revision waited for
}

var testNow = time.Date(2026, 11, 22, 12, 0, 0, 700_000_000, time.UTC)

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w := &world{TB: t, st: st, call: caller("000000000000", "us-east-1"), published: new(atomic.Int64)}
	w.Service = w.service(change...)
	return w
}

// service makes another service over the world's store, like a second process.
func (w *world) service(change ...func(*Options)) *Service {
	w.Helper()
	o := Options{Store: w.st, Published: func(_ context.Context, revision int64) error {
		w.published.Store(revision)
		return nil
	}}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func caller(account, region string) *api.Call {
	return &api.Call{
		Context: context.Background(), Service: "apigateway", Account: account, Region: region, Partition: "aws", Now: testNow,
	}
}

// must is an operation that has to succeed.
func must[T any](t testing.TB) func(out *T, err error) *T {
	return func(out *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused checks code and text of an error, the text by its beginning when it
// ends with an ellipsis.
func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	start, cut := strings.CutSuffix(text, "…")
	if e.Code != code || e.Message != text && !(cut && strings.HasPrefix(e.Message, start)) {
		t.Fatalf("got  %s: %s\nwant %s: %s", e.Code, e.Message, code, text)
	}
}

const (
	bad      = "BadRequestException"
	notFound = "NotFoundException"
	conflict = "ConflictException"
	limited  = "LimitExceededException"
)

// api makes an API and returns its id and its root resource's.
func (w *world) api() (id, root string) {
	w.Helper()
	out := must[apigatewayapi.RestApi](w)(w.CreateRestApi(w.call, &apigatewayapi.CreateRestApiRequest{Name: new("test")}))
	return *out.Id, *out.RootResourceId
}

// mock gives a resource a GET method with a MOCK integration.
func (w *world) mock(api, resource string) {
	w.Helper()
	w.method(api, resource, "GET")
	must[apigatewayapi.Integration](w)(w.PutIntegration(w.call, &apigatewayapi.PutIntegrationRequest{
		RestApiId: &api, ResourceId: &resource, HttpMethod: new("GET"), Type: new("MOCK"),
	}))
}

func (w *world) method(api, resource, verb string) {
	w.Helper()
	must[apigatewayapi.Method](w)(w.PutMethod(w.call, &apigatewayapi.PutMethodRequest{
		RestApiId: &api, ResourceId: &resource, HttpMethod: &verb, AuthorizationType: new("NONE"),
	}))
}

// deployed is an API with GET / and a stage "prod".
func (w *world) deployed() (api, deployment string) {
	w.Helper()
	api, root := w.api()
	w.mock(api, root)
	out := must[apigatewayapi.Deployment](w)(w.CreateDeployment(w.call, &apigatewayapi.CreateDeploymentRequest{
		RestApiId: &api, StageName: new("prod"),
	}))
	return api, *out.Id
}

func (w *world) resource(api, parent, part string) string {
	w.Helper()
	out := must[apigatewayapi.Resource](w)(w.CreateResource(w.call, &apigatewayapi.CreateResourceRequest{
		RestApiId: &api, ParentId: &parent, PathPart: &part,
	}))
	return *out.Id
}

func (w *world) key(name string) *apigatewayapi.ApiKey {
	w.Helper()
	return must[apigatewayapi.ApiKey](w)(w.CreateApiKey(w.call, &apigatewayapi.CreateApiKeyRequest{Name: &name, Enabled: new(true)}))
}

func (w *world) plan(stages ...string) string {
	w.Helper()
	in := &apigatewayapi.CreateUsagePlanRequest{Name: new("plan")}
	for _, st := range stages {
		id, stage, _ := strings.Cut(st, ":")
		in.ApiStages = append(in.ApiStages, apigatewayapi.ApiStage{ApiId: &id, Stage: &stage})
	}
	return *must[apigatewayapi.UsagePlan](w)(w.CreateUsagePlan(w.call, in)).Id
}

// keysUnder lists the store's keys with a prefix.
func (w *world) keysUnder(prefix string) []string {
	w.Helper()
	snap, err := w.st.List(w.call, prefix)
	w.ok(err)
	var out []string
	for _, e := range snap.Entries {
		out = append(out, e.Key)
	}
	return out
}

// patch makes patch operations of "op path value" lines; a value of <none> is
// left out, copy has the source in its place.
func patch(lines ...string) []apigatewayapi.PatchOperation {
	var out []apigatewayapi.PatchOperation
	for _, line := range lines {
		parts := strings.SplitN(line, " ", 3)
		in := apigatewayapi.PatchOperation{Op: new(parts[0]), Path: new(parts[1])}
		switch {
		case len(parts) < 3:
		case parts[0] == "copy":
			in.From = new(parts[2])
		default:
			in.Value = new(parts[2])
		}
		out = append(out, in)
	}
	return out
}

func TestNewNeedsAStore(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Fatal("a service without a store was made")
	}
}

func TestWritesWaitUntilInForce(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	if got := w.published.Load(); got != w.st.Revision() {
		t.Errorf("after CreateRestApi: waited for revision %d, the store is at %d", got, w.st.Revision())
	}
	w.resource(id, root, "pets")
	if got := w.published.Load(); got != w.st.Revision() {
		t.Errorf("after CreateResource: waited for revision %d, the store is at %d", got, w.st.Revision())
	}
	w.published.Store(-1)
	must[apigatewayapi.RestApi](t)(w.GetRestApi(w.call, &apigatewayapi.GetRestApiRequest{RestApiId: &id}))
	if _, err := w.GetRestApi(w.call, &apigatewayapi.GetRestApiRequest{RestApiId: new("none")}); err == nil {
		t.Error("an API that does not exist was answered")
	}
	if got := w.published.Load(); got != -1 {
		t.Errorf("a read waited for revision %d", got)
	}

	s := w.service(func(o *Options) {
		o.Published = func(context.Context, int64) error { return errors.New("drained") }
	})
	_, err := s.CreateRestApi(w.call, &apigatewayapi.CreateRestApiRequest{Name: new("x")})
	if err == nil || !strings.Contains(err.Error(), "drained") {
		t.Errorf("got %v, want the error of waiting", err)
	}
}

// Only SDKs are not generated; what is asked for is checked all the same.
func TestOnlyGetSdkIsNotImplemented(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	in := &apigatewayapi.GetSdkRequest{RestApiId: &id, StageName: new("prod"), SdkType: new("java")}
	_, err := w.GetSdk(w.call, in)
	var e *api.Error
	if !errors.As(err, &e) || e.Status != 501 || !strings.Contains(e.Message, "GetSdk") {
		t.Errorf("got %v", err)
	}
	in.SdkType = new("cobol")
	_, err = w.GetSdk(w.call, in)
	refused(t, err, bad, "Invalid SDK type specified: cobol")
	in.SdkType, in.StageName = new("java"), new("none")
	_, err = w.GetSdk(w.call, in)
	refused(t, err, notFound, "Invalid stage identifier specified")
}

func TestStoreErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string // "": an internal failure
	}{
		{store.ErrClosed, ""},
		{store.ErrFull, "ServiceUnavailableException"},
		{&store.LimitError{What: "bytes in a value", Got: 2, Max: 1}, limited},
	} {
		got := storeError("write", fmt.Errorf("wrapped: %w", c.err))
		var e *api.Error
		if !errors.Is(got, c.err) {
			t.Errorf("%v: the cause is lost in %v", c.err, got)
		}
		if errors.As(got, &e) != (c.code != "") || e != nil && e.Code != c.code {
			t.Errorf("%v: got %v, want code %q", c.err, got, c.code)
		}
	}
}
