package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/history"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type historyOptions struct {
	*factory
	archive archiveFlags
	print   printer.Flags
	groups  groupFlags
	options history.Options
	svg     string
}

func newHistoryCommand(f *factory) *cobra.Command {
	o := &historyOptions{factory: f, options: history.Options{Metric: "responseTime.p99", Seed: 1}}
	c := &cobra.Command{
		Use:   "history NAME",
		Short: "What was measured over time, or by version, and where it changed",
		Long: `Show what was measured of a Test over time, or by version, and where it changed.

NAME is the name of a Test, or as for 'compare' conditions such as
name=checkout,mesh=istio, or run ids. Runs that are not valid are left out and
counted. Changes are found by E-Divisive, which takes no shape of the noise for
granted; it needs 5 points on each side of a change.`,
		Example: examples(`  # The 99th percentile of all runs`, `  %[1]s history checkout`, ``,
			`  # By version, as the label "version" says it, and as a picture`, `  %[1]s history checkout --by version --svg history.svg`, ``,
			`  # What was measured in March?`, `  %[1]s history checkout --since 2026-03-01 --until 2026-03-31 -o wide`),
		Args: exactly(1, "history needs the name of a Test"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context()), "nothing was changed")
		},
	}
	fs := c.Flags()
	fs.StringVar(&o.options.Metric, "metric", o.options.Metric, "The figure: "+strings.Join(history.Metrics(), ", "))
	fs.StringVar(&o.options.By, "by", "", "Make one point of all runs with the same value of this label, such as version")
	fs.Float64Var(&o.options.Significance, "significance", history.DefaultSignificance, "The chance that a series without a change has one found in it")
	fs.StringVar(&o.svg, "svg", "", "File to write a picture to")
	_ = c.RegisterFlagCompletionFunc("metric", cobra.FixedCompletions(history.Metrics(), cobra.ShellCompDirectiveNoFileComp))
	o.groups.AddFlags(fs)
	o.archive.AddFlags(fs)
	o.print.AddFlags(fs)
	return c
}

func (o *historyOptions) complete(args []string) error {
	if err := o.print.NoNames(); err != nil {
		return err
	}
	if err := o.print.Validate(); err != nil {
		return err
	}
	if err := history.CheckMetric(o.options.Metric); err != nil {
		return exit.Usagef("--metric %w", err)
	}
	if s := o.options.Significance; !(s >= history.LeastSignificance && s < 0.5) {
		return exit.Usagef("--significance %v is not between %v and 0.5", s, history.LeastSignificance)
	}
	if err := o.groups.complete(args, time.Now()); err != nil {
		return err
	}
	if len(o.groups.parsed[0].Files) > 0 {
		return exit.Usagef("history reads the archive, not files: 'import' archives what other tools measured")
	}
	return nil
}

func (o *historyOptions) run(ctx context.Context) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	g := o.groups.parsed[0]
	runs, err := g.Find(ctx, a, o.groups.where)
	if err != nil {
		return err
	}
	h, err := history.Of(g.Name, runs, o.options)
	if err != nil {
		return err
	}
	if o.svg != "" {
		var picture bytes.Buffer
		if err := drawHistory(&picture, h); err != nil {
			return err
		}
		if err := os.WriteFile(o.svg, picture.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(o.ErrOut, "the picture is in %s\n", o.svg)
	}
	return o.print.Print(o.Out, h, func(w io.Writer) error { return writeHistory(w, h, o.print.Wide()) })
}
