package bench

import "github.com/meshery/kubectl-meshery/plugin/internal/plan"

// Broken says in how many slots the target made the run of a variant in a Test invalid,
// of those that say something of it: with a valid run, or such a one.
type Broken struct {
	Test    string `json:"test"`
	Variant string `json:"variant"`
	Runs    int    `json:"runs"`
	Of      int    `json:"of"`
}

// brokenIn counts the slots of a variant in a Test: each once, however often two
// benches at a time have run it, and none that a shorter order has no more.
func brokenIn(order []plan.Slot, runs []Ran, test, variant string) Broken {
	b := Broken{Test: test, Variant: variant}
	for _, slot := range order {
		if slot.Test != test || slot.Variant != variant {
			continue
		}
		tells, broken := false, false
		for _, r := range runs {
			if r.Slot == slot && !r.Cut {
				tells, broken = tells || r.Valid || r.Target, broken || r.Target && !r.Valid
			}
		}
		if tells {
			b.Of++
		}
		if broken {
			b.Runs++
		}
	}
	return b
}
