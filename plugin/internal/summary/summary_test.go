package summary

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func of(v float64) *float64 { return &v }

func cost(v float64) document.Cost { return document.Cost{CoreSecondsPer1000Requests: &v} }

func latency(scale float64) *document.Summary {
	return &document.Summary{Count: 60000, P50: of(2.1 * scale), P90: of(4.02 * scale), P99: of(11.94 * scale), P999: of(48.1 * scale), Max: 96.2 * scale}
}

// sample is a good run of three agents.
func sample() *document.Result {
	s := document.Status{
		Phase: document.Succeeded, Validity: document.Validity{Valid: true},
		StartTime: time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC),
		Requests:  document.Requests{Planned: 60000, Sent: 60000, Succeeded: 60000, Codes: map[string]int64{"200": 60000}},
		Rate:      document.AchievedRate{Target: of(1000), Achieved: 999.94},
		Latency:   document.Latency{ResponseTime: latency(1), ServiceTime: latency(0.9)},
		Resources: document.Resources{
			Nodes: []document.NodeResources{{Node: "worker-1", CPUUtilization: of(0.38)}, {Node: "worker-2", CPUUtilization: of(0.44)}},
			Containers: []document.ContainerResource{
				{Namespace: "shop", Pod: "checkout-7f9", Container: "istio-proxy", CPUSamples: 6, MeanCores: of(0.22), Cost: cost(0.221), MemoryMeanBytes: of(40 << 20)},
				{Namespace: "shop", Pod: "checkout-7f9", Container: "app", CPUSamples: 6, MeanCores: of(0.41), Cost: cost(0.412), MemoryMeanBytes: of(120 << 20)},
				{Namespace: "meshery", Pod: "agent-1", Container: "agent", CPUSamples: 6, MeanCores: of(3)},
				{Namespace: "shop", Pod: "cron", Container: "job", CPUSamples: 1},
				{Namespace: "kube-system", Pod: "checkout-7f9", Container: "app", CPUSamples: 6, MeanCores: of(0.9), Cost: cost(0.904)},
			},
			Sources: []document.SourceStatus{
				{Source: "nodeExporter", Node: "worker-1", Available: true, Samples: 60},
				{Source: "nodeExporter", Node: "worker-3", Detail: "none found on this node; deploy with --node-exporter"},
				{Source: "kubelet", Node: "worker-1", Available: true, Samples: 6},
				{Source: "prometheus", Node: "worker-1", Available: true, LastError: "connection refused"},
			},
		},
		Environment: document.Environment{Namespace: "meshery", TargetPods: []string{"shop/checkout-7f9"}},
	}
	for i, node := range []string{"worker-1", "worker-2", "worker-3"} {
		s.Agents = append(s.Agents, document.AgentResult{Node: node, Phase: document.AgentSucceeded, Rate: document.AchievedRate{Achieved: 333.31},
			Requests: document.Requests{Sent: 20000}, Latency: document.Latency{ResponseTime: latency(1)}, StartSkewMs: 0.4 * float64(i)})
	}
	return &document.Result{Metadata: document.ResultMetadata{Name: "checkout", RunID: "0193a1c4-7c1e-7000-8000-000000000001"}, Status: s}
}

func written(t *testing.T, r *document.Result, archived string) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, archived); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > 80 && strings.Contains(strings.TrimSpace(line[11:]), " ") {
			t.Errorf("%d characters: %s", n, line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("spaces at the end of %q", line)
		}
	}
	return b.String()
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAGoodRun(t *testing.T) {
	same(t, written(t, sample(), "s3://perf/runs/2026/11/23/0193a1c4-7c1e-7000-8000-000000000001"), `
VALID      60,000 of 60,000 requests, 999.9 rps

LATENCY    P50       P90       P99       P99.9     MAX
response   2.10 ms   4.02 ms   11.9 ms   48.1 ms   96.2 ms
service    1.89 ms   3.62 ms   10.7 ms   43.3 ms   86.6 ms

NODE       RPS     P50       P99       ERRORS   START SKEW   CPU
worker-1   333.3   2.10 ms   11.9 ms   0        0.00 ms      38.0 %
worker-2   333.3   2.10 ms   11.9 ms   0        400 µs       44.0 %
worker-3   333.3   2.10 ms   11.9 ms   0        800 µs       -

POD                        CONTAINER     CPU        PER 1,000 REQ.   MEMORY
shop/checkout-7f9          app           410 mCPU   0.412 core-s     120 MiB
shop/checkout-7f9          istio-proxy   220 mCPU   0.221 core-s     40.0 MiB
kube-system/checkout-7f9   app           900 mCPU   0.904 core-s     -

COST       per 1,000 requests: app 0.412 core-s, istio-proxy 0.221 core-s

NOT READ   node-exporter: none found on this node; deploy with --node-exporter
NOT READ   Prometheus: connection refused

RUN        0193a1c4-7c1e-7000-8000-000000000001
ARCHIVED   s3://perf/runs/2026/11/23/0193a1c4-7c1e-7000-8000-000000000001
`)
}

