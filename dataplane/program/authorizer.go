package program

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// AuthorizerKind is the kind of an authorizer.
type AuthorizerKind uint8

// Values of AuthorizerKind.
const (
	AuthorizerToken AuthorizerKind = iota
	AuthorizerRequest
	AuthorizerUserPools
)

// Authorizer is an authorizer of a deployment (reference/api-gateway.md
// section 6).
type Authorizer struct {
	ID   string
	Kind AuthorizerKind
	// Err says why the authorizer cannot be used; calls that come to it fail.
	Err error
	// Function is the ARN of the Lambda function, with ${stageVariables.x}.
	Function URITemplate
	Sources  []Source
	// Validation is what a token has to match as a whole; nil: anything. Of user
	// pools it is the token's audience that has to match.
	Validation *regexp.Regexp
	TTL        time.Duration // of a result; 0: results are not kept
	Pools      []UserPool
}

// UserPool is a Cognito user pool.
type UserPool struct{ Region, ID string }

// Issuer is what stands in the tokens of the pool on AWS.
func (p UserPool) Issuer() string {
	return "https://cognito-idp." + p.Region + ".amazonaws.com/" + p.ID
}

// AuthorizerSource is a stored authorizer.
type AuthorizerSource struct {
	ID         string
	Kind       AuthorizerKind
	URI        string // "arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<ARN>/invocations"
	Sources    string // list with commas
	Validation string
	TTL        time.Duration
	Pools      []string // ARNs
}

// NewAuthorizer compiles an authorizer. What cannot be used is told by its Err.
func NewAuthorizer(from AuthorizerSource) *Authorizer {
	a := &Authorizer{ID: from.ID, Kind: from.Kind, TTL: from.TTL}
	a.Err = a.fill(from)
	return a
}

func (a *Authorizer) fill(from AuthorizerSource) error {
	for text := range strings.SplitSeq(from.Sources, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		source := parseSource(text, "method.request.")
		switch source.Place {
		case PlaceHeader, PlaceQuery, PlaceStageVariable, PlaceContext:
			a.Sources = append(a.Sources, source)
		default:
			return fmt.Errorf("identity source %q is not understood", text)
		}
	}
	if from.Validation != "" {
		var err error
		if a.Validation, err = regexp.Compile(`^(?:` + from.Validation + `)$`); err != nil {
			return fmt.Errorf("identity validation expression: %w", err)
		}
	}
	if from.Kind == AuthorizerUserPools {
		return a.fillPools(from.Pools)
	}
	if from.Kind == AuthorizerToken && (len(a.Sources) != 1 || a.Sources[0].Place != PlaceHeader) {
		return fmt.Errorf("a token comes from one header, not from %q", from.Sources)
	}
	_, path, ok := strings.Cut(from.URI, "/functions/")
	name, rest, found := strings.Cut(path, "/invocations")
	if !ok || !found || rest != "" || name == "" {
		return fmt.Errorf("%q names no Lambda function", from.URI)
	}
	a.Function = ParseURI(name)
	return nil
}

// fillPools reads ARNs: arn:aws:cognito-idp:<region>:<account>:userpool/<id>.
func (a *Authorizer) fillPools(arns []string) error {
	if len(a.Sources) == 0 {
		a.Sources = []Source{{Place: PlaceHeader, Name: "Authorization"}}
	}
	for _, arn := range arns {
		parts := strings.Split(arn, ":")
		if len(parts) != 6 || parts[2] != "cognito-idp" || !strings.HasPrefix(parts[5], "userpool/") {
			return fmt.Errorf("%q is no user pool", arn)
		}
		a.Pools = append(a.Pools, UserPool{Region: parts[3], ID: strings.TrimPrefix(parts[5], "userpool/")})
	}
	return nil
}
