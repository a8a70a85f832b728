package cmd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/imports"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// begin gives the bench its id and seed, new ones or those of one to be resumed,
// of which it finds the runs that there are.
func (r *benchRunner) begin(ctx context.Context, resume string) error {
	if resume == "" {
		return r.fresh()
	}
	r.resumed = true
	if resume != newest && !r.isOfPlan(resume) {
		return exit.Usagef("bench %q is not of this plan, whose benches begin with %s-: its Tests, variants or hooks are others now, or it ran elsewhere; start a new one without --resume", resume, r.bench.Digest)
	}
	kept, err := r.keptRuns(ctx, resume)
	if err != nil {
		return err
	}
	held := r.heldRuns(ctx)
	if r.id = resume; resume == newest {
		r.id = newestBench(kept, held)
	}
	all := ofBench(kept, r.id)
	lost := slices.DeleteFunc(ofBench(held, r.id), func(one benchRun) bool { return slices.ContainsFunc(all, one.same) })
	if len(all)+len(lost) == 0 {
		return errors.New("there is no run of such a bench of this plan in the archive, in the outbox or on agents: start one without --resume")
	}
	r.seed, _ = strconv.ParseUint(slices.Concat(all, lost)[0].labels[plan.LabelSeed], 10, 64)
	if r.seed == 0 {
		return fmt.Errorf("run %q of bench %q has no label %q with the seed: start a new bench", slices.Concat(all, lost)[0].id, r.id, plan.LabelSeed)
	}
	if r.bench.Seed != 0 && r.bench.Seed != r.seed {
		fmt.Fprintf(r.ErrOut, "Warning: the bench began with seed %d, and goes on with it; the plan's is %d\n", r.seed, r.bench.Seed)
	}
	for _, one := range all {
		ran, err := one.ran(ctx)
		if err != nil {
			return err
		}
		r.before = append(r.before, ran)
	}
	return r.fetchLost(ctx, lost)
}

func (r *benchRunner) fresh() error {
	var random [7]byte
	_, _ = rand.Read(random[:]) // it never fails
	r.id = r.bench.Digest + "-" + hex.EncodeToString(random[:3])
	if r.seed = r.bench.Seed; r.seed == 0 {
		// Small enough to be typed, and never 0.
		r.seed = 1 + uint64(random[3]) | uint64(random[4])<<8 | uint64(random[5])<<16 | uint64(random[6]&0x7f)<<24
	}
	return nil
}

func (r *benchRunner) isOfPlan(id string) bool { return strings.HasPrefix(id, r.bench.Digest+"-") }

// isOwn tells that a run is of a bench of the plan, and not a copy of one that was
// exported and imported again, which has its labels but is the same measurement.
func (r *benchRunner) isOwn(labels map[string]string) bool {
	_, imported := labels[imports.LabelFrom]
	_, again := labels[imports.LabelRun]
	return !imported && !again && r.isOfPlan(labels[plan.LabelBench])
}

// benchRun is a run of a bench, wherever it is.
type benchRun struct {
	id     string
	labels map[string]string
	// ran reads what has become of it; nil where only agents have it, who are at.
	ran func(context.Context) (bench.Ran, error)
	at  *agentsAt
}

func (b benchRun) same(other benchRun) bool { return b.id == other.id }

func ofBench(runs []benchRun, id string) []benchRun {
	return slices.DeleteFunc(slices.Clone(runs), func(b benchRun) bool { return b.labels[plan.LabelBench] != id })
}

// newestBench is the bench of the newest run.
func newestBench(lists ...[]benchRun) string {
	var last benchRun
	for _, b := range slices.Concat(lists...) {
		if b.id > last.id { // ids sort by time
			last = b
		}
	}
	return last.labels[plan.LabelBench]
}

// keptRuns are those of a bench, or of all benches of the plan, that are in the
// archive or wait for it.
func (r *benchRunner) keptRuns(ctx context.Context, id string) ([]benchRun, error) {
	labels := map[string]string{plan.LabelPlan: r.bench.Name}
	if id != newest {
		labels[plan.LabelBench] = id
	}
	entries, err := r.keeping.archive.List(ctx, archive.Filter{Labels: labels})
	if err != nil {
		return nil, err
	}
	var runs []benchRun
	for _, e := range entries {
		if !r.isOwn(e.Labels) {
			continue
		}
		runs = append(runs, benchRun{id: e.RunID, labels: e.Labels, ran: func(ctx context.Context) (bench.Ran, error) {
			if e.Valid && e.Phase == document.Succeeded {
				slot, attempt, _ := plan.SlotOf(e.Labels)
				return bench.Ran{Slot: slot, Attempt: attempt, RunID: e.RunID, Valid: true}, nil
			}
			raw, err := r.keeping.archive.Get(ctx, e.RunID) // the index does not say why
			if err != nil {
				return bench.Ran{}, err
			}
			return ranOfRaw(raw)
		}})
	}
	waiting, err := r.waitingRuns()
	return append(runs, slices.DeleteFunc(waiting, func(one benchRun) bool { return slices.ContainsFunc(runs, one.same) })...), err
}

// waitingRuns are those of the plan in the outbox.
func (r *benchRunner) waitingRuns() ([]benchRun, error) {
	waiting, err := r.keeping.outbox.List()
	if err != nil {
		return nil, err
	}
	var runs []benchRun
	for _, w := range waiting {
		raw, err := os.ReadFile(w.Path)
		if errors.Is(err, os.ErrNotExist) {
			continue // delivered meanwhile
		}
		if err != nil {
			return nil, err
		}
		e, err := archive.EntryOf(raw)
		if err != nil {
			return nil, err
		}
		if r.isOwn(e.Labels) {
			runs = append(runs, benchRun{id: e.RunID, labels: e.Labels, ran: func(context.Context) (bench.Ran, error) { return ranOfRaw(raw) }})
		}
	}
	return runs, nil
}

func ranOfRaw(raw []byte) (bench.Ran, error) {
	result := &document.Result{}
	if err := json.Unmarshal(raw, result); err != nil {
		return bench.Ran{}, err
	}
	return ranOf(result), nil
}

// fetchLost takes up the runs that lost their terminal: those under way are
// followed to their end.
func (r *benchRunner) fetchLost(ctx context.Context, lost []benchRun) error {
	for _, one := range lost {
		fmt.Fprintf(r.ErrOut, "the agents have run %s of this bench: it is taken up\n", one.id)
		ended, err := r.fetch(ctx, one.at.cluster, one.at.members, one.id, showProgress)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintln(r.ErrOut, "Warning: "+printer.Line(explained(err).Error()))
			continue
		}
		ran, err := r.keep(ctx, ended)
		_ = ended.Close()
		if err != nil {
			return err
		}
		r.before = append(r.before, ran)
	}
	return nil
}
