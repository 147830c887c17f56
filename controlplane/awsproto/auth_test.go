package awsproto

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	agtypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/stsapi"
)

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// signedRequest is signed by the SDK's signer.
func signedRequest(t *testing.T, url, service string, at time.Time) *http.Request {
	t.Helper()
	r := httptest.NewRequest("GET", url, nil)
	c := aws.Credentials{AccessKeyID: testCredential.AccessKeyID, SecretAccessKey: testCredential.SecretAccessKey}
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, emptyHash, service, "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifiedCalls(t *testing.T) {
	h := newTestHandler(t, testCredential)
	const url = "http://127.0.0.1:4566/restapis/abc?x=a%20b"
	for _, test := range []struct {
		name   string
		at     time.Time
		spoil  func(*http.Request)
		status int
		code   string
		text   string
	}{
		{"good", testNow, func(*http.Request) {}, 200, "", ""},
		{"five minutes late", testNow.Add(-5 * time.Minute), func(*http.Request) {}, 200, "", ""},
		{"too late", testNow.Add(-5*time.Minute - time.Second), func(*http.Request) {}, 403, "InvalidSignatureException", "Signature expired: 20261122T155459Z is now earlier than 20261122T155500Z (20261122T160000Z - 5 min.)"},
		{"too early", testNow.Add(6 * time.Minute), func(*http.Request) {}, 403, "InvalidSignatureException", "Signature not yet current"},
		{"other query", testNow, func(r *http.Request) { r.RequestURI = "/restapis/abc?x=b" }, 403, "InvalidSignatureException", "The request signature we calculated does not match"},
		{"other path", testNow, func(r *http.Request) { r.RequestURI = "/restapis/abd?x=a%20b" }, 403, "InvalidSignatureException", "The request signature we calculated does not match"},
		{"other host", testNow, func(r *http.Request) { r.Host = "127.0.0.1:80" }, 403, "InvalidSignatureException", "The request signature we calculated does not match"},
		{"unsigned", testNow, func(r *http.Request) { r.Header.Del("Authorization") }, 403, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"no date", testNow, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, 403, "IncompleteSignatureException", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."},
		{"unknown key", testNow, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "AKIDEXAMPLE", "AKIDOTHER", 1))
		}, 403, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"a token that is not the key's", testNow, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "t") }, 403, "UnrecognizedClientException", "The security token included in the request is invalid."},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := signedRequest(t, url, "apigateway", test.at)
			r.RequestURI = "/restapis/abc?x=a%20b"
			test.spoil(r)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Header()["x-amzn-ErrorType"] //lint:ignore SA1008 AWS's own case
			if w.Code != test.status || strings.Join(got, "") != test.code && len(got) > 0 || !strings.Contains(w.Body.String(), test.text) {
				t.Errorf("%d %v %s", w.Code, got, w.Body)
			}
		})
	}
	if h.gateway.call.Account != "123456789012" || h.gateway.call.PrincipalARN != testCredential.PrincipalARN || !strings.HasPrefix(h.gateway.call.UserID, "AIDA") {
		t.Errorf("call %+v", h.gateway.call)
	}
	if strings.Contains(h.log.String(), testCredential.SecretAccessKey) || strings.Contains(h.log.String(), "Signature=") {
		t.Error("the log has credentials")
	}
}

