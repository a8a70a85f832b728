package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type archiveVerifyOptions struct {
	*factory
	archive archiveFlags
	print   printer.Flags
	repair  bool
}

func newArchiveVerifyCommand(f *factory) *cobra.Command {
	o := &archiveVerifyOptions{factory: f}
	c := &cobra.Command{
		Use:   "verify",
		Short: "Read all of the archive, and say what is not as it was put there",
		Long: `Read all of the archive, and say what is not as it was put there.

Every Result is held against the sha256 in its manifest and against its row in
the index. With --repair, manifests and rows that are missing are put back where
the Result is there, and objects of the index that cannot be read are taken
away; no Result is ever removed or changed. Exit code 1 if there is anything
that was not repaired.`,
		Example: examples(`  # Is all there, and as it was?`, `  %[1]s archive verify`, ``,
			`  # Complete what was interrupted when it was archived`, `  %[1]s archive verify --repair`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.print.NoNames(); err != nil {
				return err
			}
			if err := o.print.Validate(); err != nil {
				return err
			}
			left := "nothing was changed"
			if o.repair {
				left = "what is repaired stays so, and no Result was removed"
			}
			return stopped(c.Context(), o.run(c.Context()), left)
		},
	}
	c.Flags().BoolVar(&o.repair, "repair", false, "Put back manifests and rows that are missing")
	o.archive.AddFlags(c.Flags())
	o.print.AddFlags(c.Flags())
	return c
}

// verifyReport is what archive verify prints for a program.
type verifyReport struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Archive    string `json:"archive"`
	archive.Verified
}

func (o *archiveVerifyOptions) run(ctx context.Context) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	// Thousands of runs take their time: say now and then how far it is.
	last := time.Now()
	v, verifyErr := a.Verify(ctx, o.repair, func(v archive.Verified) {
		if now := time.Now(); now.Sub(last) >= 10*time.Second {
			last = now
			fmt.Fprintf(o.ErrOut, "%s runs, %s, %d findings so far\n", printer.Count(int64(v.Runs)), printer.Bytes(v.Bytes), len(v.Findings))
		}
	})
	if verifyErr != nil && len(v.Findings) == 0 {
		return verifyErr
	}
	open := 0
	for _, f := range v.Findings {
		if !f.Repaired {
			open++
		}
	}
	report := verifyReport{APIVersion: document.APIVersion, Kind: "ArchiveReport", Archive: a.String(), Verified: v}
	err = o.print.Print(o.Out, report, func(w io.Writer) error {
		for _, f := range v.Findings {
			line := f.Problem
			if f.RunID != "" {
				line = resultName(f.RunID) + ": " + line
			}
			if f.Repaired {
				line += " (repaired)"
			}
			if _, err := fmt.Fprintln(w, printer.Escape(line)); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "%s runs with %s in %s: %d findings, %d repaired\n",
			printer.Count(int64(v.Runs)), printer.Bytes(v.Bytes), a, len(v.Findings), len(v.Findings)-open)
		return err
	})
	if verifyErr != nil {
		return errors.Join(verifyErr, err)
	}
	if err == nil && open > 0 {
		return fmt.Errorf("%d of the findings in %s are open: what is printed says what to do", open, a)
	}
	return err
}
