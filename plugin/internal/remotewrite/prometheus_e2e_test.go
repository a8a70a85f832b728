//go:build e2e

package remotewrite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
)

// These tests run against a real Prometheus, whose binary PROMETHEUS names.

// prometheus starts one that takes remote write and reads /metrics of target, if
// any, every second.
func prometheus(t *testing.T, target string) (url string, query promv1.API) {
	t.Helper()
	binary := os.Getenv("PROMETHEUS")
	if binary == "" {
		t.Fatal("PROMETHEUS does not name a prometheus binary")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := "global: {scrape_interval: 1s}\n"
	if target != "" {
		config += fmt.Sprintf("scrape_configs: [{job_name: run, static_configs: [{targets: [%q]}]}]\n", strings.TrimPrefix(target, "http://"))
	}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, binary, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--web.enable-remote-write-receiver")
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = c.Wait() }) // killed
	url = "http://" + address
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := http.Get(url + "/-/ready"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			cancel()
			_ = c.Wait()
			t.Fatalf("Prometheus is not ready:\n%s", output.String())
		}
	}
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		t.Fatal(err)
	}
	return url, promv1.NewAPI(client)
}

// measured is a Result of ten seconds that ended a while ago.
func measured(t *testing.T, ago time.Duration) *document.Result {
	t.Helper()
	end := time.Now().Add(-ago).Truncate(time.Millisecond)
	h := histogram.New()
	for i := range 1000 {
		h.Record(time.Duration(i+1) * 10 * time.Microsecond)
	}
	encoded, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: "0193a1c4-7c1e-7000-8000-000000000001", Labels: map[string]string{"mesh": "istio"}},
		Spec:     document.Spec{Target: document.Target{URL: "http://checkout.shop:8080/"}, Load: document.Load{Rate: 100, Warmup: document.Duration(2 * time.Second)}},
		Status: document.Status{
			Phase: document.Succeeded, Validity: document.Validity{Valid: true}, StartTime: end.Add(-10 * time.Second), EndTime: end,
			Requests:   document.Requests{Planned: 1000, Sent: 1000, Succeeded: 990, Failed: 10, Codes: map[string]int64{"200": 990, "503": 10}},
			Rate:       document.AchievedRate{Target: new(100.0), Achieved: 99.9},
			Latency:    document.Latency{ResponseTime: &document.Summary{Count: 1000, Min: 0.01, Mean: 5.005, P50: new(5.0), P99: new(9.9), Max: 10}},
			Histograms: document.Histograms{ResponseTime: string(encoded)},
			Agents:     []document.AgentResult{{Node: "worker-1", Requests: document.Requests{Sent: 1000, Succeeded: 990, Failed: 10}}},
		},
	}
	for i := range 12 {
		r.Status.Timeline = append(r.Status.Timeline, document.Point{Second: i, Warmup: i < 2, Sent: 100, Failed: int64(i % 2), P50: new(5.0), P99: new(9.9)})
	}
	return r
}

// value is that of a query at a time.
func value(t *testing.T, query promv1.API, expression string, at time.Time) float64 {
	t.Helper()
	answer, _, _, err := query.Query(t.Context(), expression, at)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	v, ok := answer.(model.Vector)
	if !ok || len(v) != 1 {
		t.Errorf("%s: %v", expression, answer)
		return math.NaN()
	}
	return float64(v[0].Value)
}

