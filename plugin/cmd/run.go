package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type runOptions struct {
	*factory
	test    testFlags
	archive archiveFlags
	print   printer.Flags
	search  findMaxFlags
	local   bool

	spec *document.Test
}

func newRunCommand(f *factory) *cobra.Command {
	o := &runOptions{factory: f}
	c := &cobra.Command{
		Use:   "run (URL | -f FILE)",
		Short: "Run a load test from the agents and keep its Result",
		Long: `Run a load test from the agents and keep its Result.

The load belongs to the agents: it goes on when this command loses its
connection, and 'attach' takes it up again. The first ^C stops the load and
keeps what was measured; the second ends the command at once.

Exit codes: 0 valid; 1 error; 2 a Test or flags that cannot be right; 3 a
threshold failed, or --abort-on ended the run and nothing else is wrong with it;
4 partial or invalid; 130 interrupted.`,
		Example: examples(
			`  # 500 requests a second for a minute, shared by all agents`,
			`  %[1]s run http://checkout.shop:8080/ --rate 500 --duration 1m`, ``,
			`  # A threshold: exit code 3 when it does not hold`,
			`  %[1]s run http://cart/ --threshold 'responseTime.p90 < 50ms'`, ``,
			`  # The highest rate at which a service level is kept`,
			`  %[1]s run http://cart/ --find-max --slo 'responseTime.p99 < 50ms'`, ``,
			`  # A Test from a file, from two agents, the Result as JSON`,
			`  %[1]s run -f test.yaml --agents 2 -o json`, ``,
			`  # Without a cluster, as fast as 8 connections allow`,
			`  %[1]s run --local http://127.0.0.1:8080/ --rate max --connections 8`),
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(c, args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.test.AddFlags(c.Flags())
	c.Flags().BoolVar(&o.local, "local", false, "Generate the load in this process, without a cluster")
	o.search.AddFlags(c.Flags())
	o.archive.AddFlags(c.Flags())
	o.print.AddFlags(c.Flags())
	return c
}

func (o *runOptions) complete(c *cobra.Command, args []string) error {
	if err := o.print.Validate(); err != nil {
		return err
	}
	test, err := o.test.Test(c.Flags(), args, o.In)
	if err != nil {
		return exit.With(exit.Usage, oneLine(err))
	}
	for _, w := range o.test.warnings {
		fmt.Fprintln(o.ErrOut, "Warning: "+printer.Escape(w))
	}
	if err := o.search.complete(c.Flags(), test); err != nil {
		return exit.With(exit.Usage, err)
	}
	test.Default()
	if err := test.Validate(); err != nil {
		return exit.With(exit.Usage, oneLine(err))
	}
	if err := checkThresholds(&test.Spec, o.search.slo); err != nil {
		return exit.With(exit.Usage, err)
	}
	if err := o.search.validate(test); err != nil {
		return exit.With(exit.Usage, err)
	}
	if a := test.Spec.Agents; o.local && (a.Count > 0 || len(a.Nodes) > 0) {
		return exit.Usagef("--local runs in this process: --agents and --node do not apply")
	}
	o.spec = test
	return nil
}

// oneLine puts what was joined into one line.
func oneLine(err error) error { return errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")) }

func (o *runOptions) run(ctx context.Context) error {
	r := runner{factory: o.factory, archive: &o.archive, isLocal: o.local}
	defer r.close()
	err := r.open(ctx)
	if err == nil {
		err = r.reach(ctx, o.namespace(), o.spec)
	}
	if err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	if o.search.wanted {
		return o.search.run(ctx, o, &r)
	}
	ended, err := r.once(ctx, o.spec, showProgress)
	if err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	defer ended.Close()
	return keepAndPrint(ctx, o.factory, &o.print, r.keeping, ended)
}