func TestABadRun(t *testing.T) {
	r := sample()
	s := &r.Status
	s.Phase = document.Partial
	s.Validity = document.Validity{Reasons: []string{
		"agent on node worker-2 was lost: out of reach for 45s: port-forward to pod \"meshery/agent-2\": there is no such pod any more; see 'kubectl meshery status'",
		"the terminal is not steered by this: \x1b[31m",
	}, Warnings: []string{
		"2,000 planned requests were never sent; their waiting until the end is in the response time",
		"993 failed requests are not in the latencies",
	}}
	s.Requests = document.Requests{Planned: 60000, Sent: 58000, Succeeded: 57000, Failed: 1000, Unsent: 2000,
		Codes: map[string]int64{"200": 57000, "503": 990, "timeout": 7, "connection": 3}}
	s.Latency.ConnectTime = &document.Summary{Count: 20, P50: of(0.4), Max: 1.2}
	s.Resources.Sources, s.Resources.Containers = nil, s.Resources.Containers[:2]
	s.Agents = s.Agents[:1]
	s.Agents[0].Requests.Failed = 1000
	s.NodesWithoutAgent = []document.NodeWithoutAgent{{Node: "worker-9-of-a-very-long-name-in-a-very-long-domain.example.com", Reason: "taint"}}
	s.Thresholds = []document.ThresholdResult{
		{Expression: "responseTime.p99 < 50ms", Actual: of(11.94), Unit: "ms", Passed: true}, // older Results have that
		{Expression: "errorRate < 0.1%", Actual: of(1.7241379), Unit: "%", Reason: "the run is invalid; errorRate was 1.7241 %"},
		{Expression: "rate.achieved > 990", Actual: of(966.6666)},
		{Expression: "responseTime.p99.99 < 1s", Unit: "ms", Reason: "the run is invalid; p99.99 needs 36,887 requests, and has 400"},
	}
	same(t, written(t, r, ""), `
INVALID    58,000 of 60,000 requests, 999.9 rps, partial
BECAUSE    agent on node worker-2 was lost: out of reach for 45s: port-forward
           to pod "meshery/agent-2": there is no such pod any more; see 'kubectl
           meshery status'
BECAUSE    the terminal is not steered by this: \x1b[31m
           these numbers are not to be relied on

LATENCY    P50       P90       P99       P99.9     MAX       INVALID
response   2.10 ms   4.02 ms   11.9 ms   48.1 ms   96.2 ms   !
service    1.89 ms   3.62 ms   10.7 ms   43.3 ms   86.6 ms   !
connect    400 µs    -         -         -         1.20 ms   !

ERRORS     1,000 of 58,000 (503: 990, connection: 3, timeout: 7)

NODE             RPS       P50      P99      ERRORS  START SKEW  CPU     INVALID
worker-1         333.3     2.10 ms  11.9 ms  1,000   0.00 ms     38.0 %  !
worker-9-of-a-…  no agent  -        -        -       -           -       !

POD                 CONTAINER     CPU        PER 1,000 REQ.   MEMORY     INVALID
shop/checkout-7f9   app           410 mCPU   0.412 core-s     120 MiB    !
shop/checkout-7f9   istio-proxy   220 mCPU   0.221 core-s     40.0 MiB   !

COST       per 1,000 requests: app 0.412 core-s, istio-proxy 0.221 core-s;
           invalid

THRESHOLD                  ACTUAL     RESULT       INVALID
responseTime.p99 < 50ms    11.94 ms   not judged   !
errorRate < 0.1%           1.7241 %   not judged   !
rate.achieved > 990        966.67     not judged   !
responseTime.p99.99 < 1s   -          not judged   !
           responseTime.p99.99 < 1s: the run is invalid; p99.99 needs 36,887
           requests, and has 400

WARNING    2,000 planned requests were never sent; their waiting until the end
           is in the response time
WARNING    993 failed requests are not in the latencies

RUN        0193a1c4-7c1e-7000-8000-000000000001
`)
}

