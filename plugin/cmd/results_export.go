package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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
	format  string
	dir     string
	latency string
	remote  remoteWriteFlags
}

// together are the formats that several runs go into one file of, and how its name
// ends.
var together = map[string]struct {
	write  func(io.Writer, []*document.Result) error
	suffix string
}{
	"csv":          {export.CSV, ".csv"},
	"csv-timeline": {export.CSVTimeline, "_timeline.csv"},
	"openmetrics":  {export.OpenMetrics, ".openmetrics"},
	"hdr":          {export.HDRLog, ".hlog"},
	"parquet":      {archive.WriteTable, ".parquet"},
}

const (
	formatFortio      = "fortio"
	formatSMP         = "smp"
	formatRemoteWrite = "remote-write"
	exportFormats     = "fortio, smp, csv, csv-timeline, parquet, openmetrics, hdr or remote-write"
)

func newResultsExportCommand(f *factory) *cobra.Command {
	o := &resultsExportOptions{factory: f}
	c := &cobra.Command{
		Use:   "export RUN... --format FORMAT",
		Short: "Write Results in the form of another tool",
		Long: `Write Results in the form of another tool:

  fortio         a saved run of Fortio, which 'fortio report' shows
  smp            a result of Service Mesh Performance (SMP)
  csv            a table with a row for each run
  csv-timeline   a table with a row for each second
  parquet        a table with a row for each run, as in the archive
  openmetrics    metrics as Prometheus reads them
  hdr            a histogram log of HdrHistogram
  remote-write   time series, sent to the --url of a Prometheus or another
                 receiver of remote write

Fortio and SMP have room for one kind of latency: the response time, or in a
closed loop the service time. Of several runs they have a file each, so they
want --output-dir. A run that is not valid says so in every form.`,
		Example: examples(`  # For Fortio's own page`, `  %[1]s results export 0193a1c4-7c1e --format fortio --output-dir data`, `  fortio report -data-dir data`, ``,
			`  # All runs of a test as a table`, `  %[1]s results list --name checkout --limit 0 -o name |`, `    xargs %[1]s results export --format csv > runs.csv`, ``,
			`  # To Prometheus, second by second`, `  %[1]s results export 0193a1c4-7c1e --format remote-write \`, `    --url http://prometheus:9090/api/v1/write`),
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeRuns(f, &o.archive, true),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.validate(args); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context(), args), "nothing was changed")
		},
	}
	o.archive.AddFlags(c.Flags())
	c.Flags().StringVar(&o.format, "format", "", "What to write: "+exportFormats)
	c.Flags().StringVar(&o.dir, "output-dir", "", "Directory to write files into, whose names are printed (default: standard output)")
	c.Flags().StringVar(&o.latency, "latency", "", "Which latency to write for fortio and smp: response or service (default: response, or service in a closed loop)")
	o.remote.AddFlags(c.Flags())
	return c
}

func (o *resultsExportOptions) validate(runs []string) error {
	_, oneFile := together[o.format]
	single := o.format == formatFortio || o.format == formatSMP
	switch {
	case o.format == "":
		return exit.Usagef("--format is missing: give " + exportFormats)
	case !oneFile && !single && o.format != formatRemoteWrite:
		return exit.Usagef("--format %q is unknown: use "+exportFormats, o.format)
	case single && len(runs) > 1 && o.dir == "":
		return exit.Usagef("--format %s has a file for each run: give a directory for the %d of them with --output-dir", o.format, len(runs))
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
	return o.remote.validate(o.format == formatRemoteWrite)
}

func (o *resultsExportOptions) run(ctx context.Context, ids []string) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	var runs []*document.Result
	seen := map[string]bool{}
	for _, id := range ids {
		r, err := o.read(ctx, a, id)
		if err != nil {
			return err
		}
		if !seen[r.Metadata.RunID] {
			seen[r.Metadata.RunID] = true
			runs = append(runs, r)
		}
	}
	for _, r := range runs {
		if v := r.Status.Validity; !v.Valid {
			which := "the run"
			if len(runs) > 1 {
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
	for _, r := range runs {
		errs = append(errs, o.single(a, r))
	}
	return errors.Join(errs...)
}

// read reads a Result of the archive.
func (o *resultsExportOptions) read(ctx context.Context, a *archive.Archive, id string) (*document.Result, error) {
	id = strings.TrimPrefix(id, resultName(""))
	raw, err := a.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &document.Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("read the Result of run %q: %w", id, err)
	}
	if r.APIVersion != document.APIVersion {
		return nil, fmt.Errorf("the Result of run %q has apiVersion %q, which this version cannot read: use the version that wrote it", id, r.APIVersion)
	}
	return r, nil
}

// single writes the file of one run.
func (o *resultsExportOptions) single(a *archive.Archive, r *document.Result) error {
	times := export.Times(o.latency)
	if times == "" {
		times = export.Choose(r)
		if times != export.Response {
			fmt.Fprintln(o.ErrOut, "The run has no response time, as a closed loop has none: its service time is written.")
		}
	}
	var file []byte
	var name string
	var err error
	if o.format == formatFortio {
		file, name, err = export.Fortio(r, times)
	} else {
		var details string
		if details, err = a.RunURL(r.Metadata.RunID); err == nil {
			file, name, err = export.SMP(r, times, details)
		}
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
