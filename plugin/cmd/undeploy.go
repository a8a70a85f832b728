package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

type undeployOptions struct {
	*factory
	dryRun  dryRun
	force   bool
	timeout time.Duration
}

func newUndeployCommand(f *factory) *cobra.Command {
	o := &undeployOptions{factory: f}
	c := &cobra.Command{
		Use:   "undeploy",
		Short: "Remove what deploy made, and only that",
		Long: `Remove what deploy made, and only that, also after a deploy that failed half
way.

A namespace goes only if deploy made it and nobody else has put anything into
it; node-exporter only if no other agent set was deployed with it. Results that
are still on the agents go with them: see 'status' first.`,
		Example: examples(`  # Remove the agents`, `  %[1]s undeploy`, ``, `  # See what would be removed`, `  %[1]s undeploy --dry-run=client`),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.timeout <= 0 {
				return exit.Usagef("--timeout %s is not positive", o.timeout)
			}
			return stopped(c.Context(), o.run(c.Context()), "run undeploy again to remove the rest")
		},
	}
	fs := c.Flags()
	fs.DurationVar(&o.timeout, "timeout", 2*time.Minute, "How long the whole may take")
	fs.BoolVar(&o.force, "force", false, "Undeploy although a run is active, which ends it")
	o.dryRun.addFlag(fs)
	return c
}

func (o *undeployOptions) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	c, err := o.cluster()
	if err != nil {
		return err
	}
	if err := idle(ctx, c, o.force || o.dryRun != ""); err != nil {
		return err
	}
	found, err := c.Remove(ctx, c.namespace, deploy.Removal{
		DryRun: o.dryRun != "",
		Report: func(change deploy.Change) {
			_, _ = fmt.Fprintf(o.Out, "%s %s%s\n", deploy.Name(change.Object), change.Verb, o.dryRun.suffix())
		},
		Note: func(s string) { fmt.Fprintln(o.ErrOut, s) },
	})
	if err == nil && !found {
		fmt.Fprintf(o.ErrOut, "nothing is deployed in namespace %q\n", c.namespace)
	}
	return err
}
