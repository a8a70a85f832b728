package export

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// lognormal draws n durations around median, most of them within a factor of 3.
func lognormal(seed uint64, n int, median time.Duration) []time.Duration {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(float64(median) * math.Exp(0.5*random.NormFloat64()))
	}
	return out
}

// recorded is the histogram and the summary of durations, as a Result has them.
func recorded(t *testing.T, durations []time.Duration) (*document.Summary, string) {
	t.Helper()
	if len(durations) == 0 {
		return nil, ""
	}
	h := histogram.New()
	for _, d := range durations {
		h.Record(d)
	}
	encoded, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	quantile := func(q float64) *float64 {
		d, ok := h.Quantile(q)
		if !ok {
			return nil
		}
		v := ms(d)
		return &v
	}
	return &document.Summary{Count: h.Count(), Min: ms(h.Min()), Mean: ms(h.Mean()), Max: ms(h.Max()), P50: quantile(0.5), P75: quantile(0.75),
		P90: quantile(0.9), P95: quantile(0.95), P99: quantile(0.99), P999: quantile(0.999), P9999: quantile(0.9999)}, string(encoded)
}

// fixture is a Result of 10,000 requests with 20 failed, 3 of which were given up.
func fixture(t *testing.T) *document.Result {
	t.Helper()
	target := 500.0
	start := time.Date(2026, 11, 23, 12, 0, 0, 250e6, time.UTC)
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: "0193a1c4-7c1e-7000-8000-000000000001", Labels: map[string]string{"mesh": "istio", "smp-test-id": "t-1"}},
		Spec: document.Spec{
			Target: document.Target{URL: "http://checkout.shop:8080/?token=s3cret", Protocol: document.HTTP1, Method: "POST", Body: "s3cret body",
				Headers: []document.Header{{Name: "Authorization", Value: "s3cret"}}, Timeout: document.DefaultTimeout},
			Load: document.Load{Rate: 500, Connections: 8, Streams: 1, Duration: document.Duration(20 * time.Second)},
		},
		Status: document.Status{
			Phase: document.Succeeded, Validity: document.Validity{Valid: true}, StartTime: start, EndTime: start.Add(20 * time.Second),
			Requests: document.Requests{Planned: 10000, Sent: 10000, Succeeded: 9980, Failed: 20, Codes: map[string]int64{"200": 9980, "503": 15, "timeout": 3, "connection": 2}},
			Rate:     document.AchievedRate{Target: &target, Achieved: 499.9},
			Agents:   []document.AgentResult{{Node: "worker-1"}, {Node: "worker-2"}}, Environment: document.Environment{Plugin: "v1.2.3"},
		},
	}
	l, h := &r.Status.Latency, &r.Status.Histograms
	l.ResponseTime, h.ResponseTime = recorded(t, lognormal(1, 9983, 2*time.Millisecond))
	l.ServiceTime, h.ServiceTime = recorded(t, lognormal(2, 9983, time.Millisecond))
	l.ErrorTime, h.ErrorTime = recorded(t, lognormal(3, 20, 300*time.Microsecond))
	l.ConnectTime, h.ConnectTime = recorded(t, lognormal(4, 16, 200*time.Microsecond))
	return r
}
