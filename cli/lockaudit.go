package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drawbridge/lock"
	"drawbridge/lock/audit"
)

// exitUnknown is the exit code of an audit that cannot tell.
const exitUnknown = 3

// auditRun is one run of `lock audit`.
type auditRun struct {
	lockRun
	collect       lock.CollectOptions
	distributions []string
	exclude       []string
	probe, unsafe bool
	output        string
	failOn        string
	severity      audit.Severity
	documents     [3]string // paths, by the order of documentReaders
}

// documentReaders read both ends, as far as a document has them.
var documentReaders = [3]struct {
	flag, usage string
	read        func(text []byte, file string) (*audit.Stack, error)
}{
	{"terraform-plan", "judge a Terraform plan instead of an account: the `file` of terraform show -json", audit.ReadTerraformPlan},
	{"cloudformation", "judge a CloudFormation template instead: YAML or JSON `file`", audit.ReadCloudFormation},
	{"openapi", "judge an OpenAPI document with x-amazon-apigateway-* instead: YAML or JSON `file`", audit.ReadOpenAPI},
}

func lockAuditCommand() *cobra.Command {
	run := &auditRun{}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Judge whether a distribution is the only way in",
		Long: `Read both ends and judge, for each stage and method, whether a request without the
secret can come in: locked, open, open by a side door, or cannot tell; each with its
reason and its mend. Without --distribution, --api or --all: every API that a
distribution leads to. Methods and policies are judged as they are deployed, never in
the working copy; the resource policy is decided by symbolic evaluation, with a
request that comes in as the witness.

--probe sends real requests to every method that is safe to ask (GET, HEAD, OPTIONS;
all with --unsafe), direct and through the distribution, with, without and with a
wrong secret. Where they contradict the analysis, that is a finding.

A Terraform plan, a CloudFormation template or an OpenAPI document is judged without
an account.

Exit codes: 0 locked and no finding at --fail-on; 1 open, or findings; 2 usage;
3 cannot tell, or not readable. Every check has a page in docs/checks.`,
		Example: `  drawbridge lock audit --distribution E2QWRUHAPOMQZL --probe
  drawbridge lock audit --all --output sarif > lock.sarif
  drawbridge lock audit --api a1b2c3d4e5/prod --fail-on low
  drawbridge lock audit --terraform-plan plan.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := run.check(); err != nil {
				return err
			}
			defer run.close()
			report, err := run.audit(cmd)
			if err != nil {
				return exitError{exitUnknown, err}
			}
			if err := report.Write(cmd.OutOrStdout(), audit.Output{Format: run.output, FailOn: run.severity}); err != nil {
				return fmt.Errorf("write the report: %w", err)
			}
			return exitWith(report.ExitCode(run.severity))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&run.distributions, "distribution", nil, "`ID` of a distribution whose APIs are judged; repeatable")
	flags.StringVar(&run.api, "api", "", "`API[/STAGE]` to judge")
	flags.BoolVar(&run.collect.All, "all", false, "every API and distribution of the account and region")
	flags.StringArrayVar(&run.exclude, "exclude", nil, "method that is open on purpose, for example `'GET /health'`; repeatable")
	flags.BoolVar(&run.probe, "probe", false, "send real requests")
	flags.BoolVar(&run.unsafe, "unsafe", false, "with --probe: also by methods that may change something")
	flags.StringVar(&run.output, "output", audit.FormatTable, "`format`: "+strings.Join(audit.Formats(), ", "))
	flags.StringVar(&run.failOn, "fail-on", audit.Medium.String(), "least `severity` that fails: info, low, medium or high")
	for i, document := range documentReaders {
		flags.StringVar(&run.documents[i], document.flag, "", document.usage)
	}
	run.connectFlags(flags)
	return cmd
}

// document is the one that is to be judged instead of an account: its place in
// documentReaders, -1 for none.
func (r *auditRun) document() (int, error) {
	at := -1
	for i, path := range r.documents {
		switch {
		case path == "":
		case at >= 0:
			return -1, usageError{errors.New("--terraform-plan, --cloudformation and --openapi exclude one another")}
		case r.probe:
			return -1, usageError{fmt.Errorf("--%s: nothing is deployed that could be probed; leave out --probe", documentReaders[i].flag)}
		default:
			at = i
		}
	}
	return at, nil
}

// check reads the flags.
func (r *auditRun) check() error {
	if !slices.Contains(audit.Formats(), r.output) {
		return usageError{fmt.Errorf("--output %q: choose one of %s", r.output, strings.Join(audit.Formats(), ", "))}
	}
	var ok bool
	if r.severity, ok = audit.ParseSeverity(r.failOn); !ok {
		return usageError{fmt.Errorf("--fail-on %q: choose info, low, medium or high", r.failOn)}
	}
	for _, text := range r.exclude {
		if _, _, err := lock.ParseMethod(text); err != nil {
			return usageError{fmt.Errorf("--exclude: %w", err)}
		}
	}
	if r.unsafe && !r.probe {
		return usageError{errors.New("--unsafe says how to --probe: give both")}
	}
	if r.api != "" {
		api, stage, _ := strings.Cut(r.api, "/")
		r.collect.Stages = []audit.StageRef{{API: api, Stage: stage}}
	}
	r.collect.Distributions = r.distributions
	_, err := r.document()
	return err
}

// audit reads the account and judges it.
func (r *auditRun) audit(cmd *cobra.Command) (*audit.Report, error) {
	ctx := cmd.Context()
	options := audit.Options{
		Distributions: r.distributions, Stages: r.collect.Stages, All: r.collect.All, Exclude: r.exclude, Now: time.Now(),
	}
	if at, _ := r.document(); at >= 0 {
		text, err := readDocument(r.documents[at])
		if err != nil {
			return nil, err
		}
		stack, err := documentReaders[at].read(text, r.documents[at])
		if err != nil {
			return nil, err
		}
		options.All = options.All || len(options.Distributions)+len(options.Stages) == 0
		return audit.Run(stack, options), nil
	}
	if err := r.open(ctx, cmd, cmd.ErrOrStderr()); err != nil {
		return nil, err
	}
	stack, err := lock.Collect(ctx, r.account, r.collect)
	if err != nil {
		return nil, err
	}
	report := audit.Run(stack, options)
	return report, r.knock(ctx, stack, report)
}

// maxDocument bounds a document: Terraform plans of large accounts have some MB.
const maxDocument = 64 << 20

func readDocument(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%s: more than %d MiB", path, maxDocument>>20)
	}
	return text, nil
}

// knock sends the real requests, if they are wanted.
func (r *auditRun) knock(ctx context.Context, stack *audit.Stack, report *audit.Report) error {
	if !r.probe {
		return nil
	}
	return r.account.ProbeDoors(ctx, stack, report, r.unsafe)
}

// exitError ends a command with an exit code of its own. Without an error the
// command has said why itself.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

// exitWith is the error for an exit code; nil for 0.
func exitWith(code int) error {
	switch code {
	case exitOK:
		return nil
	case exitFailed:
		return errFailed
	}
	return exitError{code, errFailed}
}
