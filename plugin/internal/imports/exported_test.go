package imports

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
)

// drawn is the summary and the encoded histogram of n durations around a median in
// milliseconds, as a Result has them.
func drawn(t *testing.T, seed uint64, n int, median float64) (*document.Summary, string) {
	t.Helper()
	random, h := rand.New(rand.NewPCG(seed, 7)), histogram.New()
	for range n {
		h.Record(time.Duration(median * 1e6 * math.Exp(0.7*random.NormFloat64())))
	}
	encoded, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	s := &document.Summary{Count: h.Count(), Min: ms(h.Min()), Mean: ms(h.Mean()), Max: ms(h.Max())}
	for q, to := range map[float64]**float64{0.5: &s.P50, 0.75: &s.P75, 0.9: &s.P90, 0.95: &s.P95, 0.99: &s.P99, 0.999: &s.P999, 0.9999: &s.P9999} {
		if d, ok := h.Quantile(q); ok {
			*to = new(ms(d))
		}
	}
	return s, string(encoded)
}

// measured is a Result with everything in it that a run leaves.
func measured(t *testing.T) *document.Result {
	t.Helper()
	start := time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: "0193a1c4-7c1e-7000-8000-000000000001", Labels: map[string]string{"mesh": "istio", "smp-test-id": "t-1"}},
		Spec: document.Spec{
			Target: document.Target{URL: "http://checkout.shop:8080/", Protocol: document.HTTP1, Method: "POST", Body: "a body", Timeout: document.DefaultTimeout,
				Headers: []document.Header{{Name: "Authorization", Value: "s3cret"}}},
			Load: document.Load{Rate: 500, Connections: 8, Streams: 1, Arrivals: document.Constant, Duration: document.Duration(20 * time.Second)},
		},
		Status: document.Status{
			Phase: document.Succeeded, StartTime: start, EndTime: start.Add(20*time.Second + 7),
			Validity: document.Validity{Valid: true, Warnings: []string{"one"}},
			Requests: document.Requests{Planned: 10003, Sent: 10000, Succeeded: 9980, Failed: 20, Unsent: 3, BytesReceived: 12345678, Codes: map[string]int64{"200": 9980, "503": 15, "timeout": 3, "connection": 2}},
			Rate:     document.AchievedRate{Target: new(500.0), Achieved: 499.900000001},
			Agents:   []document.AgentResult{{Node: "worker-1", Phase: document.AgentSucceeded, CPUSeconds: 1.25}}, Timeline: []document.Point{{Second: 3, Sent: 500, P50: new(2.0)}},
			Resources:   document.Resources{Containers: []document.ContainerResource{{Node: "worker-1", Namespace: "shop", Pod: "checkout-1", Container: "istio-proxy", CPUSeconds: new(4.0), CPUSamples: 20}}},
			Environment: document.Environment{Plugin: "v1.2.3", Agent: "v1.2.3", Kubernetes: "v1.35.0", Nodes: []document.NodeInfo{{Name: "worker-1", Kernel: "6.1"}}},
		},
	}
	l, h := &r.Status.Latency, &r.Status.Histograms
	l.ResponseTime, h.ResponseTime = drawn(t, 1, 9986, 2)
	l.ServiceTime, h.ServiceTime = drawn(t, 2, 9983, 1)
	l.ErrorTime, h.ErrorTime = drawn(t, 3, 20, 0.3)
	l.ConnectTime, h.ConnectTime = drawn(t, 4, 16, 0.2)
	l.Lateness, h.Lateness = drawn(t, 5, 10000, 0.01)
	r.Status.Agents[0].Latency.ServiceTime, r.Status.Agents[0].Histograms.ServiceTime = l.ServiceTime, h.ServiceTime
	return r
}

