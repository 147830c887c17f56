package lock_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"drawbridge/lock"
)

// Every distribution that sends the old value is switched: a sibling, a staging
// copy; one that sends another value is left alone.
func TestRotateSwitchesSiblings(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		t.Run(string(method), func(t *testing.T) {
			w := newWorld(t, 0)
			w.stack()
			_, err := w.apply(lock.ApplyOptions{Method: method})
			w.check(err)
			before := w.secret(header(method))
			ctx, cdn := t.Context(), w.account.CloudFront
			add := func(reference, value string) string {
				config := w.config(reference)
				config.Origins.Items[0].CustomHeaders.Items = append(config.Origins.Items[0].CustomHeaders.Items,
					cdntypes.OriginCustomHeader{HeaderName: aws.String(header(method)), HeaderValue: &value})
				config.Origins.Items[0].CustomHeaders.Quantity = aws.Int32(2)
				return *must2(w, func() (*cloudfront.CreateDistributionOutput, error) {
					return cdn.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: config})
				}).Distribution.Id
			}
			sibling, other := add("sibling", before), add("other", "another-value-of-somebody")
			read := must2(w, func() (*cloudfront.GetDistributionOutput, error) {
				return cdn.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &w.dist})
			})
			staging := *must2(w, func() (*cloudfront.CopyDistributionOutput, error) {
				return cdn.CopyDistribution(ctx, &cloudfront.CopyDistributionInput{
					PrimaryDistributionId: &w.dist, CallerReference: aws.String("staging"), Staging: aws.Bool(true), IfMatch: read.ETag,
				})
			}).Distribution.Id
			w.check(lock.Rotate(ctx, w.account, lock.RotateOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell}))
			after := w.secret(header(method))
			primary := w.dist
			for id, want := range map[string]string{sibling: after, staging: after, other: "another-value-of-somebody"} {
				w.dist = id
				if got := w.secret(header(method)); got != want || got == before {
					t.Errorf("distribution %s sends another value than it should", id)
				}
			}
			w.dist = primary
			if !strings.Contains(w.told(), staging+" sends it (a staging copy)") {
				t.Error("the staging copy is not named")
			}
		})
	}
}

// A live run elsewhere is left alone, unless it is taken over; then it is the
// other one that stops.
func TestTakeOver(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	_, err := w.apply(lock.ApplyOptions{Method: lock.Referer})
	w.check(err)
	before := w.secret("Referer")
	stalled, resume := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		told := 0
		done <- lock.Rotate(t.Context(), w.account, lock.RotateOptions{
			Distribution: w.dist, Timing: instant(), Owner: "0000aaaa.1",
			Tell: func(line lock.Line) {
				if strings.HasPrefix(line.Text, "proved: ") {
					if told++; told == 1 {
						close(stalled)
						<-resume
					}
				}
			},
		})
	}()
	<-stalled
	options := lock.RotateOptions{Distribution: w.dist, Timing: instant(), Owner: "0000bbbb.1"}
	if err := lock.Rotate(t.Context(), w.account, options); !errors.Is(err, lock.ErrForeignRun) {
		t.Errorf("a live run is not left alone: %v", err)
	}
	if err := lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Timing: instant()}); !errors.Is(err, lock.ErrForeignRun) {
		t.Errorf("apply while a rotation is alive: %v", err)
	}
	options.TakeOver = true
	w.check(lock.Rotate(t.Context(), w.account, options))
	close(resume)
	if err := <-done; !errors.Is(err, lock.ErrForeignRun) {
		t.Errorf("the run that was taken over goes on: %v", err)
	}
	w.oneSecret("taken over", lock.Referer, before)
}

// A secret of one's own is used as it is, is resumed by the same source, and a
// weak one is refused.
func TestRotateToAGivenSecret(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		w := newWorld(t, 0)
		w.stack()
		_, err := w.apply(lock.ApplyOptions{Method: method})
		w.check(err)
		const given = "a-secret-of-my-own-0123456789"
		w.check(lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Value: given, Timing: instant(), Tell: w.tell}))
		if w.secret(header(method)) != given || strings.Contains(w.told(), given) {
			t.Errorf("%s: the secret that was given is not used, or shown", method)
		}
		if err := lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Value: given, Timing: instant()}); err == nil {
			t.Errorf("%s: the same secret again is a rotation", method)
		}
		if err := lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Value: "weak", Timing: instant()}); err == nil {
			t.Errorf("%s: a weak secret is taken", method)
		}
	}
}

// A lock made by hand, as the article makes it, is rotated and removed as well.
func TestLockMadeByHand(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	const old = "tekito-na-mojiretsu"
	w.send(old)
	w.deployed(w.dist)
	w.demand(old)
	w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell}))
	if strings.Contains(w.told(), "create-deployment") {
		t.Errorf("a lock made by hand is made again:\n%s", w.told())
	}
	w.check(lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Timing: instant()}))
	if got := w.ask(w.direct("", lock.Field{Name: "Referer", Value: old})); got.Status != http.StatusForbidden {
		t.Errorf("the old value: %s", got.Seen())
	}
	w.check(lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: instant()}))
	api := must2(w, func() (*apigateway.GetRestApiOutput, error) {
		return w.account.APIGateway.GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: &w.api})
	})
	if policy := aws.ToString(api.Policy); strings.Contains(policy, "Deny") || !strings.Contains(policy, "Allow") {
		t.Errorf("the policy is left as %s", policy)
	}
}
