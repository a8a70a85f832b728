package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/imports"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/selection"
)

type importOptions struct {
	*factory
	archive archiveFlags
	print   printer.Flags
	format  string
	name    string
	labels  []string

	options imports.Options
}

func newImportCommand(f *factory) *cobra.Command {
	o := &importOptions{factory: f}
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Archive what other tools measured: runs of Fortio, results of SMP",
		Long: `Archive what other tools measured: runs that Fortio saved as JSON, one or a list
of them, and results of Service Mesh Performance (SMP), in JSON or YAML. - is
standard input.

The id of a run is made of its start and its content: importing it again changes
nothing. What a file does not tell is absent from the Result, and its warnings
say so: Fortio's times are service times, which leave out what waited behind a
slow answer. What 'results export --format fortio' wrote comes back whole.

A file that cannot be imported is named, and the others are imported all the
same.`,
		Example: examples(`  # What Fortio has saved, with a label to find it by`, `  %[1]s import /var/lib/fortio/*.json --label team=shop`, ``,
			`  # A run of today, straight from Fortio`, `  fortio load -json - -qps 100 http://checkout.shop:8080/ |`, `    %[1]s import - --name checkout -o name`),
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context(), args), "what was imported until then is archived; importing it again changes nothing")
		},
	}
	fs := c.Flags()
	fs.StringVar(&o.format, "format", "", "What the files are: fortio or smp (default: what each looks like)")
	fs.StringVar(&o.name, "name", "", "Name of the runs (default: what the file says, or the target's host)")
	fs.StringArrayVar(&o.labels, "label", nil, "Label of the Results as KEY=VALUE, before those of the file; may be repeated")
	o.archive.AddFlags(fs)
	o.print.AddFlags(fs)
	return c
}

// complete finds what cannot be right before anything is read.
func (o *importOptions) complete(files []string) error {
	if err := o.print.Validate(); err != nil {
		return err
	}
	switch imports.Format(o.format) {
	case imports.Any, imports.Fortio, imports.SMP:
	default:
		return exit.Usagef("--format %q is unknown: use fortio or smp", o.format)
	}
	var m document.Metadata
	if err := setLabels(&m, o.labels); err != nil {
		return exit.Usagef("--label: %w", err)
	}
	o.options = imports.Options{Format: imports.Format(o.format), Name: o.name, Labels: m.Labels}
	if err := o.options.Validate(); err != nil {
		return exit.With(exit.Usage, err)
	}
	if i := slices.Index(files, "-"); i >= 0 && slices.Contains(files[i+1:], "-") {
		return exit.Usagef("standard input is given twice: name - once")
	}
	return nil
}

func (o *importOptions) run(ctx context.Context, files []string) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	// An archive that does not answer is tried once, not once for every file.
	if err := a.Check(ctx); err != nil {
		return err
	}
	list := resultList{APIVersion: document.APIVersion, Kind: "ResultList", Archive: a.String(), Items: []archive.Entry{}}
	var warnings []string
	var errs []error
	for _, name := range files {
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		entries, said, err := o.file(ctx, a, name)
		if err != nil {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if !slices.ContainsFunc(list.Items, func(there archive.Entry) bool { return there.RunID == e.RunID }) {
				list.Items = append(list.Items, e)
			}
		}
		for _, w := range said {
			if !slices.Contains(warnings, w) {
				warnings = append(warnings, w)
			}
		}
	}
	o.warn(warnings)
	if len(list.Items) > 0 || !o.print.IsTable() {
		errs = append(errs, o.print.Print(o.Out, list, func(w io.Writer) error {
			if o.print.Wide() {
				return wideTable(list.Items).Write(w)
			}
			return narrowTable(list.Items, time.Now()).Write(w)
		}))
	}
	return errors.Join(errs...)
}

// file imports one file. What of it is archived is returned beside an error.
func (o *importOptions) file(ctx context.Context, a *archive.Archive, name string) (entries []archive.Entry, warnings []string, err error) {
	shown := name
	if name == "-" {
		shown = "standard input"
	}
	data, err := o.read(name)
	if err != nil {
		return nil, nil, err
	}
	results, err := imports.Read(data, o.options)
	var errs []error
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			errs = append(errs, fmt.Errorf("%s: %s", shown, strings.TrimSuffix(line, "\n")))
		}
	}
	for _, r := range results {
		raw, err := document.Marshal(r)
		if err != nil {
			return entries, warnings, fmt.Errorf("%s: %w", shown, err)
		}
		_, err = a.Put(ctx, raw)
		if errors.Is(err, archive.ErrConflict) {
			raw, err = imported(ctx, a, r)
		}
		var e *archive.Entry
		if err == nil {
			e, err = archive.EntryOf(raw)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", shown, err))
			continue
		}
		entries = append(entries, *e)
		if v := r.Status.Validity; !v.Valid {
			warnings = append(warnings, "run "+r.Metadata.RunID+" is invalid: "+strings.Join(v.Reasons, "; "))
		}
		warnings = append(warnings, r.Status.Validity.Warnings...)
	}
	return entries, warnings, errors.Join(errs...)
}

// imported is the Result that is archived under the id of r. The id is made of the
// file, but another version may have written other warnings, so that only another
// name and other labels make it another Result.
func imported(ctx context.Context, a *archive.Archive, r *document.Result) ([]byte, error) {
	raw, err := a.Get(ctx, r.Metadata.RunID)
	if err != nil {
		return nil, err
	}
	there, err := selection.Read(raw)
	if err != nil {
		return nil, fmt.Errorf("it is archived already as run %s: %w", r.Metadata.RunID, err)
	}
	if there.Metadata.Name != r.Metadata.Name || !maps.Equal(there.Metadata.Labels, r.Metadata.Labels) {
		return nil, fmt.Errorf("it is archived already as run %s, with another name or other labels: 'results delete %[1]s' makes room for this", r.Metadata.RunID)
	}
	return raw, nil
}

// read reads a file, but not more of it than is imported: see imports.Read.
func (o *importOptions) read(name string) ([]byte, error) {
	in := o.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, imports.MaxBytes+1))
}

// warn tells what the files do not.
func (o *importOptions) warn(warnings []string) {
	const most = 8
	for i, w := range warnings {
		if i == most {
			fmt.Fprintf(o.ErrOut, "%d more warnings are in the Results: .status.validity.warnings\n", len(warnings)-most)
			return
		}
		fmt.Fprintln(o.ErrOut, "Warning: "+printer.Escape(w))
	}
}
