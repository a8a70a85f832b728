//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cluster"
)

func newLoadImage(g *global) *cobra.Command {
	return &cobra.Command{
		Use:     "load-image FILE...",
		Short:   "Load image archives (OCI or docker format) into every node",
		Long:    "Load image archives (OCI or docker format) into every node and print the images' names.",
		Example: "  cluster load-image agent.tar",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("load-image needs at least one archive")}
			}
			for _, a := range args {
				if _, err := os.Stat(a); errors.Is(err, fs.ErrNotExist) {
					return usageError{err}
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := g.rooted()
			if err != nil {
				return err
			}
			for _, archive := range args {
				names, err := cluster.LoadImage(cmd.Context(), l, archive)
				if err != nil {
					return err
				}
				for _, n := range names {
					fmt.Fprintln(cmd.OutOrStdout(), n)
				}
			}
			return nil
		},
	}
}
