//go:build linux

package main

import (
	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cluster"
)

func newNode(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "node",
		Short: "Stop, start, cut off or join one node",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	do := func(use, short string, f func(l cluster.Layout, node string) error) {
		cmd.AddCommand(&cobra.Command{
			Use:     use + " NAME",
			Short:   short,
			Example: "  cluster node " + use + " worker-2",
			Args:    exactArgs("NAME"),
			RunE: func(_ *cobra.Command, args []string) error {
				l, err := g.rooted()
				if err != nil {
					return err
				}
				return f(l, args[0])
			},
		})
	}
	do("stop", "End kubelet, containerd and all pods of a node, at once", func(l cluster.Layout, node string) error {
		return cluster.StopNode(l, node, say)
	})
	do("start", "Start a stopped node; does not wait until it is ready", func(l cluster.Layout, node string) error {
		cache, err := g.cache()
		if err != nil {
			return err
		}
		return cluster.StartNode(l, node, cache, say)
	})
	do("cut", "Take a node's network link down; its programs go on", func(l cluster.Layout, node string) error {
		return cluster.CutNode(l, node, say)
	})
	do("join", "Take it up again; does not wait until the node is ready", func(l cluster.Layout, node string) error {
		return cluster.JoinNode(l, node, say)
	})
	return cmd
}
