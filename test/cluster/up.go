//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cluster"
)

func newUp(g *global) *cobra.Command {
	var nodes int
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the cluster, or whatever a started one lacks",
		Long: `Start the cluster and wait until every node is ready and DNS answers.

The first time, its programs are built, which takes minutes. On a cluster that is
up, missing nodes are added, stopped ones started, cut ones joined. What is left
of a cluster that crashed is removed first; its data with it.`,
		Example: "  cluster up\n  cluster up --name other --nodes 3",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if nodes < 1 || nodes > cluster.MaxNodes {
				return usageError{fmt.Errorf("%d nodes: use 1 to %d", nodes, cluster.MaxNodes)}
			}
			l, err := g.rooted()
			if err != nil {
				return err
			}
			cache, err := g.cache()
			if err != nil {
				return err
			}
			if err := cluster.Preflight(l, cache.Missing()...); err != nil {
				return err
			}
			_, err = cluster.Up(cmd.Context(), cluster.Options{Layout: l, Nodes: nodes, Cache: cache, Timeout: timeout, Say: say})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "export KUBECONFIG=%s\n", l.Kubeconfig())
			return nil
		},
	}
	cmd.Flags().IntVar(&nodes, "nodes", 2, "how many nodes there shall be; existing ones are never removed")
	cmd.Flags().DurationVar(&timeout, "timeout", 3*time.Minute, "give up waiting after this long; building is not counted")
	return cmd
}

func newDown(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the cluster and remove all of it",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			l, err := g.rooted()
			if err != nil {
				return err
			}
			found, err := cluster.Down(l, say)
			if err != nil {
				return err
			}
			if !found {
				say("there is no cluster %q", l.Name)
				return nil
			}
			say("cluster %q is gone", l.Name)
			return nil
		},
	}
}
