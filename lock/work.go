package lock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"
)

// Timing says how long changes are waited for. Zero members mean the defaults.
type Timing struct {
	Poll     time.Duration // between two looks at a distribution: 2 s
	Samples  int           // successes in a row that prove a change at the gateway: 20
	Over     time.Duration // and the least time they span: 10 s, or what the gateway says it takes
	Proof    time.Duration // when proving is given up: 10 min
	Deployed time.Duration // when waiting for Deployed is given up: 30 min
	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
}

// beyond is how much longer than the gateway says it takes a proof spans.
const beyond = 300 * time.Millisecond

// withDefaults fills in what is zero; propagation is nil if it is not known.
func (t Timing) withDefaults(propagation *time.Duration) Timing {
	if t.Over == 0 && propagation != nil {
		t.Over = *propagation*5/4 + beyond
	}
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&t.Poll, 2*time.Second)
	set(&t.Over, 10*time.Second)
	set(&t.Proof, 10*time.Minute)
	set(&t.Deployed, 30*time.Minute)
	if t.Samples == 0 {
		t.Samples = 20
	}
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.Sleep == nil {
		t.Sleep = sleep
	}
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// work is a change of a lock under way.
type work struct {
	*session
	account *Account
	t       *target
	timing  Timing
	dry     bool // tell the calls that change something, do not make them
	guard   func(context.Context) error
	undo    []undo
}

// undo is a step taken that can be taken back.
type undo struct {
	what string
	run  func(context.Context) error
}

func (a *Account) begin(t *target, timing Timing, tell func(Line)) *work {
	if tell == nil {
		tell = func(Line) {}
	}
	w := &work{account: a, t: t, timing: timing.withDefaults(a.Propagation)}
	w.session = &session{clients: a.Clients, prober: a.Prober, tell: tell}
	return w
}

// alter makes a call that changes something, after the guard has agreed; a dry
// run only tells it.
func alter[O any](ctx context.Context, w *work, o operation[O]) (*O, error) {
	if w.dry {
		w.command(o.line(&w.shell))
		return new(O), nil
	}
	if w.guard != nil {
		if err := w.guard(ctx); err != nil {
			return nil, err
		}
	}
	return do(ctx, w.session, o)
}

// keepID has later lines name an id that a call gave by a variable. A dry run,
// which has none, gets a stand-in.
func (w *work) keepID(name string, id *string) string {
	value := aws.ToString(id)
	if w.dry && value == "" {
		value = "drawbridge-dry-run-" + strings.ToLower(name)
	}
	w.shell.set(name, value)
	return value
}

// clean takes secrets out of an error's text.
func (w *work) clean(err error) error {
	if err == nil {
		return nil
	}
	if text := w.shell.redact(err.Error()); text != err.Error() {
		return redacted{err, text}
	}
	return err
}

// redacted is an error whose text shows no secret.
type redacted struct {
	error
	text string
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.error }

// rollBack takes back what was done, latest first. It goes on after a failure.
func (w *work) rollBack(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	w.guard = nil
	var failures []error
	for _, one := range slices.Backward(w.undo) {
		w.note(LineNote, "Undo: %s.", one.what)
		if err := one.run(ctx); err != nil {
			failures = append(failures, fmt.Errorf("undo (%s): %w", one.what, err))
		}
	}
	w.undo = nil
	return errors.Join(failures...)
}

// setHeader is an edit of a distribution: the origins named send the header
// with the value, or with "" no such header.
type setHeader struct {
	origins []string
	name    string
	value   string
	// variable names the value in lines that are shown: SECRET when empty.
	variable string
}

// filter is the edit for jq; the value comes from the environment, so that no
// process has it among its arguments.
func (h setHeader) filter() string {
	conditions := make([]string, len(h.origins))
	for i, id := range h.origins {
		conditions[i] = ".Id == " + quoteJSON(id)
	}
	added := ""
	if h.value != "" {
		added = " + [{HeaderName: " + quoteJSON(h.name) + ", HeaderValue: env." + cmp.Or(h.variable, "SECRET") + "}]"
	}
	return ".DistributionConfig | (.Origins.Items[] | select(" + strings.Join(conditions, " or ") + ") | .CustomHeaders) |= " +
		"([.Items[]? | select((.HeaderName | ascii_downcase) != " + quoteJSON(strings.ToLower(h.name)) + ")]" + added +
		" | {Quantity: length, Items: .})"
}

