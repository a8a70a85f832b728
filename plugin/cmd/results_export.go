package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type resultsExportOptions struct {
	*factory
	archive archiveFlags
	groups  groupFlags
	format  string
	dir     string
	latency string
	remote  remoteWriteFlags
}

// filePerRun: every run has a file of its own.
func (o *resultsExportOptions) filePerRun() bool {
	return o.format == formatFortio || o.format == formatSMP
}

// together are the formats that several runs go into one file of, and how its name
// ends.
var together = map[string]struct {
	write  func(io.Writer, []*document.Result) error
	suffix string
}{
	formatCSV:      {export.CSV, ".csv"},
	"csv-timeline": {export.CSVTimeline, "_timeline.csv"},
	"openmetrics":  {export.OpenMetrics, ".openmetrics"},
	"hdr":          {export.HDRLog, ".hlog"},
	"parquet":      {archive.WriteTable, ".parquet"},
}

const (
	formatCSV         = "csv"
	formatFortio      = "fortio"
	formatSMP         = "smp"
	formatRemoteWrite = "remote-write"
	exportFormats     = "fortio, smp, csv, csv-timeline, parquet, openmetrics, hdr or remote-write"
)

func newResultsExportCommand(f *factory) *cobra.Command {
	o := &resultsExportOptions{factory: f}
	c := &cobra.Command{
		Use:   "export GROUP... --format FORMAT",
		Short: "Write Results in the form of another tool",
		Long: `Write Results in the form of another tool:

  fortio         a saved run of Fortio, which 'fortio report' shows
  smp            a result of Service Mesh Performance (SMP)
  csv            a table with a row for each run
  csv-timeline   a table with a row for each second, or several of a long run
  parquet        a table with a row for each run, as in the archive
  openmetrics    metrics as Prometheus reads them
  hdr            a histogram log of HdrHistogram
  remote-write   time series, sent to the --url of a Prometheus or another
                 receiver of remote write

Fortio and SMP have room for one kind of latency: the response time, or the
service time of runs that have no other: closed loops, and runs of Fortio. Of
several runs they have a file each, so they want --output-dir. A run that is not
valid says so in every form.

A GROUP is as for 'compare': run ids, conditions on labels, the name of a Test,
or files. What is in several groups is written once.`,
		Example: examples(`  # For Fortio's own page`, `  %[1]s results export 0193a1c4-7c1e --format fortio --output-dir data`, `  fortio report -data-dir data`, ``,
			`  # All runs of a test as a table, and those of a mesh this week`, `  %[1]s results export checkout --format csv > runs.csv`, `  %[1]s results export mesh=istio --since 7d --format csv > istio.csv`, ``,
			`  # To Prometheus, as it went`, `  %[1]s results export 0193a1c4-7c1e --format remote-write \`, `    --url http://prometheus:9090/api/v1/write`),
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeRuns(f, &o.archive, true),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.validate(args); err != nil {
				return err
			}
			err := o.run(c.Context())
			return stopped(c.Context(), err, o.left())
		},
	}
	o.groups.anyNumber = true
	o.groups.AddFlags(c.Flags())
	o.archive.AddFlags(c.Flags())
	c.Flags().StringVar(&o.format, "format", "", "What to write: "+exportFormats)
	c.Flags().StringVar(&o.dir, "output-dir", "", "Directory to write files into, whose names are printed (default: standard output)")
	c.Flags().StringVar(&o.latency, "latency", "", "Which latency to write for fortio and smp: response or service (default: response, or service where there is no other)")
	o.remote.AddFlags(c.Flags())
	return c
}

// left is what stands after ^C.
func (o *resultsExportOptions) left() string {
	switch {
	case o.remote.left != "":
		return o.remote.left
	case o.dir != "":
		return "the files that are named are written"
	}
	return "nothing was changed"
}

func (o *resultsExportOptions) validate(groups []string) error {
	_, oneFile := together[o.format]
	single := o.filePerRun()
	switch {
	case o.format == "":
		return exit.Usagef("--format is missing: give " + exportFormats)
	case !oneFile && !single && o.format != formatRemoteWrite:
		return exit.Usagef("--format %q is unknown: use "+exportFormats, o.format)
	case o.format == formatRemoteWrite && o.dir != "":
		return exit.Usagef("--format %s writes no file: leave out --output-dir", o.format)
	case !single && o.latency != "":
		return exit.Usagef("--latency is for fortio and smp: %s has every latency", o.format)
	}
	switch export.Times(o.latency) {
	case "", export.Response, export.Service:
	default:
		return exit.Usagef("--latency %q is unknown: use response or service", o.latency)
	}
	if err := o.groups.complete(groups, time.Now()); err != nil {
		return err
	}
	return o.remote.complete(o.format == formatRemoteWrite)
}

func (o *resultsExportOptions) run(ctx context.Context) error {
	a, err := o.archiveOf(ctx, &o.groups, &o.archive)
	if err != nil {
		return err
	}
	found, err := o.read(ctx, a)
	if err != nil {
		return err
	}
	var runs []*document.Result
	for _, r := range found {
		runs = append(runs, r.Result)
		if v := r.Status.Validity; !v.Valid {
			which := "the run"
			if len(found) > 1 {
				which = "run " + r.Metadata.RunID
			}
			fmt.Fprintln(o.ErrOut, "Warning: "+printer.Escape(which+" is invalid, and what is written says so: "+strings.Join(v.Reasons, "; ")))
		}
	}
	if o.format == formatRemoteWrite {
		return o.remote.send(ctx, o.factory, runs)
	}
	if form, ok := together[o.format]; ok {
		var file bytes.Buffer
		if err := form.write(&file, runs); err != nil {
			return err
		}
		name := "results"
		if len(runs) == 1 {
			name = "result_" + runs[0].Metadata.RunID
		}
		return o.write(name+form.suffix, file.Bytes())
	}
	var errs []error
	for _, r := range found {
		errs = append(errs, o.single(a, r))
	}
	return errors.Join(errs...)
}

// single writes the file of one run.
func (o *resultsExportOptions) single(a *archive.Archive, r exported) error {
	times := export.Times(o.latency)
	if times == "" {
		times = export.Choose(r.Result)
		if r.Status.Latency.ServiceTime != nil && times != export.Response {
			fmt.Fprintf(o.ErrOut, "Run %s has only service times: they are written.\n", printer.Escape(r.Metadata.RunID))
		}
	}
	var file []byte
	var name string
	var err error
	if o.format == formatFortio {
		file, name, err = export.Fortio(r.Result, times)
	} else {
		details := ""
		if r.archived {
			if details, err = a.RunURL(r.Metadata.RunID); err != nil {
				return err
			}
		}
		file, name, err = export.SMP(r.Result, times, details)
	}
	if err != nil {
		return err
	}
	return o.write(name, file)
}

// write puts the file into the directory, or onto standard output.
func (o *resultsExportOptions) write(name string, file []byte) error {
	if o.dir == "" {
		_, err := o.Out.Write(file)
		return err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, file, 0o644); err != nil {
		return err
	}
	_, err := fmt.Fprintln(o.Out, path)
	return err
}
