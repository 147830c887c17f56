package lock

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/smithy-go"

	"errors"
)

// keyKeeper lets values in by API keys: old and new are two keys in the same
// usage plans.
type keyKeeper struct {
	*rotating
	oldKey, newKey apitypes.ApiKey
}

// name is the new key's; it ends with the rotation, so that it is found again.
func (k *keyKeeper) name() string {
	return resourceName(k.t.api, k.t.stage) + "-" + k.claim.rotation
}

func (k *keyKeeper) find(ctx context.Context) (string, error) {
	keys, err := k.account.keys(ctx, "")
	if err != nil {
		return "", fmt.Errorf("list the API keys: %w", err)
	}
	sent, noted := k.old, k.claim.old
	for _, key := range keys {
		switch {
		case aws.ToString(key.Name) == k.name():
			k.newKey, k.new = key, aws.ToString(key.Value)
		case noted != "" && aws.ToString(key.Id) == noted, noted == "" && aws.ToString(key.Value) == sent:
			k.oldKey, k.old = key, aws.ToString(key.Value)
		}
	}
	if k.oldKey.Id == nil {
		if noted == "" {
			return "", fmt.Errorf("distribution %s sends an x-api-key that is no key of this account and region; lock apply first", k.options.Distribution)
		}
		k.old = "" // deleted already
		return noted, nil
	}
	return aws.ToString(k.oldKey.Id), nil
}

func (k *keyKeeper) accept(ctx context.Context) error {
	gateway := k.account.APIGateway
	if k.newKey.Id == nil {
		input := &apigateway.CreateApiKeyInput{Name: aws.String(k.name()), Enabled: true,
			Description: aws.String("sent by the distributions before " + k.t.api + "/" + k.t.stage)}
		if k.options.Value != "" {
			input.Value = &k.options.Value
		}
		made, err := alter(ctx, k.work, call(gateway.CreateApiKey, input).keep("NEW_KEY_ID", "id"))
		if err != nil {
			return err
		}
		read, err := gateway.GetApiKey(ctx, &apigateway.GetApiKeyInput{ApiKey: made.Id, IncludeValue: aws.Bool(true)})
		if err != nil {
			return k.failure(err)
		}
		if aws.ToString(read.Value) == "" {
			return k.failure(errors.New("the answer has no value"))
		}
		k.newKey, k.new = apitypes.ApiKey{Id: read.Id, Value: read.Value, Enabled: read.Enabled}, *read.Value
		k.shell.secret("NEW_SECRET", k.new)
	}
	id := k.keepID("NEW_KEY_ID", k.newKey.Id)
	plans, err := k.account.plans(ctx)
	if err != nil {
		return fmt.Errorf("list the usage plans: %w", err)
	}
	for _, p := range plans {
		if !slices.Contains(p.keys, aws.ToString(k.oldKey.Id)) || slices.Contains(p.keys, id) {
			continue
		}
		if _, err := alter(ctx, k.work, call(gateway.CreateUsagePlanKey, &apigateway.CreateUsagePlanKeyInput{
			UsagePlanId: p.Id, KeyId: &id, KeyType: aws.String("API_KEY"),
		})); err != nil {
			return err
		}
	}
	return nil
}

func (k *keyKeeper) retire(ctx context.Context) error {
	if k.oldKey.Id == nil || !k.oldKey.Enabled {
		return nil
	}
	_, err := alter(ctx, k.work, call(k.account.APIGateway.UpdateApiKey, &apigateway.UpdateApiKeyInput{
		ApiKey: k.oldKey.Id, PatchOperations: replace("/enabled", "false"),
	}))
	return err
}

func (k *keyKeeper) erase(ctx context.Context) error {
	if k.oldKey.Id == nil {
		return nil
	}
	_, err := alter(ctx, k.work, call(k.account.APIGateway.DeleteApiKey, &apigateway.DeleteApiKeyInput{ApiKey: k.oldKey.Id}))
	if isNotFound(err) {
		return nil
	}
	return err
}

// refererKeeper lets values in by the resource policy: its conditions know both.
type refererKeeper struct{ *rotating }

// mark names a value so that only who knows the key can tell whether it is it.
func mark(key, value string) string {
	sum := hmac.New(sha256.New, []byte(key))
	_, _ = sum.Write([]byte(value)) // never fails
	return hex.EncodeToString(sum.Sum(nil))[:8]
}