// What is sent is there, at its times, for PromQL to reckon with.
func TestSendToPrometheus(t *testing.T) {
	url, query := prometheus(t, "")
	r := measured(t, 3*time.Minute)
	series, err := export.Series([]*document.Result{r})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Send(t.Context(), Options{URL: url + "/api/v1/write"}, series); err != nil || n < len(series) {
		t.Fatalf("%d samples of %d series, %v", n, len(series), err)
	}
	// Samples are appended, so the same again are not.
	if _, err := Send(t.Context(), Options{URL: url + "/api/v1/write"}, series); err == nil || !strings.Contains(err.Error(), "the receiver has these samples already, or newer ones") {
		t.Error(err)
	}
	end, one := r.Status.EndTime, `{run="`+r.Metadata.RunID+`",name="checkout",label_mesh="istio"`
	for _, c := range []struct {
		expression string
		at         time.Time
		want       float64
	}{
		{"meshery_run_timeline_requests_total" + one + "}", end, 1000},
		{"meshery_run_timeline_requests_total" + one + "}", end.Add(-4 * time.Second), 600},
		{"meshery_run_timeline_requests_total" + one + "}", r.Status.StartTime, 0},
		{"increase(meshery_run_timeline_requests_total" + one + "}[10s])", end, 1000},
		{"rate(meshery_run_timeline_failed_requests_total" + one + "}[10s])", end, 0.5},
		{`meshery_run_timeline_latency_percentiles_seconds` + one + `,quantile="0.99"}`, end.Add(-3 * time.Second), 0.0099},
		{"meshery_run_achieved_requests_per_second" + one + "}", end, 99.9},
		{`meshery_run_requests_total` + one + `,outcome="failed"}`, end, 10},
		{`meshery_run_agent_requests_total` + one + `,outcome="succeeded",node="worker-1"}`, end, 990},
		{`meshery_run_response_time_percentiles_seconds` + one + `,quantile="0.5"}`, end, 0.005},
		{`meshery_run_response_time_seconds_bucket` + one + `,le="0.005"}`, end, 500},
		{`histogram_quantile(0.5, meshery_run_response_time_seconds_bucket` + one + "})", end, 0.005},
		{"meshery_run_response_time_seconds_sum" + one + "} / meshery_run_response_time_seconds_count", end, 0.005005},
		{"count(last_over_time({run=\"" + r.Metadata.RunID + "\"}[1m]))", end, float64(len(series))},
	} {
		if got := value(t, query, c.expression, c.at); math.Abs(got-c.want) > 0.002*c.want {
			t.Errorf("%s: %g, want %g", c.expression, got, c.want)
		}
	}
	// Before its end there is no figure of the whole run.
	if answer, _, _, err := query.Query(t.Context(), "meshery_run_achieved_requests_per_second", end.Add(-time.Second)); err != nil || len(answer.(model.Vector)) != 0 {
		t.Errorf("%v, %v", answer, err)
	}
	// A run of long ago is too old for Prometheus as it comes.
	old := measured(t, 48*time.Hour)
	if series, err = export.Series([]*document.Result{old}); err != nil {
		t.Fatal(err)
	}
	if _, err := Send(t.Context(), Options{URL: url + "/api/v1/write"}, series); err == nil || !strings.Contains(err.Error(), "storage.tsdb.out_of_order_time_window") {
		t.Error(err)
	}
	if _, err := Send(t.Context(), Options{URL: url + "/wrong"}, series); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}

// Prometheus reads the file of OpenMetrics, with the run's own time.
func TestPrometheusReadsOpenMetrics(t *testing.T) {
	r := measured(t, time.Minute)
	var file bytes.Buffer
	if err := export.OpenMetrics(&file, []*document.Result{r}); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
		_, _ = w.Write(file.Bytes())
	}))
	defer s.Close()
	_, query := prometheus(t, s.URL)
	deadline := time.Now().Add(30 * time.Second)
	for {
		answer, _, _, err := query.Query(t.Context(), "meshery_run_requests_total", r.Status.EndTime)
		if err == nil && len(answer.(model.Vector)) > 0 {
			break
		}
		if time.Now().After(deadline) {
			targets, _ := query.Targets(t.Context())
			t.Fatal(errors.Join(err, fmt.Errorf("nothing was read: %+v", targets.Active)))
		}
		time.Sleep(100 * time.Millisecond)
	}
	for expression, want := range map[string]float64{
		`meshery_run_requests_total{outcome="succeeded",label_mesh="istio"}`:      990,
		`timestamp(meshery_run_valid)`:                                            float64(r.Status.EndTime.UnixMilli()) / 1e3,
		`histogram_quantile(0.9, meshery_run_response_time_seconds_bucket)`:       0.009,
		`meshery_run_response_time_percentiles_seconds{quantile="0.99"}`:          0.0099,
		`sum(meshery_run_agent_requests_total) / sum(meshery_run_requests_total)`: 1,
	} {
		if got := value(t, query, expression, r.Status.EndTime); math.Abs(got-want) > 0.05*want || strings.HasPrefix(expression, "timestamp") && got != want {
			t.Errorf("%s: %g, want %g", expression, got, want)
		}
	}
	metadata, err := query.Metadata(t.Context(), "meshery_run_response_time_seconds", "")
	if m := metadata["meshery_run_response_time_seconds"]; err != nil || len(m) != 1 || m[0].Type != promv1.MetricTypeHistogram || m[0].Unit != "seconds" {
		t.Errorf("%+v, %v", metadata, err)
	}
}
