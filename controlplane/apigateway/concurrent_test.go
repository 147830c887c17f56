package apigateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
)

// busy says whether a write was refused because others came first; that is the
// one refusal concurrent writers may see.
func busy(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Code == conflict && e.Message == busyText
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	services := []*Service{w.Service, w.service()} // two processes over one store
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		made = map[string]bool{}
	)
	for g := range 8 {
		wg.Go(func() {
			for i := range 10 {
				part := fmt.Sprintf("g%d-%d", g, i)
				for {
					out, err := services[g%2].CreateResource(w.call, &apigatewayapi.CreateResourceRequest{RestApiId: &id, ParentId: &root, PathPart: &part})
					if busy(err) {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					made[*out.Path] = true
					mu.Unlock()
					break
				}
			}
		})
	}
	wg.Wait()
	paths := w.paths(id)
	if len(made) != 80 || len(paths) != 81 {
		t.Fatalf("%d were answered, %d are there", len(made), len(paths)-1)
	}
	for _, path := range paths[1:] {
		if !made[path] {
			t.Errorf("%s is there but was not answered", path)
		}
	}
}

// In one process writers wait for each other, so nobody is sent away.
func TestOneProcessNeverAnswersBusy(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	var wg sync.WaitGroup
	for g := range 40 {
		wg.Go(func() {
			if _, err := w.CreateResource(w.call, &apigatewayapi.CreateResourceRequest{RestApiId: &id, ParentId: &root, PathPart: new(fmt.Sprint(g))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestConflictIsAnsweredAfterAWhile(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	err := w.editAPI(w.call, id, nil, func(*APIRecord) error {
		// Somebody else is always faster.
		_, err := w.service().UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: patch("replace /name x")})
		return err
	})
	refused(t, err, conflict, busyText)
}

// race runs two operations at once many times and checks what they leave.
func race(t *testing.T, setup func() (a, b func() error, check func(errA, errB error))) {
	t.Helper()
	for range 200 {
		a, b, check := setup()
		var (
			wg         sync.WaitGroup
			errA, errB error
		)
		wg.Go(func() { errA = a() })
		wg.Go(func() { errB = b() })
		wg.Wait()
		check(errA, errB)
	}
}

func TestNoStageWithoutItsDeployment(t *testing.T) {
	w := newWorld(t)
	other := w.service()
	race(t, func() (func() error, func() error, func(error, error)) {
		id, root := w.api()
		w.mock(id, root)
		d := must[apigatewayapi.Deployment](t)(w.deploy(apigatewayapi.CreateDeploymentRequest{RestApiId: &id}))
		return func() error {
				_, err := w.CreateStage(w.call, &apigatewayapi.CreateStageRequest{RestApiId: &id, StageName: new("s"), DeploymentId: d.Id})
				return err
			}, func() error {
				return other.DeleteDeployment(w.call, &apigatewayapi.DeleteDeploymentRequest{RestApiId: &id, DeploymentId: d.Id})
			}, func(errA, errB error) {
				if errA == nil && errB == nil {
					t.Fatal("the stage was made and its deployment deleted")
				}
				w.ok(w.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: &id}))
			}
	})
}

func TestNoPlanKeyWithoutItsKey(t *testing.T) {
	w := newWorld(t)
	other := w.service()
	plan := w.plan()
	race(t, func() (func() error, func() error, func(error, error)) {
		k := w.key("k")
		return func() error {
				_, err := w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id, KeyType: new("API_KEY")})
				return err
			}, func() error {
				return other.DeleteApiKey(w.call, &apigatewayapi.DeleteApiKeyRequest{ApiKey: k.Id})
			}, func(_, errB error) {
				w.ok(errB)
				if left := w.keysUnder(Below(w.call.Account, w.call.Region, KindPlanKey, plan)); len(left) != 0 {
					t.Fatalf("the plan has a key that is gone: %v", left)
				}
			}
	})
}

func TestNoPlanStageWithoutItsStage(t *testing.T) {
	w := newWorld(t)
	other := w.service()
	plan := w.plan()
	id, deployment := w.deployed()
	race(t, func() (func() error, func() error, func(error, error)) {
		must[apigatewayapi.Stage](t)(w.CreateStage(w.call, &apigatewayapi.CreateStageRequest{RestApiId: &id, StageName: new("s"), DeploymentId: &deployment}))
		return func() error {
				_, err := w.UpdateUsagePlan(w.call, &apigatewayapi.UpdateUsagePlanRequest{UsagePlanId: &plan, PatchOperations: patch("add /apiStages " + id + ":s")})
				return err
			}, func() error {
				return other.DeleteStage(w.call, &apigatewayapi.DeleteStageRequest{RestApiId: &id, StageName: new("s")})
			}, func(_, errB error) {
				w.ok(errB)
				out := must[apigatewayapi.UsagePlan](t)(w.GetUsagePlan(w.call, &apigatewayapi.GetUsagePlanRequest{UsagePlanId: &plan}))
				if len(out.ApiStages) != 0 {
					t.Fatalf("the plan has a stage that is gone: %+v", out.ApiStages)
				}
			}
	})
}