// find learns the values. A generated one begins with the rotation, so that it
// is found again; the old one is known by its mark under the new one, wherever
// it still is.
func (k *refererKeeper) find(context.Context) (string, error) {
	p, err := parsePolicy(k.t.policy)
	if err != nil {
		return "", err
	}
	values := p.referers()
	k.new = k.options.Value
	if k.new == "" {
		if at := slices.IndexFunc(values, func(v string) bool { return strings.HasPrefix(v, k.claim.rotation) }); at >= 0 {
			k.new = values[at]
		} else {
			k.new = k.claim.rotation + newSecret()
		}
	}
	sent := k.old
	if slices.Contains(values, k.new) {
		if deployed := k.t.deployedPolicy(); deployed != nil {
			values = slices.Concat(values, deployed.referers())
		}
		k.old = ""
		for _, value := range append(values, sent) {
			if value != k.new && mark(k.new, value) == k.claim.old {
				k.old = value
			}
		}
		if k.old == "" && sent != k.new {
			return "", errors.New("the policy knows the new secret already, and which one it replaces cannot be told; if it was given by --secret-from, give another one")
		}
		return k.claim.old, nil
	}
	if !slices.Contains(values, sent) {
		return "", fmt.Errorf("the Referer that distribution %s sends is not known to the working copy's resource policy; lock apply first", k.options.Distribution)
	}
	return mark(k.new, sent), nil
}

// description marks the deployments of a rotation.
func (k *refererKeeper) description() string { return "drawbridge lock: rotation " + k.claim.rotation }

// accept stores the claim's mark first: without it a later run could not tell
// the old value.
func (k *refererKeeper) accept(ctx context.Context) error {
	if err := k.claim.write(ctx); err != nil {
		return err
	}
	if k.old == "" {
		return nil
	}
	p, err := parsePolicy(k.t.policy)
	if err != nil {
		return err
	}
	if !slices.Contains(p.referers(), k.old) {
		return nil // it is retired in the working copy already
	}
	return k.put(ctx, func(p *policy) { p.accept(k.old, k.new) })
}

func (k *refererKeeper) retire(ctx context.Context) error {
	if err := k.account.readStage(ctx, k.t); err != nil {
		return err
	}
	return k.put(ctx, func(p *policy) { p.forget(k.old) })
}

// put edits the policy and deploys it, if the stage does not serve it yet.
func (k *refererKeeper) put(ctx context.Context, edit func(*policy)) error {
	p, err := parsePolicy(k.t.policy)
	if err != nil {
		return err
	}
	before := p.canonical()
	edit(p)
	text := p.text()
	if n := len([]rune(text)); n > maxPolicy {
		return fmt.Errorf("the resource policy would have %d characters with both values, and API Gateway takes %d", n, maxPolicy)
	}
	err = k.t.needsNoMore(false, nil, func(p *policy) string { return p.without("", k.old, k.new) }, k.note)
	if err != nil {
		return err
	}
	if p.canonical() != before {
		if err := k.putPolicy(ctx, text); err != nil {
			return err
		}
		k.t.policy = text
	}
	if deployed := k.t.deployedPolicy(); deployed != nil && deployed.canonical() == p.canonical() {
		return nil
	}
	return k.deployStage(ctx, k.description())
}

// erase deletes the deployment that lets in both values: a stage that went back
// to it would let in the old one again.
func (k *refererKeeper) erase(ctx context.Context) error {
	if err := k.account.readStage(ctx, k.t); err != nil {
		return err
	}
	gateway := k.account.APIGateway
	made, err := all(ctx, apigateway.NewGetDeploymentsPaginator(gateway, &apigateway.GetDeploymentsInput{RestApiId: &k.t.api, Limit: aws.Int32(pageSize)}),
		func(o *apigateway.GetDeploymentsOutput) []apitypes.Deployment { return o.Items })
	if err != nil {
		return fmt.Errorf("list the deployments: %w", err)
	}
	for _, d := range made {
		if aws.ToString(d.Description) != k.description() || aws.ToString(d.Id) == aws.ToString(k.t.at.DeploymentId) {
			continue
		}
		_, err := alter(ctx, k.work, call(gateway.DeleteDeployment, &apigateway.DeleteDeploymentInput{RestApiId: &k.t.api, DeploymentId: d.Id}))
		var refusal smithy.APIError
		if err != nil && !(errors.As(err, &refusal) && refusal.ErrorCode() == "BadRequestException") && !isNotFound(err) {
			return err // a deployment that another stage serves stays
		}
	}
	return nil
}
