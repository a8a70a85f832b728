package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type resultsGetOptions struct {
	*factory
	archive archiveFlags
	print   printer.Flags
}

func newResultsGetCommand(f *factory) *cobra.Command {
	o := &resultsGetOptions{factory: f, print: printer.Flags{Output: "json"}}
	c := &cobra.Command{
		Use:   "get RUN",
		Short: "Print a Result from the archive",
		Long: `Print a Result from the archive: by default its JSON, byte for byte as it was
archived, after it was checked against the sha256 in its manifest.`,
		Example: examples(`  # The whole Result`, `  %[1]s results get 0193a1c4-7c1e > result.json`, ``,
			`  # One number of it`, `  %[1]s results get 0193a1c4-7c1e -o jsonpath={.status.rate.achieved}`, ``,
			`  # Its line of the list`, `  %[1]s results get 0193a1c4-7c1e -o wide`),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRuns(f, &o.archive, false),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.print.Validate(); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context(), args[0]), "nothing was changed")
		},
	}
	o.archive.AddFlags(c.Flags())
	o.print.AddFlags(c.Flags())
	return c
}

func (o *resultsGetOptions) run(ctx context.Context, id string) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	raw, err := a.Get(ctx, id)
	if err != nil {
		return err
	}
	// Only the id is read here, so that a Result of a later version prints too.
	var r struct{ Metadata struct{ RunID string } }
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read the Result of run %q: %w", id, err)
	}
	return o.print.Print(o.Out, printer.Document{Raw: raw, Name: resultName(r.Metadata.RunID)}, func(w io.Writer) error {
		e, err := archive.EntryOf(raw)
		if err != nil {
			return err
		}
		if o.print.Wide() {
			return wideTable([]archive.Entry{*e}).Write(w)
		}
		return narrowTable([]archive.Entry{*e}, time.Now()).Write(w)
	})
}
