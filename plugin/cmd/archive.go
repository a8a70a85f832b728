package cmd

import "github.com/spf13/cobra"

func newArchiveCommand(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "archive",
		Short: "Look after the archive of Results",
		Example: examples(`  # Deliver Results that could not be archived when they were made`, `  %[1]s archive sync`, ``,
			`  # Is all there, and as it was?`, `  %[1]s archive verify`),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newArchiveSyncCommand(f), newArchiveCompactCommand(f), newArchiveVerifyCommand(f))
	return c
}
