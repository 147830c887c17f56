package gateway

// Type is a type of gateway response (reference/api-gateway.md 2.6).
type Type uint8

// The types of gateway responses, and the refusals that AWS gives no type of
// their own.
const (
	AccessDenied Type = iota + 1
	APIConfigurationError
	AuthorizerConfigurationError
	AuthorizerFailure
	BadRequestBody
	BadRequestParameters
	ExpiredToken
	IntegrationFailure
	IntegrationTimeout
	InvalidAPIKey
	InvalidSignature
	MissingAuthenticationToken
	QuotaExceeded
	RequestTooLarge
	ResourceNotFound
	Throttled
	Unauthorized
	UnsupportedMediaType
	WAFFiltered

	// FunctionFailure is an INTEGRATION_FAILURE by a Lambda function that failed,
	// could not be called or answered nonsense (reference/api-gateway.md 2.6, 5.8).
	FunctionFailure
	Forbidden // no such API or stage, or a disabled endpoint
	BadRequest
	RequestTimeout
	URITooLong
	HeaderTooLarge
	InternalFailure
	Unavailable
)

// form is how AWS writes the built-in body of a type.
type form uint8

const (
	compact form = iota // {"message":"…"}
	spaced              // {"message": "…"}
	capital             // {"Message":"…"}
	null                // {"message":null}
)

// responseType is one row of the table.
type responseType struct {
	name      string // "" for refusals that no customised response changes
	result    string // in the access log
	status    int
	message   string
	errorType string // x-amzn-ErrorType; "" sends none
	form      form
}

// responseTypes is the table of gateway responses: statuses, texts and error
// types of reference/api-gateway.md 2.6. Which bytes have a space is recorded
// there; where a row is marked [?] in the reference it is our choice.
var responseTypes = [...]responseType{
	AccessDenied:                 {"ACCESS_DENIED", "", 403, "", "AccessDeniedException", capital},
	APIConfigurationError:        {"API_CONFIGURATION_ERROR", "", 500, "Internal server error", "InternalServerErrorException", spaced},
	AuthorizerConfigurationError: {"AUTHORIZER_CONFIGURATION_ERROR", "", 500, "", "AuthorizerConfigurationException", null},
	AuthorizerFailure:            {"AUTHORIZER_FAILURE", "", 500, "", "AuthorizerFailureException", null},
	BadRequestBody:               {"BAD_REQUEST_BODY", "", 400, "Invalid request body", "BadRequestException", spaced},
	BadRequestParameters:         {"BAD_REQUEST_PARAMETERS", "", 400, "Invalid request parameters", "BadRequestException", spaced},
	ExpiredToken:                 {"EXPIRED_TOKEN", "", 403, "The security token included in the request is expired", "ExpiredTokenException", compact},
	IntegrationFailure:           {"INTEGRATION_FAILURE", "", 504, "Network error communicating with endpoint", "InternalServerErrorException", spaced},
	IntegrationTimeout:           {"INTEGRATION_TIMEOUT", "", 504, "Endpoint request timed out", "InternalServerErrorException", spaced},
	InvalidAPIKey:                {"INVALID_API_KEY", "", 403, "Forbidden", "ForbiddenException", compact},
	InvalidSignature:             {"INVALID_SIGNATURE", "", 403, "", "InvalidSignatureException", compact},
	MissingAuthenticationToken:   {"MISSING_AUTHENTICATION_TOKEN", "", 403, "Missing Authentication Token", "MissingAuthenticationTokenException", compact},
	QuotaExceeded:                {"QUOTA_EXCEEDED", "", 429, "Limit Exceeded", "LimitExceededException", compact},
	RequestTooLarge:              {"", "REQUEST_TOO_LARGE", 413, "Request Too Long", "RequestTooLargeException", compact},
	ResourceNotFound:             {"RESOURCE_NOT_FOUND", "", 404, "Not Found", "NotFoundException", compact},
	Throttled:                    {"THROTTLED", "", 429, "Too Many Requests", "TooManyRequestsException", compact},
	Unauthorized:                 {"UNAUTHORIZED", "", 401, "Unauthorized", "UnauthorizedException", compact},
	UnsupportedMediaType:         {"UNSUPPORTED_MEDIA_TYPE", "", 415, "Unsupported Media Type", "BadRequestException", compact},
	WAFFiltered:                  {"WAF_FILTERED", "", 403, "Forbidden", "ForbiddenException", compact},

	FunctionFailure: {"INTEGRATION_FAILURE", "", 502, "Internal server error", "InternalServerErrorException", spaced},
	Forbidden:       {"", "DEFAULT_4XX", 403, "Forbidden", "ForbiddenException", compact},
	BadRequest:      {"", "DEFAULT_4XX", 400, "Bad Request", "BadRequestException", compact},
	RequestTimeout:  {"", "DEFAULT_4XX", 408, "Request Timeout", "", compact},
	URITooLong:      {"", "DEFAULT_4XX", 414, "Request URI too long", "", compact},
	HeaderTooLarge:  {"", "DEFAULT_4XX", 431, "Request Header Fields Too Large", "", compact},
	InternalFailure: {"", "DEFAULT_5XX", 500, "Internal server error", "InternalServerErrorException", spaced},
	Unavailable:     {"", "DEFAULT_5XX", 503, "Service Unavailable", "ServiceUnavailableException", compact},
}

// row returns the type's row.
func (t Type) row() *responseType { return &responseTypes[t] }

// String returns the type's name as it stands in the log.
func (t Type) String() string {
	if row := t.row(); row.name != "" {
		return row.name
	}
	return t.row().result
}

