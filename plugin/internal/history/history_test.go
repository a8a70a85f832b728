package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// series are rows of runs, an hour apart, with these 99th percentiles.
func series(n int, p99 func(i int) float64, change ...func(i int, e *archive.Entry)) (runs []archive.Entry) {
	for i := range n {
		e := archive.Entry{RunID: fmt.Sprintf("run-%05d", i), Start: time.Date(2026, 3, 1, i, 0, 0, 0, time.UTC), Phase: document.Succeeded, Valid: true,
			Target: "http://checkout/", Agents: 2, Labels: map[string]string{"variant": []string{"a", "b"}[i%2]}, Mesh: []string{"none", "istio"}[i%2],
			Requests: archive.EntryRequests{Sent: 100, Failed: 1}, ResponseTime: &archive.EntryLatency{P99: new(p99(i))}}
		e.Labels["mesh"] = e.Mesh
		for _, c := range change {
			c(i, &e)
		}
		runs = append(runs, e)
	}
	return runs
}

func of(t *testing.T, runs []archive.Entry, o Options) *History {
	t.Helper()
	if o.Metric == "" {
		o.Metric = "responseTime.p99"
	}
	o.Seed = 1
	h, err := Of("checkout", runs, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// wave is noise of which all values are known.
func wave(i int) float64 { return float64(i*7919%13) / 13 }

func TestVerdictsOfChanges(t *testing.T) {
	for want, c := range map[document.Verdict]struct {
		metric string
		at     func(i int) float64
	}{
		document.Worse:  {"", func(i int) float64 { return 10 + wave(i) + float64(i/20*5) }},
		document.Better: {"", func(i int) float64 { return 20 + wave(i) - float64(i/20*5) }},
		// The median stays, and what lies around it does not.
		Changed: {"", func(i int) float64 { return 10 + float64(i%3-1)*float64(1+i/20*1000) }},
	} {
		h := of(t, series(40, c.at), Options{Metric: c.metric})
		if len(h.Changes) != 1 || h.Changes[0].Verdict != want {
			t.Errorf("%s: %+v", want, h.Changes)
		}
	}
	// More of a rate is better.
	h := of(t, series(40, wave, func(i int, e *archive.Entry) { e.Rate.Achieved = 100 + wave(i) + float64(i/20*50) }), Options{Metric: "rate.achieved"})
	if len(h.Changes) != 1 || h.Changes[0].Verdict != document.Better {
		t.Errorf("%+v", h.Changes)
	}
}

// What can be asked for can be found.
func TestSmallSignificance(t *testing.T) {
	runs := series(40, func(i int) float64 { return wave(i) + float64(i/20*100) })
	for _, s := range []float64{0, 0.05, 0.004, LeastSignificance} {
		if h := of(t, runs, Options{Significance: s}); len(h.Changes) != 1 || h.Changes[0].P > h.Significance {
			t.Errorf("%v: %+v", s, h.Changes)
		}
	}
}

func TestWhatIsMixed(t *testing.T) {
	words := func(h *History) (all []string) {
		for _, m := range h.Mixed {
			all = append(all, m.Sentence())
		}
		return all
	}
	runs := series(12, wave)
	both := []string{"the runs have different meshes (istio, none)", "the runs have different variants (a, b)"}
	for by, want := range map[string][]string{"": both, "variant": both[:1], "mesh": both[1:]} {
		if got := words(of(t, runs, Options{By: by})); !slices.Equal(got, want) {
			t.Errorf("by %q: %q, want %q", by, got, want)
		}
	}
	runs[3].Labels, runs[3].Mesh = nil, ""
	if got, want := words(of(t, runs, Options{})), []string{both[0], "the runs have different variants (a, b, none)"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A history is bounded, and says what it leaves out.
func TestMostPoints(t *testing.T) {
	h := of(t, series(MostPoints+5, func(int) float64 { return 1 }, func(i int, e *archive.Entry) {
		if i < 5 {
			e.Target = "http://old/"
		}
	}), Options{})
	if len(h.Points) != MostPoints || h.Older != 5 || h.Points[0].Runs[0] != "run-00005" {
		t.Errorf("%d points, %d older, from %+v", len(h.Points), h.Older, h.Points[0])
	}
	for _, m := range h.Mixed {
		if m.What == "targets" {
			t.Errorf("what is not shown counts: %+v", m)
		}
	}
	// Versions are points, however many runs they have.
	if h := of(t, series(MostPoints+5, func(int) float64 { return 1 }), Options{By: "variant"}); len(h.Points) != 2 || h.Older != 0 || len(h.Points[0].Runs) < 1000 {
		t.Errorf("%d points, %d older", len(h.Points), h.Older)
	}
}

// A run that was exported and imported is one measurement: its copies are no points of
// their own, from which chance would make a change.
func TestImportedRunsAreNotCountedTwice(t *testing.T) {
	copies := func(runs []archive.Entry, prefix string) (all []archive.Entry) {
		for _, e := range runs {
			e.Labels = maps.Clone(e.Labels)
			e.Labels[document.LabelImportedRun], e.RunID = e.RunID, prefix+e.RunID
			all = append(all, e)
		}
		return all
	}
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 100 {
		runs := series(20, func(int) float64 { return 10 + random.NormFloat64() })
		once, twice := of(t, runs, Options{}), of(t, slices.Concat(runs, copies(runs, "x"), copies(runs, "y")), Options{})
		if !reflect.DeepEqual(once.Points, twice.Points) || !reflect.DeepEqual(once.Changes, twice.Changes) || len(twice.LeftOut) != 40 {
			t.Fatalf("%d points and %d left out, %+v and %+v", len(twice.Points), len(twice.LeftOut), once.Changes, twice.Changes)
		}
		if len(twice.Changes) > 0 {
			found++
		}
	}
	if found > 12 {
		t.Errorf("a change is found in %d of 100 series of noise", found)
	}
	runs := series(8, wave)
	if h := of(t, slices.Concat(runs, copies(runs, "x")), Options{By: "variant"}); len(h.Points) != 2 || len(h.Points[0].Runs) != 4 ||
		h.LeftOut[0] != (document.LeftOutRun{RunID: "xrun-00000", Reason: "it is the same measurement as run run-00000, exported and imported"}) {
		t.Errorf("%+v, %+v", h.Points, h.LeftOut)
	}
	// A copy of what is not there counts.
	if h := of(t, slices.Concat(runs[1:], copies(runs[:1], "x"), copies(runs[:1], "y")), Options{}); len(h.Points) != 8 || h.Points[0].Runs[0] != "xrun-00000" {
		t.Errorf("%+v", h.Points)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	h := of(t, series(8, wave, func(i int, e *archive.Entry) {
		switch i {
		case 0:
			e.Valid = false
		case 1:
			e.Phase = document.Cancelled
		case 2:
			e.ResponseTime = nil
		case 3:
			e.ResponseTime.P99 = nil
		case 4:
			delete(e.Labels, "variant")
		}
	}), Options{By: "variant"})
	for i, want := range []string{"it is not valid", "it did not succeed, but is Cancelled", "closed loops have no response time", "rows that an earlier version wrote have fewer figures", `it has no label "variant"`} {
		if !strings.Contains(h.LeftOut[i].Reason, want) {
			t.Errorf("%+v, want %q", h.LeftOut[i], want)
		}
	}
	if _, err := Of("x", series(2, wave, func(_ int, e *archive.Entry) { e.Valid = false }), Options{Metric: "errors"}); err == nil || !strings.Contains(err.Error(), "none of the 2 runs of x has a figure to show") {
		t.Errorf("%v", err)
	}
	if err := CheckMetric("p99"); err == nil {
		t.Error("p99 is no metric")
	}
	for _, m := range Metrics() {
		if err := CheckMetric(m); err != nil {
			t.Error(err)
		}
	}
}
