package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// RemoveOptions say which lock is taken away.
type RemoveOptions struct {
	Distribution string // id
	API, Stage   string // "": what the distribution's origins name
	Timing       Timing
	Tell         func(Line)
	Confirm      func() bool
}

// Remove takes a lock away in the reverse order of Apply: the gateway stops
// demanding the secret, that is proved, and only then the distribution stops
// sending it. What Apply made is deleted.
func Remove(ctx context.Context, a *Account, o RemoveOptions) error {
	t, err := a.readTarget(ctx, o.Distribution, o.API, o.Stage)
	if err != nil {
		return err
	}
	r := &removing{work: a.begin(t, o.Timing, o.Tell)}
	if err := r.prepare(ctx); err != nil {
		return r.clean(err)
	}
	if r.value == "" && len(r.keys) == 0 && !r.demands() {
		r.note(LineSeen, "nothing to remove: %s/%s demands no secret, and distribution %s sends none", t.api, t.stage, o.Distribution)
		return nil
	}
	if o.Confirm != nil && !o.Confirm() {
		return ErrDeclined
	}
	return r.clean(steps(ctx, r.release, r.proveOpen, r.stopSending, r.cleanUp))
}

// removing is one run of Remove.
type removing struct {
	*work
	method  Method
	value   string // of the secret; "" if no distribution sends one any more
	keys    []apitypes.ApiKey
	plans   []plan
	senders []cdntypes.DistributionSummary
}

// prepare finds out what is there, also what an earlier run has left.
func (r *removing) prepare(ctx context.Context) (err error) {
	name := resourceName(r.t.api, r.t.stage)
	if r.keys, err = r.account.keys(ctx, name); err != nil {
		return fmt.Errorf("list the API keys: %w", err)
	}
	r.keys = slices.DeleteFunc(r.keys, func(k apitypes.ApiKey) bool { return !ours(aws.ToString(k.Name), name) })
	if r.plans, err = r.account.plans(ctx); err != nil {
		return fmt.Errorf("list the usage plans: %w", err)
	}
	r.method = r.t.method()
	if r.method == "" {
		// An earlier run may have come as far as the gateway's end.
		r.method = Referer
		if r.t.sent(Referer.header()) == "" && (r.t.sent(APIKey.header()) != "" || len(r.keys) > 0) {
			r.method = APIKey
		}
	}
	r.value = r.t.sent(r.method.header())
	r.shell.secret("SECRET", r.value)
	for i := range r.keys {
		r.shell.secret(fmt.Sprintf("KEY%d", i), aws.ToString(r.keys[i].Value))
	}
	for _, d := range r.t.all {
		if slices.ContainsFunc(r.t.origins(&d), func(o cdntypes.Origin) bool {
			value, ok := headerOf(&o, r.method.header())
			return ok && value == r.value && value != ""
		}) {
			r.senders = append(r.senders, d)
		}
	}
	r.note(LineHeading, "Remove the lock of %s/%s behind distribution %s (%s)", r.t.api, r.t.stage, aws.ToString(r.t.distribution.Id), r.method)
	for _, thing := range r.t.byCloudFormation() {
		r.note(LineNote, "Warning: CloudFormation made %s; the next update of the stack may undo this.", thing)
	}
	r.warnOfKeys()
	return r.check(ctx)
}

// ours tells whether a name is one that the lock gives for a stage.
func ours(name, prefix string) bool { return name == prefix || strings.HasPrefix(name, prefix+"-") }

// demands tells whether the stage still has the end of a lock that Apply made.
func (r *removing) demands() bool {
	p := r.t.deployedPolicy()
	return p != nil && slices.ContainsFunc(p.statements, func(s map[string]any) bool { return s["Sid"] == sid(sidLock, r.t.stage) })
}

