package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// apiKeyStory is the article's first method: methods need an API key, and the
// distribution sends it.
func apiKeyStory(ctx context.Context, s *stack) error {
	s.method = "api-key"
	s.note(LineHeading, "Method 1: an API key that only the distribution sends")
	if err := s.begin(ctx, "demo-api-key", cachingDisabled); err != nil {
		return err
	}
	if err := s.knock(ctx, knock{door: "edge, before the lock", probe: s.edge("/"), expected: openByEdge}); err != nil {
		return err
	}
	key, err := s.lockByKey(ctx)
	if err != nil {
		return err
	}
	if err := s.sendKey(ctx, key); err != nil {
		return err
	}
	if err := s.forgottenMethod(ctx); err != nil {
		return err
	}
	return s.forwardedHost(ctx)
}

// lockByKey has GET / need a key and knocks without one, with a wrong one and
// with the right one. It returns the key's value.
func (s *stack) lockByKey(ctx context.Context) (string, error) {
	s.note(LineNote, "GET / needs a key from now on; a usage plan ties the key to the stage.")
	if err := s.requireKey(ctx, s.root); err != nil {
		return "", err
	}
	if err := s.deploy(ctx); err != nil {
		return "", err
	}
	key, err := s.createKey(ctx)
	if err != nil {
		return "", err
	}
	s.note(LineNote, "Past the edge, the key decides.")
	err = s.knocks(ctx,
		knock{door: "direct, no key", probe: s.direct("/"), expected: noKey},
		knock{door: "direct, a wrong key", probe: s.direct("/", Field{"x-api-key", "wrong"}), expected: noKey},
		knock{door: "direct, the right key", probe: s.direct("/", Field{"x-api-key", key}), expected: open},
	)
	return key, err
}

// createKey makes a key, a usage plan for the stage, and puts the key in it.
func (s *stack) createKey(ctx context.Context) (string, error) {
	gateway := s.clients.APIGateway
	made, err := do(ctx, s.session, call(gateway.CreateApiKey,
		&apigateway.CreateApiKeyInput{Name: aws.String("distribution"), Enabled: true}).keep("KEY_ID", "id"))
	if err != nil {
		return "", err
	}
	if err := s.learn("KEY_ID", made.Id); err != nil {
		return "", err
	}
	read, err := do(ctx, s.session, call(gateway.GetApiKey,
		&apigateway.GetApiKeyInput{ApiKey: made.Id, IncludeValue: aws.Bool(true)}).keep("KEY", "value"))
	if err != nil {
		return "", err
	}
	key := aws.ToString(read.Value)
	s.shell.set("KEY", key) // not learn: the secret is not shown
	plan, err := do(ctx, s.session, call(gateway.CreateUsagePlan, &apigateway.CreateUsagePlanInput{
		Name:      aws.String("distribution"),
		ApiStages: []apitypes.ApiStage{{ApiId: &s.api, Stage: aws.String(stageName)}},
	}).keep("PLAN", "id"))
	if err != nil {
		return "", err
	}
	if err := s.learn("PLAN", plan.Id); err != nil {
		return "", err
	}
	_, err = do(ctx, s.session, call(gateway.CreateUsagePlanKey, &apigateway.CreateUsagePlanKeyInput{
		UsagePlanId: plan.Id, KeyId: made.Id, KeyType: aws.String("API_KEY"),
	}))
	return key, err
}

// sendKey has the distribution send the key: the lock is complete.
func (s *stack) sendKey(ctx context.Context, key string) error {
	s.note(LineNote, "The distribution does not send the key yet: nobody comes in.")
	if err := s.knock(ctx, knock{door: "edge, sends no key yet", probe: s.edge("/"), expected: noKeyEdge}); err != nil {
		return err
	}
	s.note(LineNote, "Now it does, as an origin custom header. What a viewer sends under that name is overwritten.")
	if err := s.update(ctx, withOriginHeader("x-api-key", key)); err != nil {
		return err
	}
	return s.knocks(ctx,
		knock{door: "edge, sends the key", probe: s.edge("/"), expected: openByEdge},
		knock{door: "edge, viewer sends a wrong key", probe: s.edge("/", Field{"x-api-key", "wrong"}), expected: openByEdge},
	)
}

// forgottenMethod adds a method without the key flag, which is a side door, and
// closes it.
func (s *stack) forgottenMethod(ctx context.Context) error {
	s.note(LineNote, "A new method, and nobody thought of its key flag: a side door.")
	made, err := do(ctx, s.session, call(s.clients.APIGateway.CreateResource, &apigateway.CreateResourceInput{
		RestApiId: &s.api, ParentId: &s.root, PathPart: aws.String("reports"),
	}).keep("REPORTS", "id"))
	if err != nil {
		return err
	}
	if err := s.learn("REPORTS", made.Id); err != nil {
		return err
	}
	if err := s.mockMethod(ctx, *made.Id); err != nil {
		return err
	}
	err = s.knock(ctx, knock{door: "direct, /reports without key flag", probe: s.direct("/reports"), expected: open, note: "a side door"})
	if err != nil {
		return err
	}
	s.note(LineNote, "The flag closes it, once deployed; the distribution's way stays open.")
	if err := steps(ctx, func(ctx context.Context) error { return s.requireKey(ctx, *made.Id) }, s.deploy); err != nil {
		return err
	}
	return s.knocks(ctx,
		knock{door: "direct, /reports with key flag", probe: s.direct("/reports"), expected: noKey},
		knock{door: "edge, /reports", probe: s.edge("/reports"), expected: openByEdge},
	)
}

// forwardedHost forwards the viewer's Host to execute-api, which knows no API
// of that name, and puts things right again.
func (s *stack) forwardedHost(ctx context.Context) error {
	s.note(LineNote, "AllViewer also forwards the viewer's Host, and execute-api has no API of that name.")
	if err := s.update(ctx, withOriginRequestPolicy(allViewer)); err != nil {
		return err
	}
	if err := s.knock(ctx, knock{door: "edge, AllViewer forwards Host", probe: s.edge("/"), expected: noKeyEdge}); err != nil {
		return err
	}
	s.note(LineNote, "AllViewerExceptHostHeader is the one for execute-api.")
	if err := s.update(ctx, withOriginRequestPolicy(allViewerExceptHostHeader)); err != nil {
		return err
	}
	return s.knock(ctx, knock{door: "edge, AllViewerExceptHostHeader", probe: s.edge("/"), expected: openByEdge})
}