func TestAClosedLoop(t *testing.T) {
	r := sample()
	r.Status.Rate.Target, r.Status.Latency.ResponseTime = nil, nil
	for i := range r.Status.Agents {
		r.Status.Agents[i].Latency = document.Latency{ServiceTime: latency(1)}
	}
	got := written(t, r, "")
	if !strings.HasPrefix(got, "VALID      60,000 requests, 999.9 rps, closed loop: no response time\n") ||
		strings.Contains(got, "\nresponse") || !strings.Contains(got, "worker-1   333.3   2.10 ms") {
		t.Errorf("got\n%s", got)
	}
}

func TestAnImportedRunOfNoKnownRate(t *testing.T) {
	r := sample()
	r.Status.Rate.Target, r.Status.Agents = nil, nil
	if got := written(t, r, ""); !strings.HasPrefix(got, "VALID      60,000 requests, 999.9 rps\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestARunOfNothing(t *testing.T) {
	r := &document.Result{Metadata: document.ResultMetadata{RunID: "0193a1c4-7c1e-7000-8000-000000000001"}, Status: document.Status{
		Phase: document.Cancelled, Validity: document.Validity{Reasons: []string{"stopped before its end"}},
		Rate: document.AchievedRate{Target: of(10)}, Agents: []document.AgentResult{{Node: "worker-1", Phase: document.AgentCancelled}},
		Resources: document.Resources{Sources: []document.SourceStatus{{Source: "kubelet", Available: true}}}}}
	same(t, written(t, r, "file:///home/me/.local/share/kubectl-meshery/archive/runs/2026/11/23/0193a1c4"), `
INVALID    0 of 0 requests, 0 rps, cancelled
BECAUSE    stopped before its end
           these numbers are not to be relied on

NODE       RPS   P50   P99   ERRORS   START SKEW   CPU   INVALID
worker-1   0     -     -     0        0.00 ms      -     !

NOT READ   kubelet metrics: gave no reading inside the measured time

RUN        0193a1c4-7c1e-7000-8000-000000000001
ARCHIVED   file:///home/me/.local/share/kubectl-meshery/archive/runs/2026/11/23/0193a1c4
`)
}

func TestFewCallsHaveNoPercentiles(t *testing.T) {
	r := sample()
	r.Status.Latency.ResponseTime = &document.Summary{Count: 20, P50: of(2.1), Max: 3}
	if got := written(t, r, ""); !strings.Contains(got, "response   2.10 ms   -         -         -         3.00 ms\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestTheBusiestContainersOnly(t *testing.T) {
	r := sample()
	r.Status.Resources.Containers = nil
	for i := range 9 {
		r.Status.Resources.Containers = append(r.Status.Resources.Containers, document.ContainerResource{Namespace: "a-very-long-namespace-name",
			Pod: "pod-with-a-very-long-name-as-deployments-make-them-" + string(rune('0'+i)), Container: "container-" + string(rune('0'+i)), CPUSamples: 2, MeanCores: of(float64(i))})
	}
	got := written(t, r, "")
	if !strings.Contains(got, "container-8") || strings.Contains(got, "container-3") || strings.Contains(got, "core-s") {
		t.Errorf("got\n%s", got)
	}
}

func TestEveryContainerBehindTheTarget(t *testing.T) {
	r := sample()
	s := &r.Status
	s.Resources.Containers = []document.ContainerResource{{Namespace: "shop", Pod: "other", Container: "busy", CPUSamples: 2, MeanCores: of(7), Cost: cost(70)}}
	s.Environment.TargetPods = nil
	for i := range 4 {
		pod := "pod-" + string(rune('0'+i))
		s.Environment.TargetPods = append(s.Environment.TargetPods, "shop/"+pod)
		for j, c := range []string{"app", "sidecar"} {
			s.Resources.Containers = append(s.Resources.Containers, document.ContainerResource{Namespace: "shop", Pod: pod, Container: c, CPUSamples: 2,
				MeanCores: of(0.1), Cost: cost(0.01 * float64(1+j))})
		}
	}
	got := written(t, r, "")
	if strings.Count(got, " core-s    -\n") != 8 || strings.Contains(got, "busy") ||
		!strings.Contains(got, "COST       per 1,000 requests: sidecar 0.0800 core-s, app 0.0400 core-s\n") {
		t.Errorf("got\n%s", got)
	}
	// Of one pod the cost is not known, and one has no sidecar.
	s.Resources.Containers[1].Cost = document.Cost{}
	s.Resources.Containers = append(s.Resources.Containers[:2], s.Resources.Containers[3:]...)
	if got := written(t, r, ""); !strings.Contains(got, "COST       per 1,000 requests: sidecar 0.0600 core-s (3 of 4 pods), app 0.0300\n           core-s (3 of 4 pods)\n") ||
		!strings.Contains(got, "shop/pod-0   app         100 mCPU   -                -\n") {
		t.Errorf("got\n%s", got)
	}
	// Nobody knows which the target's are: what each costs is shown, but no sum.
	s.Environment.TargetPods = nil
	if got := written(t, r, ""); strings.Contains(got, "COST") || !strings.Contains(got, "70.0 core-s") {
		t.Errorf("got\n%s", got)
	}
}

// The pods of one target need not have what those of another have.
func TestCostOfSeveralTargets(t *testing.T) {
	r := sample()
	s := &r.Status
	s.Resources.Containers = nil
	for _, c := range [][2]string{{"cart-1", "cart"}, {"cart-1", "proxy"}, {"cart-2", "cart"}, {"cart-2", "proxy"}, {"search-1", "search"}} {
		s.Resources.Containers = append(s.Resources.Containers, document.ContainerResource{Namespace: "shop", Pod: c[0], Container: c[1],
			CPUSamples: 2, MeanCores: of(0.1), Cost: cost(0.1)})
	}
	s.Environment.TargetPods = []string{"shop/cart-1", "shop/cart-2", "shop/search-1"}
	s.Environment.PodsByTarget = map[string][]string{"cart": {"shop/cart-1", "shop/cart-2"}, "health": {"shop/cart-1", "shop/cart-2"}, "search": {"shop/search-1"}}
	if got := written(t, r, ""); !strings.Contains(got, "COST       per 1,000 requests: cart 0.200 core-s, proxy 0.200 core-s, search\n           0.100 core-s\n") {
		t.Errorf("got\n%s", got)
	}
	// What is missing of a target's own pods is said, also where nothing was read.
	s.Resources.Containers = append(s.Resources.Containers[:2], s.Resources.Containers[4:]...)
	if got := written(t, r, ""); !strings.Contains(got, "cart 0.100 core-s (1 of 2 pods), proxy 0.100\n           core-s (1 of 2 pods), search 0.100 core-s\n") {
		t.Errorf("got\n%s", got)
	}
}

// Whatever is cut, the comparison and its value are there.
func TestLongThresholdsKeepTheirComparison(t *testing.T) {
	long := "targets.the-service-of-a-name-that-takes-nearly-all-of-sixty-three-letters.responseTime.p99 < 50ms"
	for valid, want := range map[bool]string{
		true:  "targets.the-se…sixty-three-letters.responseTime.p99 < 50ms   11.94 ms   passed\nrequests.sent >= 1000000 ",
		false: "targets.the-…hree-letters.responseTime.p99 < 50ms  11.94 ms  not judged  !\nrequests.sent >= 1000000 ",
	} {
		r := sample()
		r.Status.Validity.Valid = valid
		r.Status.Thresholds = []document.ThresholdResult{
			{Expression: long, Actual: of(11.94), Unit: "ms", Passed: valid},
			{Expression: "requests.sent >= 1000000", Actual: of(1000)},
		}
		if got := written(t, r, ""); !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwhich lacks\n%s", got, want)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWriteErrors(t *testing.T) {
	if err := Write(brokenWriter{}, sample(), ""); err == nil {
		t.Error("no error for a broken pipe")
	}
}
