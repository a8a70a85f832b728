package export

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"fortio.org/fortio/fhttp"
	"fortio.org/fortio/stats"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// fortio exports r and reads the file with Fortio's own types.
func fortio(t *testing.T, r *document.Result, times Times) (*fhttp.HTTPRunnerResults, string) {
	t.Helper()
	raw, name, err := Fortio(r, times)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "s3cret") {
		t.Errorf("a secret is in the file:\n%s", raw)
	}
	var out fhttp.HTTPRunnerResults
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return &out, name
}

func TestFortio(t *testing.T) {
	r := fixture(t)
	got, name := fortio(t, r, Response)
	if want := "2026-11-23-120000_0193a1c4-7c1e-7000-8000-000000000001_checkout"; got.RunnerResults.ID != want || name != want+".json" {
		t.Errorf("ID %q, file %q", got.RunnerResults.ID, name)
	}
	if got.RunType != "HTTP" || got.URL != "http://checkout.shop:8080/?token=<redacted>" || got.RequestedQPS != "500" || got.RequestedDuration != "20s" ||
		got.ActualQPS != 499.9 || got.ActualDuration != 20*time.Second || got.NumThreads != 16 || !got.StartTime.Equal(r.Status.StartTime) ||
		got.Version != "kubectl-meshery v1.2.3" || got.MethodOverride != "POST" || got.HTTPReqTimeOut != 10*time.Second {
		t.Errorf("%+v", got)
	}
	if want := "checkout, response time, mesh=istio, smp-test-id=t-1, failed 20 of 10000, DurationHistogram counts 9983, of them given up 3"; got.Labels != want {
		t.Errorf("labels %q, want %q", got.Labels, want)
	}
	if len(got.RetCodes) != 3 || got.RetCodes[200] != 9980 || got.RetCodes[503] != 15 || got.RetCodes[-1] != 5 {
		t.Errorf("codes %v", got.RetCodes)
	}
	compare(t, "response time", got.DurationHistogram, r.Status.Latency.ResponseTime)
	compare(t, "errors", got.ErrorsDurationHistogram, r.Status.Latency.ErrorTime)
	compare(t, "connections", got.ConnectionStats, r.Status.Latency.ConnectTime)
	if got.SocketCount != 16 {
		t.Errorf("%d sockets", got.SocketCount)
	}
	if n := len(got.DurationHistogram.Data); n < 100 || n > maxBuckets {
		t.Errorf("%d buckets", n)
	}
	if raw, _, err := Fortio(r, Service); err != nil || !strings.Contains(string(raw), `"ResponseLabel": "Service time"`) {
		t.Errorf("Fortio's page calls the times something else: %v", err)
	}
	service, name := fortio(t, r, Service)
	compare(t, "service time", service.DurationHistogram, r.Status.Latency.ServiceTime)
	if !strings.Contains(service.Labels, "service time") || !strings.HasSuffix(name, "_checkout_service.json") {
		t.Errorf("%q, %q", service.Labels, name)
	}
}

// compare holds a histogram in seconds against its summary in milliseconds, and
// its buckets against themselves.
func compare(t *testing.T, what string, h *stats.HistogramData, s *document.Summary) {
	t.Helper()
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12+1e-9*math.Abs(b) }
	if h == nil || h.Count != s.Count || !near(h.Min, s.Min/1e3) || !near(h.Max, s.Max/1e3) || !near(h.Avg, s.Mean/1e3) || !near(h.Sum, s.Mean/1e3*float64(s.Count)) || h.StdDev < 0 {
		t.Errorf("%s: %+v, want %+v", what, h, s)
		return
	}
	want := map[float64]*float64{50: s.P50, 75: s.P75, 90: s.P90, 99: s.P99, 99.9: s.P999}
	for _, p := range h.Percentiles {
		if v := want[p.Percentile]; v == nil || !near(p.Value, *v/1e3) {
			t.Errorf("%s: p%g %g s, want %v ms", what, p.Percentile, p.Value, v)
		}
		delete(want, p.Percentile)
	}
	for p, v := range want {
		if v != nil {
			t.Errorf("%s: p%g is missing", what, p)
		}
	}
	var count int64
	for i, b := range h.Data {
		count += b.Count
		if b.Count <= 0 || b.End < b.Start || !near(b.Percent, 100*float64(count)/float64(h.Count)) || i > 0 && b.Start < h.Data[i-1].End {
			t.Errorf("%s: bucket %d: %+v", what, i, b)
		}
	}
	if count != h.Count || h.Data[0].Start != h.Min || h.Data[len(h.Data)-1].End != h.Max || len(h.Data) > maxBuckets {
		t.Errorf("%s: %d counts in %d buckets", what, count, len(h.Data))
	}
}

