package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
)

func newVersionCommand(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the plugin",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(f.Out, buildinfo.Get().Version)
			return err
		},
	}
}
