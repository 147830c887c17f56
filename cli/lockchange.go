package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drawbridge/lock"
)

func lockApplyCommand() *cobra.Command {
	run := &lockRun{}
	var o lock.ApplyOptions
	method := ""
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Lock a stage behind a distribution",
		Long: `Lock a stage behind a distribution, in an order that refuses no request that came
by the distribution: the edge sends the secret and is Deployed before the gateway
demands it. Then it is proved by requests, direct and through the distribution; if
the proof fails, the steps are undone (the stage goes back to the deployment before).

Methods (without --method, what fits is chosen, and why is said):
  api-key   a key in a usage plan; every method demands x-api-key. The flag is a
            method's own: run this again after methods are added. Does not fit
            where customers have keys of their own.
  referer   the resource policy denies requests without the secret in Referer;
            covers methods to come. The policy is merged, never replaced. Does not
            fit where the backend needs the viewer's Referer.

What is done already is left out, so the same command goes on where one was ended.
Before a deployment the working copy is compared with what the stage serves: any
difference that is not the lock's stops with the list, unless --deploy-pending.`,
		Example: `  drawbridge lock apply --distribution E2QWRUHAPOMQZL --api a1b2c3d4e5/prod --method referer
  drawbridge lock apply --distribution E2QWRUHAPOMQZL --method api-key --exclude 'GET /health' --dry-run`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.API, o.Stage, err = run.target(); err != nil {
				return err
			}
			if o.Method, err = parseLockMethod(method); err != nil {
				return err
			}
			for _, text := range o.Exclude {
				if _, _, err := lock.ParseMethod(text); err != nil {
					return usageError{fmt.Errorf("--exclude: %w", err)}
				}
			}
			defer run.close()
			if err := run.open(cmd.Context(), cmd, cmd.OutOrStdout()); err != nil {
				return err
			}
			o.Distribution, o.Tell, o.Confirm = run.distribution, run.teller.tell, run.confirm
			return lock.Apply(cmd.Context(), run.account, o)
		},
	}
	run.targetFlags(cmd.Flags())
	cmd.Flags().StringVar(&method, "method", "", "`how`: api-key or referer (default: what fits)")
	cmd.Flags().StringArrayVar(&o.Exclude, "exclude", nil, "method that stays open, for example `'GET /health'`; repeatable")
	cmd.Flags().BoolVar(&o.DeployPending, "deploy-pending", false, "deploy other changes of the working copy as well")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "show the exact calls, make none that changes anything")
	run.connectFlags(cmd.Flags())
	return cmd
}

func parseLockMethod(text string) (lock.Method, error) {
	switch m := lock.Method(text); m {
	case "", lock.APIKey, lock.Referer:
		return m, nil
	}
	return "", usageError{fmt.Errorf("--method %q: choose api-key or referer", text)}
}

func lockRemoveCommand() *cobra.Command {
	run := &lockRun{}
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Take a lock away",
		Long: `Take a lock away in the reverse order: the gateway stops demanding the secret, that
is proved by requests, and only then the distributions stop sending it. Keys, plans
and statements that lock apply made are deleted; other statements of the resource
policy stay. The API can be called by everybody afterwards.`,
		Example: `  drawbridge lock remove --distribution E2QWRUHAPOMQZL --api a1b2c3d4e5/prod`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, stage, err := run.target()
			if err != nil {
				return err
			}
			defer run.close()
			if err := run.open(cmd.Context(), cmd, cmd.OutOrStdout()); err != nil {
				return err
			}
			return lock.Remove(cmd.Context(), run.account, lock.RemoveOptions{
				Distribution: run.distribution, API: api, Stage: stage, Tell: run.teller.tell, Confirm: run.confirm,
			})
		},
	}
	run.targetFlags(cmd.Flags())
	run.connectFlags(cmd.Flags())
	return cmd
}

// rotateRun is one run of `lock rotate`.
type rotateRun struct {
	lockRun
	options lock.RotateOptions
	source  string
	loading string
	every   days
	grace   days
}

