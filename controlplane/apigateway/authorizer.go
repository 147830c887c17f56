package apigateway

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const maxAuthorizerTTL = 3600

var (
	// authorizerURIForm: AWS takes blanks inside the path (recorded).
	authorizerURIForm = regexp.MustCompile(`^arn:[a-z-]+:apigateway:[^:]+:lambda:path/\s*\d{4}-\d{2}-\d{2}/functions/.+/invocations$`)
	userPoolForm      = regexp.MustCompile(`^arn:[a-z-]+:cognito-idp:[a-z0-9-]+:\d{12}:userpool/\S+$`)
	tokenSourceForm   = regexp.MustCompile(`^method\.request\.header\.[^\s,]+$`)
	requestSourceList = regexp.MustCompile(`^(?:method\.request\.(?:header|querystring|multivalueheader|multivaluequerystring)\.[^\s,]+|stageVariables\.[^\s,]+|context\.[^\s,]+)$`)
)

func noAuthorizer() error {
	return apigatewayapi.NotFoundException("Invalid Authorizer identifier specified")
}

// checkAuthorizer checks an authorizer and brings it into the form that is
// stored.
func checkAuthorizer(call *api.Call, a *apigatewayapi.Authorizer) error {
	if strings.TrimSpace(val(a.Name)) == "" {
		return badRequest("Authorizer name cannot be blank")
	}
	if err := oneOf("Authorizer type", apigatewayapi.AuthorizerTypeValues)(val(a.Type)); err != nil {
		return err
	}
	if ttl := a.AuthorizerResultTtlInSeconds; ttl != nil && (*ttl < 0 || *ttl > maxAuthorizerTTL) {
		return apigatewayapi.BadRequestException(authorizerTTLText)
	}
	if len(val(a.IdentityValidationExpression)) > maxPattern {
		return badRequest("Invalid identity validation expression specified, it can be at most %d characters", maxPattern)
	}
	a.AuthorizerUri, a.AuthorizerCredentials = filled(a.AuthorizerUri), filled(a.AuthorizerCredentials)
	a.IdentitySource, a.AuthType = filled(a.IdentitySource), filled(a.AuthType)
	if val(a.Type) == apigatewayapi.AuthorizerTypeCognitoUserPools {
		return checkCognito(a)
	}
	if a.AuthType == nil {
		a.AuthType = new("custom")
	}
	return checkLambdaAuthorizer(call, a)
}

var authorizerTTLText = fmt.Sprintf("Authorizer result TTL must be between 0 and %d seconds", maxAuthorizerTTL)

func checkCognito(a *apigatewayapi.Authorizer) error {
	if a.AuthType == nil {
		a.AuthType = new("cognito_user_pools")
	}
	if len(a.ProviderARNs) == 0 {
		return badRequest("At least one Cognito user pool ARN is required for a COGNITO_USER_POOLS authorizer")
	}
	for _, arn := range a.ProviderARNs {
		if !userPoolForm.MatchString(arn) {
			return badRequest("Invalid Cognito User Pool ARN specified: %s", arn)
		}
	}
	if a.IdentitySource != nil && !tokenSourceForm.MatchString(*a.IdentitySource) {
		return badSource(*a.IdentitySource)
	}
	return nil
}

func badSource(source string) error {
	return badRequest("Invalid identity source specified: %s", source)
}

// checkLambdaAuthorizer checks a TOKEN or REQUEST authorizer. A REQUEST
// authorizer may do without an identity source when it does not cache
// (reference/api-gateway.md 6.2).
func checkLambdaAuthorizer(call *api.Call, a *apigatewayapi.Authorizer) error {
	if !authorizerURIForm.MatchString(val(a.AuthorizerUri)) {
		shown := "null"
		if a.AuthorizerUri != nil {
			shown = *a.AuthorizerUri
		}
		return badRequest("Invalid Authorizer URI: %s. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.", shown)
	}
	if role := val(a.AuthorizerCredentials); role != "" && !ownRole(role, call.Account) {
		return apigatewayapi.AccessDeniedException("Cross-account pass role is not allowed.")
	}
	source := val(a.IdentitySource)
	if val(a.Type) == apigatewayapi.AuthorizerTypeToken {
		if !tokenSourceForm.MatchString(source) {
			return badSource(source)
		}
		return nil
	}
	if source == "" {
		if a.AuthorizerResultTtlInSeconds != nil && *a.AuthorizerResultTtlInSeconds == 0 {
			return nil
		}
		return badRequest("Identity source is required for a REQUEST authorizer with caching enabled")
	}
	for part := range strings.SplitSeq(source, ",") {
		if !requestSourceList.MatchString(strings.TrimSpace(part)) {
			return badSource(source)
		}
	}
	return nil
}

// addAuthorizer gives a checked authorizer its id and its place in the API.
func (s *Service) addAuthorizer(rec *APIRecord, a *apigatewayapi.Authorizer) error {
	for _, other := range rec.Authorizers {
		if val(other.Name) == val(a.Name) {
			return apigatewayapi.ConflictException("Authorizer name must be unique. Authorizer " + val(a.Name) + " already exists in this RestApi.")
		}
	}
	if len(rec.Authorizers) >= s.limits.Authorizers {
		return tooMany("Authorizers", "API")
	}
	return authorizerChildren().add(s, rec, a, func(a *apigatewayapi.Authorizer, id *string) { a.Id = id })
}

