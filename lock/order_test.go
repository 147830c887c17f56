package lock_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// orderPropagation is long enough that a wrong order shows; the long tests take
// the time that the issue names.
func orderPropagation() time.Duration {
	if os.Getenv("DRAWBRIDGE_LONG") == "1" {
		return 3 * time.Second
	}
	return 1200 * time.Millisecond
}

// send has the distribution send a Referer, without waiting.
func (w *world) send(value string) {
	w.t.Helper()
	ctx, cdn := w.t.Context(), w.account.CloudFront
	read := must2(w, func() (*cloudfront.GetDistributionConfigOutput, error) {
		return cdn.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &w.dist})
	})
	read.DistributionConfig.Origins.Items[0].CustomHeaders = &cdntypes.CustomHeaders{Quantity: aws.Int32(1), Items: []cdntypes.OriginCustomHeader{
		{HeaderName: aws.String("Referer"), HeaderValue: &value},
	}}
	_, err := cdn.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &w.dist, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig})
	w.check(err)
}

// demand has the stage demand one of the values, without waiting.
func (w *world) demand(values ...string) {
	w.t.Helper()
	w.write(values...)
	w.deploy()
}

// write has the working copy demand one of the values.
func (w *world) write(values ...string) {
	w.t.Helper()
	policy := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"},
		{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*",
		 "Condition":{"StringNotEquals":{"aws:Referer":["` + strings.Join(values, `","`) + `"]}}}]}`
	_, err := w.account.APIGateway.UpdateRestApi(w.t.Context(), &apigateway.UpdateRestApiInput{RestApiId: &w.api, PatchOperations: []apitypes.PatchOperation{
		{Op: apitypes.OpReplace, Path: aws.String("/policy"), Value: &policy},
	}})
	w.check(err)
}

// settle waits until every place of the gateway has what was deployed.
func settle(propagation time.Duration) { <-time.After(propagation + 200*time.Millisecond) }

// Each wrong order refuses people who come by the distribution: the test of the
// right one can fail.
func TestWrongOrdersRefuse(t *testing.T) {
	propagation := orderPropagation()
	const old, next = "the-old-secret-of-this-test", "the-new-secret-of-this-test"
	locked := func(w *world) {
		w.send(old)
		w.deployed(w.dist)
		w.demand(old)
		settle(propagation)
	}
	for _, test := range []struct {
		name   string
		before func(*world)
		wrong  func(*world)
	}{
		{"the gateway demands before the edge is Deployed", func(*world) {}, func(w *world) {
			w.write(old)
			w.send(old)
			w.deploy()
		}},
		{"the edge is switched before the gateway accepts the new value", locked, func(w *world) {
			w.write(old, next)
			w.send(next)
			w.deploy()
		}},
		{"the old value is retired while the edge is InProgress", func(w *world) {
			locked(w)
			w.demand(old, next)
			settle(propagation)
		}, func(w *world) {
			w.write(next)
			w.send(next)
			w.deploy()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Places switch at random moments: once in a while a wrong order has luck.
			for attempt := 1; ; attempt++ {
				w := newWorld(t, propagation)
				w.stack()
				w.keep()
				test.before(w)
				edge := w.load(w.edge("/"), 16, 5*time.Millisecond)
				test.wrong(w)
				settle(2 * propagation)
				edge.stop()
				if got := w.ask(w.edge("/")); got.Status != 200 {
					t.Fatalf("in the end the lock does not fit: %s", got.Seen())
				}
				if edge.refused.Load() > 0 && strings.Contains(edge.firstFailure(), "AccessDenied") {
					return
				}
				if attempt == 3 {
					t.Fatalf("%d of %d were refused (%s): the order seems to be right", edge.refused.Load(), edge.sent.Load(), edge.firstFailure())
				}
			}
		})
	}
}
