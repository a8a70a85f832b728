package server

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	"github.com/meshery/kubectl-meshery/agent/internal/spool"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// A percentile that too few requests are behind is not shown as 0, which would
// say that the generator was never late.
func TestLatenessOfFewRequests(t *testing.T) {
	store, err := spool.Open(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{metrics: selfmetrics.New(), store: store}
	for _, c := range []struct {
		requests      int64
		p50, p99, max string
	}{
		{1000, "0.001", "0.001", "0.001"},
		{100, "0.001", "NaN", "0.001"},
		{3, "NaN", "NaN", "0.001"},
	} {
		s := &load.Snapshot{Measurement: load.Measurement{Latencies: load.Latencies{Lateness: histogram.New()}}}
		for range c.requests {
			s.Lateness.Record(time.Millisecond)
		}
		m.observe(s)
		w := httptest.NewRecorder()
		m.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		for stat, want := range map[string]string{"p50": c.p50, "p99": c.p99, "max": c.max} {
			_, line, ok := strings.Cut(w.Body.String(), `meshery_agent_lateness_seconds{stat="`+stat+`"} `)
			got, _, _ := strings.Cut(line, "\n")
			if !ok || !strings.HasPrefix(got, want) {
				t.Errorf("%d requests: %s is %q, want %s", c.requests, stat, got, want)
			}
		}
	}
}
