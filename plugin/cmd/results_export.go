package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

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
}

func newResultsExportCommand(f *factory) *cobra.Command {
	o := &resultsExportOptions{factory: f}
	c := &cobra.Command{
		Use:   "export RUN --format (fortio | smp)",
		Short: "Write a Result in the form of another tool",
		Long: `Write a Result in the form of another tool: as a saved run of Fortio, which
'fortio report' shows, or as a result of Service Mesh Performance (SMP).

Both have room for one kind of latency: the response time, or in a closed loop
the service time. A run that is not valid says so in its labels.`,
		Example: examples(`  # For Fortio's own page`, `  %[1]s results export 0193a1c4-7c1e --format fortio --output-dir data`, `  fortio report -data-dir data`, ``,
			`  # For Service Mesh Performance`, `  %[1]s results export 0193a1c4-7c1e --format smp > result.json`),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRuns(f, &o.archive, false),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context(), args[0]), "nothing was changed")
		},
	}
	o.archive.AddFlags(c.Flags())
	c.Flags().StringVar(&o.format, "format", "", "What to write: fortio or smp")
	c.Flags().StringVar(&o.dir, "output-dir", "", "Directory to write a file into, whose name is printed (default: standard output)")
	c.Flags().StringVar(&o.latency, "latency", "", "Which latency to write: response or service (default: response, or service in a closed loop)")
	return c
}

func (o *resultsExportOptions) validate() error {
	switch o.format {
	case "fortio", "smp":
	case "":
		return exit.Usagef("--format is missing: give fortio or smp")
	default:
		return exit.Usagef("--format %q is unknown: use fortio or smp", o.format)
	}
	switch export.Times(o.latency) {
	case "", export.Response, export.Service:
		return nil
	}
	return exit.Usagef("--latency %q is unknown: use response or service", o.latency)
}

func (o *resultsExportOptions) run(ctx context.Context, id string) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	raw, err := a.Get(ctx, id)
	if err != nil {
		return err
	}
	r := &document.Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		return fmt.Errorf("read the Result of run %q: %w", id, err)
	}
	if r.APIVersion != document.APIVersion {
		return fmt.Errorf("the Result of run %q has apiVersion %q, which this version cannot read: use the version that wrote it", id, r.APIVersion)
	}
	times := export.Times(o.latency)
	if times == "" {
		times = export.Choose(r)
		if times != export.Response {
			fmt.Fprintln(o.ErrOut, "The run is a closed loop, which has no response time: its service time is written.")
		}
	}
	var file []byte
	var name string
	if o.format == "fortio" {
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
	if v := r.Status.Validity; !v.Valid {
		fmt.Fprintln(o.ErrOut, "Warning: "+printer.Escape("the run is invalid, and what is written says so: "+strings.Join(v.Reasons, "; ")))
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
