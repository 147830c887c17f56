package lock

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// RotateOptions say whose secret is changed and how.
type RotateOptions struct {
	Distribution string // id of one that sends the secret
	API, Stage   string // "": what the distribution's origins name
	// Value is the new secret; "" has one generated.
	Value string
	// Grace is how long the old value is still let in after every distribution
	// sends the new one (30 s at most), and how long it stays disabled before
	// it is deleted. DefaultGrace leaves it to what is known of the gateway.
	Grace    time.Duration
	Load     int  // requests per second by way of the distribution, throughout
	TakeOver bool // although another run is alive
	Timing   Timing
	Tell     func(Line)
	Confirm  func() bool
	// Owner names this process for claims: HOST.PID. "" is this one.
	Owner string
}

// maxInFlight is the longest that a request which was given the old value can
// be under way to the gateway: three attempts to connect, 10 s each
// (cloudfront.md 2.8).
const maxInFlight = 30 * time.Second

// DefaultGrace stands for maxInFlight, or, where the gateway says how long a
// change takes, for nearGrace: it is near, and no attempt to connect takes long.
const (
	DefaultGrace time.Duration = -1
	nearGrace                  = 5 * time.Second
)

// The steps of a rotation, as the tag names them.
const (
	stepAccept = "accept" // the gateway learns the new value
	stepEdge   = "edge"   // the distributions send it
	stepGrace  = "grace"  // requests in flight and caches
	stepRetire = "retire" // the gateway forgets the old value
	stepDelete = "delete" // nothing of it is left
)

// keeper is the gateway's end of a lock: it knows which values are let in.
type keeper interface {
	// find looks for what the rotation has made already and learns the old
	// value, whose name in the claim it returns.
	find(context.Context) (old string, err error)
	// accept has the gateway let in both values.
	accept(context.Context) error
	// retire has it let in the new value alone.
	retire(context.Context) error
	// erase deletes what is left of the old value.
	erase(context.Context) error
}

// rotating is one run of Rotate.
type rotating struct {
	*work
	options RotateOptions
	claim   *claimed
	method  Method
	keeper  keeper
	old     string // "" if nothing is left of it
	new     string
	way     *way // nil: nothing can be probed by
	loading *load
}

// Rotate changes a secret without refusing one request: both values are let in
// and proved, every distribution that sends the old value sends the new one,
// then the old one is retired. Run again after it was ended anywhere, it goes
// on from there.
func Rotate(ctx context.Context, a *Account, o RotateOptions) error {
	t, err := a.readTarget(ctx, o.Distribution, o.API, o.Stage)
	if err != nil {
		return err
	}
	if o.Grace < 0 {
		o.Grace = maxInFlight
		if a.Propagation != nil {
			o.Grace = nearGrace
		}
	}
	if o.Owner == "" {
		o.Owner = thisProcess()
	}
	r := &rotating{work: a.begin(t, o.Timing, o.Tell), options: o}
	if o.Value != "" {
		if err := checkSecret(o.Value); err != nil {
			return err
		}
		r.shell.secret("NEW_SECRET", o.Value)
	}
	if err := r.prepare(ctx); err != nil {
		return r.clean(err)
	}
	if o.Confirm != nil && !o.Confirm() {
		return ErrDeclined
	}
	return r.clean(r.run(ctx))
}

// plainSecret is what a secret may look like, so that it reads the same in a
// header field, a policy and a key: visible ASCII without quotes, backslashes
// and what policies take for a pattern or a variable.
var plainSecret = regexp.MustCompile(`^[A-Za-z0-9!#%&()+,./:;<=>@^_|~-]{20,128}$`)

func checkSecret(value string) error {
	if !plainSecret.MatchString(value) {
		return errors.New("the new secret must have 20 to 128 characters: letters, digits and punctuation other than quotes, backslash, *, ?, $, and braces")
	}
	return nil
}

// prepare finds out how the stage is locked and what speaks against a change.
func (r *rotating) prepare(ctx context.Context) error {
	found, resumes, err := r.account.readClaim(ctx, r.t)
	if err != nil {
		return err
	}
	r.method = r.t.method()
	if resumes && found.method != "" {
		r.method = found.method
	}
	if r.method == "" {
		return fmt.Errorf("%s/%s is not locked behind distribution %s: it sends no secret that the stage demands; lock apply first", r.t.api, r.t.stage, r.options.Distribution)
	}
	r.old = r.t.sent(r.method.header())
	r.shell.secret("SECRET", r.old)
	if r.old != "" && r.old == r.options.Value && !resumes {
		return errors.New("the new secret is the one that is sent already")
	}
	if r.t.at.CanarySettings != nil {
		return fmt.Errorf("stage %s has a canary: promote it or remove it first", r.t.stage)
	}
	if r.method == Referer && !resumes {
		if err := r.t.needsNoMore(false, nil, func(p *policy) string { return p.canonical() }, r.note); err != nil {
			return err
		}
	}
	if err := r.sharedOrigins(ctx); err != nil {
		return err
	}
	r.note(LineHeading, "Rotate the secret of %s/%s (%s)", r.t.api, r.t.stage, r.method)
	for _, d := range r.senders(r.old) {
		r.note(LineNote, "Distribution %s sends it%s.", aws.ToString(d.Id), map[bool]string{true: " (a staging copy)"}[aws.ToBool(d.Staging)])
	}
	for _, thing := range r.t.byCloudFormation() {
		r.note(LineNote, "Warning: CloudFormation made %s; the next update of the stack may undo this.", thing)
	}
	return nil
}

