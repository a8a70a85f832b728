package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// without takes the CPU of the nodes from those of the runs that say so.
func without(of ...int) func(int, *document.Result) {
	return func(i int, r *document.Result) {
		if slices.Contains(of, i) {
			r.Status.Resources.Nodes = nil
		}
	}
}

// A run without a figure does not count there, and everywhere else; with more than one
// in five without it, or too few left, the metric is left out.
func TestRunsWithoutAFigure(t *testing.T) {
	c := compared(t, results(10, 0, nil), results(10, 10, without(2, 7)), Options{})
	m := find(t, c, "cpu.node")
	if m.Verdict != document.Worse || len(m.A.Values) != 10 || len(m.B.Values) != 8 || len(c.B.Runs) != 10 || len(find(t, c, "cpu.application").B.Values) != 10 {
		t.Errorf("%+v", m)
	}
	if want := []document.LeftOutRun{{RunID: "10-2", Reason: "no node's CPU was read"}, {RunID: "10-7", Reason: "no node's CPU was read"}}; !slices.Equal(m.LeftOut, want) {
		t.Errorf("left out %+v", m.LeftOut)
	}
	for name, c := range map[string]*document.Comparison{
		"3 of 20 runs have none: no node's CPU": compared(t, results(10, 0, nil), results(10, 10, without(2, 7, 8)), Options{}),
		"1 of 12 runs have none: no node's CPU": compared(t, results(6, 0, nil), results(6, 10, without(2)), Options{}),
	} {
		if got := leftOut(c)["cpu.node"]; !strings.HasPrefix(got, name) || c.Verdict == document.TooFew {
			t.Errorf("%q, want %q; %s", got, name, c.Verdict)
		}
	}
}

// In pairs, the run beside one without a figure does not count either.
func TestPairsWithoutAFigure(t *testing.T) {
	bench := func(of ...int) func(int, *document.Result) {
		return func(i int, r *document.Result) { inBench(i, r); without(of...)(i, r) }
	}
	m := find(t, compared(t, results(12, 0, bench(3)), results(12, 10, bench(5)), Options{}), "cpu.node")
	if m.Verdict != document.Worse || len(m.A.Values) != 10 || len(m.B.Values) != 10 || len(m.LeftOut) != 4 {
		t.Fatalf("%+v", m)
	}
	var said []string
	for _, l := range m.LeftOut {
		said = append(said, l.RunID+": "+l.Reason)
	}
	if want := []string{"0-3: no node's CPU was read", "0-5: the run beside it has no such figure", "10-3: the run beside it has no such figure", "10-5: no node's CPU was read"}; !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}

// Of 15 metrics in several comparisons made together, less is said with the same runs.
func TestComparisonsMadeTogether(t *testing.T) {
	alone := compared(t, results(6, 0, nil), results(6, 50, nil), Options{})
	together := compared(t, results(7, 0, nil), results(7, 50, nil), Options{Family: 3})
	if alone.Comparisons != 0 || together.Comparisons != 3 || together.Verdict != document.Worse {
		t.Errorf("%+v", together)
	}
	// Holm's factor of the smallest of 15, times 3.
	if m := find(t, together, "cpu.node"); *m.PAdjusted < 44*(*m.P) || *m.PAdjusted > 46*(*m.P) {
		t.Errorf("p %v, adjusted %v", *m.P, *m.PAdjusted)
	}
	c := compared(t, results(6, 0, nil), results(6, 50, nil), Options{Family: 3})
	if c.Verdict != document.TooFew || c.Reason != "6 runs a side can show nothing about 15 metrics in 3 comparisons made together: at least 7 runs a side are needed" {
		t.Errorf("%s: %s", c.Verdict, c.Reason)
	}
	for _, m := range compared(t, results(8, 0, nil), results(8, 0, func(_ int, r *document.Result) { r.Metadata.RunID = "b" + r.Metadata.RunID }), Options{Family: 100}).Metrics {
		if *m.PAdjusted > 1 {
			t.Errorf("%s: p %v", m.Name, *m.PAdjusted)
		}
	}
}

// The range of 6 pairs holds their median with 96.9 %, so that an interval of 99 % needs
// 8 of them.
func TestPairsForTheConfidence(t *testing.T) {
	for confidence, want := range map[float64]int{0.5: 2, 0.9: 5, 0.95: 6, 0.99: 8, 0.999: 11} {
		if got := leastPairs(confidence); got != want {
			t.Errorf("%v: %d pairs, want %d", confidence, got, want)
		}
	}
	o := Options{Confidence: 0.99, Metrics: []string{"cpu.node"}}
	for n, has := range map[int]bool{7: false, 8: true} {
		if m := compared(t, results(n, 0, inBench), results(n, 10, inBench), o).Metrics[0]; (m.Difference != nil) != has || (m.Verdict == document.TooFew) == has {
			t.Errorf("%d pairs: %+v", n, m)
		}
	}
}