// What this plugin exported comes back as it was, whichever latency the file is for.
func TestExportedRunComesBackWhole(t *testing.T) {
	grpc := measured(t)
	grpc.Spec.Target = document.Target{URL: "grpc://checkout.shop:8080", Protocol: document.GRPC, GRPC: &document.GRPCCall{Method: "a.B/C", Message: "s3cret"}}
	closed := measured(t)
	closed.Spec.Load.Rate, closed.Status.Rate.Target = document.Max, nil
	closed.Status.Latency.ResponseTime, closed.Status.Histograms.ResponseTime = nil, ""
	invalid := measured(t)
	invalid.Status.Phase, invalid.Status.Validity = document.Cancelled, document.Validity{Reasons: []string{"stopped before its end"}}
	failed := measured(t)
	failed.Status.Latency = document.Latency{ErrorTime: failed.Status.Latency.ErrorTime}
	failed.Status.Histograms = document.Histograms{ErrorTime: failed.Status.Histograms.ErrorTime}
	failed.Status.Requests = document.Requests{Planned: 20, Sent: 20, Failed: 20, Codes: map[string]int64{"503": 20}}
	for name, c := range map[string]struct {
		r     *document.Result
		times export.Times
	}{
		"response": {measured(t), export.Response}, "service": {measured(t), export.Service}, "grpc": {grpc, export.Response},
		"closed loop": {closed, export.Service}, "invalid": {invalid, export.Response}, "errors only": {failed, export.Response},
	} {
		t.Run(name, func(t *testing.T) {
			raw, _, err := export.Fortio(c.r, c.times)
			if err != nil {
				t.Fatal(err)
			}
			got, want := one(t, raw, Options{}), *c.r
			if got.Metadata.RunID == want.Metadata.RunID || got.Metadata.RunID[:13] == want.Metadata.RunID[:13] {
				t.Errorf("id %s", got.Metadata.RunID)
			}
			if strings.Contains(string(raw), "s3cret") || strings.Contains(string(raw), "a body") {
				t.Errorf("what was sent is in the file:\n%s", raw)
			}
			if w := got.Status.Validity.Warnings; len(w) == 0 || !strings.Contains(w[len(w)-1], "was not in the file") {
				t.Fatalf("what is left out is not said: %q", w)
			}
			// All else is the same, to the last digit.
			want.Metadata.RunID = got.Metadata.RunID
			want.Metadata.Labels = map[string]string{"mesh": "istio", "smp-test-id": "t-1", LabelFrom: "fortio", LabelRun: c.r.Metadata.RunID}
			want.Status.Validity.Warnings = append(append([]string{}, want.Status.Validity.Warnings...), got.Status.Validity.Warnings[len(got.Status.Validity.Warnings)-1])
			t1 := &want.Spec.Target
			t1.Body = ""
			if len(t1.Headers) > 0 {
				t1.Headers = []document.Header{{Name: "Authorization", Value: "<redacted>"}}
			}
			if t1.GRPC != nil {
				t1.GRPC = &document.GRPCCall{Method: t1.GRPC.Method}
			}
			a, b := fits(t, got), fits(t, &want)
			if string(a) != string(b) {
				t.Errorf("got\n%s\nwant\n%s", a, b)
			}
		})
	}
}