// sharedOrigins refuses to switch an origin that leads to every stage of the
// API, because its path names none, while another stage demands the old value.
func (r *rotating) sharedOrigins(ctx context.Context) error {
	if r.method != Referer || r.old == "" {
		return nil
	}
	var shared []string
	for _, d := range r.senders(r.old) {
		for _, origin := range r.t.origins(&d) {
			if strings.Trim(aws.ToString(origin.OriginPath), "/") == "" && executeAPI.MatchString(aws.ToString(origin.DomainName)) {
				shared = append(shared, aws.ToString(d.Id))
			}
		}
	}
	for _, stage := range r.t.otherStages {
		if len(shared) == 0 {
			return nil
		}
		text, err := r.account.export(ctx, r.t.api, stage)
		if err != nil {
			return fmt.Errorf("what stage %s has deployed cannot be read, and distributions %s lead there, too: %w", stage, strings.Join(shared, ", "), err)
		}
		other, err := parseExport(text)
		if err != nil {
			return err
		}
		p, err := parsePolicy(other.policyText())
		if err != nil {
			return err
		}
		if slices.Contains(p.referers(), r.old) {
			return fmt.Errorf("stage %s demands the same value, and distributions %s lead to both stages (their origin has no path); give each stage an origin of its own", stage, strings.Join(shared, ", "))
		}
	}
	return nil
}

// run claims the stage and takes the steps.
func (r *rotating) run(ctx context.Context) (err error) {
	fresh := claim{rotation: newID(), driver: newID(), method: r.method, step: stepAccept, start: r.timing.Now(), owner: r.options.Owner}
	resumed := false
	if r.claim, resumed, err = r.take(ctx, fresh, r.options.TakeOver); err != nil {
		return err
	}
	r.guard = r.claim.check
	if err := r.readAgain(ctx); err != nil {
		return err
	}
	if resumed {
		r.note(LineNote, "Goes on with run %s, which was ended at step %s.", r.claim.rotation, r.claim.step)
	}
	if r.method == APIKey {
		r.keeper = &keyKeeper{rotating: r}
	} else {
		r.keeper = &refererKeeper{rotating: r}
	}
	if r.claim.old, err = r.keeper.find(ctx); err != nil {
		return err
	}
	for name, value := range map[string]string{"SECRET": r.old, "NEW_SECRET": r.new} {
		if value != "" { // what is not known yet does not take the place of what is
			r.shell.secret(name, value)
		}
	}
	if err := r.startLoad(ctx); err != nil {
		return err
	}
	defer r.loading.stop()
	if err := steps(ctx, r.accept, r.switchEdges, r.retire, r.erase, r.claim.release); err != nil {
		return fmt.Errorf("%w (run the same command again to go on; both values stay valid until the old one is retired)", err)
	}
	r.note(LineSeen, "rotated: %s/%s, run %s", r.t.api, r.t.stage, r.claim.rotation)
	return r.loading.result(r.note)
}

// readAgain reads both ends once more: what was read before the claim may be
// another run's past.
func (r *rotating) readAgain(ctx context.Context) error {
	now, err := r.account.readTarget(ctx, r.options.Distribution, r.t.api, r.t.stage)
	if err != nil {
		return err
	}
	*r.t = *now
	r.old = r.t.sent(r.method.header())
	return nil
}

// accept has the gateway let in both values, and proves it for the new one.
func (r *rotating) accept(ctx context.Context) error {
	if err := r.claim.at(ctx, stepAccept); err != nil {
		return err
	}
	if err := r.findWay(ctx); err != nil {
		return err
	}
	r.note(LineNote, "The gateway lets in both values.")
	if err := r.keeper.accept(ctx); err != nil {
		return err
	}
	if r.way == nil {
		return r.pause(ctx, r.timing.Over)
	}
	header := r.method.header()
	return r.prove(ctx, fmt.Sprintf("%s lets the new value in", r.way), func(ctx context.Context) (bool, string) {
		got, seen := r.look(ctx, r.bare(*r.way, header).with(header, r.new))
		return got == Admitted, seen
	})
}

