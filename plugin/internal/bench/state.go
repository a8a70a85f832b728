package bench

import (
	"cmp"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// standing tells whether a slot has a valid run, or one that is invalid for what the
// target did, and how many were no valid ones.
func standing(slot plan.Slot, runs []Ran) (settled bool, invalid int) {
	for _, r := range runs {
		switch {
		case r.Slot != slot || r.Cut:
		case r.Valid:
			settled = true
		default:
			settled = settled || r.Target
			invalid++
		}
	}
	return settled, invalid
}

// Left are the slots that have no valid run, in their order, and why not.
func Left(order []plan.Slot, runs []Ran) []Missing {
	var left []Missing
	for _, slot := range order {
		if slices.ContainsFunc(runs, func(r Ran) bool { return r.Slot == slot && r.Valid && !r.Cut }) {
			continue
		}
		m := Missing{Slot: slot}
		for _, r := range runs {
			if r.Slot == slot && !r.Cut {
				m.Reason = cmp.Or(r.Reason, "the run is not valid")
			}
		}
		left = append(left, m)
	}
	return left
}

// Due are the slots that are still to be run, in their order: those left that have an
// attempt, and were not made invalid by their target.
func Due(order []plan.Slot, runs []Ran, retries int) []plan.Slot {
	var due []plan.Slot
	for _, slot := range order {
		if settled, attempts := standing(slot, runs); !settled && attempts <= retries {
			due = append(due, slot)
		}
	}
	return due
}

// Valid are the runs that count, one for each slot of the order, and in it.
func Valid(order []plan.Slot, runs []Ran) []Ran {
	first := map[plan.Slot]Ran{}
	for _, r := range runs {
		if before, taken := first[r.Slot]; r.Valid && !r.Cut && (!taken || r.RunID < before.RunID) {
			first[r.Slot] = r
		}
	}
	var valid []Ran
	for _, slot := range order {
		if r, ok := first[slot]; ok {
			valid = append(valid, r)
		}
	}
	return valid
}

// length is how long runs of a Test took, with everything that belongs to them.
type length struct {
	n   int
	sum time.Duration
}

func (e *execution) learn(test string, took time.Duration) {
	l := e.lengths[test]
	if l == nil {
		l = &length{}
		e.lengths[test] = l
	}
	l.n++
	l.sum += took
}

// expected is how long a run of a Test takes: as long as those before, or its load
// where there were none.
func (e *execution) expected(test string) time.Duration {
	if l := e.lengths[test]; l != nil {
		return l.sum / time.Duration(l.n)
	}
	return e.Bench.Length(test)
}
