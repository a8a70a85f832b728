package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
)

type archiveSyncOptions struct {
	*factory
	archive archiveFlags
}

func newArchiveSyncCommand(f *factory) *cobra.Command {
	o := &archiveSyncOptions{factory: f}
	c := &cobra.Command{
		Use:   "sync",
		Short: "Deliver the Results that wait in the local outbox",
		Long: `Deliver the Results that wait in the local outbox, because their archive could
not be reached when they were made. Each goes to the archive it was meant for,
or with --archive all go there. What is delivered leaves the outbox; it is safe
to repeat.`,
		Example: examples(`  # Deliver all that waits`, `  %[1]s archive sync`, ``,
			`  # The bucket is gone: deliver to another one`, `  %[1]s archive sync --archive s3://perf-new/team`),
		RunE: func(c *cobra.Command, _ []string) error {
			return stopped(c.Context(), o.run(c.Context()), "what was not delivered still waits")
		},
	}
	o.archive.AddFlags(c.Flags())
	return c
}

func (o *archiveSyncOptions) run(ctx context.Context) error {
	box, err := outbox()
	if err != nil {
		return err
	}
	waiting, err := box.List()
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		_, err := fmt.Fprintln(o.ErrOut, "No results wait to be archived.")
		return err
	}
	var destinations []string
	groups := map[string][]archive.Waiting{}
	for _, w := range waiting {
		if _, known := groups[w.Destination]; !known {
			destinations = append(destinations, w.Destination)
		}
		groups[w.Destination] = append(groups[w.Destination], w)
	}
	var errs []error
	for _, d := range destinations {
		errs = append(errs, o.deliver(ctx, box, d, groups[d]))
	}
	return errors.Join(errs...)
}

// deliver delivers what is meant for one archive. One that does not answer is
// tried once, not once for every Result.
func (o *archiveSyncOptions) deliver(ctx context.Context, box archive.Outbox, destination string, waiting []archive.Waiting) error {
	flags := o.archive
	if flags.values.URL == "" {
		flags.values.URL = destination
	}
	a, err := flags.Open(ctx, o.contextName())
	if err == nil {
		err = a.Check(ctx)
	}
	if err != nil {
		return fmt.Errorf("%d of the results still wait: %w", len(waiting), err)
	}
	var errs []error
	for _, w := range waiting {
		url, err := box.Deliver(ctx, w, a)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s still waits in %s: %w", resultName(w.RunID), w.Path, err))
			continue
		}
		if _, err := fmt.Fprintf(o.Out, "%s archived in %s\n", resultName(w.RunID), url); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}
