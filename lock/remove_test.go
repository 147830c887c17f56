package lock_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"drawbridge/lock"
)

// A Deny by hand that other stages rely on is not taken out; nothing is changed.
func TestRemoveRefusesDenyOfOtherStages(t *testing.T) {
	const secret = "the-secret-of-this-test"
	w := newWorld(t, 0)
	w.stack()
	w.send(secret)
	w.demand(secret) // execute-api:/*
	_, err := w.account.APIGateway.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: &w.api, StageName: aws.String("dev")})
	w.check(err)
	policy := func() string {
		return *must2(w, func() (*apigateway.GetRestApiOutput, error) {
			return w.account.APIGateway.GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: &w.api})
		}).Policy
	}
	before := policy()
	err = lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell, Confirm: func() bool {
		t.Error("it asked")
		return true
	}})
	if err == nil || !strings.Contains(err.Error(), "statement 2") || !strings.Contains(err.Error(), "more than stage prod") ||
		strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if policy() != before {
		t.Errorf("was %s, is %s", before, policy())
	}
	if got := w.ask(w.direct("/")).Status; got != http.StatusForbidden {
		t.Errorf("open: %d", got)
	}
}

// Before the question it is said how many methods lose their key.
func TestRemoveWarnsOfKeys(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	_, err := w.account.APIGateway.UpdateMethod(t.Context(), &apigateway.UpdateMethodInput{RestApiId: &w.api, ResourceId: &w.root, HttpMethod: aws.String("GET"),
		PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/apiKeyRequired"), Value: aws.String("true")}}})
	w.check(err)
	w.deploy()
	if _, err := w.apply(lock.ApplyOptions{Method: lock.APIKey, Exclude: []string{"GET /health"}}); err != nil {
		t.Fatalf("%v\n%s", err, w.told())
	}
	warned := false
	err = lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell, Confirm: func() bool {
		warned = strings.Contains(w.told(), "Warning: 2 methods demand no API key afterwards")
		return false
	}})
	if !errors.Is(err, lock.ErrDeclined) || !warned {
		t.Errorf("%v\n%s", err, w.told())
	}
	if got := w.ask(w.direct("/")).Status; got != http.StatusForbidden {
		t.Errorf("open: %d", got)
	}
}
