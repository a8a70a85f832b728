package cmd

import (
	"regexp"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/imports"
)

// slowShop makes the variant "istio" answer from 5 ms on, and every run long enough for
// the figures that are compared.
var slowShop = []string{"repetitions: 2", "repetitions: 9", "/istio\"}}", "/slow\"}}"}

// A variant that answers late is worse, by that time; pairs are runs of one block.
func TestBenchCompares(t *testing.T) {
	home(t)
	kept := "file://" + t.TempDir()
	file := planFile(t, openShop(t), slowShop...)
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "-o", "json", "--fail-on", "worse")
	if exit.Code(err) != exit.Thresholds || err.Error() != "a comparison is worse" {
		t.Fatalf("%d, %v\n%s", exit.Code(err), err, stderr)
	}
	r := reportOf(t, stdout)
	if len(r.Comparisons) != 1 || r.Comparisons[0].Comparison == nil {
		t.Fatalf("%s", stdout)
	}
	c := r.Comparisons[0]
	if c.Test != "steady" || c.Variant != "istio" || !c.Comparison.Paired || len(c.Comparison.A.Runs) != 9 || c.Comparison.Verdict != document.Worse || c.NoiseFloor != nil {
		t.Errorf("%+v", c)
	}
	found := false
	for _, m := range c.Comparison.Metrics {
		if m.Name == "serviceTime.p50" {
			found = m.Verdict == document.Worse && m.Difference.Low > 3 && m.Difference.Value < 50
		}
	}
	if !found {
		t.Errorf("the median of the service time: %+v", c.Comparison.Metrics)
	}
	// Nothing is missing: the same comparison out of the archive, for a person.
	stdout, stderr, err = benched(t, t.Context(), "-f", file, "--archive", kept, "--resume")
	if err != nil || !strings.Contains(stderr, "18 of 18 runs are there\n") {
		t.Errorf("%v\n%s", err, stderr)
	}
	for _, want := range []string{"istio beside none, 9 pairs of runs: WORSE\n", "\nservice p50 ", " ms (+", "worse\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("lacks %q:\n%s", want, stdout)
		}
	}
	for line := range strings.Lines(stdout) {
		if len([]rune(line)) > 81 {
			t.Errorf("wider than 80: %q", line)
		}
	}
}

// What is worse is said before what is missing. With two comparisons more repetitions
// are needed, and a bench that has too few says so when it begins.
func TestBenchIsWorseAndIncomplete(t *testing.T) {
	home(t)
	s := openShop(t)
	file := planFile(t, s, append(slowShop, "/slow\"}}", "/slow\"}}\n  - name: broken\n    patch: {target: {url: \""+s.url+"/broken\"}}")...)
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "-o", "json", "--fail-on", "worse")
	if exit.Code(err) != exit.Thresholds || !strings.HasPrefix(err.Error(), "a comparison is worse; 9 of 27 runs are missing, the first is that of block 1, ") {
		t.Errorf("%d, %v", exit.Code(err), err)
	}
	r := reportOf(t, stdout)
	if c := r.Comparisons; len(c) != 2 || c[0].Comparison.Comparisons != 2 || c[0].Comparison.Reason != "" || !strings.Contains(c[1].Comparison.Reason, "the target made 9 of 9 runs of broken invalid") {
		t.Errorf("%s", stdout)
	}
	if want := "Warning: 9 repetitions are too few for a verdict: at least 10 are needed for all metrics of 2 comparisons, better 12 or more\n"; !strings.Contains(stderr, want) {
		t.Errorf("lacks %q:\n%s", want, stderr)
	}
}

// A run that was exported and imported again is no run of the bench.
func TestBenchPassesImportedRunsOver(t *testing.T) {
	home(t)
	kept := "file://" + t.TempDir()
	file := planFile(t, openShop(t))
	if _, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var copies []*document.Result
	for _, raw := range resultsIn(t, kept) {
		r := result(t, raw)
		r.Metadata.Labels[imports.LabelRun], r.Metadata.Labels[imports.LabelFrom] = r.Metadata.RunID, "fortio"
		r.Metadata.RunID = r.Metadata.RunID[:len(r.Metadata.RunID)-4] + "ffff"
		copies = append(copies, r)
	}
	keptIn(t, kept, copies)
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "--resume", "-o", "json")
	if err != nil || len(reportOf(t, stdout).Runs) != 4 {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}

