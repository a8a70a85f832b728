package cmd

import "github.com/spf13/cobra"

// commands are the subcommands in the order of the README.
func commands(f *factory) []*cobra.Command {
	return []*cobra.Command{
		newVersionCommand(f),
	}
}
