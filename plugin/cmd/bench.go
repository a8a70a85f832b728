package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type benchOptions struct {
	*factory
	archive  archiveFlags
	print    printer.Flags
	filename string
	resume   string
	variant  string
	failOn   string
	aa       bool
	dryRun   bool
	local    bool

	bench *plan.Bench
	// dir is where the plan is: its files are found, and its hooks run, there.
	dir string
	// again is the command line that resumes, but for --resume.
	again string
	// reading are the flags with which other commands read the same archive.
	reading string
}

// newest is --resume without an id.
const newest = "newest"

func newBenchCommand(f *factory) *cobra.Command {
	o := &benchOptions{factory: f}
	c := &cobra.Command{
		Use:   "bench -f PLAN",
		Short: "Compare variants by a plan: Tests, repetitions, random order",
		Long: `Compare variants by a plan: Tests, repetitions, random order.

A plan names Tests, and variants to run them against: meshes, releases,
settings. Every Test runs so often against every variant, in blocks that hold
everything once in random order; at the end every variant is compared with the
baseline. Results are kept like those of 'run', and --resume goes on where a
bench ended.

Exit codes: 0 all runs are there; 1 error; 2 a plan or flags that cannot be
right; 3 a comparison is worse, with --fail-on worse; 4 runs are missing, for
they were invalid; 130 interrupted.`,
		Example: examples(
			`  # What would be run, in which order, and how long would it take?`,
			`  %[1]s bench -f plan.yaml --dry-run`, ``,
			`  # Run it; later go on where it ended`,
			`  %[1]s bench -f plan.yaml`,
			`  %[1]s bench -f plan.yaml --resume`, ``,
			`  # How far apart are runs of one and the same thing?`,
			`  %[1]s bench -f plan.yaml --aa`),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && o.resume == newest {
				return exit.Usagef("write the bench's id as --resume=%s", args[0])
			}
			return cobra.NoArgs(c, args)
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			if o.dryRun {
				return o.show()
			}
			return o.run(c.Context())
		},
	}
	fs := c.Flags()
	fs.StringVarP(&o.filename, "filename", "f", "", "File with the Plan, or - for standard input")
	fs.BoolVar(&o.dryRun, "dry-run", false, "Check the plan and every Test, print the order, and run nothing")
	fs.StringVar(&o.resume, "resume", "", "Run only what is missing of the bench with this `ID`; without one, of the newest of this plan")
	fs.Lookup("resume").NoOptDefVal = newest
	fs.BoolVar(&o.aa, "aa", false, "Hold a variant against itself: what differs then is noise")
	fs.StringVar(&o.variant, "variant", "", "With --aa: the variant (default: the plan's baseline)")
	fs.StringVar(&o.failOn, "fail-on", "", "Exit with 3 when a comparison is this: worse")
	fs.BoolVar(&o.local, "local", false, "Generate the load in this process, without a cluster")
	o.archive.AddFlags(fs)
	o.print.AddFlags(fs)
	return c
}

func (o *benchOptions) complete(c *cobra.Command) error {
	if err := o.print.Validate(); err != nil {
		return err
	}
	switch {
	case o.filename == "":
		return exit.Usagef("name a plan with -f; docs/bench.md shows one")
	case o.failOn != "" && o.failOn != "worse":
		return exit.Usagef("--fail-on %q is unknown: use worse", o.failOn)
	case o.variant != "" && !o.aa:
		return exit.Usagef("--variant belongs to --aa: add it")
	case o.resume != "" && o.dryRun:
		return exit.Usagef("--dry-run shows a plan as a whole: leave out --resume")
	}
	b, err := o.load()
	if err != nil {
		return exit.With(exit.Usage, fmt.Errorf("%s: %w", o.filename, oneLine(err)))
	}
	o.bench, o.again = b, ownCommandLine(c, "resume")
	o.reading = archiveWords(c, o.contextName())
	return nil
}

// load reads the plan and the Tests it names.
func (o *benchOptions) load() (*plan.Bench, error) {
	data, err := readFile(o.filename, o.In)
	if err != nil {
		return nil, err
	}
	o.dir = "."
	if o.filename != "-" {
		o.dir = filepath.Dir(o.filename)
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, err
	}
	p, err := plan.Parse(data)
	if err != nil {
		return nil, err
	}
	if p.Metadata.Name == "" {
		p.Metadata.Name = nameOfFile(o.filename)
	}
	p.Default()
	options := plan.Options{Check: o.check, Namespace: o.namespace(), Place: o.contextName(),
		Read: func(name string) ([]byte, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(o.dir, name)
			}
			return readFile(name, nil)
		}}
	if o.local {
		host, _ := os.Hostname()
		options.Namespace, options.Place = "", "local "+host
	}
	if o.aa {
		options.AA = p.Spec.Baseline
		if o.variant != "" {
			options.AA = o.variant
		}
	}
	return p.Resolve(options)
}

// check finds what cannot be right in one of the Tests beyond what is wrong in any.
func (o *benchOptions) check(t *document.Test) error {
	if err := checkThresholds(&t.Spec, nil); err != nil {
		return err
	}
	if a := t.Spec.Agents; o.local && (a.Count > 0 || len(a.Nodes) > 0) {
		return errors.New("--local runs in this process: leave out agents")
	}
	return checkRequests(&t.Spec)
}

var notInName = regexp.MustCompile(`[^a-z0-9.-]+`)

// nameOfFile names a plan that has no name: "mesh-cost" for plans/mesh-cost.yaml.
func nameOfFile(file string) string {
	base := filepath.Base(file)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	base = strings.Trim(notInName.ReplaceAllString(strings.ToLower(base), "-"), "-.")
	if base == "" || len(base) > 63 {
		return "plan"
	}
	return base
}

func (o *benchOptions) run(ctx context.Context) error {
	r := &benchRunner{runner: &runner{factory: o.factory, archive: &o.archive, isLocal: o.local}, bench: o.bench, reading: o.reading}
	defer r.close()
	if err := r.open(ctx); err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	if err := r.begin(ctx, o.resume); err != nil {
		return stopped(ctx, err, "no load was sent")
	}
	o.announce(r)
	out, err := bench.Config{Bench: o.bench, ID: r.id, Seed: r.seed, Before: r.before, Runner: r, Patience: bench.DefaultPatience,
		Hooks: bench.Hooks{Dir: o.dir, Environment: os.Environ(), Out: o.ErrOut},
		Warn:  func(err error) { fmt.Fprintln(o.ErrOut, "Warning: "+printer.Line(explained(err).Error())) },
	}.Execute(ctx)
	if err != nil {
		return o.ended(ctx, r, out, err)
	}
	return o.finish(ctx, r, out)
}
