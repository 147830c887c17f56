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

// ApplyOptions say what is locked and how.
type ApplyOptions struct {
	Distribution  string   // id
	API, Stage    string   // "": what the distribution's origins name
	Method        Method   // "": what fits
	Exclude       []string // "GET /health": methods that stay open
	DeployPending bool     // deploy changes of the working copy that are not the lock's
	DryRun        bool     // tell the calls only
	Timing        Timing
	Tell          func(Line)  // nil: nobody listens
	Confirm       func() bool // asked once before the first change; nil: yes
}

// ErrDeclined says that the question before the first change was answered no.
var ErrDeclined = errors.New("nothing was changed")

// Apply locks a stage behind a distribution in an order that refuses no
// request that came by the distribution: the edge sends the secret everywhere
// before the gateway demands it. Steps that are done already are left out, so
// a second run goes on where one was ended. If the proof fails, its own steps
// are taken back.
func Apply(ctx context.Context, a *Account, o ApplyOptions) error {
	t, err := a.readTarget(ctx, o.Distribution, o.API, o.Stage)
	if err != nil {
		return err
	}
	w := a.begin(t, o.Timing, o.Tell)
	w.dry = o.DryRun
	run := &applying{work: w, options: o}
	if err := run.prepare(ctx); err != nil {
		return w.clean(err)
	}
	if !o.DryRun && o.Confirm != nil && !o.Confirm() {
		return ErrDeclined
	}
	err = run.run(ctx)
	if err != nil && len(w.undo) > 0 {
		w.note(LineWrong, "%s", w.shell.redact(err.Error()))
		err = errors.Join(err, w.rollBack(ctx))
	}
	return w.clean(err)
}

// applying is one run of Apply.
type applying struct {
	*work
	options ApplyOptions
	method  Method
	exclude []pathVerb
	plans   []plan
	key     apitypes.ApiKey // the lock's, if there is one
	value   string          // of the secret; "" until it is made
}

// pathVerb names a method of a resource.
type pathVerb struct{ verb, path string }

// ParseMethod reads "GET /health"; ANY is every verb.
func ParseMethod(text string) (verb, path string, err error) {
	verb, path, ok := strings.Cut(strings.TrimSpace(text), " ")
	verb, path = strings.ToUpper(verb), strings.TrimSpace(path)
	if !ok || !strings.HasPrefix(path, "/") || verb != "ANY" && !slices.Contains(verbs, verb) {
		return "", "", fmt.Errorf("%q is no method; write for example 'GET /health'", text)
	}
	return verb, path, nil
}

// excluded tells whether a method stays open.
func (r *applying) excluded(verb, path string) bool {
	return slices.ContainsFunc(r.exclude, func(e pathVerb) bool { return e.path == path && (e.verb == verb || e.verb == "ANY") })
}

// prepare finds everything that speaks against the change, before any.
func (r *applying) prepare(ctx context.Context) (err error) {
	for _, text := range r.options.Exclude {
		verb, path, err := ParseMethod(text)
		if err != nil {
			return err
		}
		r.exclude = append(r.exclude, pathVerb{verb, path})
	}
	if r.plans, err = r.account.plans(ctx); err != nil {
		return fmt.Errorf("list the usage plans: %w", err)
	}
	against, err := r.account.fits(ctx, r.t, r.plans)
	if err != nil {
		return err
	}
	wanted := r.options.Method
	if wanted == "" {
		wanted = r.t.method() // what is there is kept
	}
	why := ""
	if r.method, why, err = choose(against, wanted); err != nil {
		return err
	}
	r.note(LineHeading, "Lock %s/%s behind distribution %s by %s", r.t.api, r.t.stage, r.options.Distribution, r.method)
	if why != "" {
		r.note(LineNote, "Method %s: %s.", r.method, why)
	}
	r.warn()
	found, ok, err := r.account.readClaim(ctx, r.t)
	if err != nil {
		return err
	}
	if ok && found.alive(r.timing.Now(), thisProcess()) {
		return fmt.Errorf("%w: the secret of %s/%s is being rotated (run %s-%s)", ErrForeignRun, r.t.api, r.t.stage, found.rotation, found.driver)
	}
	if err := r.findSecret(ctx); err != nil {
		return err
	}
	return r.checkDeployment()
}

