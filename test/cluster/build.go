//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/binaries"
)

func newBuild(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build the programs a cluster consists of into the cache, and start nothing",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := g.cache()
			if err != nil {
				return err
			}
			if missing := cache.Missing(); len(missing) > 0 {
				return fmt.Errorf("programs are missing on this machine: apt-get install %s", strings.Join(missing, " "))
			}
			if err := cache.Ensure(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), cache.Dir())
			return nil
		},
	}
}

func newBin(g *global) *cobra.Command {
	return &cobra.Command{
		Use:     "bin NAME",
		Short:   "Print the path of a cached program, building it if need be",
		Long:    "Print the path of a cached program, building it if need be.\n\nPrograms: " + strings.Join(binaries.Names(), " "),
		Example: "  $(cluster bin kubectl) get nodes",
		Args:    exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(binaries.Names(), args[0]) {
				return usageError{fmt.Errorf("no program %q, there are: %s", args[0], strings.Join(binaries.Names(), " "))}
			}
			cache, err := g.cache()
			if err != nil {
				return err
			}
			if err := cache.Ensure(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), cache.Path(args[0]))
			return nil
		},
	}
}
