package document

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestCriteriaHaveDefaults(t *testing.T) {
	half, skew := 0.5, Duration(time.Second)
	c := Criteria{MinRate: &half, MaxStartSkew: &skew}.WithDefaults()
	if *c.MinRate != 0.5 || *c.MaxStartSkew != skew || *c.MaxErrors != DefaultMaxErrors || *c.MaxLateness != DefaultMaxLateness || *c.MaxGeneratorCPU != DefaultMaxGeneratorCPU {
		t.Errorf("%+v", c)
	}
	if d := (Criteria{}).WithDefaults(); *d.MinRate != DefaultMinRate || *d.MaxStartSkew != DefaultMaxStartSkew {
		t.Errorf("%+v", d)
	}
}

func TestLatenessBound(t *testing.T) {
	whole := 1.0
	for _, c := range []struct {
		criteria     Criteria
		median, want float64
	}{{Criteria{}, 0.1, 2}, {Criteria{}, 4, 2}, {Criteria{}, 40, 20}, {Criteria{MaxLateness: &whole}, 40, 40}} {
		if got := c.criteria.LatenessBound(c.median); got != c.want {
			t.Errorf("median %g ms: %g ms, want %g ms", c.median, got, c.want)
		}
	}
}

func TestWhatIsJudged(t *testing.T) {
	c := Criteria{}
	p := func(v float64) *float64 { return &v }
	summary := func(p50, p99 *float64) *Summary { return &Summary{P50: p50, P99: p99} }
	for _, l := range []struct {
		name           string
		lateness, time *Summary
		want           string // and its bound; empty where nothing is known
		bound          float64
		broken         bool
	}{
		{"nothing", nil, summary(p(9), p(9)), "", 0, false},
		{"no percentile", summary(nil, nil), summary(p(9), p(9)), "", 0, false},
		{"in time", summary(p(0.1), p(4)), summary(p(9), p(9)), "p99", 4.5, false},
		{"late", summary(p(0.1), p(5)), summary(p(9), p(9)), "p99", 4.5, true},
		{"late, few", summary(p(5), nil), summary(p(9), nil), "p50", 4.5, true},
		{"late, nothing answered", summary(p(0.1), p(3)), nil, "p99", 2, true},
		{"late, no median", summary(p(0.1), p(3)), summary(nil, nil), "p99", 2, true},
		{"three digits", summary(p(0.1), p(2.004)), summary(p(1), p(1)), "p99", 2, false},
		{"four digits", summary(p(0.1), p(2.006)), summary(p(1), p(1)), "p99", 2, true},
	} {
		v := c.LatenessOf(&Latency{Lateness: l.lateness, ResponseTime: l.time})
		if (v == nil) != (l.want == "") || v.Broken() != l.broken || v != nil && (v.Name != l.want || v.Bound != l.bound) {
			t.Errorf("%s: %+v", l.name, v)
		}
	}
	for _, r := range []struct {
		Requests
		sent, failed    float64
		tooFew, tooMany bool
	}{
		{Requests{}, 0, 0, false, false},
		{Requests{Planned: 100, Sent: 99}, 0.99, 0, false, false},
		{Requests{Planned: 1000, Sent: 989, Failed: 98}, 0.989, 98. / 989, true, false},
		{Requests{Planned: 100}, 0, 0, true, false},
		{Requests{Planned: 100, Sent: 100, Failed: 30, Codes: map[string]int64{CancelledCode: 20}}, 1, 10. / 80, false, true},
		{Requests{Planned: 100, Sent: 100, Failed: 100, Codes: map[string]int64{CancelledCode: 100}}, 1, 0, false, false},
	} {
		sent, tooFew := c.SentShare(&r.Requests)
		failed, tooMany := c.FailedShare(&r.Requests)
		if sent != r.sent || failed != r.failed || tooFew != r.tooFew || tooMany != r.tooMany {
			t.Errorf("%+v: sent %v (%v), failed %v (%v)", r.Requests, sent, tooFew, failed, tooMany)
		}
	}
}

// The guide has the defaults that are in force, written as a Test writes them.
func TestTheGuideHasTheDefaults(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/validity.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| at least %g %% | `minRate: %.2f` |", 100*DefaultMinRate, DefaultMinRate),
		fmt.Sprintf("| at most %g %% | `maxErrors: %.2f` |", 100*DefaultMaxErrors, DefaultMaxErrors),
		fmt.Sprintf("| at most %g %%, or %g ms if that is more | `maxLateness: %.2f` |", 100*DefaultMaxLateness, LatenessFloor, DefaultMaxLateness),
		fmt.Sprintf("| at most %g %% | `maxGeneratorCPU: %.2f` |", 100*DefaultMaxGeneratorCPU, DefaultMaxGeneratorCPU),
		fmt.Sprintf("| at most 50 ms | `maxStartSkew: %s` |", DefaultMaxStartSkew),
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("docs/validity.md lacks %q", want)
		}
	}
}