// warn tells what the change does not cover.
func (r *applying) warn() {
	for _, thing := range r.t.byCloudFormation() {
		r.note(LineNote, "Warning: CloudFormation made %s; the next update of the stack undoes this. Put the lock into the template.", thing)
	}
	for _, origin := range r.t.origins(r.t.distribution) {
		custom := origin.CustomOriginConfig
		if custom != nil && custom.OriginProtocolPolicy != cdntypes.OriginProtocolPolicyHttpsOnly {
			r.note(LineNote, "Warning: origin %s is asked by %s; over plain HTTP the secret is readable. Set OriginProtocolPolicy https-only.",
				aws.ToString(origin.Id), custom.OriginProtocolPolicy)
		}
	}
	for _, d := range r.t.all {
		if aws.ToString(d.Id) != r.options.Distribution && len(r.t.origins(&d)) > 0 && !sends(r.t.origins(&d), r.method.header()) {
			r.note(LineNote, "Warning: distribution %s leads to the stage, too, and sends no %s: it will be refused. Lock it in as well (--distribution %s) before.",
				aws.ToString(d.Id), r.method.header(), aws.ToString(d.Id))
		}
	}
	if len(r.t.otherStages) > 0 {
		r.note(LineNote, "Note: this does not cover the other stages of the API (%s).", strings.Join(r.t.otherStages, ", "))
	}
	if r.method == APIKey {
		r.note(LineNote, "Note: the key flag is a method's own. After methods are added, run this again (lock audit says so).")
	}
}

func sends(origins []cdntypes.Origin, header string) bool {
	return !slices.ContainsFunc(origins, func(o cdntypes.Origin) bool {
		_, ok := headerOf(&o, header)
		return !ok
	})
}

// findSecret looks for what an earlier run or a hand has made.
func (r *applying) findSecret(ctx context.Context) error {
	r.value = r.t.sent(r.method.header())
	if r.method == APIKey {
		if err := r.findKey(ctx); err != nil {
			return err
		}
	} else if r.value == "" {
		r.value = newSecret()
	}
	r.shell.secret("SECRET", r.value)
	if r.method != Referer {
		return nil
	}
	merged, err := r.merged()
	if err != nil {
		return err
	}
	if n := len([]rune(merged)); n > maxPolicy {
		return fmt.Errorf("the resource policy would have %d characters, and API Gateway takes %d; shorten it, or use --method api-key", n, maxPolicy)
	}
	return nil
}

// checkDeployment refuses a deployment that would put in force what is not the
// lock's, or that a canary forbids.
func (r *applying) checkDeployment() error {
	if r.t.at.CanarySettings != nil {
		return fmt.Errorf("stage %s has a canary: promote it or remove it first, a deployment would go to it", r.t.stage)
	}
	tolerate := func(working, deployed facts) {
		for name, value := range working {
			verb, path, _ := strings.Cut(strings.TrimSuffix(name, keyFact), " ")
			if r.method == APIKey && strings.HasSuffix(name, keyFact) && value == fmt.Sprint(!r.excluded(verb, path)) {
				if _, ok := deployed[name]; ok {
					deployed[name] = value
				}
			}
		}
	}
	return r.t.needsNoMore(r.options.DeployPending, tolerate, func(p *policy) string { return p.without(r.t.stage) }, r.note)
}

// needsNoMore stops with the list of what a deployment would put in force
// beside the lock, unless that is wanted.
func (t *target) needsNoMore(wanted bool, tolerate func(working, deployed facts), policyOf func(*policy) string, note func(LineKind, string, ...any)) error {
	list, err := t.pending(tolerate, policyOf)
	if err != nil || len(list) == 0 {
		return err
	}
	if wanted {
		note(LineNote, "Deploys as well: %s.", strings.Join(list, "; "))
		return nil
	}
	const shown = 20
	more := ""
	if len(list) > shown {
		more = fmt.Sprintf("; and %d more", len(list)-shown)
		list = list[:shown]
	}
	return fmt.Errorf("%w: %s%s; deploy or revert them first (lock apply takes --deploy-pending)", ErrPending, strings.Join(list, "; "), more)
}

// run takes the steps.
func (r *applying) run(ctx context.Context) error {
	if r.method == APIKey {
		if err := r.makeKey(ctx); err != nil {
			return err
		}
	} else if r.t.sent(Referer.header()) == "" {
		r.command("SECRET=$(openssl rand -hex 24); export SECRET")
	}
	if err := r.sendSecret(ctx); err != nil {
		return err
	}
	// The edge took its time, and others may have been at work.
	if err := r.account.readStage(ctx, r.t); err != nil {
		return err
	}
	if err := r.checkDeployment(); err != nil {
		return err
	}
	demand := r.demandReferer
	if r.method == APIKey {
		demand = r.demandKey
	}
	changed, err := demand(ctx)
	if err != nil {
		return err
	}
	if changed {
		if err := r.deploy(ctx); err != nil {
			return err
		}
	}
	return r.verify(ctx)
}

