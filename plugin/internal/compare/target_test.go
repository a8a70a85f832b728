package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func TestBrokenByTarget(t *testing.T) {
	late := func(r *document.Result) {
		r.Status.Latency.Lateness = &document.Summary{Count: 1000, P99: new(5000.0)}
	}
	failed := func(r *document.Result) { r.Status.Requests.Succeeded, r.Status.Requests.Failed = 800, 200 }
	unsent := func(r *document.Result) { r.Status.Requests.Sent, r.Status.Requests.Unsent = 900, 100 }
	for name, c := range map[string]struct {
		change []func(*document.Result)
		want   bool
	}{
		"late":                      {[]func(*document.Result){late}, false},
		"failed":                    {[]func(*document.Result){failed}, true},
		"failed and late":           {[]func(*document.Result){failed, late}, true},
		"not sent":                  {[]func(*document.Result){unsent}, true},
		"not sent and late":         {[]func(*document.Result){unsent, late}, false},
		"not sent, by another tool": {[]func(*document.Result){unsent, func(r *document.Result) { r.Status.Agents = nil }}, false},
		"not sent, an agent lost":   {[]func(*document.Result){unsent, func(r *document.Result) { r.Status.Agents[0].Phase = document.AgentLost }}, false},
		"busy generator":            {[]func(*document.Result){unsent, func(r *document.Result) { r.Status.Agents[0].CPUUtilization = new(1.0) }}, false},
		"busy node": {[]func(*document.Result){unsent, func(r *document.Result) {
			r.Status.Resources.Nodes = []document.NodeResources{{Node: "worker-1", CPUUtilization: new(1.0)}}
		}}, false},
		"ended by its Test": {[]func(*document.Result){func(r *document.Result) { r.Status.Phase, r.Status.Aborted = document.Cancelled, "errors > 5 %" }}, true},
		"^C":                {[]func(*document.Result){failed, func(r *document.Result) { r.Status.Phase = document.Cancelled }}, false},
		"valid":             {[]func(*document.Result){failed, func(r *document.Result) { r.Status.Validity.Valid = true }}, false},
		"one of two targets": {[]func(*document.Result){func(r *document.Result) {
			r.Status.Targets = []document.TargetResult{{Name: "a", Requests: document.Requests{Planned: 10, Sent: 10, Succeeded: 5, Failed: 5}}, {Name: "b"}}
		}}, true},
	} {
		r := &document.Result{}
		r.Status.Phase = document.Succeeded
		r.Status.Requests = document.Requests{Planned: 1000, Sent: 1000, Succeeded: 1000}
		r.Status.Agents = []document.AgentResult{{Node: "worker-1", Phase: document.AgentSucceeded}}
		for _, change := range c.change {
			change(r)
		}
		if got := BrokenByTarget(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// broken and lost make runs invalid: for what the target did, and the generator.
func broken(r *document.Result) {
	r.Status.Validity = document.Validity{Reasons: []string{"50 % of the requests failed"}}
	r.Status.Requests.Succeeded, r.Status.Requests.Failed = 50_000, 50_000
}

func lost(r *document.Result) {
	r.Status.Validity = document.Validity{Reasons: []string{"an agent was lost"}}
	r.Status.Requests.Succeeded, r.Status.Requests.Failed = 100_000, 0
	r.Status.Agents[0].Phase = document.AgentLost
}

// wide is an effect that no difference of synthetic runs has.
var wide = map[string]Effect{"responseTime": {Relative: 0.9}}

// tells are the verdicts of two groups of 14 runs, in pairs or not, of which these were
// made invalid: one that is better beside the other, and one that is the same.
func tells(t *testing.T, paired bool, a, b map[int]func(*document.Result), again ...*document.Result) (better, same *document.Comparison) {
	t.Helper()
	side := func(shift float64, bad map[int]func(*document.Result)) []*document.Result {
		return results(14, shift, func(i int, r *document.Result) {
			if paired {
				inBench(i, r)
			}
			if spoil := bad[i]; spoil != nil {
				spoil(r)
			}
		})
	}
	o := Options{Metrics: []string{"responseTime.p50"}}
	better = compared(t, side(10, a), slices.Concat(side(0, b), again), o)
	o.Effects = wide
	return better, compared(t, side(1, a), slices.Concat(side(0, b), again), o)
}

// Good runs alone do not make a side good whose others failed.
func TestGoodRunsAloneDoNotTell(t *testing.T) {
	type spoilt = map[int]func(*document.Result)
	const better, same, unknown = document.Better, document.Same, document.Inconclusive
	for name, c := range map[string]struct {
		paired       bool
		a, b         spoilt
		better, same document.Verdict
		why          string
	}{
		"none":                      {true, nil, nil, better, same, ""},
		"B":                         {true, nil, spoilt{1: broken, 5: broken, 9: broken}, unknown, unknown, "the target made 3 of 14 runs of b invalid, and 0 of 14 of a: the good ones alone do not tell what is the same or better"},
		"B, apart":                  {false, nil, spoilt{1: broken, 5: broken, 9: broken}, unknown, unknown, "the target made 3 of 14 runs of b invalid, and 0 of 14 of a: the good ones"},
		"once may be chance":        {true, nil, spoilt{1: broken}, unknown, unknown, "the target made 1 of 14 runs of b invalid, and 0 of 14 of a:"},
		"once, apart":               {false, nil, spoilt{1: broken}, unknown, unknown, "the target made 1 of 14 runs of b invalid, and 0 of 14 of a:"},
		"A":                         {true, spoilt{1: broken}, nil, better, unknown, "the target made 0 of 14 runs of b invalid, and 1 of 14 of a: the good ones alone do not tell what is the same"},
		"A, apart":                  {false, spoilt{1: broken}, nil, better, unknown, "the target made 0 of 14 runs of b invalid, and 1 of 14 of a:"},
		"both":                      {true, spoilt{1: broken}, spoilt{4: broken}, better, same, ""},
		"both, one run lost":        {true, spoilt{1: broken}, spoilt{4: broken, 7: lost}, better, same, ""},
		"both, one lost, apart":     {false, spoilt{1: broken}, spoilt{4: broken, 7: lost}, better, same, ""},
		"the generator":             {true, nil, spoilt{1: lost, 2: lost}, better, same, ""},
		"the generator, apart":      {false, spoilt{1: lost, 2: lost}, nil, better, same, ""},
		"beside one that was lost":  {true, spoilt{1: lost}, spoilt{1: broken}, better, same, ""},
		"twice as often, few apart": {false, spoilt{1: broken, 2: lost, 3: lost, 4: lost}, spoilt{4: broken, 7: broken}, unknown, unknown, "the target made 2 of 14 runs of b invalid, and 1 of 11 of a:"},
	} {
		one, other := tells(t, c.paired, c.a, c.b)
		for what, got := range map[*document.Comparison]document.Verdict{one: c.better, other: c.same} {
			if m := what.Metrics[0]; what.Paired != c.paired || what.Verdict != got || m.Verdict != got || (m.Reason == "") != (got != unknown) ||
				(what.Reason == "") != (c.why == "") || !strings.HasPrefix(what.Reason, c.why) {
				t.Errorf("%s: %s, %s (%s), want %s: %q", name, what.Verdict, m.Verdict, m.Reason, got, what.Reason)
			}
		}
	}
}

// A slot counts once, however often it was tried, and so does a measurement.
func TestTheTargetIsBlamedOnceForARun(t *testing.T) {
	for _, paired := range []bool{true, false} {
		again := results(14, 0, func(i int, r *document.Result) {
			if paired {
				inBench(i, r)
			}
			r.Metadata.Labels[document.LabelImportedRun] = r.Metadata.RunID
			r.Metadata.RunID = "copy-" + fmt.Sprint(i)
			broken(r)
		})[4]
		better, _ := tells(t, paired, map[int]func(*document.Result){1: broken}, map[int]func(*document.Result){4: broken}, again)
		if better.Verdict != document.Better || len(better.B.LeftOut) < 2 {
			t.Errorf("paired %v: %s: %s", paired, better.Verdict, better.Reason)
		}
	}
	// One that was tried until it was good is not.
	again := results(14, 3, inBench)[2]
	broken(again)
	if better, _ := tells(t, true, nil, nil, again); len(better.A.Runs) != 14 || !strings.HasPrefix(better.Reason, "the target made 1 of 14 runs of b invalid") {
		t.Errorf("%s: %s", better.Verdict, better.Reason)
	}
}

// Worse stays worse, and what can be said of no run is said with the reason.
func TestBrokenRunsBesideOtherVerdicts(t *testing.T) {
	few := func(i int, r *document.Result) {
		if i < 2 {
			broken(r)
		}
	}
	for _, sides := range [][2]func(int, *document.Result){{nil, few}, {few, nil}} {
		if c := compared(t, results(12, 0, sides[0]), results(12, 10, sides[1]), Options{Metrics: []string{"responseTime.p50"}}); c.Verdict != document.Worse ||
			!strings.Contains(c.Reason, " 2 of 12 ") || strings.Contains(c.Reason, "that something is worse may come of it that a has lost its bad ones") != (sides[0] != nil) {
			t.Errorf("%s: %s", c.Verdict, c.Reason)
		}
	}
	c := compared(t, results(12, 0, nil), results(12, 10, func(_ int, r *document.Result) { broken(r) }), Options{})
	if c.Verdict != document.TooFew || !strings.HasPrefix(c.Reason, `no run of "b" counts; the target made 12 of 12 runs of b invalid`) {
		t.Errorf("%s: %s", c.Verdict, c.Reason)
	}
}
