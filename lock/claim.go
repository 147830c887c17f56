package lock

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// claimTag is the tag of a stage that says that a rotation is under way. It is
// all the state there is.
const claimTag = "drawbridge:lock"

// A run is alive while its process is, or, seen from another host, for this
// long after its latest sign of life.
const (
	claimAlive = 90 * time.Second
	claimBeat  = 15 * time.Second
)

// claim is the value of the tag: which rotation, who drives it, how far it is.
type claim struct {
	rotation string // begins names and values that the rotation makes
	driver   string // of the process that drives it
	method   Method
	step     string
	start    time.Time
	seen     time.Time // latest sign of life
	owner    string    // host and process
	old      string    // which value is retired: a key's id, or a mark of the value
}

// text is the tag's value: letters that every AWS tag may have, at most 256.
func (c claim) text() string {
	return fmt.Sprintf("run=%s-%s method=%s step=%s start=%s seen=%s by=%s old=%s", c.rotation, c.driver, c.method, c.step,
		c.start.UTC().Format(time.RFC3339), c.seen.UTC().Format(time.RFC3339), c.owner, c.old)
}

// parseClaim reads a tag's value; what it does not know it leaves zero.
func parseClaim(text string) claim {
	var c claim
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "run":
			c.rotation, c.driver, _ = strings.Cut(value, "-")
		case "method":
			c.method = Method(value)
		case "step":
			c.step = value
		case "start":
			c.start, _ = time.Parse(time.RFC3339, value)
		case "seen":
			c.seen, _ = time.Parse(time.RFC3339, value)
		case "by":
			c.owner = value
		case "old":
			c.old = value
		}
	}
	return c
}

// alive tells whether another process is at work on the claim.
func (c claim) alive(now time.Time, self string) bool {
	if c.rotation == "" {
		return false
	}
	host, process, _ := strings.Cut(c.owner, ".")
	own, _, _ := strings.Cut(self, ".")
	if host != own {
		return now.Sub(c.seen) < claimAlive
	}
	if c.owner == self {
		return false // our process number, and not our run: that process has ended
	}
	id, err := strconv.Atoi(process)
	if err != nil {
		return false
	}
	running, err := os.FindProcess(id)
	return err == nil && !errors.Is(running.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// thisProcess names host and process, the host by a number only.
func thisProcess() string {
	host, _ := os.Hostname() // "" is one host, too
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(host)) // never fails
	return fmt.Sprintf("%08x.%d", sum.Sum32(), os.Getpid())
}

// newID is 32 bits in hexadecimal.
func newID() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails: it ends the process instead
	return hex.EncodeToString(id[:])
}

// ErrForeignRun says that somebody else rotates the secret.
var ErrForeignRun = errors.New("another run is under way")

// readClaim reads the tag; ok is false without one.
func (a *Account) readClaim(ctx context.Context, t *target) (claim, bool, error) {
	at, err := a.APIGateway.GetStage(ctx, &apigateway.GetStageInput{RestApiId: &t.api, StageName: &t.stage})
	if err != nil {
		return claim{}, false, fmt.Errorf("read the tags of stage %s/%s: %w", t.api, t.stage, err)
	}
	text, ok := at.Tags[claimTag]
	return parseClaim(text), ok, nil
}

// claimed is a claim that this process holds.
type claimed struct {
	claim
	w *work
}

// write stores the claim's state.
func (c *claimed) write(ctx context.Context) error {
	c.seen = c.w.timing.Now()
	arn := c.w.account.stageARN(c.w.t.api, c.w.t.stage)
	_, err := c.w.account.APIGateway.TagResource(ctx, &apigateway.TagResourceInput{
		ResourceArn: &arn, Tags: map[string]string{claimTag: c.text()},
	})
	if err != nil {
		return fmt.Errorf("tag the stage: %w", err)
	}
	return nil
}

// check fails if the claim is no longer ours, and shows a sign of life.
func (c *claimed) check(ctx context.Context) error {
	found, ok, err := c.w.account.readClaim(ctx, c.w.t)
	if err != nil {
		return err
	}
	if !ok || found.driver != c.driver || found.rotation != c.rotation {
		return fmt.Errorf("%w: the tag %s names run %s-%s now, not %s-%s; nothing more is changed here",
			ErrForeignRun, claimTag, found.rotation, found.driver, c.rotation, c.driver)
	}
	if c.w.timing.Now().Sub(c.seen) > claimBeat {
		return c.write(ctx)
	}
	return nil
}

// at says that a step begins.
func (c *claimed) at(ctx context.Context, step string) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	c.step = step
	return c.write(ctx)
}

// release takes the tag off.
func (c *claimed) release(ctx context.Context) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	arn := c.w.account.stageARN(c.w.t.api, c.w.t.stage)
	_, err := c.w.account.APIGateway.UntagResource(ctx, &apigateway.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{claimTag}})
	if err != nil {
		return fmt.Errorf("untag the stage: %w", err)
	}
	return nil
}

// take claims the stage. A run that is alive is left alone unless takeOver; one
// that has ended is resumed: resumed is its claim.
func (w *work) take(ctx context.Context, fresh claim, takeOver bool) (held *claimed, resumed bool, err error) {
	found, ok, err := w.account.readClaim(ctx, w.t)
	if err != nil {
		return nil, false, err
	}
	held = &claimed{claim: fresh, w: w}
	if ok && found.rotation != "" {
		if found.alive(w.timing.Now(), fresh.owner) && !takeOver {
			return nil, false, fmt.Errorf("%w: %s/%s is at step %s of run %s-%s since %s (seen %s, by %s); wait for it, or --take-over",
				ErrForeignRun, w.t.api, w.t.stage, found.step, found.rotation, found.driver,
				found.start.Format(time.RFC3339), found.seen.Format(time.RFC3339), found.owner)
		}
		resumed = true
		held.claim = found
		held.driver, held.owner = fresh.driver, fresh.owner
	}
	if err := held.write(ctx); err != nil {
		return nil, false, err
	}
	// Tags have no compare-and-set: who finds its own claim after everybody else
	// who read before us must have written holds it.
	if err := w.timing.Sleep(ctx, w.timing.Poll); err != nil {
		return nil, false, err
	}
	return held, resumed, held.check(ctx)
}
