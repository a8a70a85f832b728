package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
)

type archiveCompactOptions struct {
	*factory
	archive archiveFlags
}

func newArchiveCompactCommand(f *factory) *cobra.Command {
	o := &archiveCompactOptions{factory: f}
	c := &cobra.Command{
		Use:   "compact",
		Short: "Merge the rows of the index into as few objects as there can be",
		Long: `Merge the rows of the index into as few objects as there can be.

Rows are merged as runs come in, so there is no need for this but after many
runs were archived by somebody who may not remove objects, or by an earlier
version, whose rows are taken over. Results are never touched. It is safe to
interrupt and to repeat, also while others archive.`,
		Example: examples(`  # Before a SQL engine reads it`, `  %[1]s archive compact --archive s3://perf/team`),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return stopped(c.Context(), o.run(c.Context()), "the months before are merged, and nothing is lost")
		},
	}
	o.archive.AddFlags(c.Flags())
	return c
}

func (o *archiveCompactOptions) run(ctx context.Context) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	done := false
	err = a.Compact(ctx, func(month string, m archive.Merged) {
		if m.TakenOver > 0 {
			done = true
			fmt.Fprintf(o.Out, "%s: %d rows of an earlier version were taken over\n", month, m.TakenOver)
		}
		if m.Before > 0 {
			done = true
			fmt.Fprintf(o.Out, "%s: %d objects became %d, with %d rows\n", month, m.Before, m.After, m.Rows)
		}
	})
	if err == nil && !done {
		_, err = fmt.Fprintf(o.ErrOut, "Nothing is left to merge in %s.\n", a)
	}
	return err
}
