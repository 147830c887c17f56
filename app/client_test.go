package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// testConfig is a Drawbridge on a free port.
func testConfig(data string) Config {
	return Config{
		Listen: []string{"edge,gateway,control,ops=127.0.0.1:0"}, Data: data, Account: "000000000000", Region: "us-east-1",
		Wording: "current", CacheSize: 1 << 20, EdgeAddress: "64.252.64.1", AccessLog: "off", DrainTimeout: 10 * time.Second,
		Stderr: io.Discard, Log: slog.New(slog.DiscardHandler),
	}
}

// startApp serves until the test ends, or until stop.
func startApp(t *testing.T, config Config) (base string, stop func()) {
	t.Helper()
	a, err := New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return a.Addresses()[0].URL, stop
}

// client speaks to a Drawbridge, as an operator and as a caller.
type client struct {
	t    testing.TB
	base string
	http *http.Client
}

func newClient(t testing.TB, base string) *client {
	return &client{t, base, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}, Timeout: time.Minute}}
}

// control makes a call of API Gateway's control plane and returns its answer.
func (c *client) control(method, path string, in any) map[string]any {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequest(method, c.base+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/"+time.Now().UTC().Format("20060102")+
		"/us-east-1/apigateway/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	answer, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			c.t.Fatalf("%s %s: %s: %v", method, path, text, err)
		}
	}
	return out
}

// answered is what a caller got.
type answered struct {
	status int
	header http.Header
	body   string
}

// invoke calls the root of an API's stage prod.
func (c *client) invoke(api, key string) (answered, error) {
	r, err := http.NewRequest(http.MethodGet, c.base+"/prod", nil)
	if err != nil {
		return answered{}, err
	}
	r.Host = api + ".execute-api.localhost"
	r.Header.Set("X-Api-Key", key)
	answer, err := c.http.Do(r)
	if err != nil {
		return answered{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answered{answer.StatusCode, answer.Header, string(text)}, err
}

// patch is one operation of an Update call.
type patch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value,omitempty"`
}

func patches(operations ...patch) map[string]any {
	return map[string]any{"patchOperations": operations}
}

// metered is an API whose root is a MOCK that needs a key, deployed as stage
// prod, with a key in a plan.
type metered struct {
	api, root, deployment, plan, key, keyID string
}

func (m *metered) method() string {
	return "/restapis/" + m.api + "/resources/" + m.root + "/methods/GET"
}

// newMetered makes one; plan is what CreateUsagePlan is given beside name and stages.
func newMetered(c *client, plan map[string]any) metered {
	c.t.Helper()
	api := c.control("POST", "/restapis", map[string]any{"name": "metered"})
	m := metered{api: api["id"].(string), root: api["rootResourceId"].(string)}
	c.control("PUT", m.method(), map[string]any{"authorizationType": "NONE", "apiKeyRequired": true})
	c.control("PUT", m.method()+"/responses/200", map[string]any{"responseParameters": map[string]bool{"method.response.header.x-header": false}})
	m.integrate(c, 0)
	m.deployment = c.control("POST", "/restapis/"+m.api+"/deployments", map[string]any{
		"stageName": "prod", "variables": map[string]string{"n": "0"},
	})["id"].(string)
	key := c.control("POST", "/apikeys", map[string]any{"name": "k", "enabled": true})
	m.key, m.keyID = key["value"].(string), key["id"].(string)
	plan["name"], plan["apiStages"] = "p", []any{map[string]any{"apiId": m.api, "stage": "prod"}}
	m.plan = c.control("POST", "/usageplans", plan)["id"].(string)
	c.control("POST", "/usageplans/"+m.plan+"/keys", map[string]any{"keyId": m.keyID, "keyType": "API_KEY"})
	return m
}

// integrate puts a MOCK that answers n in its body (twice: the template's own
// and the stage variable's) and in a header.
func (m *metered) integrate(c *client, n int) {
	c.t.Helper()
	c.control("PUT", m.method()+"/integration", map[string]any{
		"type": "MOCK", "requestTemplates": map[string]string{"application/json": `{"statusCode": 200}`},
	})
	c.control("PUT", m.method()+"/integration/responses/200", map[string]any{
		"responseParameters": map[string]string{"method.response.header.x-header": fmt.Sprintf("'%d'", n)},
		"responseTemplates":  map[string]string{"application/json": fmt.Sprintf("%d $stageVariables.n", n)},
	})
}
