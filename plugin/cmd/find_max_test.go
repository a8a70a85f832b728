package cmd

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/findmax"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
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

// The server answers one request after the other, in 10 ms each: it cannot take
// more than 100 a second, however busy the machine is. A busy one may take fewer,
// and may have no time for the load: what must hold is that no rate above is
// found, and that the answer is what the steps say.
func TestFindMax(t *testing.T) {
	t.Parallel()
	dir := "file://" + t.TempDir()
	stdout, stderr, err := local(t, t.Context(), "", slow(t, 10*time.Millisecond), "--find-max", "--slo", "responseTime.p90 < 60ms", "--rate", "60",
		"--duration", "1s", "--warmup", "0s", "--max-rate", "300", "--connections", "40", "--archive", dir, "-o", "json", "--label", "a=b")
	steps := searched(t, dir)
	t.Logf("%v\n%s", err, stderr)
	for i, s := range steps {
		if l := s.Metadata.Labels; l["a"] != "b" || l[labelSearch] != steps[0].Metadata.Labels[labelSearch] || l[labelStep] != strconv.Itoa(i+1) {
			t.Errorf("step %d has the labels %v", i+1, l)
		}
	}
	lines := 0
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "step ") || strings.HasPrefix(line, "confirm ") {
			lines++
			if utf8.RuneCountInString(line) > printer.DefaultWidth+1 || !regexp.MustCompile(`  (kept|not kept: .+|not known: .+)\n$`).MatchString(line) {
				t.Errorf("line %q", line)
			}
		}
	}
	if lines != len(steps) || strings.Count(stderr, "\nconfirm ") == 0 && err == nil {
		t.Errorf("%d steps, %d Results are kept", lines, len(steps))
	}
	label := "kubectl meshery results list --label find-max=" + steps[0].Metadata.Labels[labelSearch]
	if err != nil {
		// The machine was too busy for every rate.
		if stdout != "" || !strings.Contains(err.Error(), label) || !errors.Is(err, findmax.ErrUnknown) || exit.Code(err) != exit.Invalid {
			t.Fatalf("%d, %v, %q", exit.Code(err), err, stdout)
		}
		return
	}
	r := result(t, []byte(stdout))
	rate := float64(r.Spec.Load.Rate)
	if rate > 110 || r.Metadata.RunID != steps[len(steps)-1].Metadata.RunID || outcome(r).Verdict != findmax.Kept || !r.Status.Validity.Valid {
		t.Errorf("%g rps found, of a server that cannot take more than 100: %+v, %+v", rate, r.Status.Thresholds, r.Status.Validity)
	}
	// What is said of the next higher rate is what came of it.
	m := regexp.MustCompile(`\nhighest rate: (at least )?([0-9.]+) rps(?:; | \(|: above it the generator, not the target, was the limit \()([0-9.]+) rps`).FindStringSubmatch(stderr)
	if m == nil || m[2] != plainRate(rate) || !strings.Contains(stderr, "\nkept: responseTime.p90 < 60ms\nsteps: "+label+"\n") {
		t.Fatalf("%q in\n%s", m, stderr)
	}
	above, last := 0.0, findmax.Outcome{}
	for _, s := range steps {
		if at := float64(s.Spec.Load.Rate); plainRate(at) == m[3] {
			above, last = at, outcome(&s)
		}
	}
	if last.Verdict == findmax.Kept || (last.Verdict == findmax.Unknown) != (m[1] != "") || above <= rate || above > 1.03*rate {
		t.Errorf("%g found, above it %g: %+v", rate, above, last)
	}
}

// searched are the Results of an archive, the oldest first.
func searched(t *testing.T, dir string) (all []document.Result) {
	t.Helper()
	for _, raw := range resultsIn(t, dir) {
		all = append(all, *result(t, raw))
	}
	if len(all) == 0 {
		t.Fatal("no step is in the archive")
	}
	slices.SortFunc(all, func(a, b document.Result) int { return strings.Compare(a.Metadata.RunID, b.Metadata.RunID) })
	return all
}

// A figure that no run will have is no rate that is too high: three tries at one
// rate tell, and the search ends.
func TestFindMaxOfWhatIsNotMeasured(t *testing.T) {
	t.Parallel()
	url, _ := target(t, 200)
	dir := "file://" + t.TempDir()
	stdout, stderr, err := local(t, t.Context(), "", url, "--find-max", "--slo", "connectTime.p99 < 1s", "--rate", "500", "--duration", "1s",
		"--warmup", "0s", "--connections", "2", "--archive", dir)
	if exit.Code(err) != exit.Invalid || !errors.Is(err, findmax.ErrUnknown) || stdout != "" {
		t.Fatalf("%d, %v\n%s", exit.Code(err), err, stderr)
	}
	for _, s := range searched(t, dir) {
		if outcome(&s).Verdict != findmax.Unknown {
			t.Errorf("%g rps: %+v", float64(s.Spec.Load.Rate), outcome(&s))
		}
	}
}

func TestThresholdsThatCannotBeRight(t *testing.T) {
	home(t)
	for want, args := range map[string][]string{
		"did you mean":                 {"--threshold", "responsTime.p99 < 5ms"},
		"closed loop":                  {"--threshold", "responseTime.p99 < 5ms", "--rate", "max"},
		"no target is named":           {"--abort-on", "targets.cart.errorRate > 1%"},
		"there is no threshold":        {"--abort-on", "hopeless"},
		"--find-max needs an --slo":    {"--find-max"},
		"belong to --find-max":         {"--slo", "errorRate < 1%"},
		"--find-max searches a rate":   {"--find-max", "--slo", "errorRate < 1%", "--rate", "max"},
		"--find-max has steps":         {"--find-max", "--slo", "errorRate < 1%", "--requests", "5"},
		"--rate 9 is above --max-rate": {"--find-max", "--slo", "errorRate < 1%", "--rate", "9", "--max-rate", "5"},
		"--max-rate -1 is not between": {"--find-max", "--slo", "errorRate < 1%", "--max-rate", "-1"},
		"--max-rate +Inf is not":       {"--find-max", "--slo", "errorRate < 1%", "--max-rate", "Inf"},
		"--max-rate NaN is not":        {"--find-max", "--slo", "errorRate < 1%", "--max-rate", "NaN"},
		"0.001 and 10,000,000":         {"--find-max", "--slo", "errorRate < 1%", "--max-rate", "1e9"},
		"label find-max=x: --find-max": {"--find-max", "--slo", "errorRate < 1%", "--label", "find-max=x"},
		"label find-max-step=1: ":      {"--find-max", "--slo", "errorRate < 1%", "--label", "find-max-step=1"},
		"begin with --rate 456":        {"--find-max", "--slo", "responseTime.p99.99 < 1s"},
		"needs 368 requests, and this Test plans 300: give it --rate 13 or --duration 37s, or ask": {"--threshold", "responseTime.p99 < 50ms"},
		"needs 3,688 requests, and this Test plans 1,000: plan more":                               {"--threshold", "serviceTime.p99.9 < 50ms", "--rate", "max", "--requests", "1000"},
		"load.arrivals poisson needs a":                                                            {"--arrivals", "poisson", "--rate", "max"},
		"has no streams":                                                                           {"--streams", "4"},
	} {
		_, _, err := local(t, t.Context(), "", append(args, "http://127.0.0.1:1/")...)
		if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: exit code %d, %v; want %q", args, exit.Code(err), err, want)
		}
	}
}
