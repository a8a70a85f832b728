package export

import (
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// rich is a Result with a share of everything that metrics are made of.
func rich(t *testing.T) *document.Result {
	t.Helper()
	r := fixture(t)
	r.Metadata.Labels = map[string]string{"mesh": "istio", "team/cost-center": "7", "team.cost.center": "8", "name": "other"}
	s := &r.Status
	s.Requests.BytesReceived = 12345
	s.Environment.Kubernetes = "v1.35.0"
	s.Agents = []document.AgentResult{
		{Node: "worker-1", Pod: "meshery-agent-a", Requests: document.Requests{Sent: 5000, Succeeded: 4990, Failed: 10}, CPUSeconds: 1.5, MaxRSSBytes: 1 << 25},
		{Node: "worker-2", Pod: "meshery-agent-b", Requests: document.Requests{Sent: 5000, Succeeded: 4990, Failed: 10}},
	}
	l := &s.Agents[0].Latency
	l.ResponseTime, s.Agents[0].Histograms.ResponseTime = recorded(t, lognormal(5, 4991, 2*time.Millisecond))
	s.Resources.Nodes = []document.NodeResources{{Node: "worker-1", CPUSeconds: map[string]float64{"user": 8, "system": 2}, CPUUtilization: new(0.4)}}
	s.Resources.Containers = []document.ContainerResource{{Node: "worker-1", Namespace: "shop", Pod: "checkout-1", Container: "istio-proxy", CPUSeconds: new(4.0),
		MemoryMaxBytes: new(5e7), Cost: document.Cost{CoreSecondsPer1000Requests: new(0.4)}}}
	s.Thresholds = []document.ThresholdResult{{Expression: "responseTime.p99 < 50ms", Passed: true}}
	r.Spec.Load.Warmup = document.Duration(2 * time.Second)
	for i := range 4 {
		s.Timeline = append(s.Timeline, document.Point{Second: i, Warmup: i < 2, Sent: int64(100 * (i + 1)), Failed: int64(i), P50: new(2.0), P99: new(9.5), Max: new(12.0), NodeCPU: new(0.5)})
	}
	return r
}

// written exports runs.
func written(t *testing.T, runs ...*document.Result) string {
	t.Helper()
	var b strings.Builder
	if err := OpenMetrics(&b, runs); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasSuffix(text, "\n# EOF\n") || strings.Contains(text, "s3cret") {
		t.Errorf("no end, or a secret:\n%s", text)
	}
	return text
}

// parsed reads the text back, by the whole grammar of OpenMetrics, which takes its
// time.
func parsed(t *testing.T, text string) (all model.Vector) {
	t.Helper()
	d := &expfmt.SampleDecoder{Dec: expfmt.NewDecoder(strings.NewReader(text), expfmt.FmtOpenMetrics_1_0_0), Opts: &expfmt.DecodeOptions{}}
	for {
		var v model.Vector
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		all = append(all, v...)
	}
}

// sample is the one with a name and, among others, these labels.
func sample(t *testing.T, all model.Vector, name string, labels ...string) float64 {
	t.Helper()
	var found []*model.Sample
samples:
	for _, s := range all {
		if string(s.Metric[model.MetricNameLabel]) != name {
			continue
		}
		for i := 0; i < len(labels); i += 2 {
			if string(s.Metric[model.LabelName(labels[i])]) != labels[i+1] {
				continue samples
			}
		}
		found = append(found, s)
	}
	if len(found) != 1 {
		t.Errorf("%d samples of %s%q", len(found), name, labels)
		return math.NaN()
	}
	return float64(found[0].Value)
}

func TestOpenMetrics(t *testing.T) {
	r := rich(t)
	text := written(t, r)
	all := parsed(t, text)
	s := r.Status.Latency.ResponseTime
	for _, c := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{9980, "meshery_run_requests_total", []string{"outcome", "succeeded"}},
		{20, "meshery_run_requests_total", []string{"outcome", "failed"}},
		{15, "meshery_run_answers_total", []string{"code", "503"}},
		{12345, "meshery_run_received_bytes_total", nil},
		{499.9, "meshery_run_achieved_requests_per_second", nil},
		{500, "meshery_run_target_requests_per_second", nil},
		{0.002, "meshery_run_failed_ratio", nil},
		{1, "meshery_run_valid", nil},
		{20, "meshery_run_duration_seconds", nil},
		{1, "meshery_run_info", []string{"phase", "Succeeded", "kubernetes", "v1.35.0", "target", "http://checkout.shop:8080/?token=<redacted>"}},
		{1, "meshery_run_threshold_passed", []string{"expression", "responseTime.p99 < 50ms"}},
		{*s.P99 / 1e3, "meshery_run_response_time_percentiles_seconds", []string{"quantile", "0.99"}},
		{s.Max / 1e3, "meshery_run_response_time_max_seconds", nil},
		{9983, "meshery_run_response_time_seconds_bucket", []string{"le", "+Inf"}},
		{9983, "meshery_run_response_time_seconds_count", nil},
		{s.Mean / 1e3 * 9983, "meshery_run_response_time_seconds_sum", nil},
		{4990, "meshery_run_agent_requests_total", []string{"node", "worker-2", "outcome", "succeeded"}},
		{4991, "meshery_run_agent_response_time_seconds_count", []string{"node", "worker-1", "pod", "meshery-agent-a"}},
		{8, "meshery_run_node_cpu_seconds_total", []string{"node", "worker-1", "mode", "user"}},
		{0.4, "meshery_run_node_cpu_utilization_ratio", []string{"node", "worker-1"}},
		{4, "meshery_run_container_cpu_seconds_total", []string{"container", "istio-proxy", "namespace", "shop"}},
		{0.0004, "meshery_run_container_cpu_per_request_seconds", []string{"container", "istio-proxy"}},
	} {
		if got := sample(t, all, c.name, c.labels...); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s%q: %g, want %g", c.name, c.labels, got, c.want)
		}
	}
	// Buckets count what the median says: half is below 2 ms, all below a second.
	if got := sample(t, all, "meshery_run_response_time_seconds_bucket", "le", "0.0025"); got < 0.6*9983 || got > 0.75*9983 {
		t.Errorf("%g below 2.5 ms", got)
	}
	if got := sample(t, all, "meshery_run_response_time_seconds_bucket", "le", "1"); got != 9983 {
		t.Errorf("%g below a second", got)
	}
	for _, one := range all {
		if one.Metric["run"] != model.LabelValue(r.Metadata.RunID) || one.Metric["name"] != "checkout" || one.Metric["label_mesh"] != "istio" || one.Metric["label_name"] != "other" ||
			one.Metric["label_team_cost_center"] != "8" || one.Metric["label_team_cost_center_2"] != "7" {
			t.Fatalf("labels of %v", one.Metric)
		}
		if at := one.Timestamp.Time(); !at.Equal(r.Status.EndTime) {
			t.Fatalf("%v at %v", one.Metric, at)
		}
	}
	for _, line := range []string{"# TYPE meshery_run_response_time_seconds histogram", "# UNIT meshery_run_response_time_seconds seconds", "# TYPE meshery_run_requests counter", "# UNIT meshery_run_received_bytes bytes"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

func TestOpenMetricsOfSeveral(t *testing.T) {
	a, b := rich(t), fixture(t)
	b.Metadata.RunID = "0193a1c5-0000-7000-8000-000000000002"
	b.Status.Validity = document.Validity{Reasons: []string{"late"}}
	b.Status.Histograms.ServiceTime = "" // as of a summary that was imported
	text := written(t, a, b)
	one := `run="` + b.Metadata.RunID + `"`
	if !strings.Contains(text, `meshery_run_valid{label_mesh="istio",label_smp_test_id="t-1",name="checkout",`+one+"} 0.0 ") {
		t.Errorf("an invalid run is not said to be one:\n%s", text)
	}
	if !strings.Contains(text, one+`,quantile="0.5"} `) {
		t.Error("no percentile without a histogram")
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, one) && strings.HasPrefix(line, "meshery_run_service_time_seconds_bucket") {
			t.Errorf("a histogram of nothing: %s", line)
		}
	}
	if err := OpenMetrics(io.Discard, []*document.Result{a, a}); err == nil || !strings.Contains(err.Error(), "collected before with the same name and label values") {
		t.Errorf("a run twice: %v", err)
	}
	b.Status.Histograms.ResponseTime = "garbage"
	if err := OpenMetrics(io.Discard, []*document.Result{b}); err == nil || !strings.Contains(err.Error(), `run "0193a1c5-0000-7000-8000-000000000002": responseTime: decode the histogram`) {
		t.Error(err)
	}
}

