package compare

import (
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// figures are a metric's, of the runs of both sides that have it.
type figures struct {
	metric metric
	values [2][]float64
	// leftOut are runs that count for other metrics; missing says the same in short.
	leftOut []document.LeftOutRun
	missing string
}

// figures of all metrics that are wanted, and which of them could not be compared.
func (t *trial) figures() (all []figures, leftOut []document.LeftOutMetric) {
	leave := func(name, reason string) {
		leftOut = append(leftOut, document.LeftOutMetric{Name: name, Reason: reason})
	}
	for _, m := range metrics {
		if !t.o.wants(m.name) {
			continue
		}
		f, reason := t.s.figures(m)
		if reason != "" {
			leave(m.name, reason)
			continue
		}
		all = append(all, f)
	}
	// Where the other metrics have enough runs for a verdict, and this one has not for
	// some have no such figure, it does not speak for the whole.
	family := len(all) * t.o.Family
	enough := t.size(len(t.s.a.runs), len(t.s.b.runs)).short(family) == 0
	kept := all[:0]
	for _, f := range all {
		if f.missing != "" && enough && t.size(len(f.values[0]), len(f.values[1])).short(family) > 0 {
			leave(f.metric.name, f.missing)
			continue
		}
		kept = append(kept, f)
	}
	return kept, leftOut
}

// maxMissing is the share of a side's runs that may be without a figure that the others
// are compared by: one in so many. With more, what is there may be a choice.
const maxMissing = 5

// figures of one metric, or the reason why there are none. In pairs, runs that belong
// together are both there, or none.
func (s *sides) figures(m metric) (figures, string) {
	f := figures{metric: m}
	var why string
	without, present := 0, false
	lost := [2][]bool{make([]bool, len(s.a.runs)), make([]bool, len(s.b.runs))}
	both := [2][]*run{s.a.runs, s.b.runs}
	for side, runs := range both {
		for i, r := range runs {
			if v, ok := r.figures[m.name]; ok {
				present = present || v != 0
				continue
			}
			without++
			if why == "" {
				why = r.absent[m.name]
			}
			if lost[side][i] = true; s.paired {
				lost[1-side][i] = true
			}
		}
	}
	if without > 0 {
		f.missing = fmt.Sprintf("%d of %d runs have none: %s", without, len(s.a.runs)+len(s.b.runs), why)
	}
	few := true
	for side, runs := range both {
		gone := 0
		for i, r := range runs {
			v, ok := r.figures[m.name]
			switch {
			case !lost[side][i]:
				f.values[side] = append(f.values[side], v)
				continue
			case ok:
				f.leftOut = append(f.leftOut, document.LeftOutRun{RunID: r.id, Reason: "the run beside it has no such figure"})
			default:
				f.leftOut = append(f.leftOut, document.LeftOutRun{RunID: r.id, Reason: r.absent[m.name]})
			}
			gone++
		}
		few = few && gone*maxMissing <= len(runs)
	}
	switch {
	case without == len(s.a.runs)+len(s.b.runs):
		return f, why
	case !few:
		return f, f.missing
	case !present && optional(m.name):
		return f, "no run has any such container"
	}
	return f, ""
}
