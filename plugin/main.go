// Command kubectl-meshery is the kubectl plugin: it deploys agents, runs load
// from inside the cluster, judges and archives what they measured.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/cmd"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := interruptible()
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	err := cmd.NewRoot(streams).ExecuteContext(ctx)
	if err != nil {
		// Servers and agents have a say in errors, and a script reads one line.
		if text := printer.Line(err.Error()); text != "" {
			fmt.Fprintln(os.Stderr, "Error: "+text)
		}
	}
	return exit.Code(err)
}

// interruptible is cancelled by the first interrupt, so that a run is stopped
// and kept; the second one ends the program at once. A terminal that is closed
// stops a run too, but does not count: shell and kernel both tell of it, and a
// session that ends sends SIGTERM on top.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		interrupted := false
		for s := range signals {
			cancel()
			if s == syscall.SIGHUP {
				signal.Ignore(syscall.SIGPIPE) // what the output goes to ends with the terminal
			}
			if interrupted && s != syscall.SIGHUP {
				os.Exit(exit.Interrupted)
			}
			interrupted = interrupted || s != syscall.SIGHUP
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}