// check refuses what a removal must not touch.
func (r *removing) check(ctx context.Context) error {
	found, ok, err := r.account.readClaim(ctx, r.t)
	if err != nil {
		return err
	}
	if ok && found.alive(r.timing.Now(), thisProcess()) {
		return fmt.Errorf("%w: the secret of %s/%s is being rotated (run %s-%s)", ErrForeignRun, r.t.api, r.t.stage, found.rotation, found.driver)
	}
	if r.t.at.CanarySettings != nil {
		return fmt.Errorf("stage %s has a canary: promote it or remove it first, a deployment would go to it", r.t.stage)
	}
	for _, p := range r.plans {
		others := slices.DeleteFunc(slices.Clone(p.keys), func(id string) bool {
			return slices.ContainsFunc(r.keys, func(k apitypes.ApiKey) bool { return aws.ToString(k.Id) == id })
		})
		if r.method == APIKey && p.opens(r.t.api, r.t.stage) && len(others) > 0 && ours(aws.ToString(p.Name), resourceName(r.t.api, r.t.stage)) {
			return fmt.Errorf("usage plan %s holds keys that the lock did not make (%s); move them to a plan of their own first", aws.ToString(p.Id), strings.Join(others, ", "))
		}
	}
	if err := r.checkPolicy(); err != nil {
		return err
	}
	return r.t.needsNoMore(false, func(working, deployed facts) {
		for name, value := range working {
			if _, is := deployed[name]; is && strings.HasSuffix(name, keyFact) && value == "false" && r.method == APIKey {
				deployed[name] = value
			}
		}
	}, func(p *policy) string {
		p.release(r.demand())
		return p.canonical()
	}, r.note)
}

// demand is what the stage's statement says, as far as taking it out goes.
func (r *removing) demand() demand {
	return demand{arn: r.account.executeARN(r.t.api), stage: r.t.stage, others: r.t.otherStages, value: r.value}
}

// checkPolicy refuses where the demand cannot end without ending more.
func (r *removing) checkPolicy() error {
	if r.method != Referer {
		return nil
	}
	p, err := parsePolicy(r.t.policy)
	if err != nil {
		return err
	}
	if kept := p.release(r.demand()); len(kept) > 0 {
		return fmt.Errorf("the resource policy knows the secret beyond the lock, %s; edit the policy by hand and deploy it first", strings.Join(kept, "; "))
	}
	return nil
}

// warnOfKeys tells before the change how much loses its key: the flags keep no
// trace of who set them, so all of the stage's go.
func (r *removing) warnOfKeys() {
	count := 0
	for i := range r.t.resources {
		resource := &r.t.resources[i]
		for verb, method := range resource.ResourceMethods {
			if aws.ToBool(method.ApiKeyRequired) || r.t.deployed[aws.ToString(resource.Path)][verb].ApiKeyRequired {
				count++
			}
		}
	}
	if r.method != APIKey || count == 0 {
		return
	}
	r.note(LineNote, "Warning: %d methods demand no API key afterwards, also those that did before the lock or that it excluded: the flag does not say who set it.", count)
	if names := r.t.customerKeys(r.plans); len(names) > 0 {
		r.note(LineNote, "Warning: usage plans that the lock did not make tie keys to the stage (%s); nobody needs those any more either.", strings.Join(names, ", "))
	}
	if len(r.t.otherStages) > 0 {
		r.note(LineNote, "Warning: the next deployment of the other stages (%s) demands no key there either.", strings.Join(r.t.otherStages, ", "))
	}
}

// release has the gateway demand nothing any more.
func (r *removing) release(ctx context.Context) error {
	// Somebody was asked, and others may have been at work meanwhile.
	if err := r.account.readStage(ctx, r.t); err != nil {
		return err
	}
	if err := r.check(ctx); err != nil {
		return err
	}
	r.note(LineNote, "The gateway first: it demands nothing any more.")
	end := r.releaseReferer
	if r.method == APIKey {
		end = r.releaseKey
	}
	changed, err := end(ctx)
	if err != nil || !changed {
		return err
	}
	return r.deployStage(ctx, "drawbridge lock: removed")
}

