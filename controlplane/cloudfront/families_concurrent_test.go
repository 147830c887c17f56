package cloudfront_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

// TestNamedWhileDeleted: distributions begin to trust key groups while these
// are deleted, and groups begin to hold keys while those are. Whoever wins,
// nothing names what is gone, and no refusal is an internal error.
func TestNamedWhileDeleted(t *testing.T) {
	s := newService(t, cloudfront.Options{Limits: cloudfront.Limits{PublicKeys: 1000, KeyGroups: 1000}})
	var wg sync.WaitGroup
	for i := range 30 {
		name := fmt.Sprint(i)
		key, err := createKey(s, name, asIs)
		fatal(t, err)
		shown, err := s.GetPublicKey(call(account), &cloudfrontapi.GetPublicKeyRequest{Id: &key})
		fatal(t, err)
		var group *cloudfrontapi.CreateKeyGroupResult
		var created, removed error
		var race sync.WaitGroup
		race.Go(func() {
			group, created = s.CreateKeyGroup(call(account), &cloudfrontapi.CreateKeyGroupRequest{
				KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: &name, Items: []string{key}}})
		})
		race.Go(func() {
			removed = s.DeletePublicKey(call(account), &cloudfrontapi.DeletePublicKeyRequest{Id: &key, IfMatch: shown.ETag})
		})
		race.Wait()
		if (created == nil) == (removed == nil) {
			t.Fatalf("create %v, delete %v", created, removed)
		}
		noInternal(t, created, removed)
		if created != nil {
			continue
		}
		wg.Go(func() { raceGroup(t, s, group, name) })
	}
	wg.Wait()
}

// raceGroup names a key group in a distribution while it is deleted.
func raceGroup(t *testing.T, s *cloudfront.Service, group *cloudfrontapi.CreateKeyGroupResult, name string) {
	c := config(name)
	c.DefaultCacheBehavior.TrustedKeyGroups = &cloudfrontapi.TrustedKeyGroups{
		Enabled: new(true), Quantity: count(1), Items: []string{*group.KeyGroup.Id},
	}
	var created, removed error
	var race sync.WaitGroup
	race.Go(func() {
		_, created = s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
	})
	race.Go(func() {
		removed = s.DeleteKeyGroup(call(account), &cloudfrontapi.DeleteKeyGroupRequest{Id: group.KeyGroup.Id, IfMatch: group.ETag})
	})
	race.Wait()
	if (created == nil) == (removed == nil) {
		t.Errorf("create %v, delete %v", created, removed)
	}
	noInternal(t, created, removed)
}

func noInternal(t *testing.T, all ...error) {
	t.Helper()
	for _, err := range all {
		var answer *api.Error
		if err != nil && (!errors.As(err, &answer) || answer.Status >= 500) {
			t.Errorf("an internal error: %v", err)
		}
	}
}
