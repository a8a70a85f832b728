package compare

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// 10 runs that are 10 spreads apart: latencies by 4 ms of 40.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	c := compared(t, results(10, 0, nil), results(10, 10, nil), Options{})
	for name, want := range map[string]document.Verdict{
		"responseTime.p50": document.Worse, "serviceTime.p99": document.Worse, "rate.achieved": document.Better, "errors": document.Worse,
		"cpu.application": document.Worse, "cpu.node": document.Worse, "memory.controlPlane": document.Worse,
	} {
		if m := find(t, c, name); m.Verdict != want || m.MoreRuns != nil || m.Detectable == nil || m.Difference.Low > m.Difference.Value {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if c.Verdict != document.Worse || c.Paired || c.Reason != "" || c.Confidence != 0.95 || c.Seed != 1 || len(c.A.Runs) != 10 {
		t.Errorf("%+v", c)
	}
	var names []string
	for _, m := range c.Metrics {
		names = append(names, m.Name)
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("metrics %v", names)
	}
	back := compared(t, results(10, 10, nil), results(10, 0, nil), Options{})
	if m := find(t, back, "cpu.node"); m.Verdict != document.Better || find(t, back, "rate.achieved").Verdict != document.Worse {
		t.Errorf("turned: %+v", m)
	}
}

// A difference is the same where its interval is inside the effects, however
// significant, and worse only from the effect on.
func TestTheEffectDecides(t *testing.T) {
	a, b := results(10, 0, nil), results(10, 4, nil) // 80 rps of 1,000, cpu 0.08 of 1
	for _, c := range []struct {
		effect Effect
		want   document.Verdict
	}{
		{Effect{Absolute: 0.01}, document.Worse}, {Effect{Relative: 0.2}, document.Same}, {Effect{Relative: 0.001, Absolute: 0.2}, document.Same},
		{Effect{Absolute: 0.1}, document.Inconclusive},
	} {
		m := find(t, compared(t, a, b, Options{Effects: map[string]Effect{"cpu": c.effect}}), "cpu.node")
		if m.Verdict != c.want || *m.P > 0.001 {
			t.Errorf("%+v: %+v", c.effect, m)
		}
	}
	m := find(t, compared(t, a, b, Options{Effects: map[string]Effect{"cpu": {Absolute: 0.2}, "cpu.node": {Relative: 0.02}}}), "cpu.node")
	if m.Verdict != document.Worse || m.Effect != 0.02*m.A.Median {
		t.Errorf("the effect of the name goes first: %+v", m)
	}
}

// Nothing is the same as itself with another id, and constant figures have no p but 1.
func TestIdenticalRunsAreTheSame(t *testing.T) {
	same := func(prefix string) []*document.Result {
		return results(10, 0, func(_ int, r *document.Result) { r.Metadata.RunID = prefix + r.Metadata.RunID })
	}
	constant := func(_ int, r *document.Result) { r.Status.Requests.Failed = 0 }
	c := compared(t, same("a"), same("b"), Options{Effects: map[string]Effect{"responseTime": {Relative: 0.1}, "serviceTime": {Relative: 0.1}, "rate": {Relative: 0.1}, "errors": {Absolute: 5}, "cpu": {Relative: 0.1}, "memory": {Relative: 0.1}}})
	if c.Verdict != document.Same {
		t.Errorf("%+v", c)
	}
	errors := find(t, compared(t, results(10, 0, constant), results(10, 1, constant), Options{}), "errors")
	if errors.Verdict != document.Same || *errors.P != 1 || errors.Difference.Value != 0 || errors.Difference.Relative != nil {
		t.Errorf("%+v", errors)
	}
}

// 15 metrics need 6 runs a side: 15 times 2 of choose(12, 6) is 0.032. With 5, nothing
// that could be measured is significant, and nothing is said.
func TestTooFewRuns(t *testing.T) {
	t.Parallel()
	c := compared(t, results(5, 0, nil), results(5, 50, nil), Options{})
	for _, m := range c.Metrics {
		if m.Verdict != document.TooFew || m.MoreRuns == nil || *m.MoreRuns != 1 || *m.PAdjusted < 0.05 || m.Difference == nil || m.Detectable != nil {
			t.Fatalf("%+v", m)
		}
	}
	if c.Verdict != document.TooFew || c.Reason != "5 runs a side can show nothing about 15 metrics: at least 6 runs a side are needed" {
		t.Errorf("%s: %s", c.Verdict, c.Reason)
	}
	if c := compared(t, results(6, 0, nil), results(6, 50, nil), Options{}); c.Verdict != document.Worse {
		t.Errorf("6 runs: %s", c.Verdict)
	}
	// One metric alone needs fewer.
	if c := compared(t, results(4, 0, nil), results(4, 50, nil), Options{Metrics: []string{"cpu.node"}}); c.Verdict != document.Worse || len(c.Metrics) != 1 {
		t.Errorf("one metric: %+v", c)
	}
	// Without an interval there are still the medians.
	if c := compared(t, results(1, 0, nil), results(1, 50, nil), Options{}); c.Verdict != document.TooFew || c.Metrics[0].A.Median == 0 || c.Metrics[0].Difference != nil {
		t.Errorf("one run: %+v", c)
	}
	// An uneven number may do where the smaller one alone would not.
	if c := compared(t, results(5, 0, nil), results(12, 50, nil), Options{}); c.Verdict != document.Worse {
		t.Errorf("5 and 12 runs: %s: %s", c.Verdict, c.Reason)
	}
	bench := func(_ int, r *document.Result) { r.Metadata.Labels["bench"] = "1" }
	if c := compared(t, results(9, 0, bench), results(9, 50, bench), Options{}); c.Reason != "9 pairs can show nothing about 15 metrics: at least 10 pairs are needed" {
		t.Errorf("pairs: %s", c.Reason)
	}
	c = compared(t, nil, results(9, 50, bench), Options{})
	if c.Verdict != document.TooFew || c.Reason != `no run of "a" counts` {
		t.Errorf("none: %s: %s", c.Verdict, c.Reason)
	}
}

// As many more runs as it says find what is there, more or less.
func TestMoreRunsAreEnough(t *testing.T) {
	t.Parallel()
	o := Options{Metrics: []string{"cpu.node", "rate.achieved"}, Effects: map[string]Effect{"cpu": {Absolute: 0.01}}}
	found := 0
	for seed := range 12 {
		sample := func(n int) document.MetricComparison {
			random := rand.New(rand.NewPCG(uint64(seed), 5))
			a, b := &Group{}, &Group{}
			one := synthetic.Runs{Noise: synthetic.Noises[0], Random: random, Bare: true}
			other := one
			other.Shift = 1
			for range n {
				a.Add(one.Result(0))
				b.Add(other.Result(0))
			}
			c, err := Compare(a, b, o)
			if err != nil {
				t.Fatal(err)
			}
			return find(t, c, "cpu.node")
		}
		m := sample(6)
		for tries := 0; m.Verdict == document.Inconclusive && m.MoreRuns != nil && tries < 2; tries++ {
			m = sample(min(80, len(m.A.Values)+*m.MoreRuns))
		}
		if m.Verdict == document.Worse {
			found++
		}
	}
	if t.Logf("%d of 12", found); found < 8 {
		t.Errorf("the difference is found in %d of 12 cases", found)
	}
}

func TestRunsThatDoNotCount(t *testing.T) {
	a := results(8, 0, func(i int, r *document.Result) {
		switch i {
		case 1:
			r.Status.Validity = document.Validity{Reasons: []string{"rate too low", "late"}}
		case 2:
			r.Status.Phase = document.Cancelled
		case 3:
			r.Status.Histograms.ServiceTime = "AAAA"
		}
	})
	a = append(a, a[0])
	b := results(7, 1, nil)
	b = append(b, a[5])
	c := compared(t, a, b, Options{})
	var said []string
	for _, l := range slices.Concat(c.A.LeftOut, c.B.LeftOut) {
		said = append(said, l.RunID+": "+l.Reason)
	}
	want := []string{"0-1: invalid: rate too low; late", "0-2: it did not succeed, but is Cancelled", "0-3: its histogram serviceTime cannot be read: ", "0-0: it was given twice",
		"0-5: it is on both sides", "0-5: it is on both sides"}
	if !slices.EqualFunc(said, want, strings.HasPrefix) || len(c.A.Runs) != 4 || len(c.B.Runs) != 7 {
		t.Errorf("left out %q", said)
	}
}

// A run that was exported and imported is the same measurement, whatever its new id.
func TestImportedRunsAreNotCountedTwice(t *testing.T) {
	copyOf := func(n int, prefix string) []*document.Result {
		return results(n, 0, func(_ int, r *document.Result) {
			r.Metadata.Labels[document.LabelImportedRun] = r.Metadata.RunID
			r.Metadata.RunID = prefix + r.Metadata.RunID
		})
	}
	twice := slices.Concat(results(6, 0, nil), copyOf(6, "x"), copyOf(6, "y"))
	c := compared(t, twice, results(6, 1, nil), Options{})
	if len(c.A.Runs) != 6 || len(c.A.LeftOut) != 12 || c.A.LeftOut[0] != (document.LeftOutRun{RunID: "x0-0", Reason: "it is the same measurement as run 0-0, exported and imported"}) {
		t.Errorf("%+v", c.A)
	}
	if c := compared(t, slices.Concat(copyOf(6, "x"), copyOf(6, "y")), results(6, 1, nil), Options{}); len(c.A.Runs) != 6 {
		t.Errorf("two copies: %+v", c.A)
	}
	c = compared(t, results(6, 0, nil), slices.Concat(copyOf(6, "x"), results(6, 1, nil)), Options{})
	if len(c.A.Runs) != 0 || len(c.B.Runs) != 6 || c.B.LeftOut[0].Reason != "it is on both sides: on the other as run 0-0, exported and imported" {
		t.Errorf("on both sides: %+v, %+v", c.A, c.B)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		`metric "p50" is none`: {Metrics: []string{"p50"}}, `effect of "disk"`: {Effects: map[string]Effect{"disk": {}}},
		"not both at least 0": {Effects: map[string]Effect{"cpu": {Relative: -1}}}, "confidence 2": {Confidence: 2}, "7 resamples": {Resamples: 7}, "-1 comparisons made together": {Family: -1},
		`"weather" is no kind`: {Allow: []string{"weather"}}, "choose one": {Unpaired: true, PairBy: "x"},
	} {
		if _, err := Compare(&Group{}, &Group{}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// The same runs in another order, and streamed, give the same bytes.
func TestComparisonsAreTheSameEveryTime(t *testing.T) {
	a, b := results(8, 0, nil), results(8, 1, nil)
	first, err := json.Marshal(compared(t, a, b, Options{Seed: 5}))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(a)
	second, _ := json.Marshal(compared(t, a, b, Options{Seed: 5}))
	if string(first) != string(second) || strings.Contains(string(first), "null") {
		t.Errorf("%s\n%s", first, second)
	}
}
