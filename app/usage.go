package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/usage"
	"drawbridge/store"
)

// usageFile keeps the meters over a restart, beside the store.
const usageFile = "usage.snapshot"

// leasePrefix begins the store's keys of leases: usage/<plan id>/<key id>.
const leasePrefix = "usage/"

func leaseKey(id usage.KeyID) string { return leasePrefix + id.Plan + "/" + id.Key }

// openUsage makes the meters and takes them up where the last process left
// them: the numbers of its snapshot, and above them what the store's leases say
// was spent of quotas. A snapshot that cannot be read is a fault of the disk:
// the daily numbers begin anew and the log says so.
func (a *App) openUsage(ctx context.Context) error {
	var options usage.Options
	if a.config.Data != MemoryData {
		options.Lease = a.lease
	}
	var err error
	if a.meter, err = usage.New(options); err != nil || a.config.Data == MemoryData {
		return err
	}
	path := filepath.Join(a.config.Data, usageFile)
	saved, err := os.ReadFile(path)
	if err == nil {
		err = a.meter.Restore(saved)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.log.Warn("usage counters begin anew", "file", path, "error", err)
	}
	leases, err := a.store.List(ctx, leasePrefix)
	if err != nil {
		return fmt.Errorf("read the leases of quotas: %w", err)
	}
	for _, entry := range leases.Entries {
		if err := a.meter.RestoreLease(entry.Value); err != nil {
			return fmt.Errorf("%s: %w", entry.Key, err)
		}
	}
	a.saveUsageUntilClosed(path)
	return nil
}

// lease puts a part of a quota on record before it is spent. The store writes
// the leases of many keys at once. When it cannot, calls go on being counted in
// memory: a full disk must not refuse them.
func (a *App) lease(id usage.KeyID, record []byte) {
	put := store.Put{Key: leaseKey(id), Value: record}
	if _, err := a.store.Txn(context.Background(), store.Txn{Puts: []store.Put{put}}); err != nil {
		a.log.Error("a quota's lease is not on record; a crash may grant its calls again", "plan", id.Plan, "key", id.Key, "error", err)
	}
}

// returnLeases puts the exact counts in place of the leases, as the last thing
// a process does.
func (a *App) returnLeases() error {
	var puts []store.Put
	for _, r := range a.meter.Return() {
		puts = append(puts, store.Put{Key: leaseKey(r.ID), Value: r.Record})
	}
	for batch := range slices.Chunk(puts, store.MaxTxnOps) {
		if _, err := a.store.Txn(context.Background(), store.Txn{Puts: batch}); err != nil {
			return fmt.Errorf("return the leases of quotas: %w", err)
		}
	}
	return nil
}

// forgetLeases deletes the leases of keys that are in their plan no more.
func (a *App) forgetLeases(ctx context.Context) error {
	leases, err := a.store.List(ctx, leasePrefix)
	if err != nil {
		return fmt.Errorf("read the leases of quotas: %w", err)
	}
	var gone []string
	for _, entry := range leases.Entries {
		plan, key, _ := strings.Cut(strings.TrimPrefix(entry.Key, leasePrefix), "/")
		if !a.inPlan(plan, key) {
			gone = append(gone, entry.Key)
		}
	}
	for batch := range slices.Chunk(gone, store.MaxTxnOps) {
		if _, err := a.store.Txn(ctx, store.Txn{Deletes: batch}); err != nil {
			return fmt.Errorf("forget leases of quotas: %w", err)
		}
	}
	return nil
}

// usageInterval is how much of the daily numbers without a quota a crash may
// lose; quotas have leases.
const usageInterval = 10 * time.Second

func (a *App) saveUsageUntilClosed(path string) {
	saving, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.saveUsageEvery(saving, path)
	}()
	a.closers = append(a.closers, func() error {
		stop()
		<-ended
		return errors.Join(a.returnLeases(), a.saveUsage(path))
	})
}

func (a *App) saveUsageEvery(ctx context.Context, path string) {
	tick := time.NewTicker(usageInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.saveUsage(path); err != nil {
				a.log.Warn("usage counters not saved", "error", err)
			}
		}
	}
}

// saveUsage replaces the file as a whole, so that a crash leaves the old one.
func (a *App) saveUsage(path string) error {
	data, err := a.meter.Snapshot(a.config.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return fmt.Errorf("save the usage counters: %w", err)
	}
	return os.Rename(path+".new", path)
}

// usageDays answers GetUsage from the meters.
func (a *App) usageDays(_ context.Context, q apigateway.UsageQuery) (map[string][]apigateway.DayUsage, error) {
	answer := make(map[string][]apigateway.DayUsage)
	for _, key := range q.KeyIDs {
		for _, day := range a.meter.Days(q.From, q.To, usage.KeyID{Plan: q.PlanID, Key: key}, a.quotaOf(q.PlanID, key)) {
			answer[key] = append(answer[key], apigateway.DayUsage(day))
		}
	}
	return answer, nil
}

// setRemaining answers UpdateUsage.
func (a *App) setRemaining(_ context.Context, r apigateway.Remaining) error {
	quota := a.quotaOf(r.PlanID, r.KeyID)
	if quota == nil {
		return nil // nothing is counted against a plan without a quota
	}
	a.meter.SetRemaining(a.config.Now(), usage.KeyID{Plan: r.PlanID, Key: r.KeyID}, *quota, r.Requests)
	return nil
}

// quotaOf returns the quota a plan gives a key, as it is in force; nil: none.
func (a *App) quotaOf(planID, keyID string) *program.Quota {
	if plan := a.planOf(planID, keyID); plan != nil {
		return plan.Quota
	}
	return nil
}

func (a *App) inPlan(planID, keyID string) bool { return a.planOf(planID, keyID) != nil }

// planOf returns a key's plan with this id, as it is in force; nil: none.
func (a *App) planOf(planID, keyID string) *program.UsagePlan {
	key, ok := a.publisher.cells.any().Load().KeyByID(keyID)
	if !ok {
		return nil
	}
	for _, plan := range key.Plans {
		if plan.ID == planID {
			return plan
		}
	}
	return nil
}
