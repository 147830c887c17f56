package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/controlplane/compile"
	"drawbridge/dataplane/program"
	"drawbridge/store"
	"drawbridge/store/memory"
)

// storedDistribution is the transaction that puts a distribution with a comment
// in place; the comment stands in the default root object, where the program
// shows it.
func storedDistribution(t *testing.T, root string) store.Txn {
	t.Helper()
	const id = "E1AAAAAAAAAAAA"
	record, err := json.Marshal(cloudfront.DistributionRecord{
		ID: id, Account: "000000000000", DomainName: "d1.cloudfront.net",
		Config: cloudfrontapi.DistributionConfig{
			DefaultRootObject: &root, Enabled: new(true),
			Origins:              &cloudfrontapi.Origins{Items: []cloudfrontapi.Origin{{Id: new("o"), DomainName: new("origin.example.com")}}},
			DefaultCacheBehavior: &cloudfrontapi.DefaultCacheBehavior{TargetOriginId: new("o"), ForwardedValues: &cloudfrontapi.ForwardedValues{}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return store.Txn{Puts: []store.Put{{Key: cloudfront.Key("000000000000", cloudfront.KindDistribution, id), Value: record}}}
}

func startPublisher(t *testing.T, spread time.Duration, purged func(int, compile.Purge)) *publisher {
	t.Helper()
	kept, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{pops[0]}
	if spread > 0 {
		names = pops[:]
	}
	p := &publisher{
		store: kept, log: slog.New(slog.NewTextHandler(io.Discard, nil)), purge: purged,
		edge: newFleet[program.Edge](spread, names), cells: newFleet[program.Gateway](0, []string{"cell-1"}),
	}
	revision, err := p.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	wait := p.start(ctx, revision)
	t.Cleanup(func() { stop(); wait(); _ = kept.Close() })
	return p
}

// rootAt is the default root object of the distribution as a location runs it.
func rootAt(p *publisher, place int) string {
	d, ok := p.edge.places[place].Load().Distribution("d1.cloudfront.net")
	if !ok {
		return ""
	}
	return d.DefaultRootObject
}

func TestAWriteIsInForceWhenItIsAnswered(t *testing.T) {
	p := startPublisher(t, 0, func(int, compile.Purge) {})
	for _, root := range []string{"a.html", "b.html"} {
		revision, err := p.store.Txn(t.Context(), storedDistribution(t, root))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.published(t.Context(), revision); err != nil {
			t.Fatal(err)
		}
		if got := rootAt(p, 0); got != root {
			t.Errorf("after the answer %q is in force, want %q", got, root)
		}
		if !p.deployed(revision) {
			t.Error("in force everywhere, but not deployed")
		}
	}
}

func TestAChangeReachesEightLocationsOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		purges := make(chan int, locations)
		p := startPublisher(t, time.Minute, func(place int, _ compile.Purge) { purges <- place })
		revision, err := p.store.Txn(t.Context(), storedDistribution(t, "a.html"))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.published(t.Context(), revision); err != nil {
			t.Fatal(err) // the answer does not wait
		}
		if p.deployed(revision) {
			t.Error("deployed before any location switched")
		}
		seen := 0
		for range 60 {
			time.Sleep(time.Second) // the bubble's clock
			synctest.Wait()
			now := 0
			for place := range locations {
				if rootAt(p, place) == "a.html" {
					now++
				}
			}
			if now < seen {
				t.Fatal("a location went back")
			}
			seen = now
			if p.deployed(revision) != (seen == locations) {
				t.Fatalf("%d of %d locations have switched, deployed = %v", seen, locations, p.deployed(revision))
			}
		}
		if seen != locations {
			t.Errorf("after a minute %d of %d locations have switched", seen, locations)
		}
	})
}

func TestAUnitThatDoesNotCompileKeepsItsLastGoodVersion(t *testing.T) {
	p := startPublisher(t, 0, func(int, compile.Purge) {})
	if _, err := p.store.Txn(t.Context(), storedDistribution(t, "good.html")); err != nil {
		t.Fatal(err)
	}
	broken := storedDistribution(t, "broken.html")
	broken.Puts[0].Value = []byte(`{"Config":`)
	revision, err := p.store.Txn(t.Context(), broken)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.published(t.Context(), revision); err != nil {
		t.Fatal(err)
	}
	if got := rootAt(p, 0); got != "good.html" {
		t.Errorf("%q is in force, want the last good version", got)
	}
}
