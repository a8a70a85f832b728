package cmd

import "github.com/spf13/cobra"

// commands are the subcommands in the order of the README.
func commands(f *factory) []*cobra.Command {
	return []*cobra.Command{
		newCheckCommand(f),
		newDeployCommand(f),
		newStatusCommand(f),
		newRunCommand(f),
		newAttachCommand(f),
		newBenchCommand(f),
		newUndeployCommand(f),
		newResultsCommand(f),
		newImportCommand(f),
		newCompareCommand(f),
		newHistoryCommand(f),
		newReportCommand(f),
		newArchiveCommand(f),
		newVersionCommand(f),
		newCompletionCommand(f),
		newOptionsCommand(f),
	}
}
