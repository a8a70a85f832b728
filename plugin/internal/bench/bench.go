// Package bench runs the runs of a Plan in their order: hooks, pauses, attempts,
// and what an earlier bench left undone. It does not know how a Test is run or
// where its Result is kept.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// Runner runs a Test and keeps its Result. Its error ends the bench, unless it is a
// *NotStarted.
type Runner interface {
	Run(ctx context.Context, j Job) (Ran, error)
}

// NotStarted is the error of a run without any load.
type NotStarted struct{ Err error }

func (e *NotStarted) Error() string { return e.Err.Error() }

func (e *NotStarted) Unwrap() error { return e.Err }

// Job is a run to be run.
type Job struct {
	Slot    plan.Slot
	Attempt int
	// Test has all its labels; Namespace is that of its agents.
	Test      document.Test
	Namespace string
	// Number is the place of the run among Of, both with those that there were
	// before; Left is about how long it takes from here to the end, 0 where nobody
	// knows.
	Number, Of int
	Left       time.Duration
}

// Ran is a run that has a Result.
type Ran struct {
	plan.Slot
	Attempt int    `json:"attempt"`
	RunID   string `json:"runID"`
	Valid   bool   `json:"valid"`
	// Cut marks a run that somebody interrupted: it is no attempt.
	Cut bool `json:"cut,omitempty"`
	// Target marks a run that is not valid for what its target did. It is not run again:
	// runs that are tried until they are good say nothing of a target that is not.
	Target bool `json:"target,omitempty"`
	// Reason is why it is not valid.
	Reason string `json:"reason,omitempty"`
}

// Missing is a slot without a valid run.
type Missing struct {
	plan.Slot
	Reason string `json:"reason,omitempty"`
}

// Config of a bench.
type Config struct {
	Bench *plan.Bench
	// ID and Seed are those of the bench, which may have begun before.
	ID   string
	Seed uint64
	// Before are the runs that there are.
	Before []Ran
	Runner Runner
	Hooks  Hooks
	// Patience is how long a run is waited for that cannot be started, for agents are
	// busy or not ready; a tenth of it before anything has run, when somebody looks on.
	Patience time.Duration
	// Warn is told what does not end the bench.
	Warn func(error)
}

// DefaultPatience is longer than a rollout of the agents, or a run of somebody else.
const DefaultPatience = 5 * time.Minute

// Outcome is what there is when a bench ends.
type Outcome struct {
	// Runs are all there are, with those from before.
	Runs    []Ran
	Missing []Missing
	// Complete tells that no attempt is left for any slot. An error is then that of
	// teardown.
	Complete bool
}

// HookError is the error of a hook.
type HookError struct {
	Variant, Hook string
	Err           error
}

func (e *HookError) Error() string {
	return fmt.Sprintf("%s of variant %q: %v", e.Hook, e.Variant, e.Err)
}

func (e *HookError) Unwrap() error { return e.Err }

// Execute runs what is missing. The Outcome is there with any error: that of the
// context, a *HookError, a *NotStarted that patience did not help against, or that
// of the Runner. However it ends, variants that were set up are torn down.
func (c Config) Execute(ctx context.Context) (out Outcome, err error) {
	e := &execution{Config: c, order: c.Bench.Order(c.Seed), runs: slices.Clone(c.Before), lengths: map[string]*length{}}
	defer func() {
		torn := e.tearDown(context.WithoutCancel(ctx)) // an interrupt before does not keep it from that
		if err == nil {
			err = torn
		} else if torn != nil {
			e.Warn(torn)
		}
		out.Runs, out.Missing = e.runs, Left(e.order, e.runs)
	}()
	for _, slot := range e.order {
		if err := e.fill(ctx, slot); err != nil {
			return out, err
		}
	}
	out.Complete = true
	return out, nil
}

type execution struct {
	Config
	order []plan.Slot
	runs  []Ran
	// begun are the variants of the plan that were set up, previous that of the run
	// before.
	begun    []string
	previous string
	// busy tells that something happened which targets settle after.
	busy    bool
	lengths map[string]*length
}

// fill runs a slot until it has a valid run or no attempt is left.
func (e *execution) fill(ctx context.Context, slot plan.Slot) error {
	var wait *waiting
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		settled, attempts := standing(slot, e.runs)
		if settled || attempts > e.Bench.Retries {
			return nil
		}
		began := time.Now()
		if err := e.prepare(ctx, slot); err != nil {
			return err
		}
		ran, err := e.Runner.Run(ctx, e.job(slot, attempts+1))
		var notStarted *NotStarted
		if errors.As(err, &notStarted) && ctx.Err() == nil {
			e.busy = true
			if wait == nil {
				if wait = e.waiting(e.Bench.Variant(slot.Variant)); wait == nil {
					return err
				}
				e.Warn(fmt.Errorf("block %d, test %q, variant %q could not be started and is tried again for %s: %w", slot.Block, slot.Test, slot.Variant, wait.patience, err))
			}
			if !wait.on(ctx) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		wait = nil
		e.runs, e.busy = append(e.runs, ran), true
		if !ran.Cut {
			e.learn(slot.Test, time.Since(began))
		}
	}
}

// prepare puts the slot's variant in its place, and waits for it to settle.
func (e *execution) prepare(ctx context.Context, slot plan.Slot) error {
	v := e.Bench.Variant(slot.Variant)
	if !slices.Contains(e.begun, v.Of) {
		e.begun = append(e.begun, v.Of)
		if err := e.hooks(ctx, v, "setup", v.Setup, slot); err != nil {
			return err
		}
	}
	if e.previous != v.Name {
		e.previous = v.Name
		if err := e.hooks(ctx, v, "switch", v.Switch, slot); err != nil {
			return err
		}
	}
	if !e.busy {
		return nil
	}
	e.busy = false
	select {
	case <-time.After(e.Bench.Pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *execution) hooks(ctx context.Context, v *plan.Resolved, kind string, hooks []plan.Hook, slot plan.Slot) error {
	for i, h := range hooks {
		e.busy = true
		name := kind
		if len(hooks) > 1 {
			name = fmt.Sprintf("%s %d", kind, i+1)
		}
		if err := e.Hooks.run(ctx, h, v.Of+" "+name, environment(e.ID, v, slot)); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &HookError{Variant: v.Of, Hook: name, Err: err}
		}
	}
	return nil
}

// tearDown undoes what was set up, the last first, and as much of it as can be.
func (e *execution) tearDown(ctx context.Context) error {
	var errs []error
	for _, of := range slices.Backward(e.begun) {
		v := e.Bench.Variant(of)
		for i := range v.Teardown {
			errs = append(errs, e.hooks(ctx, v, "teardown", v.Teardown[i:i+1], plan.Slot{}))
		}
	}
	return errors.Join(errs...)
}

// job is the next run, with where the bench stands.
func (e *execution) job(slot plan.Slot, attempt int) Job {
	j := Job{Slot: slot, Attempt: attempt, Test: e.Bench.Test(slot, e.ID, e.Seed, attempt),
		Namespace: e.Bench.Variant(slot.Variant).Namespace, Of: len(e.order)}
	j.Number = slices.Index(e.order, slot) + 1
	for _, due := range Due(e.order, e.runs, e.Bench.Retries) {
		j.Left += e.expected(due.Test)
	}
	return j
}