// manyAgents is a Result of a long run with so many agents, each on a node of its own
// with the containers of a mesh, all five latencies, and what is known of them.
func manyAgents(t *testing.T, n int) *document.Result {
	t.Helper()
	r := measured(t)
	s := &r.Status
	a := document.AgentResult{Pod: "meshery-agent-x7k2p", Version: "v1.2.3", Phase: document.AgentSucceeded, Requests: s.Requests, Warmup: &s.Requests, Rate: s.Rate, Cores: 4, CPUUtilization: new(0.25),
		Targets: []document.ReachedTarget{{Name: "checkout.shop", Addresses: []string{"10.96.0.17:8080"}, Client: "fast"}}}
	l, h := &a.Latency, &a.Histograms
	l.ResponseTime, h.ResponseTime = drawn(t, 11, 100_000, 2)
	l.ServiceTime, h.ServiceTime = drawn(t, 12, 100_000, 1)
	l.Lateness, h.Lateness = drawn(t, 13, 100_000, 0.05)
	l.ConnectTime, h.ConnectTime = drawn(t, 14, 500, 0.2)
	l.ErrorTime, h.ErrorTime = drawn(t, 15, 500, 0.3)
	s.Agents, s.Resources, s.Timeline = nil, document.Resources{}, nil
	for i := range n {
		a.Node = fmt.Sprintf("worker-%04d.example", i)
		s.Agents = append(s.Agents, a)
		s.Environment.Nodes = append(s.Environment.Nodes, document.NodeInfo{Name: a.Node, Kernel: "6.1.0-26-amd64", OSImage: "Debian GNU/Linux 12", Architecture: "amd64", Kubelet: "v1.35.0", CPU: "8", Memory: "32Gi"})
		s.Resources.Sources = append(s.Resources.Sources, document.SourceStatus{Source: "nodeExporter", Node: a.Node, Available: true, Samples: 60}, document.SourceStatus{Source: "kubelet", Node: a.Node, Available: true, Samples: 60})
		s.Resources.Nodes = append(s.Resources.Nodes, document.NodeResources{Node: a.Node, CPUSeconds: map[string]float64{"user": 8.25, "system": 2.5, "idle": 100.75, "iowait": 0.5, "irq": 0, "softirq": 1.25, "nice": 0, "steal": 0}, WindowSeconds: new(20.0), CPUUtilization: new(0.4)})
		for c := range 10 {
			s.Resources.Containers = append(s.Resources.Containers, document.ContainerResource{Node: a.Node, Namespace: "shop", Pod: fmt.Sprintf("checkout-7d4b9c-%05d", c), Container: "istio-proxy", CPUSeconds: new(4.5), WindowSeconds: new(20.0), MeanCores: new(0.225), CPUSamples: 20,
				MemoryMeanBytes: new(51234567.5), MemoryMaxBytes: new(5.5e7), MemorySamples: 20})
		}
	}
	for i := range 1800 {
		s.Timeline = append(s.Timeline, document.Point{Second: i, Sent: 12345, Failed: 6, P50: new(2.123456), P99: new(9.123456), Max: new(21.123456), NodeCPU: new(0.4321)})
	}
	return r
}

// The export of as many agents as docs/export.md says is imported.
func TestExportOfManyAgentsComesBack(t *testing.T) {
	const agents = 500
	raw, _, err := export.Fortio(manyAgents(t, agents), export.Response)
	if err != nil {
		t.Fatal(err)
	}
	found, err := Read(raw, Options{})
	if err != nil || len(found) != 1 || len(found[0].Status.Agents) != agents {
		t.Errorf("%d bytes with %d commas: %d Results, %v", len(raw), strings.Count(string(raw), ","), len(found), err)
	}
}

// A copy of a copy says of which run it is, with which it then compares as the same.
func TestCopyOfACopyNamesTheFirst(t *testing.T) {
	first := measured(t)
	next := first
	for range 2 {
		raw, _, err := export.Fortio(next, export.Response)
		if err != nil {
			t.Fatal(err)
		}
		next = one(t, raw, Options{})
	}
	if got := next.Metadata.Labels[LabelRun]; got != first.Metadata.RunID {
		t.Errorf("%s is %q, and not the first's %s", LabelRun, got, first.Metadata.RunID)
	}
}

// What another program measured is not said to be of this one, in whichever form.
func TestExportNamesWhoMeasured(t *testing.T) {
	r := one(t, file(t, "http-1.66.5.json"), Options{})
	raw, _, err := export.Fortio(r, export.Service)
	if err != nil || !strings.Contains(string(raw), `"Version": "fortio 1.66.5"`) {
		t.Errorf("%v\n%s", err, raw)
	}
	if raw, _, err = export.SMP(r, export.Service, ""); err != nil || !strings.Contains(string(raw), `"written-by": "fortio 1.66.5"`) {
		t.Fatalf("%v\n%s", err, raw)
	}
	if again := one(t, raw, Options{}); again.Status.Environment.Plugin != "fortio 1.66.5" || !slices.Contains(again.Status.Validity.Warnings, noGenerator) {
		t.Errorf("%+v", again.Status)
	}
	// What this one measured is its own, after an export and import as well.
	if raw, _, err = export.Fortio(measured(t), export.Response); err != nil {
		t.Fatal(err)
	}
	if raw, _, err = export.Fortio(one(t, raw, Options{}), export.Response); err != nil || !strings.Contains(string(raw), `"Version": "kubectl-meshery v1.2.3"`) {
		t.Errorf("%v\n%s", err, raw)
	}
}

