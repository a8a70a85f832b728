package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/check"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type checkOptions struct {
	*factory
	print   printer.Flags
	archive archiveFlags
	options deploy.Options
}

func newCheckCommand(f *factory) *cobra.Command {
	o := &checkOptions{factory: f}
	c := &cobra.Command{
		Use:   "check",
		Short: "Find out whether deploy and run will work, and change nothing",
		Long: `Find out whether deploy and run will work, and change nothing.

Asked are the API server, every right by name, Pod Security by a server-side
dry run, the image, node-exporter, the kubelets' metrics, Prometheus and the
archive. A failed check means that something will not work (exit code 1); a
warning, that something will be missing from the Result or cannot be known
before.`,
		Example: examples(`  # Before anything is deployed`, `  %[1]s check`, ``, `  # With the options meant for deploy`, `  %[1]s check --kubelet-metrics --node-exporter --archive s3://perf`),
		RunE: func(c *cobra.Command, _ []string) error {
			o.options.Namespace, o.options.Version = o.namespace(), buildinfo.Get().Version
			if err := o.options.Validate(); err != nil {
				return exit.With(exit.Usage, err)
			}
			if err := cmp.Or(o.print.Validate(), o.print.NoNames()); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context()), "nothing was changed")
		},
	}
	fs := c.Flags()
	fs.StringVar(&o.options.Image, "image", deploy.DefaultImage(buildinfo.Get().Version), "Image of the agent")
	fs.StringToStringVar(&o.options.NodeSelector, "node-selector", nil, "As meant for deploy")
	fs.BoolVar(&o.options.TolerateAll, "tolerate-all", false, "As meant for deploy")
	fs.BoolVar(&o.options.KubeletMetrics, "kubelet-metrics", false, "As meant for deploy")
	fs.BoolVar(&o.options.NodeExporter, "node-exporter", false, "As meant for deploy")
	o.archive.AddFlags(fs)
	o.print.AddFlags(fs)
	return c
}

func (o *checkOptions) run(ctx context.Context) error {
	// What is wrong with the archive's flags is found before the cluster is asked.
	if _, _, err := o.archive.Options(o.contextName()); err != nil {
		return err
	}
	c, err := o.cluster()
	if err != nil {
		return err
	}
	results := []check.Result{}
	failed := 0
	err = check.Run(ctx, check.Config{Client: c.Client, Options: o.options, Archive: o.checkArchive}, func(r check.Result) {
		results = append(results, r)
		if r.Status == check.Fail {
			failed++
		}
		if o.print.IsTable() {
			writeCheck(o.Out, r, o.print.Wide())
		}
	})
	if err == nil && !o.print.IsTable() {
		err = o.print.Print(o.Out, results, nil)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d checks failed", failed, len(results))
	}
	return err
}

// checkArchive connects to the archive and says where it is.
func (o *checkOptions) checkArchive(ctx context.Context) (string, error) {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return "", err
	}
	return a.String(), a.Check(ctx)
}

// writeCheck writes a check as it is done: the word, what, and what to do; within
// 80 columns unless wide.
func writeCheck(w io.Writer, r check.Result, wide bool) {
	const indent = "      "
	width := printer.DefaultWidth - len(indent)
	if wide {
		width = math.MaxInt
	}
	lines := printer.Wrap(printer.Line(r.Name)+": "+printer.Line(r.Detail), width)
	if r.Hint != "" && r.Status != check.OK {
		lines = append(lines, printer.Wrap(printer.Line(r.Hint), width)...)
	}
	for i, line := range lines {
		before := indent
		if i == 0 {
			before = fmt.Sprintf("%-4s  ", r.Status)
		}
		_, _ = fmt.Fprintln(w, before+line)
	}
}
