package cmd

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

// benchRunner runs the runs of a bench. It implements bench.Runner.
type benchRunner struct {
	*runner
	bench  *plan.Bench
	id     string
	seed   uint64
	before []bench.Ran
	// resumed tells that the bench began before.
	resumed bool
	// reading are the flags with which other commands read the archive.
	reading string
	groups  benchGroups
}

// Run runs one run, keeps its Result, and tells in a line what came of it.
func (r *benchRunner) Run(ctx context.Context, j bench.Job) (bench.Ran, error) {
	if err := r.reach(ctx, j.Namespace, &j.Test); err != nil {
		return bench.Ran{}, &bench.NotStarted{Err: err}
	}
	ended, err := r.once(ctx, &j.Test, func(out io.Writer, s session.Start) func() {
		if terminal(out) == nil {
			return func() {} // a line a run, when it has ended
		}
		return follow(out, s, r.where(j))
	})
	if err != nil {
		return bench.Ran{}, &bench.NotStarted{Err: err}
	}
	defer ended.Close()
	ran, err := r.keep(ctx, ended)
	if err == nil {
		ran.Cut = ran.Cut && ctx.Err() != nil // others can stop a run too
		r.groups.add(ran, ended.Result)
		fmt.Fprintln(r.ErrOut, r.line(j.Number, j.Of, ran, ended.Result))
	}
	return ran, err
}

// keep keeps the Result of one of the bench's runs.
func (r *benchRunner) keep(ctx context.Context, ended *session.Ended) (bench.Ran, error) {
	if _, err := keep(ctx, r.factory, r.keeping, ended); err != nil {
		return bench.Ran{}, err
	}
	return ranOf(ended.Result), nil
}

// ranOf is what a bench needs to know of a Result.
func ranOf(r *document.Result) bench.Ran {
	slot, attempt, _ := plan.SlotOf(r.Metadata.Labels)
	s := &r.Status
	ran := bench.Ran{Slot: slot, Attempt: attempt, RunID: r.Metadata.RunID,
		Valid: s.Validity.Valid && s.Phase == document.Succeeded,
		Cut:   s.Phase == document.Cancelled && s.Aborted == ""}
	ran.Target = !ran.Valid && !ran.Cut && compare.BrokenByTarget(r)
	switch {
	case ran.Valid:
	case len(s.Validity.Reasons) > 0:
		ran.Reason = strings.Join(s.Validity.Reasons, "; ")
	default:
		ran.Reason = "the run is " + strings.ToLower(string(s.Phase))
	}
	return ran
}

// where says where the bench stands.
func (r *benchRunner) where(j bench.Job) string {
	s := fmt.Sprintf("block %d/%d  %s  %s  %d of %d", j.Slot.Block, r.bench.Repetitions, j.Slot.Variant, j.Slot.Test, j.Number, j.Of)
	if j.Left > 0 {
		s += ", about " + about(j.Left) + " left"
	}
	return s
}

// line is a run in one line of at most 80 characters.
func (r *benchRunner) line(number, of int, ran bench.Ran, result *document.Result) string {
	width := len(strconv.Itoa(of))
	line := fmt.Sprintf("%*d of %d  block %d  %s  %s", width, number, of, ran.Block, ran.Variant, ran.Test)
	if ran.Attempt > 1 {
		line += fmt.Sprintf("  attempt %d", ran.Attempt)
	}
	l, name := result.Status.Latency.ResponseTime, "response"
	if l == nil {
		l, name = result.Status.Latency.ServiceTime, "service"
	}
	switch {
	case ran.Cut:
		line += "  interrupted, does not count"
	case !ran.Valid:
		line += "  invalid: " + ran.Reason
	case l != nil:
		line += "  " + name + " p50 " + printer.LatencyOf(l.P50) + "  p99 " + printer.LatencyOf(l.P99)
	}
	for _, t := range result.Status.Thresholds {
		if ran.Valid && !t.Passed {
			line += "  failed: " + t.Expression
		}
	}
	if line = printer.Escape(line); utf8.RuneCountInString(line) > printer.DefaultWidth {
		line = string([]rune(line)[:printer.DefaultWidth-1]) + "…"
	}
	return line
}

// about is a time that nobody knows to the second: "40 s", "34 min", "5 h 20 min".
func about(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case d < time.Second:
		return "1 s"
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case minutes < 90:
		return fmt.Sprintf("%d min", minutes)
	case minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}