func lockRotateCommand() *cobra.Command {
	run := &rotateRun{grace: days(lock.DefaultGrace)}
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Change the secret without refusing one request",
		Long: `Change the secret that distributions and a stage share, in this order: the gateway
lets in both values, which is proved by requests; every distribution that sends the
old value, staging copies and siblings included, sends the new one and is Deployed;
requests in flight get --grace (30 s at most); the old value is disabled, which is
proved; after --grace it is deleted.

The only state is the stage's tag drawbridge:lock (run, method, step, start; never
the value). A run that was ended anywhere is resumed by the same command. Another
one that is alive makes this one exit 1, unless --take-over.

The secret is never shown and never an argument: --secret-from names its source.`,
		Example: `  drawbridge lock rotate --distribution E2QWRUHAPOMQZL --yes
  drawbridge lock rotate --distribution E2QWRUHAPOMQZL --while-loading 50/s --yes
  drawbridge lock rotate --distribution E2QWRUHAPOMQZL --every 30d --yes`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := run.check(); err != nil {
				return err
			}
			defer run.close()
			if err := run.open(cmd.Context(), cmd, cmd.OutOrStdout()); err != nil {
				return err
			}
			return run.run(cmd.Context())
		},
	}
	run.targetFlags(cmd.Flags())
	cmd.Flags().StringVar(&run.source, "secret-from", "generate", "`source` of the new secret: generate, env:NAME, file:PATH or secretsmanager:ID")
	cmd.Flags().Var(&run.grace, "grace", "`time` for requests in flight, and until the disabled value is deleted (default 30s; 5s where the gateway says how long it takes)")
	cmd.Flags().StringVar(&run.loading, "while-loading", "", "send `N/s` requests through the distribution throughout, and report failures")
	cmd.Flags().Var(&run.every, "every", "stay, and do it again after this `time`: 30d (needs --yes)")
	cmd.Flags().BoolVar(&run.options.TakeOver, "take-over", false, "go on with a run that seems to be alive elsewhere")
	run.connectFlags(cmd.Flags())
	return cmd
}

// maxLoad bounds --while-loading.
const maxLoad = 10000

// check reads the flags.
func (r *rotateRun) check() (err error) {
	if r.options.API, r.options.Stage, err = r.target(); err != nil {
		return err
	}
	if err := lock.CheckSource(r.source); err != nil {
		return usageError{fmt.Errorf("--secret-from %q: %w", r.source, err)}
	}
	if r.loading != "" {
		rate, ok := strings.CutSuffix(r.loading, "/s")
		n, err := strconv.Atoi(rate)
		if !ok || err != nil || n < 1 || n > maxLoad {
			return usageError{fmt.Errorf("--while-loading %q: write N/s, for example 50/s (at most %d/s)", r.loading, maxLoad)}
		}
		r.options.Load = n
	}
	if r.every > 0 && !r.yes {
		return usageError{errors.New("--every changes things without asking: give --yes")}
	}
	r.options.Grace = time.Duration(r.grace)
	return nil
}

// retryPause is how soon a rotation that failed is tried again by --every.
const retryPause = 5 * time.Minute

// run rotates once, or for ever.
func (r *rotateRun) run(ctx context.Context) error {
	r.options.Distribution, r.options.Tell, r.options.Confirm = r.distribution, r.teller.tell, r.confirm
	for {
		err := r.once(ctx)
		if r.every == 0 || ctx.Err() != nil {
			return err
		}
		pause := time.Duration(r.every)
		if err != nil {
			pause = min(pause, retryPause)
			fmt.Fprintf(r.out, "failed: %v\n", err)
		}
		fmt.Fprintf(r.out, "next rotation at %s\n", time.Now().Add(pause).Format(time.RFC3339))
		select {
		case <-ctx.Done():
			return nil // told to end between two rotations
		case <-time.After(pause):
		}
	}
}

// once reads the secret afresh, since its source may have a new one.
func (r *rotateRun) once(ctx context.Context) (err error) {
	if r.options.Value, err = r.account.ReadSecret(ctx, r.source); err != nil {
		return err
	}
	return lock.Rotate(ctx, r.account, r.options)
}
