package bench

import (
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// Two benches that resume the same one, or an order that became shorter, leave runs that
// are no slots of their own.
func TestBrokenSlotsCountOnce(t *testing.T) {
	slot := func(variant string, block int) plan.Slot {
		return plan.Slot{Test: "steady", Variant: variant, Block: block}
	}
	var order []plan.Slot
	for block := 1; block <= 4; block++ {
		order = append(order, slot("none", block), slot("istio", block))
	}
	runs := []Ran{
		{Slot: slot("istio", 1), Target: true}, {Slot: slot("istio", 1), Target: true}, // twice
		{Slot: slot("istio", 2), Valid: true}, {Slot: slot("istio", 2), Valid: true},
		{Slot: slot("istio", 3)},               // the generator
		{Slot: slot("istio", 4), Cut: true},    // ^C
		{Slot: slot("istio", 5), Target: true}, // no more
		{Slot: slot("none", 1), Target: true},
	}
	if got, want := brokenIn(order, runs, "steady", "istio"), (Broken{"steady", "istio", 1, 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
