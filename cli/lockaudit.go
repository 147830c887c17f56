package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

func lockAuditCommand() *cobra.Command {
	return &cobra.Command{
		Use: "audit", Short: "Judge both ends of a lock", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return usageError{errors.New("audit: not built yet")} },
	}
}