// apply edits the configuration and tells whether that changed anything.
func (h setHeader) apply(config *cdntypes.DistributionConfig) bool {
	changed := false
	origins := originsOf(config.Origins)
	for i := range origins {
		origin := &origins[i]
		was, has := headerOf(origin, h.name)
		if !slices.Contains(h.origins, aws.ToString(origin.Id)) || has == (h.value != "") && was == h.value {
			continue
		}
		changed = true
		var items []cdntypes.OriginCustomHeader
		if origin.CustomHeaders != nil {
			items = slices.DeleteFunc(slices.Clone(origin.CustomHeaders.Items), func(c cdntypes.OriginCustomHeader) bool {
				return strings.EqualFold(aws.ToString(c.HeaderName), h.name)
			})
		}
		if h.value != "" {
			items = append(items, cdntypes.OriginCustomHeader{HeaderName: aws.String(h.name), HeaderValue: aws.String(h.value)})
		}
		origin.CustomHeaders = &cdntypes.CustomHeaders{Quantity: aws.Int32(int32(len(items))), Items: items}
	}
	return changed
}

// updateAttempts is how often an update is tried when others change the same
// distribution at the same time.
const updateAttempts = 5

// updateDistribution puts the edit in force; false: nothing had to be changed.
func (w *work) updateDistribution(ctx context.Context, id string, edit setHeader) (bool, error) {
	cdn := w.account.CloudFront
	for attempt := 1; ; attempt++ {
		read, err := cdn.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &id})
		if err != nil {
			return false, fmt.Errorf("read distribution %s: %w", id, err)
		}
		if read.DistributionConfig == nil || !edit.apply(read.DistributionConfig) {
			return false, nil
		}
		w.command("aws cloudfront get-distribution-config --id " + w.shell.word(id) + " --output json > was.json")
		w.command(w.shell.line([]string{"jq", edit.filter(), "was.json"}) + " > distribution.json")
		_, err = alter(ctx, w, call(cdn.UpdateDistribution, &cloudfront.UpdateDistributionInput{
			Id: &id, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig,
		}).shown("aws cloudfront update-distribution --id "+w.shell.word(id)+
			" --if-match $(jq -r .ETag was.json) --distribution-config file://distribution.json"))
		var refusal smithy.APIError
		if errors.As(err, &refusal) && refusal.ErrorCode() == "PreconditionFailed" && attempt < updateAttempts {
			continue
		}
		return err == nil, err
	}
}

// awaitDeployed waits until every edge location has the distributions' latest
// form.
func (w *work) awaitDeployed(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		w.command("aws cloudfront wait distribution-deployed --id " + w.shell.word(id))
		if w.dry {
			continue
		}
		began := w.timing.Now()
		for {
			read, err := w.account.CloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
			if err != nil {
				return w.failure(err)
			}
			if read.Distribution != nil && aws.ToString(read.Distribution.Status) == "Deployed" {
				w.note(LineSeen, "distribution %s is Deployed (%v)", id, w.timing.Now().Sub(began).Round(time.Second/10))
				break
			}
			if w.timing.Now().Sub(began) > w.timing.Deployed {
				return w.failure(fmt.Errorf("distribution %s is not Deployed after %v", id, w.timing.Deployed))
			}
			if err := w.pause(ctx, w.timing.Poll); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause sleeps; a long one lets the guard look from time to time.
func (w *work) pause(ctx context.Context, d time.Duration) error {
	if w.dry {
		return nil
	}
	for d > 0 {
		part := min(d, maxPause)
		if err := w.timing.Sleep(ctx, part); err != nil {
			return err
		}
		d -= part
		if d > 0 && w.guard != nil {
			if err := w.guard(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxPause is the longest sleep between two signs of life.
const maxPause = 20 * time.Second

// proofNews is how often a proof that lasts says what it saw last.
const proofNews = 10 * time.Second

// prove takes samples until enough in a row were as they should be, over a long
// enough time: behind one name are many places, each learns of a change when
// it does.
func (w *work) prove(ctx context.Context, what string, look func(context.Context) (ok bool, seen string)) error {
	if w.dry {
		return nil
	}
	w.note(LineNote, "Prove: %s (%d times in a row, over %v).", what, w.timing.Samples, w.timing.Over)
	began := w.timing.Now()
	told := began
	first, good, pause := began, 0, w.timing.Over/time.Duration(max(1, w.timing.Samples-1))
	for {
		ok, seen := look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		now := w.timing.Now()
		switch {
		case !ok:
			good = 0
		case good == 0:
			first, good = now, 1
		default:
			good++
		}
		if good >= w.timing.Samples && now.Sub(first) >= w.timing.Over {
			w.note(LineSeen, "proved: %s (%v)", what, now.Sub(began).Round(time.Second/10))
			return nil
		}
		if now.Sub(began) > w.timing.Proof {
			return fmt.Errorf("not proved in %v: %s; last seen: %s", w.timing.Proof, what, seen)
		}
		if now.Sub(told) >= proofNews {
			told = now
			if !ok {
				w.note(LineNote, "Not yet after %v: %s", now.Sub(began).Round(time.Second), seen)
			} else {
				w.note(LineNote, "As it should be %d times in a row, after %v.", good, now.Sub(began).Round(time.Second))
			}
		}
		if err := w.pause(ctx, pause); err != nil {
			return err
		}
		if w.guard != nil {
			if err := w.guard(ctx); err != nil {
				return err
			}
		}
	}
}
