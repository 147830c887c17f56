package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// findKey looks for the key that the distribution sends, or that an earlier run
// has made for the stage.
func (r *applying) findKey(ctx context.Context) error {
	prefix := resourceName(r.t.api, r.t.stage)
	if r.value != "" {
		prefix = "" // it may be named anyhow
	}
	keys, err := r.account.keys(ctx, prefix)
	if err != nil {
		return fmt.Errorf("list the API keys: %w", err)
	}
	at := slices.IndexFunc(keys, func(k apitypes.ApiKey) bool {
		if r.value != "" {
			return aws.ToString(k.Value) == r.value
		}
		return aws.ToString(k.Name) == prefix
	})
	if at >= 0 {
		r.key, r.value = keys[at], aws.ToString(keys[at].Value)
		return nil
	}
	if r.value != "" {
		return fmt.Errorf("distribution %s sends an x-api-key that is no key of this account and region; take the header off, or make the key", r.options.Distribution)
	}
	return nil
}

// makeKey makes the key and ties it to the stage by a usage plan. Nothing
// demands it yet.
func (r *applying) makeKey(ctx context.Context) error {
	gateway, name := r.account.APIGateway, resourceName(r.t.api, r.t.stage)
	r.note(LineNote, "A key, and a usage plan that ties it to the stage. Nothing demands it yet.")
	switch {
	case r.key.Id == nil:
		made, err := alter(ctx, r.work, call(gateway.CreateApiKey, &apigateway.CreateApiKeyInput{
			Name: &name, Enabled: true, Description: aws.String("sent by the distributions before " + r.t.api + "/" + r.t.stage),
		}).keep("KEY_ID", "id"))
		if err != nil {
			return err
		}
		id := r.keepID("KEY_ID", made.Id)
		r.undo = append(r.undo, undo{"delete key " + id, stepOf(r.work, call(gateway.DeleteApiKey, &apigateway.DeleteApiKeyInput{ApiKey: &id}))})
		if r.key, err = r.readKey(ctx, id); err != nil {
			return err
		}
		r.value = aws.ToString(r.key.Value)
		r.shell.secret("SECRET", r.value)
	case !r.key.Enabled:
		if _, err := alter(ctx, r.work, call(gateway.UpdateApiKey, &apigateway.UpdateApiKeyInput{
			ApiKey: r.key.Id, PatchOperations: replace("/enabled", "true"),
		})); err != nil {
			return err
		}
	}
	return r.tieKey(ctx, name)
}

// readKey reads a key with its value.
func (r *applying) readKey(ctx context.Context, id string) (apitypes.ApiKey, error) {
	r.command("SECRET=$(" + r.shell.line(cliWords(&apigateway.GetApiKeyInput{ApiKey: &id, IncludeValue: aws.Bool(true)})) + " --query value --output text); export SECRET")
	if r.dry {
		return apitypes.ApiKey{Id: &id, Value: aws.String("drawbridge-dry-run-secret")}, nil
	}
	read, err := r.account.APIGateway.GetApiKey(ctx, &apigateway.GetApiKeyInput{ApiKey: &id, IncludeValue: aws.Bool(true)})
	if err != nil {
		return apitypes.ApiKey{}, r.failure(err)
	}
	if aws.ToString(read.Value) == "" {
		return apitypes.ApiKey{}, r.failure(errors.New("the answer has no value"))
	}
	return apitypes.ApiKey{Id: read.Id, Name: read.Name, Value: read.Value, Enabled: read.Enabled}, nil
}

// tieKey has a usage plan of the stage hold the key.
func (r *applying) tieKey(ctx context.Context, name string) error {
	gateway, id := r.account.APIGateway, aws.ToString(r.key.Id)
	stagePlan := ""
	for _, p := range r.plans {
		if !p.opens(r.t.api, r.t.stage) {
			continue
		}
		if slices.Contains(p.keys, id) {
			return nil
		}
		if aws.ToString(p.Name) == name {
			stagePlan = aws.ToString(p.Id)
		}
	}
	if stagePlan == "" {
		made, err := alter(ctx, r.work, call(gateway.CreateUsagePlan, &apigateway.CreateUsagePlanInput{
			Name: &name, ApiStages: []apitypes.ApiStage{{ApiId: &r.t.api, Stage: &r.t.stage}},
		}).keep("PLAN", "id"))
		if err != nil {
			return err
		}
		stagePlan = r.keepID("PLAN", made.Id)
		plan := stagePlan
		r.undo = append(r.undo, undo{"delete usage plan " + plan, func(ctx context.Context) error { return r.deletePlan(ctx, plan) }})
	}
	_, err := alter(ctx, r.work, call(gateway.CreateUsagePlanKey, &apigateway.CreateUsagePlanKeyInput{
		UsagePlanId: &stagePlan, KeyId: &id, KeyType: aws.String("API_KEY"),
	}))
	return err
}

// deletePlan deletes a usage plan that has one stage.
func (w *work) deletePlan(ctx context.Context, id string) error {
	gateway := w.account.APIGateway
	return steps(ctx,
		stepOf(w, call(gateway.UpdateUsagePlan, &apigateway.UpdateUsagePlanInput{UsagePlanId: &id, PatchOperations: []apitypes.PatchOperation{{
			Op: apitypes.OpRemove, Path: aws.String("/apiStages"), Value: aws.String(w.t.api + ":" + w.t.stage),
		}}})),
		stepOf(w, call(gateway.DeleteUsagePlan, &apigateway.DeleteUsagePlanInput{UsagePlanId: &id})),
	)
}

// demandKey sets the key flag of every method that is not excluded.
func (r *applying) demandKey(ctx context.Context) (changed bool, err error) {
	changed = r.t.deployed == nil
	r.note(LineNote, "Every method demands a key, in the working copy.")
	for i := range r.t.resources {
		resource := &r.t.resources[i]
		path := aws.ToString(resource.Path)
		for _, verb := range sortedMethods(resource) {
			is := aws.ToBool(resource.ResourceMethods[verb].ApiKeyRequired)
			wanted := is || !r.excluded(verb, path) // who set the flag of an excluded method wants it
			deployed, isDeployed := r.t.deployed[path][verb]
			changed = changed || isDeployed && deployed.ApiKeyRequired != wanted || !isDeployed && r.options.DeployPending
			if is == wanted {
				continue
			}
			if err := r.flag(ctx, resource, verb, wanted); err != nil {
				return changed, err
			}
			r.undo = append(r.undo, undo{verb + " " + path + " needs no key, in the working copy", func(ctx context.Context) error {
				return r.flag(ctx, resource, verb, !wanted)
			}})
		}
	}
	if changed {
		// Nobody demands the key yet, so nothing can prove that the gateway
		// knows it everywhere; the time that a proof takes must do.
		if err := r.pause(ctx, r.timing.Over); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// flag sets a method's key flag in the working copy.
func (w *work) flag(ctx context.Context, resource *apitypes.Resource, verb string, required bool) error {
	_, err := alter(ctx, w, call(w.account.APIGateway.UpdateMethod, &apigateway.UpdateMethodInput{
		RestApiId: &w.t.api, ResourceId: resource.Id, HttpMethod: &verb,
		PatchOperations: replace("/apiKeyRequired", fmt.Sprint(required)),
	}))
	return err
}

func sortedMethods(resource *apitypes.Resource) []string {
	var list []string
	for verb := range resource.ResourceMethods {
		list = append(list, verb)
	}
	slices.Sort(list)
	return list
}
