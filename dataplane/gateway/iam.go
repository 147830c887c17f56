package gateway

import (
	"errors"
	"slices"
	"strings"

	"drawbridge/engine/policy"
	"drawbridge/engine/sigv4"
)

// Identity is somebody whose signatures an AWS_IAM method can verify.
type Identity struct {
	AccessKeyID  string
	SecretKey    string
	SessionToken string // "": a long-lived key
	ARN          string // of the user, root, or role session
	Account      string // 12 digits
	// Policy is the identity-based policy; nil allows everything, as an
	// administrator's does.
	Policy *policy.Policy
}

// principal returns what policies see of the identity.
func (i *Identity) principal() policy.Principal {
	p := policy.Principal{Type: policy.User, ARN: i.ARN, Account: i.Account}
	kind := i.ARN[strings.LastIndexByte(i.ARN, ':')+1:]
	switch {
	case kind == "root":
		p.Type = policy.Account
	case strings.HasPrefix(kind, "federated-user/"):
		p.Type = policy.FederatedUser
	case strings.HasPrefix(kind, "assumed-role/"):
		p.Type = policy.AssumedRole
		role, _, _ := strings.Cut(strings.TrimPrefix(kind, "assumed-role/"), "/")
		p.RoleARN = "arn:aws:iam::" + i.Account + ":role/" + role
	}
	return p
}

// user is $context.identity.user and caller: the unique id of a principal. The
// root's is its account; other identities have none here but their access key.
func (i *Identity) user() string {
	if strings.HasSuffix(i.ARN, ":root") {
		return i.Account
	}
	return i.AccessKeyID
}

// authoriseIAM authenticates the caller by its signature and then combines what
// its own policy and the resource policy say (reference/api-gateway.md 3.3,
// 6.4). A signature that is not verified is never accepted.
func (c *call) authoriseIAM() *Refusal {
	identity, err := c.authenticate()
	if err != nil {
		return signatureRefusal(err)
	}
	c.identified = identity
	resource, refusal := c.evaluate(c.place.deployment.Policy)
	if refusal != nil {
		return refusal
	}
	own := policy.Allow
	if identity.Policy != nil {
		if own, refusal = c.evaluate(identity.Policy); refusal != nil {
			return refusal
		}
	}
	verdict := combine(own, resource, identity.Account == c.place.api.Account)
	if verdict.effect != policy.Allow {
		return c.denied(verdict)
	}
	c.x.Trail.Add("authorise", "signed")
	return nil
}

// authenticate finds who signed the request. The error is a *sigv4.Error, or a
// *bodyError for a body that could not be read.
func (c *call) authenticate() (*Identity, error) {
	request := c.signedRequest()
	presented, err := sigv4.Parse(request)
	if err != nil {
		return nil, err
	}
	region := c.place.api.Region
	if err := presented.CheckScope(region, "execute-api"); err != nil {
		return nil, err
	}
	if err := presented.CheckTime(c.now); err != nil {
		return nil, err
	}
	if c.verb != request.Method && !slices.Contains(presented.SignedHeaders, "x-http-method-override") {
		// Whoever has another's presigned GET must not make a DELETE of it.
		return nil, &sigv4.Error{Reason: sigv4.ReasonMismatch, Code: sigv4.CodeInvalidSignature,
			Message: "'X-HTTP-Method-Override' must be a 'SignedHeader' in the AWS Authorization."}
	}
	identity, ok := c.gateway.identities[presented.AccessKeyID]
	if !ok {
		return nil, sigv4.UnknownKey()
	}
	body, refusal := c.body()
	if refusal != nil {
		return nil, &bodyError{refusal}
	}
	return identity, c.gateway.keyring.Verify(sigv4.VerifyInput{
		Request: request, Presented: presented, Body: body, Now: c.now, DoubleEncodePath: true,
		ExpectRegion: region, ExpectService: "execute-api",
		Credential: sigv4.Credential{SecretKey: identity.SecretKey, SessionToken: identity.SessionToken},
	})
}

// bodyError is a refusal on the way of an error.
type bodyError struct{ refusal *Refusal }

func (e *bodyError) Error() string { return string(e.refusal.Reason) }

// signatureRefusal is the answer to a signature that was not accepted.
func signatureRefusal(err error) *Refusal {
	var body *bodyError
	if errors.As(err, &body) {
		return body.refusal
	}
	var refused *sigv4.Error
	if !errors.As(err, &refused) {
		return &Refusal{Type: MissingAuthenticationToken, Reason: reasonNoSignature}
	}
	switch refused.Code {
	case sigv4.CodeMissingAuthenticationToken:
		return &Refusal{Type: MissingAuthenticationToken, Reason: reasonNoSignature}
	case sigv4.CodeExpiredToken:
		return &Refusal{Type: ExpiredToken, Reason: reasonRefusedSignature, Message: refused.Message}
	case sigv4.CodeUnrecognizedClient:
		return &Refusal{Type: InvalidSignature, Reason: reasonUnknownSigner, Message: refused.Message, ErrorType: refused.Code}
	}
	return &Refusal{Type: InvalidSignature, Reason: reasonRefusedSignature, Message: refused.Message, ErrorType: refused.Code}
}

// verdict is what policies decided together; identity tells that the caller's
// own policy is the one that denies, or fails to allow.
type verdict struct {
	effect   policy.Effect
	identity bool
}

// combine joins the caller's policy (or its authorizer's) with the resource
// policy: Table A within an account, Table B across accounts
// (reference/api-gateway.md 3.3).
func combine(own, resource policy.Effect, sameAccount bool) verdict {
	switch {
	case own == policy.ExplicitDeny:
		return verdict{policy.ExplicitDeny, true}
	case resource == policy.ExplicitDeny:
		return verdict{policy.ExplicitDeny, false}
	case own == policy.Allow && resource == policy.Allow, sameAccount && (own == policy.Allow || resource == policy.Allow):
		return verdict{policy.Allow, false}
	case own == policy.Allow:
		return verdict{policy.ImplicitDeny, false}
	}
	return verdict{policy.ImplicitDeny, true}
}

// resourceVerdict is the decision of a resource policy alone.
func resourceVerdict(effect policy.Effect) verdict { return verdict{effect: effect} }

// newIdentities indexes the configured identities.
func newIdentities(list []Identity) (map[string]*Identity, error) {
	identities := make(map[string]*Identity, len(list))
	for i := range list {
		id := list[i]
		if id.AccessKeyID == "" || id.SecretKey == "" || id.ARN == "" || id.Account == "" {
			return nil, errors.New("gateway: an identity needs access key, secret, ARN and account")
		}
		identities[id.AccessKeyID] = &id
	}
	return identities, nil
}
