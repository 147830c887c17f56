package awsproto

import (
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

// TestValidation has the recorded texts of reference/api-gateway.md 1.2 (and
// of the vectors), as they go out.
func TestValidation(t *testing.T) {
	const ops = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
	const responses = "/restapis/a/resources/r/methods/GET/responses/"
	h := newTestHandler(t)
	for _, test := range []struct{ name, method, target, body, want string }{
		{"enum", "PUT", "/restapis/a/resources/r/methods/GET/integration", `{"type":"X"}`,
			"1 validation error detected: Value 'X' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]"},
		{"list of enum, then enum", "POST", "/restapis", `{"name":"n","endpointConfiguration":{"ipAddressType":"wrong","types":["wrong"]}}`,
			"2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; " +
				"Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]"},
		{"nested enum", "POST", "/restapis/a/documentation/parts", `{"location":{"type":"INVALID"},"properties":"{}"}`,
			"1 validation error detected: Value 'INVALID' at 'createDocumentationPartInput.location.type' failed to satisfy constraint: Member must satisfy enum value set: [RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, REQUEST_HEADER]"},
		{"patch operations count from 1, the body comes before the label", "PATCH", responses + "wrong", `{"patchOperations":[{"op":"wrong_op"},{"op":"add"},{"op":"no"}]}`,
			"3 validation errors detected: Value 'wrong_op' at 'updateMethodResponseInput.patchOperations.1.member.op' failed to satisfy constraint: " + ops +
				"; Value 'no' at 'updateMethodResponseInput.patchOperations.3.member.op' failed to satisfy constraint: " + ops +
				`; Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\d\d`},
		{"the pattern is for the whole", "PUT", responses + "2000", "{}",
			`1 validation error detected: Value '2000' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\d\d`},
		{"label enum", "GET", "/restapis/a/gatewayresponses/FAKE_RESPONSE_TYPE", "",
			"1 validation error detected: Value 'FAKE_RESPONSE_TYPE' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: [REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN]"},
		{"required", "POST", "/restapis", "{}",
			"1 validation error detected: Value null at 'createRestApiInput.name' failed to satisfy constraint: Member must not be null"},
		{"nothing wrong", "POST", "/restapis", `{"name":""}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := h.send("apigateway", test.method, test.target, test.body)
			want := string(append(appendJSONString([]byte(`{"message":`), test.want), '}'))
			if test.want == "" {
				if w.Code != 501 {
					t.Errorf("refused: %s", w.Body)
				}
				return
			}
			if w.Code != 400 || header(w, "x-amzn-ErrorType") != "ValidationException" || w.Body.String() != want {
				t.Errorf("got %d %s\nwant %s", w.Code, w.Body, want)
			}
		})
	}
}

func TestValidationOfTheOtherProtocols(t *testing.T) {
	h := newTestHandler(t)
	behavior := `<InvalidationBatch/>`
	if w := h.send("cloudfront", "POST", "/2020-05-31/distribution/E1/invalidation", behavior); w.Code != 501 {
		t.Errorf("a missing nested member is the service's to refuse: %d %s", w.Code, w.Body)
	}
	w := h.send("cloudfront", "POST", "/2020-05-31/origin-access-control",
		`<OriginAccessControlConfig><Name>n</Name><SigningProtocol>x</SigningProtocol></OriginAccessControlConfig>`)
	want := "<Code>InvalidArgument</Code><Message>1 validation error detected: Value 'x' at 'originAccessControlConfig.signingProtocol' failed to satisfy constraint: Member must satisfy enum value set: [sigv4, sigv4a]</Message>"
	if w.Code != 400 || !strings.Contains(w.Body.String(), strings.ReplaceAll(want, `"`, "&quot;")) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = h.send("sts", "POST", "/", "Action=GetAccessKeyInfo&Version=2011-06-15")
	if w.Code != 400 || !strings.Contains(w.Body.String(), "<Code>ValidationError</Code>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestValidationTextIsBounded(t *testing.T) {
	h := newTestHandler(t)
	w := h.send("apigateway", "PATCH", "/restapis/a", `{"patchOperations":[`+strings.Repeat(`{"op":"`+strings.Repeat("x", 500)+`"},`, 5000)+`{}]}`)
	if w.Code != 400 || w.Body.Len() > 100_000 || !strings.Contains(w.Body.String(), "100 validation errors") {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestEveryPatternCompiles(t *testing.T) {
	v, err := newValidator(apigatewayapi.Table)
	if err != nil || len(v.patterns) == 0 {
		t.Errorf("%v, %v", v, err)
	}
}
