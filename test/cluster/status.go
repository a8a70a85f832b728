//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cluster"
)

func newStatus(g *global) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show nodes and addresses; exit code 1 if the cluster is not up",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := g.layout()
			if err != nil {
				return err
			}
			if output != "" && output != "json" {
				return usageError{fmt.Errorf("output %q: use json, or nothing for people", output)}
			}
			s, err := cluster.GetStatus(cmd.Context(), l)
			if err != nil {
				return err
			}
			if err := printStatus(cmd.OutOrStdout(), s, output); err != nil {
				return err
			}
			if s.Problem != "" {
				return fmt.Errorf("cluster %q: %s", s.Name, s.Problem)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json, or nothing for people")
	return cmd
}

func printStatus(w io.Writer, s *cluster.Status, output string) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "NODE\tADDRESS\tREADY\tRUNNING\tLINK\n")
	for _, n := range s.Nodes {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", n.Name, n.IP, word(n.Ready, "yes", "no"), word(n.Running, "yes", "no"), word(n.Cut, "cut", "up"))
	}
	fmt.Fprintf(t, "\nAPI server\t%s\nPrometheus\t%s\nS3\t%s\tbucket %s, key %s, secret %s\n",
		s.APIServer, s.Prometheus, s.S3.Endpoint, s.S3.Bucket, s.S3.AccessKey, s.S3.SecretKey)
	fmt.Fprintf(t, "kubeconfig\t%s\nkubectl\t%s\nlogs\t%s\n", s.Kubeconfig, s.Kubectl, s.Logs)
	return t.Flush()
}

func word(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func newKubeconfig(g *global) *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use:     "kubeconfig",
		Short:   "Print the path of the administrator's kubeconfig",
		Example: "  export KUBECONFIG=$(cluster kubeconfig)",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := g.layout()
			if err != nil {
				return err
			}
			if !raw {
				if _, err := os.Stat(l.Kubeconfig()); err != nil {
					return fmt.Errorf("%w: start it with 'cluster up --name %s'", err, l.Name)
				}
				fmt.Fprintln(cmd.OutOrStdout(), l.Kubeconfig())
				return nil
			}
			b, err := os.ReadFile(l.Kubeconfig())
			if err != nil {
				return fmt.Errorf("%w: start it with 'cluster up --name %s'", err, l.Name)
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "print the content instead")
	return cmd
}
