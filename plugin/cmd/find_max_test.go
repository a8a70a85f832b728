package cmd

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// slow is a real server that can answer so many requests a second, one after
// the other: its capacity does not depend on how busy the machine is.
func slow(t *testing.T, each time.Duration) string {
	t.Helper()
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(each)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestFindMax(t *testing.T) {
	home(t)
	dir := "file://" + t.TempDir()
	stdout, stderr, err := local(t, t.Context(), "", slow(t, 20*time.Millisecond), "--find-max", "--slo", "responseTime.p90 < 400ms", "--rate", "20",
		"--duration", "5s", "--warmup", "0s", "--max-rate", "30", "--connections", "50", "--archive", dir, "-o", "json", "--label", "a=b")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	r := result(t, []byte(stdout))
	if rate := float64(r.Spec.Load.Rate); rate < 20 || rate > 30 || *r.Status.Rate.Target != rate || !r.Status.Thresholds[0].Passed || !r.Status.Validity.Valid {
		t.Errorf("%g rps, %+v, %+v", rate, r.Status.Thresholds, r.Status.Validity)
	}
	o, err := archive.ParseURL(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := a.List(t.Context(), archive.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	steps := strings.Count(stderr, "step ") + strings.Count(stderr, "confirming ")
	if len(kept) != steps || steps < 3 {
		t.Errorf("%d steps, %d Results are kept\n%s", steps, len(kept), stderr)
	}
	if l := r.Metadata.Labels; l["a"] != "b" || l[labelSearch] == "" || l[labelStep] == "" || !strings.Contains(stderr, labelSearch+"="+l[labelSearch]) {
		t.Errorf("labels %v\n%s", l, stderr)
	}
}

func TestThresholdsAndAbort(t *testing.T) {
	home(t)
	ok, _ := target(t, 200)
	bad, _ := target(t, 500)
	for _, c := range []struct {
		name string
		code int
		want string
		args []string
	}{
		{"passed", 0, "", []string{ok, "--threshold", "errorRate < 1%", "--duration", "1s"}},
		{"failed", exit.Thresholds, "thresholds failed: requests.sent > 1000000", []string{ok, "--threshold", "requests.sent > 1000000", "--threshold", "errorRate < 1%", "--duration", "1s"}},
		{"aborted", exit.Thresholds, "errorRate > 10%: it is 100 %", []string{bad, "--abort-on", "errorRate > 10%", "--duration", "5m"}},
		{"hopeless", exit.Thresholds, "requests.failed < 5 can no longer be met", []string{bad, "--threshold", "requests.failed < 5", "--abort-on", "hopeless", "--duration", "5m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, err := local(t, t.Context(), "", append(c.args, "--rate", "50", "--warmup", "0s", "--archive", "file://"+t.TempDir(), "-o", "json")...)
			if exit.Code(err) != c.code || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("exit code %d, %v, want %d\n%s", exit.Code(err), err, c.code, stderr)
			}
			s := result(t, []byte(stdout)).Status
			aborted := c.name == "aborted" || c.name == "hopeless"
			if (s.Aborted != "") != aborted || (s.Phase == document.Cancelled) != aborted {
				t.Errorf("phase %s, aborted %q", s.Phase, s.Aborted)
			}
			for _, th := range s.Thresholds {
				if th.Passed != strings.HasPrefix(th.Expression, "errorRate") || th.Actual == nil {
					t.Errorf("%+v", th)
				}
			}
		})
	}
}

func TestThresholdsThatCannotBeRight(t *testing.T) {
	home(t)
	for want, args := range map[string][]string{
		"did you mean":                  {"--threshold", "responsTime.p99 < 5ms"},
		"closed loop":                   {"--threshold", "responseTime.p99 < 5ms", "--rate", "max"},
		"no target is named":            {"--abort-on", "targets.cart.errorRate > 1%"},
		"there is no threshold":         {"--abort-on", "hopeless"},
		"--find-max needs an --slo":     {"--find-max"},
		"belong to --find-max":          {"--slo", "errorRate < 1%"},
		"--find-max searches a rate":    {"--find-max", "--slo", "errorRate < 1%", "--rate", "max"},
		"--find-max has steps":          {"--find-max", "--slo", "errorRate < 1%", "--requests", "5"},
		"--rate 9 is above --max-rate":  {"--find-max", "--slo", "errorRate < 1%", "--rate", "9", "--max-rate", "5"},
		"--max-rate -1 is not above 0":  {"--find-max", "--slo", "errorRate < 1%", "--max-rate", "-1"},
		"load.arrivals poisson needs a": {"--arrivals", "poisson", "--rate", "max"},
		"has no streams":                {"--streams", "4"},
	} {
		_, _, err := local(t, t.Context(), "", append(args, "http://127.0.0.1:1/")...)
		if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: exit code %d, %v; want %q", args, exit.Code(err), err, want)
		}
	}
}