func TestFortioWithFewRequests(t *testing.T) {
	r := fixture(t)
	for _, n := range []int{1, 2, 30, 400} {
		r.Status.Latency.ResponseTime, r.Status.Histograms.ResponseTime = recorded(t, lognormal(uint64(n), n, time.Millisecond))
		got, _ := fortio(t, r, Response)
		compare(t, "few", got.DurationHistogram, r.Status.Latency.ResponseTime)
		for _, p := range got.DurationHistogram.Percentiles {
			if p.Percentile == 99.9 || p.Percentile == 99 && n < 368 {
				t.Errorf("%d requests have a p%g", n, p.Percentile)
			}
		}
	}
	// From nothing to an hour.
	r.Status.Latency.ResponseTime, r.Status.Histograms.ResponseTime = recorded(t, []time.Duration{0, 1, 2, time.Microsecond, time.Second, 2 * time.Hour})
	got, _ := fortio(t, r, Response)
	compare(t, "wide", got.DurationHistogram, r.Status.Latency.ResponseTime)
}

func TestFortioErrors(t *testing.T) {
	r := fixture(t)
	r.Status.Requests.Failed = 0
	r.Status.Latency.ErrorTime, r.Status.Histograms.ErrorTime = nil, ""
	got, _ := fortio(t, r, Response)
	// Fortio's page takes a histogram of errors without counts for "no error".
	if e := got.ErrorsDurationHistogram; e == nil || e.Count != 0 || strings.Contains(got.Labels, "failed") {
		t.Errorf("without errors: %+v, %q", e, got.Labels)
	}
	r.Status.Requests.Failed = 20
	if got, _ = fortio(t, r, Response); got.ErrorsDurationHistogram != nil {
		t.Errorf("times of errors are not known: %+v", got.ErrorsDurationHistogram)
	}
	r = failedOnly(t)
	got, _ = fortio(t, r, Response)
	if strings.Contains(got.Labels, "DurationHistogram") {
		t.Errorf("errors only: %q", got.Labels)
	}
	compare(t, "errors only", got.DurationHistogram, r.Status.Latency.ErrorTime)
	compare(t, "errors only", got.ErrorsDurationHistogram, r.Status.Latency.ErrorTime)
}

// failedOnly is a Result of 20 requests, all of which failed.
func failedOnly(t *testing.T) *document.Result {
	t.Helper()
	r := fixture(t)
	l, h := &r.Status.Latency, &r.Status.Histograms
	l.ResponseTime, h.ResponseTime, l.ServiceTime, h.ServiceTime = nil, "", nil, ""
	r.Status.Requests = document.Requests{Planned: 20, Sent: 20, Failed: 20, Codes: map[string]int64{"503": 20}}
	return r
}

// Where every call of a closed loop failed, nothing tells which times it has but that.
func TestChooseOfErrorsOnly(t *testing.T) {
	r := failedOnly(t)
	if got := Choose(r); got != Response {
		t.Errorf("%s", got)
	}
	r.Spec.Load.Rate = document.Max
	if got := Choose(r); got != Service {
		t.Errorf("closed loop: %s", got)
	}
	got, _ := fortio(t, r, Service)
	compare(t, "closed loop", got.DurationHistogram, r.Status.Latency.ErrorTime)
}