// findWay looks for a method that shows which values are let in.
func (r *rotating) findWay(ctx context.Context) error {
	for _, value := range []string{r.old, r.new} {
		if value == "" {
			continue
		}
		one, err := r.lockedWay(ctx, r.method.header(), value)
		if err == nil {
			one = r.askable(ctx, one)
			r.way = &one
			return nil
		}
		if errors.Is(err, ErrNoWay) {
			r.note(LineNote, "%v; waits instead of proving.", err)
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if value == r.new || r.new == "" {
			return err
		}
	}
	return nil
}

// senders are the distributions, staging copies too, that send a value where
// the rotation changes what is let in.
func (r *rotating) senders(value string) []cdntypes.DistributionSummary {
	var found []cdntypes.DistributionSummary
	for _, d := range r.t.all {
		if value != "" && len(r.sendingOrigins(&d, value)) > 0 {
			found = append(found, d)
		}
	}
	return found
}

// sendingOrigins are the origins of a distribution that send a value. A key
// opens every stage of its plans, wherever the origin leads; a Referer only the
// stage whose policy knows it.
func (r *rotating) sendingOrigins(d *cdntypes.DistributionSummary, value string) []string {
	origins := originsOf(d.Origins)
	if r.method == Referer {
		origins = r.t.origins(d)
	}
	var ids []string
	for _, origin := range origins {
		if sent, ok := headerOf(&origin, r.method.header()); ok && sent == value {
			ids = append(ids, aws.ToString(origin.Id))
		}
	}
	return ids
}

// switchEdges has every distribution send the new value, and waits until they
// do so everywhere.
func (r *rotating) switchEdges(ctx context.Context) error {
	if err := r.claim.at(ctx, stepEdge); err != nil {
		return err
	}
	r.note(LineNote, "The distributions send the new value.")
	// Read again: one may have been made since.
	var err error
	if r.t.all, err = r.account.distributions(ctx); err != nil {
		return fmt.Errorf("list the distributions: %w", err)
	}
	ids := []string{r.options.Distribution}
	for _, d := range r.senders(r.new) {
		ids = append(ids, aws.ToString(d.Id)) // switched by the run before this one
	}
	for _, d := range r.senders(r.old) {
		id := aws.ToString(d.Id)
		edit := setHeader{origins: r.sendingOrigins(&d, r.old), name: r.method.header(), value: r.new, variable: "NEW_SECRET"}
		if _, err := r.updateDistribution(ctx, id, edit); err != nil {
			return fmt.Errorf("distribution %s still sends the old value: %w", id, err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if err := r.awaitDeployed(ctx, slices.Compact(ids)...); err != nil {
		return err
	}
	if r.t.all, err = r.account.distributions(ctx); err != nil {
		return fmt.Errorf("list the distributions: %w", err)
	}
	var still []string
	for _, d := range r.senders(r.old) {
		still = append(still, aws.ToString(d.Id))
	}
	if len(still) > 0 {
		return fmt.Errorf("these distributions send the old value: %s", strings.Join(still, ", "))
	}
	return nil
}

// retire has the gateway let in the new value alone, and proves it.
func (r *rotating) retire(ctx context.Context) error {
	if err := r.claim.at(ctx, stepGrace); err != nil {
		return err
	}
	if wait := min(r.options.Grace, maxInFlight); wait > 0 && r.old != "" {
		r.note(LineNote, "Grace: requests in flight may still bring the old value (%v).", wait)
		if err := r.pause(ctx, wait); err != nil {
			return err
		}
	}
	if err := r.claim.at(ctx, stepRetire); err != nil {
		return err
	}
	r.note(LineNote, "The gateway lets in the new value alone.")
	if err := r.keeper.retire(ctx); err != nil {
		return err
	}
	if r.way == nil {
		return r.pause(ctx, r.timing.Over)
	}
	header, works := r.method.header(), r.holds(*r.way, r.method.header(), r.new)
	return r.prove(ctx, "the old value is refused, the new one works", func(ctx context.Context) (bool, string) {
		if r.old != "" {
			if got, seen := r.look(ctx, r.bare(*r.way, header).with(header, r.old)); got != Refused {
				return false, "with the old value: " + seen
			}
		}
		return works(ctx)
	})
}

// erase deletes what is left of the old value, after the grace.
func (r *rotating) erase(ctx context.Context) error {
	if err := r.claim.at(ctx, stepDelete); err != nil {
		return err
	}
	if r.options.Grace > 0 && r.old != "" {
		r.note(LineNote, "Grace: the old value stays disabled for %v before it is deleted.", r.options.Grace)
		if err := r.pause(ctx, r.options.Grace); err != nil {
			return err
		}
	}
	return r.keeper.erase(ctx)
}
