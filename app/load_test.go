package app

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// long tells that the slow tests run (make test-long).
func long() bool { return os.Getenv("DRAWBRIDGE_LONG") != "" }

const loadConnections = 64

// load calls an API over 64 connections until stop is closed, and gives every
// answer to check.
func load(c *client, m metered, stop <-chan struct{}, check func(answered) error) (calls int64, failure error) {
	var n atomic.Int64
	failed := make(chan error, loadConnections)
	var group sync.WaitGroup
	for range loadConnections {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := c.invoke(m.api, m.key)
				if err == nil {
					err = check(got)
				}
				if err != nil {
					failed <- err
					return
				}
				n.Add(1)
			}
		})
	}
	group.Wait()
	close(failed)
	return n.Load(), <-failed
}

// oneConfiguration demands that an answer comes from one configuration as a
// whole: the template, the header mapping and the stage variable say the same.
func oneConfiguration(got answered) error {
	n := got.header.Get("X-Header")
	if got.status != 200 || got.body != n+" "+n {
		return fmt.Errorf("status %d, header %q, body %q", got.status, n, got.body)
	}
	return nil
}

// TestChangesUnderLoadLong changes an API 1 000 times (100 times in make test)
// while 64 connections call it: no call fails, none sees two configurations.
func TestChangesUnderLoadLong(t *testing.T) {
	changes := 100
	if long() {
		changes = 1000
	}
	base, _ := startApp(t, testConfig(t.TempDir()))
	operator := newClient(t, base)
	m := newMetered(operator, map[string]any{"throttle": map[string]any{"rateLimit": 1e6, "burstLimit": 1_000_000}})
	stop := make(chan struct{})
	var calls int64
	var failure error
	var group sync.WaitGroup
	group.Go(func() { calls, failure = load(newClient(t, base), m, stop, oneConfiguration) })
	func() {
		defer group.Wait()
		defer close(stop) // also when a change fails and ends the test
		for done, n := 0, 1; done < changes; n++ {
			done += m.change(operator, n)
		}
	}()
	if failure != nil {
		t.Fatalf("after %d calls: %v", calls, failure)
	}
	t.Logf("%d changes, %d calls", changes, calls)
	got, err := operator.invoke(m.api, m.key)
	if err != nil || got.body == "0 0" || calls < loadConnections {
		t.Fatalf("the test proved nothing: %d calls, last answer %q, %v", calls, got.body, err)
	}
}

// change makes the n-th change of everything a call of m goes by, and returns
// how many changes that were.
func (m *metered) change(c *client, n int) int {
	api := "/restapis/" + m.api
	m.integrate(c, n)
	c.control("PATCH", api, patches(patch{"replace", "/policy", fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"},`+
			`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"%d"}}}]}`, n)}))
	deployment := c.control("POST", api+"/deployments", map[string]any{})["id"].(string)
	c.control("PATCH", api+"/stages/prod", patches(
		patch{"replace", "/deploymentId", deployment}, patch{"replace", "/variables/n", fmt.Sprint(n)}))
	c.control("DELETE", api+"/deployments/"+m.deployment, nil)
	m.deployment = deployment
	c.control("PATCH", "/usageplans/"+m.plan, patches(
		patch{"replace", "/throttle/burstLimit", fmt.Sprint(1_000_000 + n)}, patch{"replace", "/quota/limit", fmt.Sprint(1_000_000_000 + n)},
		patch{"replace", "/quota/period", "MONTH"}))
	other := c.control("POST", "/apikeys", map[string]any{"name": fmt.Sprint("other", n), "enabled": true})["id"].(string)
	c.control("POST", "/usageplans/"+m.plan+"/keys", map[string]any{"keyId": other, "keyType": "API_KEY"})
	c.control("PATCH", "/apikeys/"+m.keyID, patches(patch{"replace", "/description", fmt.Sprint(n)}))
	c.control("DELETE", "/apikeys/"+other, nil)
	return 10
}
