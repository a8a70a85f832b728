package main

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// How many comparisons are behind a figure.
const (
	ofTheSame = 1000
	ofShifted = 300
)

// verdicts are those of whole comparisons of 15 metrics.
func verdicts() error {
	head(fmt.Sprintf("The same on both sides, 10 runs each, every difference matters: comparisons of %d in which any metric is called better or worse.", ofTheSame), "noise", "apart", "in pairs")
	for k, noise := range synthetic.Noises {
		cells := []string{noise.Name}
		for _, paired := range []bool{false, true} {
			n, err := found(ofTheSame, noise, 10, 0, "", paired, uint64(k))
			if err != nil {
				return err
			}
			cells = append(cells, share(n, ofTheSame))
		}
		row(cells...)
	}
	shifts := []float64{1, 1.5, 2, 2.5, 3, 4}
	columns := []string{"noise"}
	for _, s := range shifts {
		columns = append(columns, fmt.Sprintf("%g", s))
	}
	for _, paired := range []bool{false, true} {
		title := "Power, runs apart"
		if paired {
			title = "Power, in pairs"
		}
		head(title+fmt.Sprintf(", 10 a side: how often a difference in one of 15 metrics is found, by its size; 1 is the unit of the noise. %d comparisons each.", ofShifted), columns...)
		for k, noise := range synthetic.Noises {
			cells := []string{noise.Name}
			for _, s := range shifts {
				n, err := found(ofShifted, noise, 10, s, "rate", paired, uint64(50+k))
				if err != nil {
					return err
				}
				cells = append(cells, share(n, ofShifted))
			}
			row(cells...)
		}
	}
	return nil
}

func share(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of)) }

// found is in how many comparisons a metric that begins with only is better or worse.
func found(comparisons int, noise synthetic.Noise, n int, shift float64, only string, paired bool, seed uint64) (int, error) {
	effects := map[string]compare.Effect{"responseTime": {}, "serviceTime": {}, "rate": {}, "errors": {}, "cpu": {}, "memory": {}}
	var count atomic.Int64
	var failed atomic.Pointer[error]
	parallel(comparisons, seed, func(random *rand.Rand) {
		before := synthetic.Runs{Noise: noise, Random: random, Bare: true, Labels: map[string]string{"bench": "1"}}
		after := before
		after.Shift, after.Only = shift, only
		a, b := &compare.Group{}, &compare.Group{}
		for range n {
			a.Add(before.Result(0))
			b.Add(after.Result(0))
		}
		c, err := compare.Compare(a, b, compare.Options{Unpaired: !paired, Effects: effects, Resamples: 200})
		if err != nil {
			failed.Store(&err)
			return
		}
		for _, m := range c.Metrics {
			if (only == "" || m.Name == "rate.achieved") && (m.Verdict == document.Better || m.Verdict == document.Worse) {
				count.Add(1)
				break
			}
		}
	})
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return int(count.Load()), nil
}
