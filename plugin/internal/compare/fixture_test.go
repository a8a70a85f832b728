package compare

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// results are n runs without histograms, each changed by change where that is given.
func results(n int, shift float64, change func(i int, r *document.Result)) []*document.Result {
	runs := synthetic.Runs{Noise: synthetic.Noises[0], Random: rand.New(rand.NewPCG(uint64(n), uint64(shift)+7)), Shift: shift, Bare: true}
	var all []*document.Result
	for i := range n {
		r := runs.Result(0)
		r.Metadata.RunID = fmt.Sprintf("%v-%d", shift, i)
		if change != nil {
			change(i, r)
		}
		all = append(all, r)
	}
	return all
}

func group(name string, all []*document.Result) *Group {
	g := &Group{Name: name}
	for _, r := range all {
		g.Add(r)
	}
	return g
}

func compared(t *testing.T, a, b []*document.Result, o Options) *document.Comparison {
	t.Helper()
	c, err := Compare(group("a", a), group("b", b), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func find(t *testing.T, c *document.Comparison, name string) document.MetricComparison {
	t.Helper()
	for _, m := range c.Metrics {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("there is no metric %s, left out: %+v", name, c.LeftOut)
	return document.MetricComparison{}
}

func leftOut(c *document.Comparison) map[string]string {
	all := map[string]string{}
	for _, l := range c.LeftOut {
		all[l.Name] = l.Reason
	}
	return all
}
