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

// keeping opens the archive, and finds out whether Results can be kept there.
func (f *archiveFlags) keeping(ctx context.Context, contextName string) (keeping, error) {
	a, err := f.Open(ctx, contextName)
	if err != nil {
		return keeping{}, err
	}
	if err := a.Check(ctx); err != nil {
		return keeping{}, err
	}
	box, err := outbox()
	return keeping{a, box}, err
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

// kept is a Result that is on disk or in the archive.
type kept struct {
	result *document.Result
	raw    []byte
	url    string
}

// keep archives the Result of a run that has ended, and lets the agents forget
// it. A Result that waits for the archive is kept; one that is nowhere is printed.
func keep(ctx context.Context, f *factory, k keeping, ended *session.Ended) (*kept, error) {
	raw, err := document.Marshal(ended.Result)
	if err != nil {
		return nil, err
	}
	url, safe, err := keepRaw(ctx, f, k, raw, func() error { return ended.Acknowledge(context.WithoutCancel(ctx)) })
	if safe && err != nil {
		fmt.Fprintln(f.ErrOut, "Warning: "+printer.Escape(err.Error()))
		err = nil
	}
	if lost(safe, err) {
		err = errors.Join(err, printRaw(f, raw))
	}
	return &kept{result: ended.Result, raw: raw, url: url}, err
}

// keepRaw archives a Result. safe tells that it is in the archive, or on disk and
// waits for the archive, which is then the error. acknowledge is called when it
// is safe; its own error is told and changes nothing.
func keepRaw(ctx context.Context, f *factory, k keeping, raw []byte, acknowledge func() error) (url string, safe bool, err error) {
	// An interrupt stopped the load, not the keeping of what it brought.
	keepCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	url, err = archive.Keep(keepCtx, k.archive, k.outbox, raw)
	var waiting *archive.NotArchived
	if safe = err == nil || errors.As(err, &waiting); safe {
		if err := acknowledge(); err != nil {
			fmt.Fprintln(f.ErrOut, "Warning: "+printer.Escape(err.Error()))
		}
	}
	return url, safe, err
}

// keepAndPrintRaw archives a Result, prints it, and turns what it says into an
// exit code.
func keepAndPrintRaw(ctx context.Context, f *factory, print *printer.Flags, k keeping, r *document.Result, raw []byte, acknowledge func() error) error {
	url, safe, keepErr := keepRaw(ctx, f, k, raw, acknowledge)
	if lost(safe, keepErr) && print.Output != "json" && print.Output != "yaml" {
		return errors.Join(keepErr, printRaw(f, raw))
	}
	err := printKept(f, print, &kept{result: r, raw: raw, url: url})
	if err != nil || keepErr != nil {
		return errors.Join(keepErr, err)
	}
	return verdict(ctx, r)
}

// lost tells that nobody else has a Result that could not be kept.
func lost(safe bool, err error) bool {
	return !safe && err != nil && !errors.Is(err, archive.ErrConflict)
}

// printRaw writes a Result that is lost to standard output, the last place left.
func printRaw(f *factory, raw []byte) error {
	_, err := f.Out.Write(raw)
	return err
}

func printKept(f *factory, print *printer.Flags, k *kept) error {
	return print.Print(f.Out, printer.Document{Raw: k.raw, Name: "result/" + k.result.Metadata.RunID}, func(w io.Writer) error {
		return summary.Write(w, k.result, k.url)
	})
}

const keepTimeout = 2 * time.Minute

// verdict is the exit code a Result stands for. The reasons are in what was
// printed; with -o json they would be missed, so they are repeated in short. A
// run that its own Test ended is invalid, as it is not whole; where that is all
// that speaks against it, what the Test watched for has its own exit code.
func verdict(ctx context.Context, r *document.Result) error {
	s := r.Status
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return exit.With(exit.Interrupted, errors.New("interrupted; what was measured until then was kept"))
	case s.Aborted != "" && len(s.Validity.Reasons) == 1:
		return exit.With(exit.Thresholds, fmt.Errorf("the run was ended early: %s", s.Aborted))
	case s.Phase != document.Succeeded:
		return exit.With(exit.Invalid, fmt.Errorf("the run is %s: %s", strings.ToLower(string(s.Phase)), strings.Join(s.Validity.Reasons, "; ")))
	case !s.Validity.Valid:
		return exit.With(exit.Invalid, fmt.Errorf("the run is invalid: %s", strings.Join(s.Validity.Reasons, "; ")))
	}
	var failed []string
	for _, t := range s.Thresholds {
		if !t.Passed {
			failed = append(failed, t.Expression)
		}
	}
	if len(failed) > 0 {
		return exit.With(exit.Thresholds, fmt.Errorf("thresholds failed: %s", strings.Join(failed, "; ")))
	}
	return nil
}
