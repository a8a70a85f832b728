// Command meshery-agent generates load from inside the cluster, reads metrics
// while it does, and hands both to the plugin over gRPC on loopback. It is also
// the reference workload (echo) and its own probe (health).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:               "meshery-agent",
		Short:             "Load generator and metrics reader of kubectl meshery",
		Version:           buildinfo.Get().Version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(newServeCommand(), newEchoCommand(), newHealthCommand())
	return root
}
