//go:build linux

// Command cluster runs a real Kubernetes of several nodes on one Linux machine,
// for tests, sealed off from the machine's own network.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitError = 1
	exitUsage = 2
)

// usageError is a mistake in the command line, found before anything is done.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	err := newRoot().ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "interrupted; what was begun is there still: 'cluster up' goes on, 'cluster down' cleans up")
		os.Exit(exitError)
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(exitError)
	}
}

func newRoot() *cobra.Command {
	g := &global{}
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "A real Kubernetes of several nodes on this machine, for tests",
		Long: `A real Kubernetes of several nodes on this machine, for tests.

Control plane and nodes live in network namespaces of their own. The machine sees
listeners on its loopback only: the API server, an S3 server and Prometheus.
Needs Linux and root.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	g.addFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		newUp(g), newDown(g), newStatus(g), newKubeconfig(g), newNode(g),
		newLoadImage(g), newBuild(g), newBin(g), newInternal(),
	)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%q: unknown argument %q, see %q", cmd.CommandPath(), args[0], cmd.CommandPath()+" --help")}
	}
	return nil
}

func exactArgs(what ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(what) {
			return usageError{fmt.Errorf("%q needs exactly: %v", cmd.CommandPath(), what)}
		}
		return nil
	}
}
