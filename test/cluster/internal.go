//go:build linux

package main

import (
	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cluster"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/discover"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// newInternal holds what this program runs itself as, in the background.
func newInternal() *cobra.Command {
	cmd := &cobra.Command{Use: "internal", Hidden: true, Args: noArgs}
	cmd.AddCommand(
		&cobra.Command{
			Use: "supervise SPEC", Args: exactArgs("SPEC"),
			RunE: func(cmd *cobra.Command, args []string) error {
				spec, err := supervise.ReadSpec(args[0])
				if err != nil {
					return err
				}
				return supervise.Run(cmd.Context(), spec)
			},
		},
		&cobra.Command{
			Use: "forward SPEC", Args: exactArgs("SPEC"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return cluster.RunForwarder(cmd.Context(), args[0])
			},
		},
		newDiscover(),
	)
	return cmd
}

func newDiscover() *cobra.Command {
	var c discover.Config
	cmd := &cobra.Command{
		Use: "discover", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return discover.Run(cmd.Context(), c) },
	}
	cmd.Flags().StringVar(&c.Server, "server", "", "API server's URL")
	cmd.Flags().StringVar(&c.CA, "ca", "", "file with the authority of its certificate")
	cmd.Flags().StringVar(&c.Cert, "cert", "", "client certificate")
	cmd.Flags().StringVar(&c.Key, "key", "", "its key")
	cmd.Flags().StringVar(&c.Dir, "dir", "", "where to write target files")
	return cmd
}