func TestFortioSaysWhatWasAskedFor(t *testing.T) {
	r := fixture(t)
	r.Spec.Load.Requests = 10000
	r.Status.Phase, r.Status.Validity = document.Partial, document.Validity{Reasons: []string{"agent lost", "late"}}
	r.Status.Requests.Unsent, r.Status.Requests.Planned = 5, 10005
	r.Status.Requests.Succeeded -= 5 // whose times stand for those never sent
	got, _ := fortio(t, r, Response)
	if got.RequestedDuration != "exactly 10000 calls" || got.Exactly != 10000 ||
		!strings.HasSuffix(got.Labels, "unsent 5 of 10005, DurationHistogram counts 9983, of them unsent 5 and given up 3, phase: Partial, validity: invalid (agent lost; late)") {
		t.Errorf("%q, %q", got.RequestedDuration, got.Labels)
	}
	// What was never sent has no service time.
	if got, _ = fortio(t, r, Service); !strings.Contains(got.Labels, "unsent 5 of 10005, DurationHistogram counts 9983, of them given up 3, ") {
		t.Errorf("%q", got.Labels)
	}
	clean := fixture(t)
	clean.Status.Requests.Failed, clean.Status.Requests.Codes = 0, map[string]int64{"200": 10000}
	if got, _ = fortio(t, clean, Response); strings.Contains(got.Labels, "DurationHistogram") {
		t.Errorf("%q", got.Labels)
	}
	r.Spec.Load.Stages = []document.Stage{{Rate: 100}, {Rate: 500}, {Rate: 50}}
	if got, _ = fortio(t, r, Response); got.RequestedQPS != "50 to 500" {
		t.Errorf("stages: %q", got.RequestedQPS)
	}
	r = fixture(t)
	r.Spec.Load.Rate, r.Status.Latency.ResponseTime = document.Max, nil
	if got, _ = fortio(t, r, Choose(r)); got.RequestedQPS != "max" || !strings.Contains(got.Labels, "service time") {
		t.Errorf("closed loop: %q, %q", got.RequestedQPS, got.Labels)
	}
	r.Spec.Target = document.Target{}
	r.Spec.Targets = []document.Target{{URL: "http://a/", Protocol: document.HTTP1}, {URL: "https://b/", Protocol: document.HTTP2}}
	if got, _ = fortio(t, r, Service); got.RunType != "HTTP" || got.URL != "http://a/, https://b/" || got.NumThreads != 32 {
		t.Errorf("two targets: %+v", got)
	}
}

// What is not HTTP has names for codes, and a destination.
func TestFortioOtherProtocols(t *testing.T) {
	r := fixture(t)
	r.Spec.Target = document.Target{URL: "grpc://a:1", Protocol: document.GRPC}
	r.Status.Requests.Codes = map[string]int64{"OK": 9980, "Unavailable": 20}
	for want, targets := range map[string][]document.Target{
		"GRPC": nil, "TCP": {{URL: "tcp://a:1", Protocol: document.TCP}},
		"HTTP+UDP": {{URL: "http://a/", Protocol: document.HTTP1}, {URL: "udp://b:1", Protocol: document.UDP}},
	} {
		r.Spec.Targets = targets
		raw, _, err := Fortio(r, Response)
		var got struct {
			RunType, Destination, URL string
			RetCodes                  map[string]int64
			DurationHistogram         *stats.HistogramData
		}
		if err != nil || json.Unmarshal(raw, &got) != nil {
			t.Fatal(err)
		}
		if got.RunType != want || got.Destination == "" || got.URL != "" || got.RetCodes["OK"] != 9980 {
			t.Errorf("%s: %+v", want, got)
		}
		compare(t, want, got.DurationHistogram, r.Status.Latency.ResponseTime)
	}
}

func TestNothingToExport(t *testing.T) {
	r := fixture(t)
	r.Status.Requests.Sent = 0
	closed := failedOnly(t)
	closed.Spec.Load.Rate = document.Max
	// As of Fortio's runs, which have a rate and service times only.
	imported := fixture(t)
	imported.Status.Latency.ResponseTime, imported.Status.Histograms.ResponseTime = nil, ""
	summary := fixture(t)
	summary.Status.Latency.ServiceTime, summary.Status.Histograms.ServiceTime = nil, ""
	neither := fixture(t)
	neither.Status.Latency = document.Latency{}
	damaged := fixture(t)
	damaged.Status.Histograms.ResponseTime = damaged.Status.Histograms.ErrorTime
	garbage := fixture(t)
	garbage.Status.Histograms.ResponseTime = "garbage"
	for _, c := range []struct {
		r       *document.Result
		times   Times
		damaged bool
		want    string
	}{
		{r, Response, false, "sent no request: there is nothing to export"},
		{closed, Response, false, "has no response time: use its service time"},
		{imported, Response, false, "has no response time: use its service time"},
		{summary, Service, false, "has no service time: use its response time"},
		{neither, Service, false, "has no service time of its answers"},
		{fixture(t), "lateness", false, `"lateness" is no kind of latency: use response or service`},
		{damaged, Response, true, "the histogram has 20 counts and its summary 9983"},
		{garbage, Response, true, "decode the histogram"},
	} {
		if _, _, err := Fortio(c.r, c.times); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if _, _, err := SMP(c.r, c.times, ""); !c.damaged && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("SMP: %v, want %q", err, c.want)
		}
	}
}
