package cmd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

func TestThresholdsAndAbort(t *testing.T) {
	t.Parallel()
	// However busy the machine is, these runs are valid.
	const patient = "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:\n  validity: {minRate: 0, maxLateness: 100, maxGeneratorCPU: 1}\n  target: {url: %q}\n"
	ok := fmt.Sprintf(patient, slow(t, 10*time.Millisecond))
	url, _ := target(t, 500)
	bad := fmt.Sprintf(patient, url)
	for _, c := range []struct {
		name, test string
		code       int
		want       string
		args       []string
	}{
		{"passed", ok, 0, "", []string{"--threshold", "errorRate < 1%", "--duration", "1s"}},
		{"failed", ok, exit.Thresholds, "thresholds failed: requests.sent > 1000000", []string{"--threshold", "requests.sent > 1000000", "--threshold", "errorRate < 1%", "--duration", "1s"}},
		{"aborted", ok, exit.Thresholds, "the run was ended early: requests.sent > 100: it is ", []string{"--abort-on", "requests.sent > 100", "--duration", "5m"}},
		{"hopeless", ok, exit.Thresholds, "the run was ended early: requests.sent < 100 can no longer be met", []string{"--threshold", "requests.sent < 100", "--threshold", "errorRate < 1%", "--abort-on", "hopeless", "--duration", "5m"}},
		{"aborted and bad", bad, exit.Invalid, "ended early by its Test: errorRate > 10%: it is 100 %; 100.0 % of the requests failed", []string{"--abort-on", "errorRate > 10%", "--duration", "5m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, err := local(t, t.Context(), c.test, append(c.args, "-f", "-", "--rate", "50", "--warmup", "0s", "--archive", "file://"+t.TempDir(), "-o", "json")...)
			if exit.Code(err) != c.code || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("exit code %d, %v, want %d\n%s", exit.Code(err), err, c.code, stderr)
			}
			s := result(t, []byte(stdout)).Status
			aborted := strings.HasPrefix(c.name, "aborted") || c.name == "hopeless"
			if (s.Aborted != "") != aborted || (s.Phase == document.Cancelled) != aborted {
				t.Errorf("phase %s, aborted %q", s.Phase, s.Aborted)
			}
			for _, th := range s.Thresholds {
				if th.Passed != (strings.HasPrefix(th.Expression, "errorRate") && !aborted) || th.Actual == nil || strings.HasPrefix(th.Reason, "the run is invalid; ") != aborted {
					t.Errorf("%+v", th)
				}
			}
		})
	}
}

// What the Test watched for is the exit code only where nothing else speaks
// against the run.
func TestExitCodesOfRunsThatEndedEarly(t *testing.T) {
	const ended, lost = "ended early by its Test: errorRate > 1%: it is 5 %", "agent on node worker-2 was lost: gone"
	for _, c := range []struct {
		phase   document.Phase
		reasons []string
		code    int
		want    string
	}{
		{document.Cancelled, []string{ended}, exit.Thresholds, "the run was ended early: errorRate > 1%: it is 5 %"},
		{document.Cancelled, []string{ended, "the generator was late"}, exit.Invalid, "the run is cancelled: " + ended + "; the generator was late"},
		{document.Partial, []string{lost, ended}, exit.Invalid, "the run is partial: " + lost + "; " + ended},
	} {
		r := &document.Result{Status: document.Status{Phase: c.phase, Aborted: "errorRate > 1%: it is 5 %", Validity: document.Validity{Reasons: c.reasons}}}
		if err := verdict(t.Context(), r); exit.Code(err) != c.code || err.Error() != c.want {
			t.Errorf("%q: %d, %v", c.reasons, exit.Code(err), err)
		}
	}
}

// A wrong expression is found before anything is sent, and where it stands is
// said.
func TestThresholdErrorsSayWhereTheyStand(t *testing.T) {
	home(t)
	url, count := target(t, 200)
	for want, args := range map[string][]string{
		`--threshold "hopeless" is no comparison: give it to --abort-on`:                      {"--threshold", "hopeless"},
		`--slo "hopeless" is no comparison: give it to --abort-on`:                            {"--find-max", "--slo", "hopeless"},
		`--threshold: expression "hopeles", column 1: "hopeles" is unknown`:                   {"--threshold", "hopeles"},
		`--abort-on: expression "hopeles", column 1: "hopeles" is unknown`:                    {"--abort-on", "hopeles"},
		`--abort-on: expression "targets.cart.errorRate > 1%": no target is named "cart"`:     {"--abort-on", "targets.cart.errorRate > 1%"},
		`--threshold: expression "lateness.p99 < 1ms": rate max is a closed loop`:             {"--threshold", "lateness.p99 < 1ms", "--rate", "max"},
		`--slo: expression "responsTime.p99 < 5ms", column 1: "responsTime" is unknown`:       {"--find-max", "--slo", "responsTime.p99 < 5ms"},
		`--abort-on hopeless: there is no threshold that could be; give one with --threshold`: {"--abort-on", "hopeless"},
	} {
		_, _, err := local(t, t.Context(), "", append(args, url)...)
		if exit.Code(err) != exit.Usage || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: exit code %d, %v; want %q", args, exit.Code(err), err, want)
		}
	}
	if count.Load() != 0 {
		t.Errorf("%d requests were sent", count.Load())
	}
}

// A Test is refused only where no run of it can have the figure, and told what
// would do within what a Test may take.
func TestThresholdsNeedRequests(t *testing.T) {
	for _, c := range []struct{ load, threshold, want string }{
		{"rate: 10, duration: 30s", "responseTime.p99 < 1s", "needs 368 requests, and this Test plans 300: give it --rate 13 or --duration 37s, or ask"},
		{"rate: 10, duration: 37s", "responseTime.p99 < 1s", ""},
		{"rate: 10, duration: 30s", "responseTime.p90 < 1s", ""},
		{"rate: 10, duration: 30s", "connectTime.p99 < 1s", ""},
		{"rate: 10, duration: 30s, arrivals: poisson", "responseTime.p99 < 1s", ""},
		{"rate: max", "serviceTime.p99.99 < 1s", ""},
		{"rate: max, requests: 300", "serviceTime.p99 < 1s", "plans 300: plan more, or ask"},
		{"stages: [{duration: 60s, rate: 1}, {rate: 1000, duration: 1s, step: true}], requests: 100000, duration: 300s", "responseTime.p99.99 < 1s", ""},
		{"rate: 0.001, duration: 30s", "responseTime.p99.99999 < 1s", "--rate 1,229,627, or ask"},
		{"rate: 10, duration: 30s", "targets.a.serviceTime.p99 < 1s", "plans 30 to target a: give it --rate 123 or --duration 6m8s, or ask"},
		{"rate: 122.5, duration: 30s", "targets.a.serviceTime.p99 < 1s", ""},
	} {
		target := "target: {url: 'http://a/'}"
		if strings.HasPrefix(c.threshold, "targets.") {
			target = "targets: [{name: a, weight: 1, url: 'http://a/'}, {name: b, weight: 9, url: 'http://b/'}]"
		}
		test, err := parsed(t, "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {"+target+", load: {"+c.load+"}, thresholds: ['"+c.threshold+"']}\n", "-f", "-")
		if err != nil {
			t.Fatalf("%s: %v", c.load, err)
		}
		test.Default()
		if err := test.Validate(); err != nil {
			t.Fatalf("%s: %v", c.load, err)
		}
		err = checkRequests(&test.Spec)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %s: %v, want %q", c.load, c.threshold, err, c.want)
		}
	}
}