// A file of which one half was changed is refused: nobody could tell which is right.
func TestChangedExportIsRefused(t *testing.T) {
	raw, _, err := export.Fortio(measured(t), export.Response)
	if err != nil {
		t.Fatal(err)
	}
	other, otherHistogram := drawn(t, 9, 9983, 3)
	for name, change := range map[string]func(f, own, status map[string]any){
		"rate":       func(f, _, _ map[string]any) { f["ActualQPS"] = 600 },
		"start":      func(f, _, _ map[string]any) { f["StartTime"] = "2026-11-23T13:00:00Z" },
		"count":      func(_, _, s map[string]any) { s["requests"].(map[string]any)["sent"] = 9999 },
		"percentile": func(_, _, s map[string]any) { summary(s, "responseTime")["p99"] = 0.001 },
		"mean":       func(_, _, s map[string]any) { summary(s, "lateness")["mean"] = 5 },
		"summary":    func(_, _, s map[string]any) { s["latency"].(map[string]any)["serviceTime"] = other },
		"histogram":  func(_, _, s map[string]any) { s["histograms"].(map[string]any)["responseTime"] = otherHistogram },
		"garbage":    func(_, _, s map[string]any) { s["histograms"].(map[string]any)["errorTime"] = "garbage" },
		"phase":      func(_, _, s map[string]any) { s["phase"] = "Great" },
		"name": func(_, own, _ map[string]any) {
			own["metadata"].(map[string]any)["name"] = "No Name"
		},
		"agent":           func(_, _, s map[string]any) { s["agents"].([]any)[0].(map[string]any)["histograms"] = map[string]any{} },
		"another version": func(_, own, _ map[string]any) { own["apiVersion"] = "perf.meshery.io/v9" },
	} {
		var f map[string]any
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		own := f["Meshery"].(map[string]any)
		change(f, own, own["status"].(map[string]any))
		changed, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(changed, Options{}); err == nil || !strings.Contains(err.Error(), "it was exported") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func summary(status map[string]any, name string) map[string]any {
	return status["latency"].(map[string]any)[name].(map[string]any)
}

// Without what only this plugin reads, its own export is a run of Fortio like any
// other: of at most 250 buckets, whose percentiles are near.
func TestExportAsOthersSeeIt(t *testing.T) {
	r := measured(t)
	raw, _, err := export.Fortio(r, export.Response)
	if err != nil {
		t.Fatal(err)
	}
	var f map[string]any
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	delete(f, "Meshery")
	// These are of all calls, as Fortio's are.
	f["ErrorsDurationHistogram"] = nil
	f["RetCodes"] = map[string]int{"200": 9986}
	plain, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	got, want := one(t, plain, Options{}).Status.Latency.ServiceTime, r.Status.Latency.ResponseTime
	if got.Count != want.Count || math.Abs(got.Mean-want.Mean) > 1e-9 || math.Abs(got.Max-want.Max) > 1e-9 {
		t.Errorf("%+v, want %+v", got, want)
	}
	a, b := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range a.NumField() {
		p, ok := a.Field(i).Interface().(*float64)
		if !ok {
			continue
		}
		q := b.Field(i).Interface().(*float64)
		if (p == nil) != (q == nil) || p != nil && math.Abs(*p-*q) > 0.03**q {
			t.Errorf("%s: %v, want %v", a.Type().Field(i).Name, fmt.Sprint(p), fmt.Sprint(q))
		}
	}
}
