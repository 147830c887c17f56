package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// control calls API Gateway's control plane of a Drawbridge without credentials
// configured, where any well-formed signature passes.
func control(ctx context.Context, endpoint, method, path string, in any) (map[string]any, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	now := time.Now().UTC()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=bench/"+now.Format("20060102")+
		"/us-east-1/apigateway/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: status %d: %s (%v)", method, path, response.StatusCode, text, err)
	}
	out := make(map[string]any)
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return out, nil
}

// policyReferer is the secret that the API behind doorPolicy asks for.
const policyReferer = "a-secret-of-some-length-0123456789"

// createAPIs makes the two APIs of the rows key and policy: a MOCK at the root,
// deployed as stage prod.
func createAPIs(ctx context.Context, endpoint string) (map[door]api, error) {
	keyed, err := createMock(ctx, endpoint, true, "")
	if err != nil {
		return nil, err
	}
	key, err := createKey(ctx, endpoint, keyed)
	if err != nil {
		return nil, err
	}
	policed, err := createMock(ctx, endpoint, false, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"StringNotEquals":{"aws:Referer":%q}}},`+
		`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}]}`, policyReferer))
	if err != nil {
		return nil, err
	}
	const domain = ".execute-api.us-east-1.amazonaws.com"
	return map[door]api{
		doorKey:    {host: keyed + domain, path: "/prod", send: []field{{"x-api-key", key}}},
		doorPolicy: {host: policed + domain, path: "/prod", send: []field{{"referer", policyReferer}}},
	}, nil
}

func createMock(ctx context.Context, endpoint string, keyed bool, policy string) (id string, err error) {
	in := map[string]any{"name": "bench", "endpointConfiguration": map[string]any{"types": []string{"REGIONAL"}}}
	if policy != "" {
		in["policy"] = policy
	}
	created, err := control(ctx, endpoint, "POST", "/restapis", in)
	if err != nil {
		return "", err
	}
	id, _ = created["id"].(string)
	root, _ := created["rootResourceId"].(string)
	method := "/restapis/" + id + "/resources/" + root + "/methods/GET"
	for _, call := range []struct {
		verb, path string
		in         map[string]any
	}{
		{"PUT", method, map[string]any{"authorizationType": "NONE", "apiKeyRequired": keyed}},
		{"PUT", method + "/responses/200", map[string]any{}},
		{"PUT", method + "/integration", map[string]any{"type": "MOCK", "requestTemplates": map[string]string{"application/json": `{"statusCode": 200}`}}},
		{"PUT", method + "/integration/responses/200", map[string]any{"responseTemplates": map[string]string{"application/json": string(apiBody)}}},
		{"POST", "/restapis/" + id + "/deployments", map[string]any{"stageName": "prod"}},
	} {
		if _, err := control(ctx, endpoint, call.verb, call.path, call.in); err != nil {
			return "", err
		}
	}
	return id, nil
}

// createKey makes a key in a plan with a throttle and a quota that no load meets.
func createKey(ctx context.Context, endpoint, apiID string) (value string, err error) {
	key, err := control(ctx, endpoint, "POST", "/apikeys", map[string]any{"name": "bench", "enabled": true})
	if err != nil {
		return "", err
	}
	plan, err := control(ctx, endpoint, "POST", "/usageplans", map[string]any{
		"name": "bench", "apiStages": []any{map[string]any{"apiId": apiID, "stage": "prod"}},
		"throttle": map[string]any{"rateLimit": 1e6, "burstLimit": 1_000_000}, "quota": map[string]any{"limit": 2_000_000_000, "period": "MONTH"},
	})
	if err != nil {
		return "", err
	}
	id, _ := plan["id"].(string)
	if _, err := control(ctx, endpoint, "POST", "/usageplans/"+id+"/keys", map[string]any{"keyId": key["id"], "keyType": "API_KEY"}); err != nil {
		return "", err
	}
	value, _ = key["value"].(string)
	return value, nil
}