// The same threshold twice is one series, which holds if both do.
func TestThresholdsTwice(t *testing.T) {
	r := rich(t)
	r.Status.Thresholds = []document.ThresholdResult{{Expression: "a < 1", Passed: true}, {Expression: "b < 1", Passed: true}, {Expression: "a < 1", Passed: true}, {Expression: "b < 1"}}
	text := written(t, r)
	for expression, want := range map[string]string{"a < 1": "1.0", "b < 1": "0.0"} {
		if n := strings.Count(text, `expression="`+expression+`"`); n != 1 {
			t.Errorf("%s is there %d times", expression, n)
		}
		if !regexp.MustCompile(`expression="` + expression + `"[^}]*} ` + want + " ").MatchString(text) {
			t.Errorf("%s is not %s:\n%s", expression, want, text)
		}
	}
	if _, err := Series([]*document.Result{r}); err != nil {
		t.Error(err)
	}
}

func TestSeries(t *testing.T) {
	r := rich(t)
	all, err := Series([]*document.Result{r})
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string][]*model.SampleStream{}
	for _, s := range all {
		name := string(s.Metric[model.MetricNameLabel])
		byName[name] = append(byName[name], s)
		if s.Metric["run"] != model.LabelValue(r.Metadata.RunID) || s.Metric["label_mesh"] != "istio" {
			t.Errorf("labels %v", s.Metric)
		}
		for i := 1; i < len(s.Values); i++ {
			if !s.Values[i].Timestamp.After(s.Values[i-1].Timestamp) {
				t.Errorf("%s is not in order", name)
			}
		}
	}
	start := model.TimeFromUnixNano(r.Status.StartTime.UnixNano())
	values := func(name string) (out []float64) {
		if len(byName[name]) != 1 {
			t.Fatalf("%d series %s", len(byName[name]), name)
		}
		for i, v := range byName[name][0].Values {
			if v.Timestamp != start.Add(time.Duration(i)*time.Second) {
				t.Errorf("%s: value %d is of %v", name, i, v.Timestamp)
			}
			out = append(out, float64(v.Value))
		}
		return out
	}
	// Two seconds of warm-up are left out; the first measured one begins with the
	// measured time.
	if got := values("meshery_run_timeline_requests_total"); len(got) != 3 || got[0] != 0 || got[1] != 300 || got[2] != 700 {
		t.Errorf("requests %v", got)
	}
	if got := values("meshery_run_timeline_failed_requests_total"); len(got) != 3 || got[2] != 5 {
		t.Errorf("failed %v", got)
	}
	if got := byName["meshery_run_timeline_latency_percentiles_seconds"]; len(got) != 3 || len(got[0].Values) != 2 {
		t.Errorf("latencies %v", got)
	}
	figures, timeline := 0, 0
	for line := range strings.Lines(written(t, r)) {
		if !strings.HasPrefix(line, "#") {
			figures++
		}
	}
	for name, s := range byName {
		if strings.HasPrefix(name, "meshery_run_timeline_") {
			timeline += len(s)
		}
	}
	if len(all)-timeline != figures {
		t.Errorf("%d series of the whole run, %d figures", len(all)-timeline, figures)
	}
}

