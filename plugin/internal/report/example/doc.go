// Package example makes Inputs of reports for tests and pictures: Results with real
// histograms of made-up requests, and Comparisons reckoned from them. Nothing in it
// was measured. The same seed gives the same Input.
package example

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Start is when the first of the runs began.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Service is what a made-up target is like.
type Service struct {
	Name string
	// Median of its latency in milliseconds, and how far the tail goes: the
	// standard deviation of the logarithm.
	Median, Spread float64
	// Application and Sidecar are core-seconds per 1,000 requests; no sidecar: 0.
	Application, Sidecar float64
	Errors               float64 // share
}

// Of is a pointer to v.
func Of(v float64) *float64 { return &v }

const (
	nodes    = 3
	seconds  = 30
	warmup   = 3
	rate     = 600
	stall    = 21 // the second in which a node stalls
	perAgent = rate / nodes
)

// Run is a Result of 30 seconds at 600 requests per second from three nodes.
func Run(s Service, n int) (*document.Result, error) {
	random := rand.New(rand.NewPCG(uint64(n), uint64(len(s.Name))))
	noise := 1 + 0.03*random.NormFloat64()
	start := Start.Add(time.Duration(n) * 5 * time.Minute)
	r := &document.Result{APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: fmt.Sprintf("019ca0de-%04x-7000-8000-%012x", n, len(s.Name)*1000+n), Labels: map[string]string{"mesh": s.Name, "repetition": fmt.Sprint(n)}},
		Spec:     spec()}
	st := &r.Status
	st.Phase, st.Validity = document.Succeeded, document.Validity{Valid: true}
	st.StartTime, st.EndTime = start, start.Add(seconds*time.Second)
	st.Rate = document.AchievedRate{Target: Of(rate), Achieved: rate * (1 - 0.0002*random.Float64())}
	all, perSecond := newTimes(), make([]*times, seconds)
	for i := range perSecond {
		perSecond[i] = newTimes()
	}
	for a := range nodes {
		own := newTimes()
		for second := range seconds {
			for range perAgent {
				service := s.Median * noise * math.Exp(s.Spread*random.NormFloat64()) * (1 + 0.05*float64(a))
				wait := 0.0
				if second == stall && a == 1 {
					wait = 40 * random.Float64()
				}
				failed := random.Float64() < s.Errors
				own.add(service, wait, 0.04*random.ExpFloat64(), failed)
				perSecond[second].answered(service+wait, failed)
			}
		}
		all.merge(own)
		agent, err := agentResult(a, own, random)
		if err != nil {
			return nil, err
		}
		st.Agents = append(st.Agents, agent)
	}
	st.Timeline = timeline(perSecond, random)
	var err error
	if st.Latency, st.Histograms, err = all.document(); err != nil {
		return nil, err
	}
	st.Requests = all.requests()
	st.Resources, st.Environment = resources(s, noise, random), environment(s)
	return r, nil
}

func spec() document.Spec {
	return document.Spec{
		Target: document.Target{URL: "http://checkout.shop:8080/cart?token=secret", Protocol: document.HTTP1, Method: "GET", Timeout: document.DefaultTimeout,
			Headers: []document.Header{{Name: "Authorization", Value: "Bearer secret"}, {Name: "Accept", Value: "application/json"}}},
		Load:       document.Load{Rate: rate, Connections: 16, Streams: 1, Duration: document.Duration(seconds * time.Second), Warmup: document.Duration(warmup * time.Second), Arrivals: document.Poisson, Seed: 7},
		Thresholds: []string{"responseTime.p99 < 50ms", "errorRate < 0.1%"},
		Metrics:    document.Metrics{Interval: document.DefaultInterval},
	}
}

func agentResult(a int, t *times, random *rand.Rand) (document.AgentResult, error) {
	latency, histograms, err := t.document()
	return document.AgentResult{Node: node(a), Pod: agentPod(a), Version: "v0.4.0", Phase: document.AgentSucceeded,
		Requests: t.requests(), Rate: document.AchievedRate{Target: Of(perAgent), Achieved: perAgent - 0.05*random.Float64()},
		Latency: latency, Histograms: histograms, StartSkewMs: 0.4 * float64(a), ClockErrorMs: 0.2, CPUSeconds: 4.1, MaxRSSBytes: 39 << 20, Cores: 4,
		CPUUtilization: Of(0.017 + 0.002*random.Float64())}, err
}

func agentPod(i int) string { return fmt.Sprintf("meshery-agent-%d", i) }

func node(i int) string { return fmt.Sprintf("worker-%d", i+1) }

// times are the histograms of some requests.
type times struct {
	response, service, lateness, failure *histogram.Histogram
	failed                               int64
}

func newTimes() *times {
	return &times{response: histogram.New(), service: histogram.New(), lateness: histogram.New(), failure: histogram.New()}
}

func duration(ms float64) time.Duration { return time.Duration(ms * 1e6) }

func (t *times) add(service, wait, late float64, failed bool) {
	t.lateness.Record(duration(late))
	if failed {
		t.failure.Record(duration(service / 4))
	} else {
		t.service.Record(duration(service))
	}
	t.answered(service+wait, failed)
}

func (t *times) answered(response float64, failed bool) {
	if failed {
		t.failed++
		return
	}
	t.response.Record(duration(response))
}

func (t *times) merge(o *times) {
	t.response.Merge(o.response)
	t.service.Merge(o.service)
	t.lateness.Merge(o.lateness)
	t.failure.Merge(o.failure)
	t.failed += o.failed
}

func (t *times) requests() document.Requests {
	n := t.response.Count()
	q := document.Requests{Planned: n + t.failed, Sent: n + t.failed, Succeeded: n, Failed: t.failed, Codes: map[string]int64{"200": n}}
	if t.failed > 0 {
		q.Codes["503"] = t.failed
	}
	return q
}

func (t *times) document() (l document.Latency, h document.Histograms, err error) {
	for _, one := range []struct {
		of      *histogram.Histogram
		summary **document.Summary
		encoded *string
	}{{t.response, &l.ResponseTime, &h.ResponseTime}, {t.service, &l.ServiceTime, &h.ServiceTime}, {t.lateness, &l.Lateness, &h.Lateness}, {t.failure, &l.ErrorTime, &h.ErrorTime}} {
		if one.of.Count() == 0 {
			continue
		}
		*one.summary = Summary(one.of)
		raw, err := one.of.Encode()
		if err != nil {
			return l, h, err
		}
		*one.encoded = string(raw)
	}
	return l, h, nil
}

// Summary sums up a histogram as a Result does.
func Summary(h *histogram.Histogram) *document.Summary {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	q := func(q float64) *float64 {
		d, ok := h.Quantile(q)
		if !ok {
			return nil
		}
		return Of(ms(d))
	}
	return &document.Summary{Count: h.Count(), Min: ms(h.Min()), Mean: ms(h.Mean()), P50: q(0.5), P75: q(0.75), P90: q(0.9), P95: q(0.95), P99: q(0.99), P999: q(0.999), P9999: q(0.9999), Max: ms(h.Max())}
}

func timeline(perSecond []*times, random *rand.Rand) []document.Point {
	var points []document.Point
	for i := range warmup {
		points = append(points, document.Point{Second: i, Warmup: true, Sent: rate})
	}
	for i, t := range perSecond {
		s := Summary(t.response)
		points = append(points, document.Point{Second: warmup + i, Sent: t.requests().Sent, Failed: t.failed, P50: s.P50, P99: s.P99, Max: &s.Max, NodeCPU: Of(0.4 + 0.02*random.Float64())})
	}
	return points
}
