package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
	"github.com/meshery/kubectl-meshery/plugin/internal/summary"
)

// keeping is where Results are kept, and where they wait if that fails.
type keeping struct {
	archive *archive.Archive
	outbox  archive.Outbox
}

// find returns a run's Result where it is kept already, nil where it is not.
func (k keeping) find(ctx context.Context, runID string) ([]byte, error) {
	if id, err := uuid.Parse(runID); err != nil || id.String() != runID {
		return nil, nil // not a whole id: the archive would take it for the beginning of one
	}
	raw, err := k.archive.Get(ctx, runID)
	if err == nil || !errors.Is(err, archive.ErrNotFound) {
		return raw, err
	}
	waiting, err := k.outbox.List()
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		if w.RunID == runID {
			return os.ReadFile(w.Path)
		}
	}
	return nil, nil
}

// keepAndPrint does with the Result of a run that has ended what is to be done,
// and lets the agents forget the run when its Result is safe.
func keepAndPrint(ctx context.Context, f *factory, print *printer.Flags, k keeping, ended *session.Ended) error {
	raw, err := document.Marshal(ended.Result)
	if err != nil {
		return err
	}
	return keepAndPrintRaw(ctx, f, print, k, ended.Result, raw, func() error {
		return ended.Acknowledge(context.WithoutCancel(ctx))
	})
}

// keepAndPrintRaw archives a Result, prints it, and turns what it says into an
// exit code. kept is called when the Result is on disk or in the archive; its
// error is told and changes nothing.
func keepAndPrintRaw(ctx context.Context, f *factory, print *printer.Flags, k keeping, r *document.Result, raw []byte, kept func() error) error {
	// An interrupt stopped the load, not the keeping of what it brought.
	keepCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	url, keepErr := archive.Keep(keepCtx, k.archive, k.outbox, raw)
	var waiting *archive.NotArchived
	if keepErr == nil || errors.As(keepErr, &waiting) {
		if err := kept(); err != nil {
			fmt.Fprintln(f.ErrOut, "Warning: "+printer.Escape(err.Error()))
		}
	} else if !errors.Is(keepErr, archive.ErrConflict) && print.Output != "json" && print.Output != "yaml" {
		// Nobody else has it: standard output is the last place left.
		if _, err := f.Out.Write(raw); err != nil {
			keepErr = errors.Join(keepErr, err)
		}
		return keepErr
	}
	err := print.Print(f.Out, printer.Document{Raw: raw, Name: "result/" + r.Metadata.RunID}, func(w io.Writer) error {
		return summary.Write(w, r, url)
	})
	if err != nil || keepErr != nil {
		return errors.Join(keepErr, err)
	}
	return verdict(ctx, r)
}

const keepTimeout = 2 * time.Minute

// verdict is the exit code a Result stands for. The reasons are in what was
// printed; with -o json they would be missed, so they are repeated in short.
func verdict(ctx context.Context, r *document.Result) error {
	s := r.Status
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return exit.With(exit.Interrupted, errors.New("interrupted; what was measured until then was kept"))
	case s.Phase != document.Succeeded:
		return exit.With(exit.Invalid, fmt.Errorf("the run is %s: %s", strings.ToLower(string(s.Phase)), strings.Join(s.Validity.Reasons, "; ")))
	case !s.Validity.Valid:
		return exit.With(exit.Invalid, fmt.Errorf("the run is invalid: %s", strings.Join(s.Validity.Reasons, "; ")))
	}
	return nil
}
