package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/progress"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

type runOptions struct {
	*factory
	test    testFlags
	archive archiveFlags
	print   printer.Flags
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

Exit codes: 0 valid; 1 error; 2 a Test or flags that cannot be right; 4 partial
or invalid; 130 interrupted.`,
		Example: examples(
			`  # 500 requests a second for a minute, shared by all agents`,
			`  %[1]s run http://checkout.shop:8080/ --rate 500 --duration 1m`, ``,
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
	test.Default()
	if err := test.Validate(); err != nil {
		return exit.With(exit.Usage, oneLine(err))
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
	contextName := ""
	if !o.local {
		contextName = o.contextName()
	}
	// Where the Result goes is settled before any load is sent.
	a, err := o.archive.Open(ctx, contextName)
	if err != nil {
		return err
	}
	if err := a.Check(ctx); err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	box, err := outbox()
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	p := placement{factory: o.factory, contextName: contextName}
	if o.local {
		err = p.local()
	} else {
		err = p.cluster(ctx, o.spec)
	}
	if err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	defer p.close()
	p.env.Plugin = buildinfo.Get().Version

	wait := func() {}
	defer func() { wait() }()
	ended, err := session.Run(ctx, session.Config{
		Test: *o.spec, RunID: id.String(), Owner: owner(), Members: p.members, Sources: p.sources,
		Environment: p.env, NodesWithoutAgent: p.without,
		Started: func(s session.Start) { wait = showProgress(o.ErrOut, s) },
	})
	wait()
	if err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	defer ended.Close()
	return keepAndPrint(ctx, o.factory, &o.print, keeping{a, box}, ended)
}

// showProgress announces the run and shows how it stands until the function it
// returns is called.
func showProgress(out io.Writer, s session.Start) func() {
	where := fmt.Sprintf("%d agents on %d nodes", len(s.Nodes), len(s.Nodes))
	if len(s.Nodes) == 1 {
		where = "1 agent on " + s.Nodes[0]
	}
	fmt.Fprintf(out, "run %s   %s   %s\n", s.RunID, printer.Escape(s.Test.Metadata.Name), printer.Escape(where))
	l := s.Test.Spec.Load
	c := progress.Config{Out: out, T0: s.T0, Warmup: time.Duration(l.Warmup), Duration: time.Duration(l.Duration), Status: s.Collector.Progress}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		c.Terminal = true
		c.Width, _, _ = term.GetSize(int(f.Fd()))
	}
	return progress.Show(c)
}

// owner is how others who find the agents taken know whom to ask.
func owner() string {
	host, _ := os.Hostname()
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return strings.Trim(name+"@"+host, "@")
}
