package selfmetrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// page is what a scraper of the agent gets.
func page(t *testing.T, m *Metrics) string {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return string(body)
}

func expectLines(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
}

func TestMetrics(t *testing.T) {
	m := New()
	expectLines(t, page(t, m), "meshery_agent_run_active 0\n", "meshery_agent_request_errors_total 0\n",
		"meshery_agent_spool_bytes 0\n", "meshery_agent_build_info{", "go_goroutines ")

	m.SetActive(true)
	m.ObserveCounts(map[string]int64{"200": 90, "503": 7, "timeout": 3, "404": 0}, 10)
	m.ObserveCounts(map[string]int64{"200": 100}, 0)
	m.ObserveLateness(0.0001, 0.002, 0.03)
	m.SetSpoolBytes(4096)
	got := page(t, m)
	expectLines(t, got,
		"meshery_agent_run_active 1\n",
		`meshery_agent_requests_total{code="200"} 190`+"\n",
		`meshery_agent_requests_total{code="503"} 7`+"\n",
		`meshery_agent_requests_total{code="timeout"} 3`+"\n",
		"meshery_agent_request_errors_total 10\n",
		`meshery_agent_lateness_seconds{stat="p50"} 0.0001`+"\n",
		`meshery_agent_lateness_seconds{stat="p99"} 0.002`+"\n",
		`meshery_agent_lateness_seconds{stat="max"} 0.03`+"\n",
		"meshery_agent_spool_bytes 4096\n")
	if strings.Contains(got, `code="404"`) {
		t.Error("a code that never occurred is shown")
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}

	m.SetActive(false)
	got = page(t, m)
	expectLines(t, got, "meshery_agent_run_active 0\n", `meshery_agent_requests_total{code="200"} 190`+"\n")
	if strings.Contains(got, "meshery_agent_lateness_seconds{") {
		t.Error("the lateness of a run that has ended is still shown")
	}
}

func TestMetricsAreSafeTogether(t *testing.T) {
	m := New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				m.SetActive(true)
				m.ObserveCounts(map[string]int64{"200": 1}, 1)
				m.ObserveLateness(1, 2, 3)
				m.SetSpoolBytes(1)
			}
		})
	}
	wg.Go(func() { page(t, m) })
	wg.Wait()
	expectLines(t, page(t, m), `meshery_agent_requests_total{code="200"} 800`+"\n", "meshery_agent_request_errors_total 800\n")
}