// Refusal is a call that is answered by a gateway response. Message and
// ErrorType stand in for the type's own when they are not empty.
type Refusal struct {
	Type      Type
	Reason    Reason
	Message   string
	ErrorType string
	// Validation is $context.error.validationErrorString.
	Validation string
	// Log is what the execution log says of it, in place of the reason's text.
	Log string
}

// Reason says why a call was refused. It is for the log and the trail: callers
// with a wrong key all see the same bytes.
type Reason string

// The reasons of refusals.
const (
	reasonNoAPI               Reason = "no-such-api"
	reasonNoStage             Reason = "no-such-stage"
	reasonNoDeployment        Reason = "stage-without-deployment"
	reasonClientCertificate   Reason = "client-certificate-not-trusted"
	reasonEndpointDisabled    Reason = "execute-api-endpoint-disabled"
	reasonURLTooLong          Reason = "url-too-long"
	reasonQueryCharacter      Reason = "query-character-not-supported"
	reasonHeadersTooLong      Reason = "headers-too-long"
	reasonBodyTooLong         Reason = "body-too-long"
	reasonBodyBroken          Reason = "body-broke-off"
	reasonBodySlow            Reason = "body-comes-too-slowly"
	reasonNoRoom              Reason = "no-room-for-bodies"
	reasonCoding              Reason = "content-encoding-not-supported"
	reasonNoRoute             Reason = "no-such-resource-or-method"
	reasonNoSignature         Reason = "no-signature"
	reasonBadSignature        Reason = "signature-not-understood"
	reasonRefusedSignature    Reason = "signature-refused"
	reasonUnknownSigner       Reason = "signer-not-configured"
	reasonToken               Reason = "token-not-accepted"
	reasonTokenExpired        Reason = "token-expired"
	reasonScope               Reason = "token-without-scope"
	reasonKeySet              Reason = "user-pool-keys-unavailable"
	reasonAuthorizer          Reason = "authorizer-cannot-be-used"
	reasonNoIdentity          Reason = "identity-source-missing"
	reasonNoFunctions         Reason = "no-lambda-endpoint-configured"
	reasonAuthorizerRefuses   Reason = "authorizer-says-unauthorized"
	reasonAuthorizerThrew     Reason = "authorizer-function-error"
	reasonAuthorizerFailed    Reason = "authorizer-unreachable"
	reasonAuthorizerOutput    Reason = "authorizer-output-not-understood"
	reasonAuthorizerDenies    Reason = "authorizer-policy-does-not-allow"
	reasonExplicitDeny        Reason = "resource-policy-denies"
	reasonImplicitDeny        Reason = "resource-policy-does-not-allow"
	reasonNoKey               Reason = "no-api-key"
	reasonUnknownKey          Reason = "unknown-api-key"
	reasonKeyDisabled         Reason = "api-key-disabled"
	reasonKeyWithoutPlan      Reason = "api-key-without-usage-plan-for-stage"
	reasonPlanThrottle        Reason = "usage-plan-throttle"
	reasonPlanMethodThrottle  Reason = "usage-plan-method-throttle"
	reasonStageThrottle       Reason = "stage-throttle"
	reasonAccountThrottle     Reason = "account-throttle"
	reasonQuota               Reason = "usage-plan-quota"
	reasonInvalidate          Reason = "not-allowed-to-invalidate-the-cache"
	reasonMissingParameters   Reason = "required-parameters-missing"
	reasonInvalidBody         Reason = "body-does-not-fit-model"
	reasonModel               Reason = "model-is-no-usable-schema"
	reasonNoTemplate          Reason = "no-template-for-content-type"
	reasonTemplateFailed      Reason = "template-failed"
	reasonBodyNotJSON         Reason = "body-is-not-json"
	reasonNoIntegration       Reason = "method-without-integration"
	reasonBinaryTemplate      Reason = "template-for-binary-body"
	reasonNotBase64           Reason = "body-is-no-base64"
	reasonFunctionVerb        Reason = "functions-are-called-by-post"
	reasonNoFunction          Reason = "no-such-function"
	reasonFunctionDenied      Reason = "function-does-not-allow-the-api"
	reasonFunctionUnreachable Reason = "function-could-not-be-called"
	reasonFunctionError       Reason = "function-failed"
	reasonMalformedAnswer     Reason = "malformed-function-answer"
	reasonMockStatus          Reason = "mock-template-without-integer-status"
	reasonMapping             Reason = "parameter-mapping-not-allowed"
	reasonNoService           Reason = "no-endpoint-configured-for-the-service"
	reasonNoLink              Reason = "no-such-vpc-link"
	reasonNoSigner            Reason = "no-credentials-to-sign-with"
	reasonEndpoint            Reason = "invalid-endpoint-address"
	reasonNoResponse          Reason = "no-integration-response-matches"
	reasonUndeclared          Reason = "method-response-not-declared"
	reasonTimeout             Reason = "backend-timed-out"
	reasonUnreachable         Reason = "backend-unreachable"
	reasonAddressRefused      Reason = "backend-address-refused"
	reasonNetwork             Reason = "backend-network-error"
	reasonResponseTooLong     Reason = "backend-response-too-long"
	reasonLoop                Reason = "too-many-chained-calls"
	reasonServer              Reason = "refused-by-server"
)

// refusalOf returns the refusal for a status that the server decided on.
func refusalOf(status int) *Refusal {
	kind := BadRequest
	switch {
	case status == 408:
		kind = RequestTimeout
	case status == 413:
		kind = RequestTooLarge
	case status == 414:
		kind = URITooLong
	case status == 431:
		kind = HeaderTooLarge
	case status == 503:
		kind = Unavailable
	case status >= 500:
		kind = InternalFailure
	}
	return &Refusal{Type: kind, Reason: reasonServer}
}
