package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// inBench gives runs the labels of a bench, from block 1.
func inBench(i int, r *document.Result) {
	r.Metadata.Labels = map[string]string{"bench": "x", "test": "checkout", "block": fmt.Sprint(i + 1)}
}

func TestRunsOfABenchArePaired(t *testing.T) {
	b := results(9, 1, inBench)
	slices.Reverse(b)
	b = b[:8] // without block 1
	c := compared(t, results(8, 0, inBench), b, Options{})
	if !c.Paired || len(c.A.Runs) != 7 || len(c.A.LeftOut) != 1 || len(c.B.LeftOut) != 1 {
		t.Fatalf("%+v", c)
	}
	for i := range c.A.Runs {
		if c.A.Runs[i].Block != c.B.Runs[i].Block || c.A.Runs[i].RunID[2:] != c.B.Runs[i].RunID[2:] {
			t.Errorf("%+v beside %+v", c.A.Runs[i], c.B.Runs[i])
		}
	}
	if l := c.B.LeftOut[0]; l.RunID != "1-8" || l.Reason != `the other side has no run of block "x/checkout/9" that counts` {
		t.Errorf("%+v", l)
	}
	// A partner that does not count is none.
	a := results(8, 0, inBench)
	a[3].Status.Phase = document.Partial
	if c := compared(t, a, results(8, 1, inBench), Options{}); !c.Paired || len(c.A.Runs) != 7 || len(c.B.LeftOut) != 1 {
		t.Errorf("%+v", c)
	}
	if c := compared(t, results(8, 0, inBench), results(8, 1, inBench), Options{Unpaired: true}); c.Paired || c.A.Runs[0].Block != "" {
		t.Error("paired all the same")
	}
}

func TestRunsInDoubtAreNotPaired(t *testing.T) {
	for name, change := range map[string]func(i int, r *document.Result){
		"without a bench": func(i int, r *document.Result) { delete(r.Metadata.Labels, "bench") },
		"one without": func(i int, r *document.Result) {
			if i == 2 {
				delete(r.Metadata.Labels, "block")
			}
		},
		"other benches": func(_ int, r *document.Result) { r.Metadata.Labels["bench"] = "y" },
		"twice": func(i int, r *document.Result) {
			if i == 2 {
				r.Metadata.Labels["block"] = "1"
			}
		},
	} {
		c := compared(t, results(8, 0, inBench), results(8, 1, func(i int, r *document.Result) { inBench(i, r); change(i, r) }), Options{})
		if c.Paired || len(c.B.Runs) != 8 {
			t.Errorf("%s: paired %v, %d runs", name, c.Paired, len(c.B.Runs))
		}
	}
}

func TestPairsByALabel(t *testing.T) {
	night := func(i int, r *document.Result) {
		if i != 4 {
			r.Metadata.Labels["night"] = fmt.Sprint(i)
		}
	}
	c := compared(t, results(8, 0, night), results(7, 1, night), Options{PairBy: "night"})
	if !c.Paired || len(c.A.Runs) != 6 || c.A.Runs[0].Block != "0" {
		t.Fatalf("%+v", c.A)
	}
	var reasons []string
	for _, l := range c.A.LeftOut {
		reasons = append(reasons, l.Reason)
	}
	if !slices.Equal(reasons, []string{`it has no label "night"`, "the other side has no run with label night=7 that counts"}) {
		t.Errorf("%q", reasons)
	}
	twice := func(_ int, r *document.Result) { r.Metadata.Labels["night"] = "1" }
	_, err := Compare(group("a", results(2, 0, night)), group("b", results(2, 1, twice)), Options{PairBy: "night"})
	if err == nil || !strings.Contains(err.Error(), `runs 1-0 and 1-1 are of one side and both have "1"`) {
		t.Errorf("%v", err)
	}
}