// What cannot be compared says with what command line it can, and that does it.
func TestBenchSaysHowToCompareWhatDiffers(t *testing.T) {
	home(t)
	kept, changed := "file://"+t.TempDir(), "file://"+t.TempDir()
	s := openShop(t)
	file := planFile(t, s)
	if _, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var all []*document.Result
	for _, raw := range resultsIn(t, kept) {
		r := result(t, raw)
		if r.Metadata.Labels["variant"] == "istio" {
			r.Status.Environment.Kubernetes, r.Spec.Target.Method = "v1.36.1", "POST"
		} else {
			r.Status.Environment.Kubernetes = "v1.35.0"
		}
		all = append(all, r)
	}
	keptIn(t, changed, all)
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", changed, "--kubeconfig=/no/such/file", "--resume")
	command := regexp.MustCompile(`(?m)^kubectl meshery (compare .*)$`).FindStringSubmatch(stdout)
	if exit.Code(err) != exit.Failure || command == nil || !strings.HasSuffix(err.Error(), "; to compare them all the same: "+command[0]) {
		t.Fatalf("%d, %v\n%s%s", exit.Code(err), err, stdout, stderr)
	}
	if !strings.HasSuffix(command[1], " --allow kubernetes,test --archive="+changed) {
		t.Errorf("%q", command[1])
	}
	stdout, _, err = execute(t, strings.Fields(command[1])...)
	if err != nil || !strings.Contains(stdout, "istio") || !strings.Contains(stdout, "2 pairs of runs") {
		t.Errorf("%s: %v\n%s", command[1], err, stdout)
	}
	if got := commandIntro(3); !strings.Contains(got, "not corrected for 3 comparisons") {
		t.Errorf("%q", got)
	}
	// Within a side only force helps.
	all[0].Status.Environment.Kubernetes = "v1.34.0"
	within := "file://" + t.TempDir()
	keptIn(t, within, all)
	if _, _, err = benched(t, t.Context(), "-f", file, "--archive", within, "--resume"); err == nil || !strings.Contains(err.Error(), " --force --archive=") {
		t.Errorf("%v", err)
	}
}

// One thing held against itself gives the noise floor, and the runs are kept as such.
func TestBenchAgainstItself(t *testing.T) {
	home(t)
	kept := "file://" + t.TempDir()
	s := openShop(t)
	file := planFile(t, s, "repetitions: 2", "repetitions: 6", "name: istio\n", "name: istio\n    switch: [{command: [sh, -c, 'echo to $MESHERY_VARIANT']}]\n    setup: [{command: [echo, once]}]\n")
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "-o", "json", "--aa", "--variant", "istio")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	r := reportOf(t, stdout)
	if !r.AA || r.Baseline != "istio" || strings.Join(r.Variants, " ") != "istio istio-again" || len(r.Runs) != 12 || s.count("/none") != 0 {
		t.Errorf("%s", stdout)
	}
	if n := strings.Count(stderr, "istio switch | to istio\n"); n < 6 || strings.Count(stderr, "istio setup | once\n") != 1 {
		t.Errorf("%d switches:\n%s", n, stderr)
	}
	for _, raw := range resultsIn(t, kept) {
		if l := result(t, raw).Metadata.Labels; l["aa"] != "true" || l["mesh"] != "istio" {
			t.Errorf("labels %v", l)
		}
	}
	floors := map[string]bool{}
	for _, f := range r.Comparisons[0].NoiseFloor {
		floors[f.Metric] = f.Share != nil && *f.Share >= 0 && f.Low <= f.High
	}
	if !floors["serviceTime.p50"] {
		t.Errorf("noise floor %+v", r.Comparisons[0].NoiseFloor)
	}
	stdout, _, err = benched(t, t.Context(), "-f", file, "--archive", kept, "--aa", "--variant", "istio", "--resume")
	if err != nil || !strings.Contains(stdout, "\nnoise floor ") || !strings.Contains(stdout, "istio-again beside istio, 6 pairs of runs: ") {
		t.Errorf("%v\n%s", err, stdout)
	}
	// It is no bench of the plan's variants.
	if _, _, err := benched(t, t.Context(), "-f", file, "--archive", kept, "--resume"); exit.Code(err) != exit.Failure {
		t.Errorf("%v", err)
	}
}
