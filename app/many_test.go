package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// howMany distributions there are: 10 000, of which the budgets of design.md
// section 7 speak, or a few in every run.
func howMany() int {
	if long() {
		return 10_000
	}
	return 300
}

// The budgets. The test logs what it measures, and fails only far beyond them:
// a machine that does other work as well is slow, a scan of everything is slower.
const (
	budgetPages  = 1.5 // last page of the list to its first
	budgetUpdate = 10 * time.Millisecond
	budgetStart  = 2 * time.Second
	grace        = 3
)

// TestManyDistributionsLong measures lists, updates and the start with
// many distributions in the embedded store, over HTTP by aws-sdk-go-v2.
func TestManyDistributionsLong(t *testing.T) {
	data, many := t.TempDir(), howMany()
	running := startLarge(t, data)
	createMany(t, running.client, many)
	first, last := pageTimes(t, running.client, markers(t, running.client))
	updates := updateSome(t, running.client)
	running.stop()
	again := startLarge(t, data)
	t.Logf("%d distributions: first page %v, last page %v (%.2f times), update p50 %v, start %v",
		many, first, last, float64(last)/float64(first), updates, again.took)
	if float64(last) > budgetPages*grace*float64(first) || updates > budgetUpdate*grace || again.took > budgetStart*grace {
		t.Errorf("budgets: last page %.1f times the first, update %v, start %v", budgetPages, budgetUpdate, budgetStart)
	}
	if got := len(markers(t, again.client)); got != many/100 {
		t.Errorf("%d pages after the start, want %d", got, many/100)
	}
}

type large struct {
	client *cloudfront.Client
	took   time.Duration
	stop   func()
}

// startLarge starts a server on a data folder.
func startLarge(t *testing.T, data string) large {
	t.Helper()
	begun := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	a, err := New(ctx, Config{
		Listen: []string{"edge,gateway,control,ops=127.0.0.1:0"}, Data: data, Account: "000000000000", Region: "us-east-1", Wording: "current",
		EdgeAddress: "64.252.64.1", CacheSize: 1 << 20, AccessLog: "off", DrainTimeout: time.Second,
		Stderr: io.Discard, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx) }()
	var once sync.Once
	l := large{took: took, stop: func() {
		once.Do(func() {
			stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	}}
	t.Cleanup(l.stop)
	l.client = cloudfront.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + a.listeners[0].Addr().String()), RetryMaxAttempts: 1,
		HTTPClient:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	return l
}

func createMany(t *testing.T, client *cloudfront.Client, many int) {
	t.Helper()
	var group sync.WaitGroup
	const workers = 4
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < many; i += workers {
				_, err := client.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: largeConfig(i)})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func largeConfig(i int) *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: aws.String(fmt.Sprint(i)), Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
			Id: aws.String("o"), DomainName: aws.String(fmt.Sprintf("o%d.example.com", i)),
			CustomOriginConfig: &types.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{TargetOriginId: aws.String("o"), ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly,
			CachePolicyId: aws.String("658327ea-f89d-4fab-a63d-7e88639e58f6")},
	}
}

// markers lists everything by 100 and gives each page's marker.
func markers(t *testing.T, client *cloudfront.Client) []*string {
	t.Helper()
	all := []*string{nil}
	for {
		out := page(t, client, all[len(all)-1])
		if !*out.IsTruncated {
			return all
		}
		all = append(all, out.NextMarker)
	}
}

func page(t *testing.T, client *cloudfront.Client, marker *string) *types.DistributionList {
	t.Helper()
	out, err := client.ListDistributions(t.Context(), &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(100), Marker: marker})
	if err != nil {
		t.Fatal(err)
	}
	return out.DistributionList
}

// pageTimes are the medians of the first and of the last page, asked for in turn.
func pageTimes(t *testing.T, client *cloudfront.Client, all []*string) (first, last time.Duration) {
	t.Helper()
	var times [2][]time.Duration
	for range 50 {
		for i, marker := range []*string{all[0], all[len(all)-1]} {
			begun := time.Now()
			page(t, client, marker)
			times[i] = append(times[i], time.Since(begun))
		}
	}
	return median(times[0]), median(times[1])
}

// updateSome gives the median of 100 updates, from request to answer.
func updateSome(t *testing.T, client *cloudfront.Client) time.Duration {
	t.Helper()
	var times []time.Duration
	for i, summary := range page(t, client, nil).Items {
		got, err := client.GetDistributionConfig(t.Context(), &cloudfront.GetDistributionConfigInput{Id: summary.Id})
		if err != nil {
			t.Fatal(err)
		}
		got.DistributionConfig.Comment = aws.String(fmt.Sprint("change ", i))
		begun := time.Now()
		if _, err := client.UpdateDistribution(t.Context(), &cloudfront.UpdateDistributionInput{
			Id: summary.Id, IfMatch: got.ETag, DistributionConfig: got.DistributionConfig}); err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(begun))
	}
	return median(times)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