// sendSecret has the distribution send the secret, and waits until it does so
// everywhere.
func (r *applying) sendSecret(ctx context.Context) error {
	id := aws.ToString(r.t.distribution.Id)
	r.note(LineNote, "The edge first: distribution %s sends %s to the stage.", id, r.method.header())
	edit := setHeader{name: r.method.header(), value: r.value}
	for _, origin := range r.t.origins(r.t.distribution) {
		if _, has := headerOf(&origin, edit.name); !has {
			edit.origins = append(edit.origins, aws.ToString(origin.Id))
		}
	}
	if len(edit.origins) > 0 {
		changed, err := r.updateDistribution(ctx, id, edit)
		if err != nil {
			return err
		}
		if changed {
			r.undo = append(r.undo, undo{"distribution " + id + " sends no " + edit.name, func(ctx context.Context) error {
				edit.value = ""
				_, err := r.updateDistribution(ctx, id, edit)
				return err
			}})
		}
	}
	return r.awaitDeployed(ctx, id)
}

// deploy puts the working copy in force on the stage.
func (r *applying) deploy(ctx context.Context) error {
	r.note(LineNote, "The gateway demands it from now on.")
	return r.deployStage(ctx, "drawbridge lock: "+string(r.method))
}

// deployStage makes a deployment; to undo it the stage goes back to the one
// before.
func (w *work) deployStage(ctx context.Context, description string) error {
	gateway, before := w.account.APIGateway, aws.ToString(w.t.at.DeploymentId)
	made, err := alter(ctx, w, call(gateway.CreateDeployment, &apigateway.CreateDeploymentInput{
		RestApiId: &w.t.api, StageName: &w.t.stage, Description: &description,
	}))
	if err != nil || w.dry {
		return err
	}
	after := aws.ToString(made.Id)
	w.undo = append(w.undo, undo{"stage " + w.t.stage + " goes back to deployment " + before, func(ctx context.Context) error {
		if before == "" {
			return errors.New("the stage had no deployment before")
		}
		return steps(ctx, stepOf(w, call(gateway.UpdateStage, &apigateway.UpdateStageInput{
			RestApiId: &w.t.api, StageName: &w.t.stage, PatchOperations: replace("/deploymentId", before),
		})), stepOf(w, call(gateway.DeleteDeployment, &apigateway.DeleteDeploymentInput{RestApiId: &w.t.api, DeploymentId: &after})))
	}})
	return nil
}

// stepOf is an alter whose answer nobody needs.
func stepOf[O any](w *work, o operation[O]) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := alter(ctx, w, o)
		return err
	}
}

func replace(path, value string) []apitypes.PatchOperation {
	return []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: &path, Value: &value}}
}

// verify proves that the lock holds, then asks every method that can be asked.
func (r *applying) verify(ctx context.Context) error {
	if r.dry {
		return nil
	}
	if err := r.account.readStage(ctx, r.t); err != nil {
		return err
	}
	all := slices.DeleteFunc(r.t.ways(r.account, false), func(w way) bool { return r.excluded(w.method, w.path) })
	showing := r.t.showing(all, r.method.header())
	if len(showing) == 0 {
		return r.unprovable(ctx)
	}
	one := showing[0]
	if i := slices.IndexFunc(showing, func(w way) bool { return w.edge != nil }); i >= 0 {
		one = showing[i]
	}
	one = r.askable(ctx, one)
	what := fmt.Sprintf("%s refuses without the secret and lets the distribution in", one)
	if one.edge == nil {
		what = fmt.Sprintf("%s refuses without the secret and lets it in with it", one)
	}
	if err := r.prove(ctx, what, r.holds(one, r.method.header(), r.value)); err != nil {
		return err
	}
	var open []string
	for _, w := range all {
		if got, seen := r.look(ctx, r.bare(w, r.method.header())); got != Refused {
			open = append(open, w.String()+" ("+seen+")")
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(open) > 0 {
		return fmt.Errorf("these methods do not refuse without the secret: %s", strings.Join(open, ", "))
	}
	r.note(LineSeen, "locked: %s/%s, %d methods asked", r.t.api, r.t.stage, len(all))
	return nil
}

// unprovable waits where nothing can be asked.
func (r *applying) unprovable(ctx context.Context) error {
	r.note(LineNote, "%v; waits %v instead of proving. lock audit --probe --unsafe asks the others.", ErrNoWay, r.timing.Over)
	if err := r.pause(ctx, r.timing.Over); err != nil {
		return err
	}
	r.note(LineSeen, "done: %s/%s; not probed", r.t.api, r.t.stage)
	return nil
}