func (r *removing) releaseKey(ctx context.Context) (changed bool, err error) {
	for i := range r.t.resources {
		resource := &r.t.resources[i]
		for _, verb := range sortedMethods(resource) {
			changed = changed || r.t.deployed[aws.ToString(resource.Path)][verb].ApiKeyRequired
			if aws.ToBool(resource.ResourceMethods[verb].ApiKeyRequired) {
				if err := r.flag(ctx, resource, verb, false); err != nil {
					return changed, err
				}
			}
		}
	}
	return changed, nil
}

func (r *removing) releaseReferer(ctx context.Context) (changed bool, err error) {
	p, err := parsePolicy(r.t.policy)
	if err != nil {
		return false, err
	}
	before := p.canonical()
	p.release(r.demand()) // checkPolicy has seen that nothing is kept
	if p.canonical() != before {
		if err := r.putPolicy(ctx, p.text()); err != nil {
			return false, err
		}
	}
	deployed := r.t.deployedPolicy()
	return deployed == nil || deployed.canonical() != p.canonical(), nil
}

// proveOpen waits until no place of the gateway demands the secret.
func (r *removing) proveOpen(ctx context.Context) error {
	if err := r.account.readStage(ctx, r.t); err != nil {
		return err
	}
	ways := r.t.showing(r.t.ways(r.account, false), r.method.header())
	if len(ways) == 0 {
		r.note(LineNote, "%v; waits %v instead of proving.", ErrNoWay, r.timing.Over)
		return r.pause(ctx, r.timing.Over)
	}
	for _, one := range ways {
		bare := r.bare(one, r.method.header())
		if p := r.t.deployedPolicy(); p != nil && len(p.statements) > 0 {
			// What else is in the policy may refuse this way for good.
			if got, _ := r.look(ctx, bare.with(r.method.header(), r.value)); got != Admitted {
				continue
			}
		}
		return r.prove(ctx, fmt.Sprintf("%s lets in without the secret", one), func(ctx context.Context) (bool, string) {
			got, seen := r.look(ctx, bare)
			return got == Admitted, seen
		})
	}
	return errors.New("no method lets in even with the secret: something else refuses; the distribution keeps sending it")
}

// stopSending takes the header off every distribution that leads to the stage.
func (r *removing) stopSending(ctx context.Context) error {
	r.note(LineNote, "Then the edge: it sends no secret any more.")
	var ids []string
	for _, d := range r.senders {
		edit := setHeader{name: r.method.header()}
		for _, origin := range r.t.origins(&d) {
			if value, ok := headerOf(&origin, edit.name); ok && value == r.value {
				edit.origins = append(edit.origins, aws.ToString(origin.Id))
			}
		}
		if _, err := r.updateDistribution(ctx, aws.ToString(d.Id), edit); err != nil {
			return err
		}
		ids = append(ids, aws.ToString(d.Id))
	}
	return r.awaitDeployed(ctx, ids...)
}

// cleanUp deletes what Apply has made.
func (r *removing) cleanUp(ctx context.Context) error {
	name := resourceName(r.t.api, r.t.stage)
	for _, p := range r.plans {
		if ours(aws.ToString(p.Name), name) && p.opens(r.t.api, r.t.stage) && len(p.ApiStages) == 1 {
			if err := r.deletePlan(ctx, aws.ToString(p.Id)); err != nil {
				return err
			}
		}
	}
	for i := range r.keys {
		_, err := alter(ctx, r.work, call(r.account.APIGateway.DeleteApiKey, &apigateway.DeleteApiKeyInput{ApiKey: r.keys[i].Id}))
		if err != nil && !isNotFound(err) {
			return err
		}
	}
	r.note(LineSeen, "removed: %s/%s can be called by everybody", r.t.api, r.t.stage)
	return nil
}
