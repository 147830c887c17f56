package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// refererStory is the article's second method: a resource policy denies what
// comes without the Referer that the distribution sends. Unlike the key flag it
// holds for methods that are added later.
func refererStory(ctx context.Context, s *stack) error {
	s.method = "referer"
	s.note(LineHeading, "Method 2: a resource policy on the Referer that only the distribution sends")
	if err := s.begin(ctx, "demo-referer", cachingOptimized); err != nil {
		return err
	}
	secret := newSecret()
	if err := s.lockByPolicy(ctx, secret); err != nil {
		return err
	}
	if err := s.conflictingHeader(ctx, secret); err != nil {
		return err
	}
	s.note(LineNote, "AllViewerExceptHostHeader and the custom header go together: the edge overwrites what the viewer sends.")
	if err := s.update(ctx, withOriginHeader("Referer", secret)); err != nil {
		return err
	}
	return s.knocks(ctx,
		knock{door: "edge, viewer sends a wrong Referer", probe: s.edge("/", Field{"Referer", "wrong"}), expected: openByEdge},
		knock{door: "edge, again: from the cache", probe: s.edge("/"), expected: openByCache},
	)
}

// lockByPolicy sets the policy, which does nothing, and deploys it, which does.
func (s *stack) lockByPolicy(ctx context.Context, secret string) error {
	s.note(LineNote, "A policy that denies every request without the secret. Set is not deployed: the door is still open.")
	s.assign("SECRET", "$(openssl rand -hex 24)", secret)
	policy := refererPolicy(secret)
	s.assign("POLICY", s.shell.word(policy), policy)
	if _, err := do(ctx, s.session, call(s.clients.APIGateway.UpdateRestApi, &apigateway.UpdateRestApiInput{
		RestApiId: &s.api,
		PatchOperations: []apitypes.PatchOperation{{
			Op: apitypes.OpReplace, Path: aws.String("/policy"), Value: &policy,
		}},
	})); err != nil {
		return err
	}
	if err := s.knock(ctx, knock{door: "direct, policy set, not deployed", probe: s.direct("/"), expected: open, note: "not in force yet"}); err != nil {
		return err
	}
	s.note(LineNote, "Deployed, it holds.")
	if err := s.deploy(ctx); err != nil {
		return err
	}
	return s.knocks(ctx,
		knock{door: "direct, no Referer", probe: s.direct("/"), expected: denied},
		knock{door: "direct, a wrong Referer", probe: s.direct("/", Field{"Referer", "wrong"}), expected: denied},
		knock{door: "direct, the right Referer", probe: s.direct("/", Field{"Referer", secret}), expected: open},
		knock{door: "edge, sends no Referer yet", probe: s.edge("/"), expected: deniedByEdge},
	)
}

// conflictingHeader makes Referer a custom header and forwards the viewer's as
// well, which CloudFront refuses.
func (s *stack) conflictingHeader(ctx context.Context, secret string) error {
	s.note(LineNote, "Forwarding the viewer's Referer by name and sending our own does not go: CloudFront refuses.")
	made, err := do(ctx, s.session, call(s.clients.CloudFront.CreateOriginRequestPolicy, &cloudfront.CreateOriginRequestPolicyInput{
		OriginRequestPolicyConfig: &cdntypes.OriginRequestPolicyConfig{
			Name: aws.String("forward-referer-" + s.api),
			HeadersConfig: &cdntypes.OriginRequestPolicyHeadersConfig{
				HeaderBehavior: cdntypes.OriginRequestPolicyHeaderBehaviorWhitelist,
				Headers:        &cdntypes.Headers{Quantity: aws.Int32(1), Items: []string{"Referer"}},
			},
			CookiesConfig: &cdntypes.OriginRequestPolicyCookiesConfig{
				CookieBehavior: cdntypes.OriginRequestPolicyCookieBehaviorNone,
			},
			QueryStringsConfig: &cdntypes.OriginRequestPolicyQueryStringsConfig{
				QueryStringBehavior: cdntypes.OriginRequestPolicyQueryStringBehaviorNone,
			},
		},
	}).keep("FORWARD", "OriginRequestPolicy.Id"))
	if err != nil {
		return err
	}
	if made.OriginRequestPolicy == nil {
		return s.learn("FORWARD", nil)
	}
	if err := s.learn("FORWARD", made.OriginRequestPolicy.Id); err != nil {
		return err
	}
	update, err := s.prepareUpdate(ctx, withOriginRequestPolicy(*made.OriginRequestPolicy.Id), withOriginHeader("Referer", secret))
	if err != nil {
		return err
	}
	return refused(ctx, s.session, update, knock{door: "Referer both custom and forwarded", expected: conflict})
}