// CreateAuthorizer adds an authorizer to an API. AWS answers an unknown API as
// a conflict (reference/api-gateway.md 1.8).
func (s *Service) CreateAuthorizer(call *api.Call, in *apigatewayapi.CreateAuthorizerRequest) (*apigatewayapi.Authorizer, error) {
	made := apigatewayapi.Authorizer{
		Name: in.Name, Type: in.Type, AuthType: in.AuthType, AuthorizerUri: in.AuthorizerUri,
		AuthorizerCredentials: in.AuthorizerCredentials, IdentitySource: in.IdentitySource,
		IdentityValidationExpression: filled(in.IdentityValidationExpression),
		AuthorizerResultTtlInSeconds: in.AuthorizerResultTtlInSeconds,
	}
	if len(in.ProviderARNs) > 0 {
		made.ProviderARNs = in.ProviderARNs
	}
	err := s.editAPI(call, val(in.RestApiId), apigatewayapi.ConflictException(busyText), func(rec *APIRecord) error {
		if err := checkAuthorizer(call, &made); err != nil {
			return err
		}
		return s.addAuthorizer(rec, &made)
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetAuthorizer answers one authorizer.
func (s *Service) GetAuthorizer(call *api.Call, in *apigatewayapi.GetAuthorizerRequest) (*apigatewayapi.Authorizer, error) {
	return authorizerChildren().get(s, call, childRef{in.RestApiId, in.AuthorizerId})
}

// GetAuthorizers answers a page of an API's authorizers, by id.
func (s *Service) GetAuthorizers(call *api.Call, in *apigatewayapi.GetAuthorizersRequest) (*apigatewayapi.Authorizers, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	items, next := mapPage(p, rec.Authorizers, nil)
	return &apigatewayapi.Authorizers{Items: items, Position: next}, nil
}

func authorizerPatches() patchTable[apigatewayapi.Authorizer] {
	type target = apigatewayapi.Authorizer
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/name", func(a *target) **string { return &a.Name }, nil),
		replaceText("/type", func(a *target) **string { return &a.Type }, nil),
		replaceText("/authType", func(a *target) **string { return &a.AuthType }, nil),
		replaceText("/authorizerUri", func(a *target) **string { return &a.AuthorizerUri }, nil),
		replaceText("/authorizerCredentials", func(a *target) **string { return &a.AuthorizerCredentials }, nil),
		replaceText("/identityValidationExpression", func(a *target) **string { return &a.IdentityValidationExpression }, nil),
		anyOpText("/identitySource", func(a *target) **string { return &a.IdentitySource }),
		{path: "/authorizerResultTtlInSeconds", ops: []op{opReplace}, apply: func(a *target, e *edit) (err error) {
			a.AuthorizerResultTtlInSeconds, err = whole(e.text(), 0, maxAuthorizerTTL, authorizerTTLText)
			return err
		}},
		{path: "/providerARNs", ops: []op{opAdd, opRemove}, apply: func(a *target, e *edit) error {
			a.ProviderARNs = editSet(a.ProviderARNs, e)
			return nil
		}},
	}}
}

// anyOpText adds, replaces or removes a string member.
func anyOpText[T any](path string, member func(*T) **string) rule[T] {
	return rule[T]{path: path, ops: []op{opAdd, opReplace, opRemove}, apply: func(target *T, e *edit) error {
		*member(target) = nil
		if e.op != opRemove {
			*member(target) = filled(new(e.text()))
		}
		return nil
	}}
}

// editSet adds the value of an edit to a list without repeating it, or removes
// it. An empty list becomes absent.
func editSet(list []string, e *edit) []string {
	list = slices.DeleteFunc(list, func(have string) bool { return have == e.text() })
	if e.op == opAdd && e.text() != "" {
		list = append(list, e.text())
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// UpdateAuthorizer patches an authorizer; what the operations leave is checked
// as a whole.
func (s *Service) UpdateAuthorizer(call *api.Call, in *apigatewayapi.UpdateAuthorizerRequest) (*apigatewayapi.Authorizer, error) {
	return authorizerChildren().change(s, call, childRef{in.RestApiId, in.AuthorizerId}, func(a *apigatewayapi.Authorizer) error {
		if err := authorizerPatches().apply(a, in.PatchOperations); err != nil {
			return err
		}
		return checkAuthorizer(call, a)
	})
}

// DeleteAuthorizer removes an authorizer that no method uses.
func (s *Service) DeleteAuthorizer(call *api.Call, in *apigatewayapi.DeleteAuthorizerRequest) error {
	id := val(in.AuthorizerId)
	return authorizerChildren().remove(s, call, removal{childRef{in.RestApiId, in.AuthorizerId}, noAuthorizer(), func(rec *APIRecord) error {
		if at := rec.methodWhere(func(m *apigatewayapi.Method) bool { return val(m.AuthorizerId) == id }); at != "" {
			return apigatewayapi.ConflictException(fmt.Sprintf("Cannot delete authorizer '%s', is referenced in method: %s", id, at))
		}
		return nil
	}})
}
