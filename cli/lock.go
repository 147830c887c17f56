package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drawbridge/lock"
)

// lockRun is what the lock commands have in common.
type lockRun struct {
	connect       lock.ConnectOptions
	expectAccount string
	distribution  string
	api           string // API/STAGE
	yes           bool
	account       *lock.Account
	stdin         io.Reader
	out           io.Writer
	teller        *teller
}

func lockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Make a distribution the only way in to an API: audit, apply, rotate, remove",
		Long: `Make a CloudFront distribution the only way in to a stage of a REST API, prove it,
and change the secret that they share without refusing one request.

These commands speak AWS's own APIs with the usual credentials (environment,
profiles, roles), so they work on AWS as on Drawbridge. With --endpoint-url (or
AWS_ENDPOINT_URL) all calls go there, probes dial its host and port for every AWS
name, and trust --ca, or the authority which that Drawbridge shows.

Exit codes: 0 locked, or the change is done; 1 findings, open, or a step that
failed; 2 usage; 3 cannot tell, or not readable. Durations take d: 30d.`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(lockAuditCommand(), lockApplyCommand(), lockRotateCommand(), lockRemoveCommand())
	return cmd
}

// noSuchCommand refuses what is none of a command's own.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q; see %s --help", args[0], cmd.CommandPath())}
	}
	return nil
}

// connectFlags are those that say whose APIs are called.
func (r *lockRun) connectFlags(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&r.connect.Profile, "profile", "", "`name` of the profile to use")
	flags.StringVar(&r.connect.Region, "region", "", "`region` of the API")
	flags.StringVar(&r.connect.Endpoint, "endpoint-url", "", "`URL` of every API, instead of AWS's; probes dial it, too")
	flags.StringVar(&r.connect.CAFile, "ca", "", "PEM `file` of the authority to trust at the endpoint")
	flags.StringVar(&r.expectAccount, "expect-account", "", "account `id`: do nothing in another one")
}

// targetFlags are those that say which lock is changed.
func (r *lockRun) targetFlags(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&r.distribution, "distribution", "", "`ID` of the distribution (required)")
	flags.StringVar(&r.api, "api", "", "`API/STAGE` (default: what the distribution's origins name, if that is one)")
	flags.BoolVar(&r.yes, "yes", false, "do not ask")
}

// target checks the flags and splits API/STAGE.
func (r *lockRun) target() (api, stage string, err error) {
	if r.distribution == "" {
		return "", "", usageError{errors.New("--distribution ID is required")}
	}
	if r.api == "" {
		return "", "", nil
	}
	api, stage, _ = strings.Cut(r.api, "/")
	if api == "" || stage == "" || strings.Contains(stage, "/") {
		return "", "", usageError{fmt.Errorf("--api %q: write API/STAGE, for example a1b2c3d4e5/prod", r.api)}
	}
	return api, stage, nil
}

// open connects and says whose things these are.
func (r *lockRun) open(ctx context.Context, cmd *cobra.Command, notes io.Writer) (err error) {
	r.stdin, r.out = cmd.InOrStdin(), cmd.OutOrStdout()
	r.teller = newTeller(r.out)
	if r.account, err = lock.Connect(ctx, r.connect); err != nil {
		return err
	}
	fmt.Fprintln(notes, r.account.Whereabouts())
	if r.expectAccount != "" && r.expectAccount != r.account.ID {
		return fmt.Errorf("this is account %s, and --expect-account wants %s; nothing was changed", r.account.ID, r.expectAccount)
	}
	return nil
}

// close ends connections.
func (r *lockRun) close() {
	if r.account != nil {
		r.account.Close()
	}
}

// confirm asks before the first change.
func (r *lockRun) confirm() bool {
	if r.yes {
		return true
	}
	fmt.Fprintf(r.out, "\nChange this in account %s? [y/N] ", r.account.ID)
	answer, _ := bufio.NewReader(r.stdin).ReadString('\n') // no answer is no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// days is a duration that may have a number of days before its other parts:
// 30d, 1d12h, 90s.
type days time.Duration

func (d *days) String() string {
	v := time.Duration(*d)
	if v < 0 {
		return "" // not given
	}
	if v >= 24*time.Hour && v%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", v/(24*time.Hour))
	}
	return v.String()
}

// maxDays keeps a duration within its type.
const maxDays = 36500

// Set reads a duration.
func (d *days) Set(text string) error {
	var whole time.Duration
	rest := text
	if count, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(count, 10, 32)
		if err != nil || n > maxDays {
			return fmt.Errorf("%q is no duration; write for example 90s, 12h or 30d", text)
		}
		whole, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest != "" || whole == 0 && rest == text {
		part, err := time.ParseDuration(rest)
		if err != nil || part < 0 {
			return fmt.Errorf("%q is no duration; write for example 90s, 12h or 30d", text)
		}
		whole += part
	}
	*d = days(whole)
	return nil
}

func (d *days) Type() string { return "duration" }
