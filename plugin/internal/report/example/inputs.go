package example

import (
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

// The two services that are compared.
var (
	withoutMesh = Service{Name: "bare", Median: 2, Spread: 0.55, Application: 0.41, Errors: 0.0001}
	withMesh    = Service{Name: "meshed", Median: 2.55, Spread: 0.57, Application: 0.412, Sidecar: 0.22, Errors: 0.0001}
)

// Evil is a name that no page may take for anything but text.
const Evil = "</title><script>alert('x')</script><img src=http://127.0.0.1:1/x onerror=alert(1)>|`@everyone`\u202e\x1b[31m"

func group(s Service, name string, n int) (report.Group, error) {
	g := report.Group{Name: name}
	first := 0 // those with a mesh follow those without, one by one
	if s.Sidecar > 0 {
		first = 1
	}
	for i := range n {
		r, err := Run(s, 2*i+first)
		if err != nil {
			return g, err
		}
		g.Runs = append(g.Runs, r)
	}
	return g, nil
}

func input(groups ...report.Group) report.Input {
	return report.Input{Generated: Start.Add(24 * time.Hour), Plugin: "v0.4.0", Groups: groups}
}

// Comparison is a service bare and in a mesh, so many runs each and one more of the
// mesh that is invalid.
func Comparison(n int) (report.Input, error) {
	a, err := group(withoutMesh, "bare", n)
	if err != nil {
		return report.Input{}, err
	}
	b, err := group(withMesh, "meshed", n+1)
	if err != nil {
		return report.Input{}, err
	}
	last := b.Runs[n]
	last.Status.Validity = document.Validity{Reasons: []string{"587 of 600 rps were sent, 97.8 %: at least 99 % are wanted"}, Warnings: []string{"23 requests waited behind a stall"}}
	c, err := Compare(a, b)
	if err != nil {
		return report.Input{}, err
	}
	in := input(a, b)
	in.Comparisons = []*document.Comparison{c}
	in.Command = "kubectl meshery report mesh=bare mesh=meshed --output report.html"
	return in, nil
}

// Single is one valid run with thresholds.
func Single() (report.Input, error) {
	g, err := group(withMesh, "", 1)
	if err != nil {
		return report.Input{}, err
	}
	s := &g.Runs[0].Status
	s.Thresholds = []document.ThresholdResult{
		{Expression: "responseTime.p99 < 50ms", Actual: s.Latency.ResponseTime.P99, Unit: "ms", Passed: true},
		{Expression: "responseTime.p50 < 1ms", Actual: s.Latency.ResponseTime.P50, Unit: "ms"},
		{Expression: "responseTime.p99.99 < 1s", Reason: "p99.99 needs 36,887 requests"},
	}
	s.Validity.Warnings = []string{"the start skew is 0.8 ms"}
	return input(g), nil
}

// Poor is what has little to show: a closed loop that was cut short, without
// timeline, resources and enough requests for a percentile, of foreign names; beside
// a valid run of two targets, and one without any answer.
func Poor() (report.Input, error) {
	h := histogram.New()
	for i := range 5 {
		h.Record(time.Duration(i+1) * time.Millisecond)
	}
	raw, err := h.Encode()
	if err != nil {
		return report.Input{}, err
	}
	closed := &document.Result{APIVersion: document.APIVersion, Kind: document.KindResult, Metadata: document.ResultMetadata{Name: Evil, RunID: "019ca0de-ffff-7000-8000-000000000001", Labels: map[string]string{Evil: Evil}},
		Spec: document.Spec{Target: document.Target{URL: "http://target/?q=" + Evil, Body: Evil}, Load: document.Load{Rate: document.Max, Connections: 1}},
		Status: document.Status{Phase: document.Cancelled, Aborted: Evil, Validity: document.Validity{Reasons: []string{"stopped before its end", Evil}, Warnings: []string{Evil}}, StartTime: Start, EndTime: Start.Add(time.Second),
			Requests: document.Requests{Planned: 5, Sent: 5, Succeeded: 5}, Rate: document.AchievedRate{Achieved: 5}, Latency: document.Latency{ServiceTime: Summary(h)}, Histograms: document.Histograms{ServiceTime: string(raw)},
			Thresholds:        []document.ThresholdResult{{Expression: Evil, Reason: Evil}},
			Agents:            []document.AgentResult{{Node: Evil, Phase: document.AgentCancelled, Histograms: document.Histograms{ServiceTime: string(raw)}}},
			NodesWithoutAgent: []document.NodeWithoutAgent{{Node: Evil, Reason: Evil}},
			Resources:         document.Resources{Sources: []document.SourceStatus{{Source: "kubelet", Node: Evil, Detail: Evil}, {Source: "nodeExporter", Available: true}}},
			Environment:       document.Environment{Local: true, Plugin: Evil, Meshes: map[string]string{Evil: Evil}}}}
	two, err := Run(withoutMesh, 0)
	if err != nil {
		return report.Input{}, err
	}
	two.Status.Targets = []document.TargetResult{{Name: "cart", Histograms: two.Status.Histograms}, {Name: Evil, Histograms: two.Status.Histograms}}
	silent := &document.Result{Metadata: document.ResultMetadata{Name: "silent", RunID: "019ca0de-ffff-7000-8000-000000000003"}, Status: document.Status{Phase: document.Failed, Environment: document.Environment{Plugin: "v0.4.0"}}}
	in := input(report.Group{Name: Evil, Runs: []*document.Result{closed}}, report.Group{Name: "two targets", Runs: []*document.Result{two}}, report.Group{Name: "silent", Runs: []*document.Result{silent}})
	in.Command = "kubectl meshery report " + Evil
	few := document.Comparison{A: document.ComparedGroup{Name: Evil}, B: document.ComparedGroup{Name: "two targets", LeftOut: []document.LeftOutRun{{RunID: "gone", Reason: Evil}}}, Confidence: 0.95, Verdict: document.TooFew, Reason: "1 run a side: at least 6 are needed " + Evil}
	in.Comparisons = []*document.Comparison{&few}
	return in, nil
}

// Variants are three services against the first.
func Variants(n int) (report.Input, error) {
	in, err := Comparison(n)
	if err != nil {
		return in, err
	}
	faster, err := group(Service{Name: "meshed-tuned", Median: 2.1, Spread: 0.55, Application: 0.35, Sidecar: 0.1}, "meshed-tuned", n)
	if err != nil {
		return in, err
	}
	c, err := Compare(in.Groups[0], faster)
	if err != nil {
		return in, err
	}
	in.Groups = append(in.Groups, faster)
	in.Comparisons = append(in.Comparisons, c)
	in.Title = "Two ways to mesh"
	return in, nil
}
