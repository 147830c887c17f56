package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake on the command line: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// failed ends a command with exit code 1 after it has said why itself.
var errFailed = errors.New("failed")

// Main runs the command that args name and returns the exit code. An error is
// one line on stderr, with the mend.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var exit exitError
	code := exitFailed
	if errors.As(err, &exit) {
		code = exit.code
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return code
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "drawbridge: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "drawbridge: %v\n", err)
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "drawbridge",
		Short: "CloudFront and API Gateway that you run yourself, with one way in",
		Long: `Drawbridge speaks AWS's own control APIs (CloudFront, API Gateway) and serves
both data planes: a CDN edge that really caches, and an API gateway that really
refuses. The AWS CLI, the SDKs, Terraform and CDK drive it unchanged.

Drawbridge is not affiliated with Amazon Web Services.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; see drawbridge --help", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serveCommand(), demoCommand(), lockCommand(), versionCommand())
	for _, name := range []string{"run", "env", "validate"} {
		root.AddCommand(reservedCommand(name))
	}
	return root
}

// reservedCommand is a command whose name is promised and whose work is not
// built: it says so and exits 2.
func reservedCommand(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              "Not built yet",
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usageError{fmt.Errorf("%s: not built yet", name)}
		},
	}
}

// noArguments refuses arguments with exit code 2.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no argument %q; see %s --help", cmd.Name(), args[0], cmd.CommandPath())}
	}
	return nil
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "drawbridge", version())
			return err
		},
	}
}

// version is the module version of a released binary, else "devel" with the
// revision the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	revision := ""
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			revision = " " + setting.Value[:12]
		}
	}
	if info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel" + revision
	}
	return info.Main.Version + revision
}
