package cli

import (
	"github.com/spf13/cobra"

	"drawbridge/app"
)

// ServeConfig returns the settings that `drawbridge serve ARGS` would start
// with in an environment ("NAME=value"). Log, Stderr and the credentials
// variable are the caller's to fill in.
func ServeConfig(args, environ []string) (app.Config, error) {
	config := app.Config{}
	cmd := &cobra.Command{
		Use: "serve", SilenceUsage: true, SilenceErrors: true, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fillSettings(cmd, environ, &config)
		},
	}
	cmd.Flags().String("config", "", "")
	serverFlags(cmd.Flags(), &config)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return config, err
}