func TestPresignedCall(t *testing.T) {
	h := newTestHandler(t, testCredential)
	r := httptest.NewRequest("GET", "http://127.0.0.1:4566/restapis/abc?X-Amz-Expires=600", nil)
	c := aws.Credentials{AccessKeyID: testCredential.AccessKeyID, SecretAccessKey: testCredential.SecretAccessKey}
	url, _, err := v4.NewSigner().PresignHTTP(context.Background(), c, r, emptyHash, "apigateway", "eu-west-1", testNow.Add(-9*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
	if w.Code != 200 || h.gateway.call.Region != "eu-west-1" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", strings.Replace(url, "X-Amz-Expires=600", "X-Amz-Expires=700", 1), nil))
	if w.Code != 403 {
		t.Errorf("a changed life: %d %s", w.Code, w.Body)
	}
}

func TestScopeMustFitTheHost(t *testing.T) {
	h := newTestHandler(t, testCredential)
	r := signedRequest(t, "http://cloudfront.amazonaws.com/restapis/abc", "apigateway", testNow)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 403 || !strings.Contains(w.Body.String(), "Credential should be scoped to correct service: 'cloudfront'.") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestLenientCalls(t *testing.T) {
	h := newTestHandler(t)
	for _, test := range []struct {
		name, authorization string
		status              int
		account, region     string
		code                string
	}{
		{"any key", authorization("test", "ap-northeast-1", "apigateway"), 200, "000000000000", "ap-northeast-1", ""},
		{"twelve digits are an account", authorization("210987654321", "us-east-1", "apigateway"), 200, "210987654321", "us-east-1", ""},
		{"eleven are not", authorization("21098765432", "us-east-1", "apigateway"), 200, "000000000000", "us-east-1", ""},
		{"no such region name", authorization("test", "US_EAST", "apigateway"), 403, "", "", "InvalidSignatureException"},
		{"no such key name", authorization("te st", "us-east-1", "apigateway"), 403, "", "", "IncompleteSignatureException"},
		{"parts missing", "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/apigateway/aws4_request", 403, "", "", "IncompleteSignatureException"},
	} {
		h.gateway.call = nil
		r := httptest.NewRequest("GET", "http://apigateway.us-east-1.amazonaws.com/restapis/abc", nil)
		r.Header.Set("Authorization", test.authorization)
		r.Header.Set("X-Amz-Date", "20200101T000000Z") // leniency includes the clock
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.status || header(w, "x-amzn-ErrorType") != test.code {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
			continue
		}
		if c := h.gateway.call; test.status == 200 && (c.Account != test.account || c.Region != test.region) {
			t.Errorf("%s: %+v", test.name, c)
		}
	}
}

func TestUserID(t *testing.T) {
	const account = "123456789012"
	user := userID(account, "arn:aws:iam::123456789012:user/Alice")
	role := userID(account, "arn:aws:sts::123456789012:assumed-role/Deploy/session-1")
	if userID(account, "arn:aws:iam::123456789012:root") != account || userID(account, "") != account ||
		!strings.HasPrefix(user, "AIDA") || len(user) != 21 || !strings.HasPrefix(role, "AROA") || !strings.HasSuffix(role, ":session-1") ||
		user == userID(account, "arn:aws:iam::123456789012:user/Bob") {
		t.Errorf("%s, %s", user, role)
	}
}

func TestServiceOfHost(t *testing.T) {
	for host, want := range map[string][2]string{
		"apigateway.eu-west-1.amazonaws.com":        {"apigateway", "eu-west-1"},
		"APIGATEWAY.eu-west-1.amazonaws.com.:443":   {"apigateway", "eu-west-1"},
		"cloudfront.amazonaws.com":                  {"cloudfront", ""},
		"cloudfront-fips.amazonaws.com":             {"cloudfront", ""},
		"cloudfront.global.api.aws":                 {"cloudfront", ""},
		"sts.cn-north-1.amazonaws.com.cn":           {"sts", "cn-north-1"},
		"abc.execute-api.us-east-1.amazonaws.com":   {"abc", ""}, // never handed to the control plane
		"127.0.0.1:4566":                            {},
		"[::1]:4566":                                {},
		"localhost":                                 {},
		"apigateway.us-east-1.amazonaws.com.evil.x": {},
	} {
		if service, region := serviceOfHost(host); service != want[0] || region != want[1] {
			t.Errorf("%s: %q, %q", host, service, region)
		}
	}
}

// TestErrorsReachTheSDK: code, text and request id as the real clients read them.
func TestErrorsReachTheSDK(t *testing.T) {
	_, config := newTestServer(t, Service{apigatewayapi.Table, new(gatewayStub)}, Service{cloudfrontapi.Table, cloudfrontStub{}}, Service{stsapi.Table, stsStub{}})
	ctx := t.Context()
	_, err := apigateway.NewFromConfig(config).GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: aws.String("gone")})
	if notFound := new(agtypes.NotFoundException); !errors.As(err, &notFound) || *notFound.Message != "Invalid API identifier specified 123456789012:gone" {
		t.Errorf("API Gateway: %v", err)
	}
	_, err = apigateway.NewFromConfig(config).GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: aws.String("slow")})
	if slow := new(agtypes.TooManyRequestsException); !errors.As(err, &slow) || aws.ToString(slow.RetryAfterSeconds) != "7" {
		t.Errorf("API Gateway: %v", err)
	}
	_, err = cloudfront.NewFromConfig(config).GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String("NONE")})
	if none := new(cftypes.NoSuchDistribution); !errors.As(err, &none) || *none.Message != "The specified distribution does not exist." {
		t.Errorf("CloudFront: %v", err)
	}
	_, err = sts.NewFromConfig(config).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != "NotImplemented" || e.ErrorMessage() != "GetSessionToken is not implemented by Drawbridge yet" {
		t.Errorf("STS: %v", err)
	}
	who, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *who.Account != "123456789012" || *who.Arn != testCredential.PrincipalARN {
		t.Errorf("STS: %+v, %v", who, err)
	}
}