func TestOneKeyPerValueAndOneAPIPerID(t *testing.T) {
	w := newWorld(t)
	services := []*Service{w.Service, w.service(), w.service()}
	var (
		wg         sync.WaitGroup
		mu         sync.Mutex
		keys, apis int
	)
	for i := range 30 {
		wg.Go(func() {
			call := caller("000000000000", "us-east-1")
			_, errKey := services[i%3].CreateApiKey(call, &apigatewayapi.CreateApiKeyRequest{Value: new("a-value-of-20-letters")})
			call = caller(fmt.Sprintf("%012d", i), "us-east-1")
			_, errAPI := services[i%3].CreateRestApi(call, &apigatewayapi.CreateRestApiRequest{Name: new("n"), Tags: map[string]string{"_custom_id_": "one"}})
			mu.Lock()
			defer mu.Unlock()
			if errKey == nil {
				keys++
			}
			if errAPI == nil {
				apis++
			}
		})
	}
	wg.Wait()
	if keys != 1 || apis != 1 {
		t.Errorf("%d keys with one value, %d APIs with one id", keys, apis)
	}
}

// hookStore runs a hook once, right before a transaction is committed.
type hookStore struct {
	store.Store
	hook func()
}

func (h *hookStore) Txn(ctx context.Context, t store.Txn) (int64, error) {
	if hook := h.hook; hook != nil {
		h.hook = nil
		hook()
	}
	return h.Store.Txn(ctx, t)
}

// Whatever another process does between what a delete has read and its commit,
// nothing is left that refers to what is gone.
func TestDeletesSeeWhatComesBetween(t *testing.T) {
	w := newWorld(t)
	hooked := &hookStore{Store: w.st}
	slow := w.service(func(o *Options) { o.Store = hooked })
	plan := w.plan()

	k := w.key("k")
	hooked.hook = func() {
		must[apigatewayapi.UsagePlanKey](t)(w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id, KeyType: new("API_KEY")}))
	}
	w.ok(slow.DeleteApiKey(w.call, &apigatewayapi.DeleteApiKeyRequest{ApiKey: k.Id}))
	if left := w.keysUnder(Prefix(w.call.Account, w.call.Region, KindPlanKey)); len(left) != 0 {
		t.Errorf("the plan has a key that is gone: %v", left)
	}

	k = w.key("k")
	hooked.hook = func() {
		must[apigatewayapi.UsagePlanKey](t)(w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id, KeyType: new("API_KEY")}))
	}
	w.ok(slow.DeleteUsagePlan(w.call, &apigatewayapi.DeleteUsagePlanRequest{UsagePlanId: &plan}))
	if left := w.keysUnder(Prefix(w.call.Account, w.call.Region, KindPlanKey)); len(left) != 0 {
		t.Errorf("a plan that is gone has keys: %v", left)
	}

	id, root := w.api()
	w.mock(id, root)
	hooked.hook = func() {
		must[apigatewayapi.Deployment](t)(w.deploy(apigatewayapi.CreateDeploymentRequest{RestApiId: &id, StageName: new("prod")}))
		w.plan(id + ":prod")
	}
	w.ok(slow.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: &id}))
	for _, key := range w.keysUnder("") {
		if strings.Contains(key, id) {
			t.Errorf("left behind: %s", key)
		}
	}
	plans := must[apigatewayapi.UsagePlans](t)(w.GetUsagePlans(w.call, &apigatewayapi.GetUsagePlansRequest{}))
	if len(plans.Items) != 1 || len(plans.Items[0].ApiStages) != 0 {
		t.Errorf("plans %+v", plans.Items)
	}
}

// A record read twice is one record: what changes in between is no part of the
// transaction, which fails at its commit.
func TestARecordIsReadOnce(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	rename := func(name string) {
		must[apigatewayapi.RestApi](t)(w.service().UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: patch("replace /name " + name)}))
	}
	attempts := 0
	w.ok(w.write(w.call, "", func(tx *tx) error {
		attempts++
		first, err := read[APIRecord](tx, apiRef(w.call, id))
		w.ok(err)
		if attempts == 1 {
			rename("between")
		}
		second, err := read[APIRecord](tx, apiRef(w.call, id))
		w.ok(err)
		if *first.Api.Name != *second.Api.Name {
			t.Errorf("read %q and then %q", *first.Api.Name, *second.Api.Name)
		}
		tx.touch(apiRef(w.call, id))
		return nil
	}))
	if attempts != 2 {
		t.Errorf("%d attempts, want 2", attempts)
	}
}