// Points of several seconds, the first of which the warm-up ends in: a rate is of the
// time that it was measured in, and no sample is after the end.
func TestSeriesOfALongRun(t *testing.T) {
	r := fixture(t)
	r.Spec.Load.Warmup = document.Duration(10 * time.Second)
	r.Status.EndTime = r.Status.StartTime.Add(9 * time.Second)
	r.Status.Timeline = []document.Point{{Second: 8, Warmup: true, Sent: 100}, {Second: 8, Sent: 100}, {Second: 12, Sent: 200}, {Second: 16, Sent: 150}}
	all, err := Series([]*document.Result{r})
	if err != nil {
		t.Fatal(err)
	}
	start, found := model.TimeFromUnixNano(r.Status.StartTime.UnixNano()), false
	for _, s := range all {
		if s.Metric[model.MetricNameLabel] == "meshery_run_timeline_requests_total" {
			found = true
			want := []model.SamplePair{{Timestamp: start}, {Timestamp: start + 2000, Value: 100}, {Timestamp: start + 6000, Value: 300}, {Timestamp: start + 9000, Value: 450}}
			if !slices.Equal(s.Values, want) {
				t.Errorf("%v, want %v", s.Values, want)
			}
		}
	}
	if !found {
		t.Error("no series of requests")
	}
	got := rows(t, CSVTimeline, r)
	for i, want := range [][3]string{{"2026-11-23T11:59:58.25Z", "8", "2"}, {"2026-11-23T12:00:00.25Z", "8", "2"}, {"2026-11-23T12:00:02.25Z", "12", "4"}, {"2026-11-23T12:00:06.25Z", "16", "3"}} {
		if g := got[i]; g["time"] != want[0] || g["second"] != want[1] || g["seconds"] != want[2] {
			t.Errorf("row %d: %q", i, g)
		}
	}
}

// A run that goes on for less than a millisecond after a point has one sample there.
func TestSeriesHaveOneSampleAtATime(t *testing.T) {
	r := fixture(t)
	r.Status.EndTime = r.Status.StartTime.Add(time.Second + 7)
	r.Status.Timeline = []document.Point{{Second: 0, Sent: 500}, {Second: 1, Sent: 3}}
	all, err := Series([]*document.Result{r})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for i := 1; i < len(s.Values); i++ {
			if s.Values[i].Timestamp == s.Values[i-1].Timestamp {
				t.Errorf("%s: %v", s.Metric, s.Values)
			}
		}
		if n := len(s.Values); s.Metric[model.MetricNameLabel] == "meshery_run_timeline_requests_total" && (n != 2 || s.Values[1].Value != 503) {
			t.Errorf("requests %v", s.Values)
		}
	}
}

// The names and texts are what 'promtool check metrics' wants of them.
func TestMetricsAreWellNamed(t *testing.T) {
	g, err := gatherer([]*document.Result{rich(t)})
	if err != nil {
		t.Fatal(err)
	}
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	for _, f := range families {
		if unit := f.GetUnit(); unit != "" && !strings.HasSuffix(strings.TrimSuffix(f.GetName(), "_total"), "_"+unit) {
			t.Errorf("%s does not end with its unit %s", f.GetName(), unit)
		}
	}
}
