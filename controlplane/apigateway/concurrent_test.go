package apigateway

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
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
