package threshold

import (
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// request is one planned request and what became of it.
type request struct {
	target                                  string
	unsent, failed                          bool
	code                                    string
	response, service, late, connect, error time.Duration
}

// figures are what a Result has of some requests: counts, summaries, histograms.
type figures struct {
	requests                                document.Requests
	response, service, late, connect, error *histogram.Histogram
}

// measure counts requests as a Result does: an unsent one has waited, a failed
// one has an error time, and one that timed out the other times too.
func measure(all []request) *figures {
	f := &figures{requests: document.Requests{Codes: map[string]int64{}},
		response: histogram.New(), service: histogram.New(), late: histogram.New(), connect: histogram.New(), error: histogram.New()}
	for _, r := range all {
		f.requests.Planned++
		if r.unsent {
			f.requests.Unsent++
			f.response.Record(r.response)
			continue
		}
		f.requests.Sent++
		f.requests.Codes[r.code]++
		f.late.Record(r.late)
		if r.connect > 0 {
			f.connect.Record(r.connect)
		}
		if r.failed {
			f.requests.Failed++
			f.error.Record(r.error)
			if r.code != "timeout" {
				continue
			}
		} else {
			f.requests.Succeeded++
		}
		f.response.Record(r.response)
		f.service.Record(r.service)
	}
	return f
}

func (f *figures) latency() document.Latency {
	return document.Latency{ResponseTime: summary(f.response), ServiceTime: summary(f.service), Lateness: summary(f.late),
		ConnectTime: summary(f.connect), ErrorTime: summary(f.error)}
}

func (f *figures) histograms(t testing.TB) document.Histograms {
	return document.Histograms{ResponseTime: encode(t, f.response), ServiceTime: encode(t, f.service), Lateness: encode(t, f.late),
		ConnectTime: encode(t, f.connect), ErrorTime: encode(t, f.error)}
}

func encode(t testing.TB, h *histogram.Histogram) string {
	t.Helper()
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// summary is that of a Result: absent without requests, and percentiles absent
// without enough of them.
func summary(h *histogram.Histogram) *document.Summary {
	if h.Count() == 0 {
		return nil
	}
	quantile := func(q float64) *float64 {
		d, ok := h.Quantile(q)
		if !ok {
			return nil
		}
		v := milliseconds(d)
		return &v
	}
	return &document.Summary{Count: h.Count(), Min: milliseconds(h.Min()), Mean: milliseconds(h.Mean()), Max: milliseconds(h.Max()),
		P50: quantile(0.5), P75: quantile(0.75), P90: quantile(0.9), P95: quantile(0.95), P99: quantile(0.99), P999: quantile(0.999), P9999: quantile(0.9999)}
}

// resultOf is the Result of an open-loop run of so many requests over one
// second, with the figures of each target that has a name.
func resultOf(t testing.TB, all []request) *document.Result {
	t.Helper()
	f := measure(all)
	target := 1000.0
	r := &document.Result{Spec: document.Spec{Load: document.Load{Rate: 1000}}}
	r.Status = document.Status{Requests: f.requests, Latency: f.latency(), Histograms: f.histograms(t),
		Rate: document.AchievedRate{Target: &target, Achieved: float64(f.requests.Sent)}}
	apart := map[string][]request{}
	for _, one := range all {
		if one.target != "" {
			apart[one.target] = append(apart[one.target], one)
		}
	}
	for _, name := range []string{"a", "b.c"} {
		if f := measure(apart[name]); len(apart) > 0 {
			r.Status.Targets = append(r.Status.Targets, document.TargetResult{Name: name, Requests: f.requests, Latency: f.latency(), Histograms: f.histograms(t)})
		}
	}
	return r
}

func parse(t testing.TB, text string) Expression {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// answered is n requests that took so long.
func answered(n int, d time.Duration) []request {
	all := make([]request, n)
	for i := range all {
		all[i] = request{code: "200", response: d, service: d}
	}
	return all
}

func BenchmarkHopeless(b *testing.B) {
	sofar := resultOf(b, answered(100_000, 20*time.Millisecond))
	for _, text := range []string{"responseTime.p99 < 10ms", "responseTime.p99 > 30ms", "responseTime.mean < 1ms", "errorRate < 0.1%"} {
		e := parse(b, text)
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				Hopeless(e, sofar, 3_000_000)
			}
		})
	}
}
