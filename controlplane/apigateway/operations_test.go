package apigateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/smithy-go"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/awsproto"
	"drawbridge/store/memory"
)

// steadyClient gives the transport a body of its own: see
// controlplane/awsproto/sdk_test.go for the race it avoids.
type steadyClient struct{ client *http.Client }

func (c steadyClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return c.client.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	own := r.Clone(r.Context())
	own.Body = io.NopCloser(bytes.NewReader(body))
	return c.client.Do(own)
}

// wholeClient is AWS's SDK over a service with a data plane that says yes.
func wholeClient(t *testing.T) *sdk.Client {
	t.Helper()
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	svc, err := apigateway.New(apigateway.Options{
		Store: st,
		Usage: func(context.Context, apigateway.UsageQuery) (map[string][]apigateway.DayUsage, error) {
			return nil, nil
		},
		SetRemaining: func(context.Context, apigateway.Remaining) error {
			return nil
		},
		TestAuthorizer: func(context.Context, apigateway.TestAuthorization) (apigateway.TestAuthorizerAnswer, error) {
			return apigateway.TestAuthorizerAnswer{}, nil
		},
		TestInvoke: func(_ context.Context, in apigateway.TestInvocation) (apigateway.TestAnswer, error) {
			return apigateway.TestAnswer{Status: 200, Body: in.CallVerb + " " + in.Path + "?" + in.RawQuery, Latency: time.Millisecond}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := awsproto.New(awsproto.Options{
		Services: []awsproto.Service{{Table: apigatewayapi.Table, Impl: svc}}, Account: "000000000000", Region: "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		Region: "ap-northeast-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, HTTPClient: steadyClient{server.Client()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "123456781234", SecretAccessKey: "secret"}, nil
		}),
	})
}

var operationLine = regexp.MustCompile(`^(! )?(\w+) (\{.*\})(?: -> (.*))?$`)

// TestEveryOperationByTheSDK plays testdata/operations.txt.
func TestEveryOperationByTheSDK(t *testing.T) {
	text, err := os.ReadFile("testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	client := reflect.ValueOf(wholeClient(t))
	bound := map[string]string{}
	taken, refused := map[string]bool{}, map[string]bool{"GetAccount": true} // it has no input
	taken["GetSdk"] = true                                                   // not built
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		at := fmt.Sprintf("operations.txt:%d", n+1)
		match := operationLine.FindStringSubmatch(line)
		if match == nil {
			t.Fatalf("%s: not a line: %s", at, line)
		}
		operation, wantError := match[2], match[1] != ""
		out, err := callSDK(t, client, operation, expand(match[3], bound))
		if wantError {
			refused[operation] = true
			checkRefusal(t, at+" "+operation, err, match[4])
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", at, operation, err)
			continue
		}
		taken[operation] = true
		bindNames(t, at, out, match[4], bound)
	}
	for i := range apigatewayapi.Table.Operations {
		if name := apigatewayapi.Table.Operations[i].Name; !taken[name] || !refused[name] {
			t.Errorf("%s: called with a valid input: %t, with an invalid one: %t", name, taken[name], refused[name])
		}
	}
}

// expand puts bound names and base64 texts into an input.
func expand(text string, bound map[string]string) string {
	text = os.Expand(text, func(name string) string { return bound[name] })
	return regexp.MustCompile(`"<base64:(.*)>"`).ReplaceAllStringFunc(text, func(member string) string {
		inner := strings.TrimSuffix(strings.TrimPrefix(member, `"<base64:`), `>"`)
		var plain string
		if err := json.Unmarshal([]byte(`"`+inner+`"`), &plain); err != nil {
			return member
		}
		return `"` + base64.StdEncoding.EncodeToString([]byte(plain)) + `"`
	})
}

// callSDK calls an operation with an input given as JSON.
func callSDK(t *testing.T, client reflect.Value, operation, input string) (any, error) {
	t.Helper()
	method := client.MethodByName(operation)
	if !method.IsValid() {
		t.Fatalf("the SDK has no operation %s", operation)
	}
	in := reflect.New(method.Type().In(1).Elem())
	decoder := json.NewDecoder(strings.NewReader(input))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(in.Interface()); err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	err, _ := results[1].Interface().(error)
	return results[0].Interface(), err
}

func checkRefusal(t *testing.T, at string, err error, want string) {
	t.Helper()
	code, text, _ := strings.Cut(want, " ")
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.HasPrefix(e.ErrorMessage(), text) {
		t.Errorf("%s: got  %v\nwant %s", at, err, want)
	}
}

// bindNames takes "name=Member …" out of an answer.
func bindNames(t *testing.T, at string, out any, names string, bound map[string]string) {
	t.Helper()
	for pair := range strings.FieldsSeq(names) {
		name, member, _ := strings.Cut(pair, "=")
		field := reflect.ValueOf(out).Elem().FieldByName(member)
		text, ok := field.Interface().(*string)
		if !ok || text == nil {
			t.Fatalf("%s: the answer has no %s", at, member)
		}
		bound[name] = *text
	}
}
