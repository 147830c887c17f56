package lock

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DemoOptions are what the demo runs against.
type DemoOptions struct {
	Clients *Clients
	Prober  *Prober
	Region  string
	Tell    func(Line) // nil: nobody listens
}

// The texts of Answer.Seen that the demo expects.
const (
	open         = "200"
	openByEdge   = "200 Miss"
	openByCache  = "200 Hit"
	noKey        = "403 ForbiddenException"
	noKeyEdge    = "403 Error ForbiddenException"
	denied       = "403 AccessDeniedException"
	deniedByEdge = "403 Error AccessDeniedException"
	conflict     = "InvalidArgument"
)

// Demo performs the article by real API calls (reference/article.md): an API
// behind CloudFront, locked by an API key and then by a resource policy on
// aws:Referer, each also done wrong. It returns every door that was tried; the
// error is about a step that could not be taken.
func Demo(ctx context.Context, o DemoOptions) ([]Door, error) {
	tell := o.Tell
	if tell == nil {
		tell = func(Line) {}
	}
	s := &session{clients: o.Clients, prober: o.Prober, tell: tell}
	s.note(LineHeading, "Whose account this is")
	caller, err := do(ctx, s, call(s.clients.STS.GetCallerIdentity, &sts.GetCallerIdentityInput{}))
	if err != nil {
		return nil, err
	}
	s.note(LineSeen, "account %s, region %s", aws.ToString(caller.Account), o.Region)
	for _, story := range []func(context.Context, *stack) error{apiKeyStory, refererStory} {
		if err := story(ctx, &stack{session: s, region: o.Region}); err != nil {
			return s.doors, err
		}
	}
	return s.doors, nil
}

// newSecret is a Referer value that nobody guesses: 192 bits in hexadecimal.
func newSecret() string {
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the process instead
	return hex.EncodeToString(secret[:])
}

// begin makes the API and the distribution of a story, and shows that there
// are two ways in.
func (s *stack) begin(ctx context.Context, name, cachePolicy string) error {
	s.note(LineNote, "An API with one method: GET / answers 200 (MOCK).")
	if err := s.createAPI(ctx, name); err != nil {
		return err
	}
	s.note(LineNote, "A distribution in front of it. The origin path is the stage.")
	if err := s.createDistribution(ctx, cachePolicy); err != nil {
		return err
	}
	s.note(LineNote, "No lock yet: whoever knows the API's name comes in.")
	return s.knock(ctx, knock{door: "direct, before the lock", probe: s.direct("/"), expected: open})
}

// knocks tries doors in order.
func (s *stack) knocks(ctx context.Context, list ...knock) error {
	for _, k := range list {
		if err := s.knock(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// refererPolicy is the article's resource policy: no request without the
// secret, and every other one.
func refererPolicy(secret string) string {
	return fmt.Sprintf(`{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
      "Condition": {"StringNotEquals": {"aws:Referer": %q}}
    },
    {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
  ]
}`, secret)
}
