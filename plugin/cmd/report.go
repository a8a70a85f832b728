package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

type reportOptions struct {
	*factory
	archive  archiveFlags
	groups   groupFlags
	how      comparisonFlags
	by       string
	baseline string
	format   string
	outputs  []string
	title    string
	// command is this command line, for who wants to repeat the report.
	command string
}

func newReportCommand(f *factory) *cobra.Command {
	o := &reportOptions{factory: f}
	c := &cobra.Command{
		Use:   "report GROUP... --output FILE",
		Short: "Write about runs: a page, Markdown for pull requests, JUnit",
		Long: `Write about runs, and about how they compare: one HTML page that needs nothing
else, Markdown for pull requests, or JUnit XML for continuous integration.

A GROUP is as for 'compare': conditions on labels, the name of a Test, run ids,
or files. With several, each is compared with the first. With --by, the runs of
one are split by the values of a label, such as the variants of a bench.

Exit codes: 0 written; 1 error, such as groups that cannot be compared; 2 flags
or arguments that cannot be right; 3 with --fail-on worse, and something is
worse; 4 with --fail-on too-few, and there are too few runs. What is asked for
is also written where groups cannot be compared, are worse or too few.`,
		Example: examples(`  # One run`, `  %[1]s report 0193a1c4-7c1e --output run.html`, ``,
			`  # A comparison as a page, and for a pull request`, `  %[1]s report mesh=none mesh=istio --output m.html --output m.md`, ``,
			`  # All variants of a bench beside the baseline`, `  %[1]s report bench=1f0c9a3e-x7 --by variant --output bench.html`),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usagef("report needs at least one group of runs")
			}
			return nil
		},
		ValidArgsFunction: completeRuns(f, &o.archive, true),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			o.command = commandLine(c, args)
			return stopped(c.Context(), o.run(c.Context()), "nothing was written")
		},
	}
	fs := c.Flags()
	fs.StringArrayVar(&o.outputs, "output", nil, "File to write, or - for standard output; several times for several forms (default: standard output)")
	fs.StringVar(&o.format, "format", "", "html, markdown or junit (default: by each file's name: .html, .md or .xml; on standard output html)")
	fs.StringVar(&o.title, "title", "", "Title of the report (default: the names of the groups)")
	fs.StringVar(&o.by, "by", "", "Split the runs of one group by the values of this label")
	fs.StringVar(&o.baseline, "baseline", "", "With --by: the value that the others are compared with (default: the first in time)")
	o.groups.AddFlags(fs)
	o.how.AddFlags(fs)
	o.archive.AddFlags(fs)
	return c
}

func (o *reportOptions) complete(args []string) error {
	if o.format != "" && formNamed(o.format) == nil {
		return exit.Usagef("--format %q is unknown: use html, markdown or junit", o.format)
	}
	if len(o.outputs) == 0 {
		o.outputs = []string{"-"}
	}
	for _, name := range o.outputs {
		form, err := o.formOf(name)
		if err != nil {
			return err
		}
		if out, isFile := o.Out.(*os.File); name == "-" && form.name == "html" && isFile && term.IsTerminal(int(out.Fd())) {
			return exit.Usagef("a page is nothing for a terminal: name a file with --output, or give --format markdown")
		}
	}
	switch {
	case o.by != "" && len(args) > 1:
		return exit.Usagef("--by splits one group, and %d are given", len(args))
	case o.by == "" && o.baseline != "":
		return exit.Usagef("--baseline belongs to --by: without it the first group is the baseline")
	}
	if err := o.how.complete(); err != nil {
		return err
	}
	return o.groups.complete(args, time.Now())
}

func (o *reportOptions) run(ctx context.Context) error {
	groups, err := o.read(ctx)
	if err != nil {
		return err
	}
	in := report.Input{Title: o.title, Generated: time.Now(), Plugin: buildinfo.Get().Version, Groups: groups, Command: o.command}
	var sides []*compare.Group
	for _, g := range groups {
		side := &compare.Group{Name: g.Name}
		for _, r := range g.Runs {
			side.Add(r)
		}
		sides = append(sides, side)
	}
	o.how.options.Family = len(sides) - 1
	var refused error
	for _, side := range sides[1:] {
		c, err := o.how.compare(sides[0], side)
		var different *compare.DifferentError
		switch {
		case err == nil:
			in.Comparisons = append(in.Comparisons, c)
			continue
		case errors.As(err, &different):
			in.Refused = append(in.Refused, report.Refusal{A: sides[0].Name, B: side.Name, Reason: err.Error(), Differences: different.Differences})
		}
		err = fmt.Errorf("%s beside %s: %w", side.Name, sides[0].Name, err)
		if different == nil {
			return err
		}
		refused = errors.Join(refused, err)
	}
	for _, name := range o.outputs {
		form, err := o.formOf(name)
		if err != nil {
			return err
		}
		var page bytes.Buffer
		if err := form.write(&page, in); err != nil {
			return err
		}
		if err := o.write(name, page.Bytes()); err != nil {
			return err
		}
	}
	// What is worse goes before what is not known.
	if err := o.how.failed(in.Comparisons); err != nil {
		return errors.Join(err, refused)
	}
	return refused
}
