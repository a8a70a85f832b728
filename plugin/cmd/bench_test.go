package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// shop is a real HTTP server that counts calls by path, answers /broken with 503, and
// /slow after 5 ms.
type shop struct {
	url string

	mu    sync.Mutex
	calls map[string]int
	order []string // of the paths, each once where it follows another
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{calls: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.calls[r.URL.Path]++
		if n := len(s.order); n == 0 || s.order[n-1] != r.URL.Path {
			s.order = append(s.order, r.URL.Path)
		}
		s.mu.Unlock()
		switch r.URL.Path {
		case "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/slow":
			time.Sleep(5 * time.Millisecond)
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *shop) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

// thePlan runs short closed loops, which have no lateness that a busy machine could
// make them invalid by. %[1]s is the shop.
const thePlan = `apiVersion: perf.meshery.io/v1alpha1
kind: Plan
spec:
  repetitions: 2
  pause: 0s
  retries: 1
  tests:
  - name: steady
    file: test.yaml
  variants:
  - name: none
    labels: {mesh: none}
    patch: {target: {url: "%[1]s/none"}}
  - name: istio
    labels: {mesh: istio}
    patch: {target: {url: "%[1]s/istio"}}
`

const theTest = `apiVersion: perf.meshery.io/v1alpha1
kind: Test
metadata: {name: checkout, labels: {team: perf}}
spec:
  target: {url: "http://127.0.0.1:1/"}
  load: {rate: max, requests: 40, connections: 2}
  validity: {maxGeneratorCPU: 1}
  metrics: {nodeExporter: {disabled: true}, kubelet: {disabled: true}, prometheus: {disabled: true}}
`

// planFile writes the plan, with texts replaced (old, new, ...), and its Test.
func planFile(t *testing.T, s *shop, oldnew ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf(thePlan, s.url)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("the plan has no %q", oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	file := filepath.Join(dir, "mesh cost.yaml")
	for name, content := range map[string]string{file: text, filepath.Join(dir, "test.yaml"): theTest} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// benched runs 'bench --local' until ctx ends.
func benched(t *testing.T, ctx context.Context, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	root := NewRoot(streams)
	root.SetArgs(append([]string{"bench", "--local"}, args...))
	err = root.ExecuteContext(ctx)
	return out.String(), errOut.String(), err
}

func reportOf(t *testing.T, stdout string) bench.Report {
	t.Helper()
	var r bench.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	return r
}

func TestBenchLocal(t *testing.T) {
	home(t)
	s := openShop(t)
	kept := "file://" + t.TempDir()
	file := planFile(t, s, "repetitions: 2", "repetitions: 3\n  seed: 7", "name: none\n", "name: none\n    switch: [{command: [sh, -c, 'pwd; echo to $MESHERY_VARIANT']}]\n")
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "-o", "json")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	r := reportOf(t, stdout)
	if r.Kind != "BenchReport" || r.Metadata.Name != "mesh-cost" || r.Baseline != "none" || r.Seed != 7 || len(r.Runs) != 6 || len(r.Missing) != 0 {
		t.Errorf("%s", stdout)
	}
	var paths []string
	for i, one := range r.Runs {
		if path := "/" + one.Variant; i == 0 || paths[len(paths)-1] != path {
			paths = append(paths, path)
		}
		if !one.Valid || one.Block != i/2+1 || one.Test != "steady" || one.Attempt != 1 {
			t.Errorf("%+v", one)
		}
	}
	if strings.Join(paths, " ") != strings.Join(s.order, " ") {
		t.Errorf("called in the order %q, reported %q", s.order, paths)
	}
	// What was called is what the archive says.
	inAll := map[string]int{}
	for _, raw := range resultsIn(t, kept) {
		one := result(t, raw)
		l := one.Metadata.Labels
		inAll["/"+l["variant"]] += int(sent(one))
		if one.Metadata.Name != "checkout" || l["bench"] != r.Metadata.Bench || l["plan"] != "mesh-cost" || l["test"] != "steady" || l["seed"] != "7" ||
			l["mesh"] != l["variant"] || l["team"] != "perf" || l["block"] == "" || l["attempt"] != "" || l["aa"] != "" {
			t.Errorf("labels %v", l)
		}
	}
	for _, path := range []string{"/none", "/istio"} {
		if s.count(path) != inAll[path] || inAll[path] < 120 {
			t.Errorf("%s was called %d times, kept are %d", path, s.count(path), inAll[path])
		}
	}
	dir, _ := filepath.EvalSymlinks(filepath.Dir(file))
	for _, want := range []string{"bench " + r.Metadata.Bench + "   mesh-cost   seed 7   6 runs", "\nnone switch | " + dir + "\nnone switch | to none\n"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	lines := regexp.MustCompile(`(?m)^([1-6]) of 6  block [1-3]  (none|istio)  steady  service p50 .*p99`).FindAllStringSubmatch(stderr, -1)
	for i, l := range lines {
		if l[1] != fmt.Sprint(i+1) || l[2] != r.Runs[i].Variant {
			t.Errorf("line %d: %q", i, l[0])
		}
	}
	if len(lines) != 6 {
		t.Errorf("%d lines of runs:\n%s", len(lines), stderr)
	}
}

func TestBenchRefuses(t *testing.T) {
	dir := home(t)
	s := openShop(t)
	for name, c := range map[string]struct {
		args, oldnew []string
		want         string
	}{
		"no plan":         {[]string{}, nil, "name a plan with -f"},
		"no file":         {[]string{"-f", "/no/such/plan.yaml"}, nil, "no such file"},
		"format":          {[]string{"-o", "xml"}, nil, `output format "xml" is unknown`},
		"fail on":         {[]string{"--fail-on", "better"}, nil, `--fail-on "better" is unknown: use worse`},
		"variant alone":   {[]string{"--variant", "none"}, nil, "--variant belongs to --aa"},
		"no such variant": {[]string{"--aa", "--variant", "x"}, nil, `variant "x" is not in the plan`},
		"dry resume":      {[]string{"--dry-run", "--resume"}, nil, "leave out --resume"},
		"resume apart":    {[]string{"--resume", "0123abcd-1"}, nil, "write the bench's id as --resume=0123abcd-1"},
		"another plan's":  {[]string{"--resume=0123abcd-1"}, nil, `bench "0123abcd-1" is not of this plan`},
		"unknown field":   {nil, []string{"retries", "tries"}, `mesh cost.yaml: plan: line 6: unknown field "tries" in spec`},
		"a Test":          {nil, []string{"/istio\"}", "/istio\", method: \"a b\"}"}, `variant "istio", test "steady": target.method "a b" is not an HTTP method`},
		"a threshold":     {nil, []string{"/istio\"}}", "/istio\"}, thresholds: [\"p99 < 5\"]}"}, `variant "istio", test "steady": --threshold: `},
		"agents":          {nil, []string{"/none\"}}", "/none\"}, agents: {count: 2}}"}, `variant "none", test "steady": --local runs in this process`},
		"a label":         {nil, []string{"{mesh: none}", "{bench: none}"}, `variant "none": labels: bench=none`},
		"a Test's file":   {nil, []string{"test.yaml", "gone.yaml"}, `test "steady": open `},
	} {
		for _, dry := range []bool{false, true} {
			args := append([]string{}, c.args...)
			if c.args == nil || len(c.args) > 0 && c.args[0] != "-f" {
				args = append(args, "-f", planFile(t, s, c.oldnew...))
			}
			if dry && !strings.HasPrefix(name, "dry") && !strings.Contains(name, "plan's") {
				args = append(args, "--dry-run")
			}
			stdout, stderr, err := benched(t, t.Context(), args...)
			if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || stdout != "" || stderr != "" {
				t.Errorf("%s: %d, %v, %q, %q; want %q", name, exit.Code(err), err, stdout, stderr, c.want)
			}
		}
	}
	if len(s.order) > 0 {
		t.Errorf("called: %v", s.calls)
	}
	if _, err := os.Stat(filepath.Join(dir, ".local")); !os.IsNotExist(err) {
		t.Errorf("something was kept: %v", err)
	}
}

func TestBenchDryRun(t *testing.T) {
	dir := home(t)
	s := openShop(t)
	file := planFile(t, s, "retries: 1", "retries: 1\n  seed: 7", "/istio\"}}", "/istio?token=hush\", headers: [{name: Authorization, value: hush}]}}")
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--dry-run")
	if err != nil || stderr != "" || !strings.HasPrefix(stdout, "plan mesh-cost   seed 7\n4 runs, about 1 s\n\nVARIANT ") || strings.Contains(stdout, "hush") ||
		!strings.Contains(stdout, "none (baseline)") || !strings.Contains(stdout, s.url+"/none\n") {
		t.Errorf("%v, %q\n%s", err, stderr, stdout)
	}
	if n := len(regexp.MustCompile(`(?m)^[1-4]     [12]       steady   (none|istio)$`).FindAllString(stdout, -1)); n != 4 {
		t.Errorf("%d runs in\n%s", n, stdout)
	}
	stdout, _, err = benched(t, t.Context(), "-f", file, "--dry-run", "-o", "json")
	var schedule benchSchedule
	if err != nil || json.Unmarshal([]byte(stdout), &schedule) != nil || schedule.Kind != "BenchSchedule" || len(schedule.Order) != 4 || len(schedule.Digest) != 8 || strings.Contains(stdout, "hush") {
		t.Fatalf("%v\n%s", err, stdout)
	}
	if v := schedule.Variants[1]; v.Name != "istio" || v.Tests[0].Kind != document.KindTest || v.Tests[0].Spec.Load.Connections != 2 || v.Tests[0].Metadata.Labels["mesh"] != "istio" {
		t.Errorf("%+v", v)
	}
	if yaml, _, err := benched(t, t.Context(), "-f", file, "--dry-run", "-o", "yaml"); err != nil || !strings.Contains(yaml, "kind: BenchSchedule\n") {
		t.Errorf("%v\n%s", err, yaml)
	}
	// The order is that of the bench.
	report, _, err := benched(t, t.Context(), "-f", file, "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	r := reportOf(t, report)
	for i, slot := range schedule.Order {
		if r.Runs[i].Slot != slot {
			t.Errorf("run %d is %+v, and the order says %+v", i+1, r.Runs[i].Slot, slot)
		}
	}
	if !strings.HasPrefix(r.Metadata.Bench, schedule.Digest+"-") {
		t.Errorf("bench %s, digest %s", r.Metadata.Bench, schedule.Digest)
	}
	if got := len(resultsIn(t, defaultArchive(dir))); got != 4 {
		t.Errorf("%d Results", got)
	}
}

// Without a seed in the plan there is one by chance, and it is said.
func TestBenchSaysItsSeed(t *testing.T) {
	home(t)
	file := planFile(t, openShop(t))
	seen := map[string]bool{}
	for range 3 {
		stdout, _, err := benched(t, t.Context(), "-f", file, "--dry-run")
		m := regexp.MustCompile(`seed (\d+) \(by chance`).FindStringSubmatch(stdout)
		if err != nil || m == nil {
			t.Fatalf("%v\n%s", err, stdout)
		}
		seen[m[1]] = true
	}
	if len(seen) < 2 {
		t.Errorf("seeds %v", seen)
	}
}

func TestBenchWithInvalidRuns(t *testing.T) {
	home(t)
	s := openShop(t)
	kept := "file://" + t.TempDir()
	file := planFile(t, s, "/istio\"", "/broken\"")
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "-o", "json")
	if exit.Code(err) != exit.Invalid || !strings.Contains(err.Error(), `2 of 4 runs are missing, the first is that of block 1, test "steady", variant "istio": 100.0 % of the requests failed`) {
		t.Errorf("%d, %v", exit.Code(err), err)
	}
	r := reportOf(t, stdout)
	if len(r.Runs) != 4 || len(r.Missing) != 2 || len(resultsIn(t, kept)) != 4 || strings.Count(stderr, "  invalid: ") != 2 ||
		len(r.Broken) != 1 || r.Broken[0] != (bench.Broken{Test: "steady", Variant: "istio", Runs: 2, Of: 2}) {
		t.Errorf("%s%s", stdout, stderr)
	}
	for _, line := range strings.Split(stderr, "\n") {
		if strings.Contains(line, " of 4  ") && len([]rune(line)) > 80 {
			t.Errorf("wider than 80: %q", line)
		}
	}
	// The target is to blame: nothing is run again, whatever the plan allows.
	before := s.count("/broken")
	text, _ := os.ReadFile(file)
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "retries: 1", "retries: 2", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err = benched(t, t.Context(), "-f", file, "--archive", kept, "--resume", "-o", "json")
	if !strings.Contains(stderr, "   2 of 4 runs are there   no other is tried again\n") {
		t.Errorf("an estimate for nothing:\n%s", stderr)
	}
	if exit.Code(err) != exit.Invalid || s.count("/broken") != before || reportOf(t, stdout).Metadata.Bench != r.Metadata.Bench {
		t.Errorf("%d, %v", exit.Code(err), err)
	}
}

func TestBenchEndsWithAHook(t *testing.T) {
	home(t)
	s := openShop(t)
	kept := "file://" + t.TempDir()
	file := planFile(t, s, "retries: 1", "retries: 1\n  seed: 7",
		"name: istio\n", "name: istio\n    setup: [{command: [sh, -c, 'echo no such mesh >&2; test -e ready || exit 7']}]\n    teardown: [{command: [echo, gone]}]\n")
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "--token=eyJhidden", "--archive-path-style", "--kubeconfig=/no/such/file")
	id := regexp.MustCompile(`^bench (\S+) `).FindStringSubmatch(stderr)
	if id == nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	done := len(resultsIn(t, kept))
	want := fmt.Sprintf(`setup of variant "istio": "sh": exit code 7: no such mesh; %d of 4 runs are there; go on with: kubectl meshery bench --archive=%s --archive-path-style -f '%s' --kubeconfig=/no/such/file --local --resume=%s`, done, kept, file, id[1])
	if exit.Code(err) != exit.Failure || err.Error() != want || stdout != "" || done > 1 || !strings.Contains(stderr, "\nistio teardown | gone\n") {
		t.Errorf("%d, %v\nwant %s\n%s%s", exit.Code(err), err, want, stdout, stderr)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err = benched(t, t.Context(), "-f", file, "--archive", kept, "--resume="+id[1], "-o", "name")
	if err != nil || strings.Count(stdout, "result/") != 4 || len(resultsIn(t, kept)) != 4 || done == 1 && !strings.Contains(stderr, "1 of 4 runs are there") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}

func TestBenchInterruptedAndResumed(t *testing.T) {
	home(t)
	s := openShop(t)
	kept := "file://" + t.TempDir()
	file := planFile(t, s, "/istio\"}}", "/istio\"}, load: {rate: 100, requests: null, duration: 1h}}")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for s.count("/istio") < 20 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	_, stderr, err := benched(t, ctx, "-f", file, "--archive", kept, "-o", "json")
	id := regexp.MustCompile(`^bench (\S+) .* seed (\d+)`).FindStringSubmatch(stderr)
	if exit.Code(err) != exit.Interrupted || id == nil || !strings.Contains(err.Error(), " of 4 runs are there; go on with: kubectl meshery bench ") || !strings.HasSuffix(err.Error(), "--resume="+id[1]) {
		t.Fatalf("%d, %v\n%s", exit.Code(err), err, stderr)
	}
	if !strings.Contains(stderr, "interrupted, does not count") {
		t.Errorf("%s", stderr)
	}
	cut := len(resultsIn(t, kept))
	// The same Test, so the same bench; interrupted again at once.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	before := s.count("/istio")
	go func() {
		for s.count("/istio") < before+20 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	_, stderr, err = benched(t, ctx, "-f", file, "--archive", kept, "--resume")
	again := regexp.MustCompile(`(?m)^bench (\S+) .* seed (\d+)   (\d) of 4 runs are there`).FindStringSubmatch(stderr)
	if exit.Code(err) != exit.Interrupted || again == nil || again[1] != id[1] || again[2] != id[2] || fmt.Sprint(cut-1) != again[3] {
		t.Errorf("%d, %v\n%s", exit.Code(err), err, stderr)
	}
	for _, raw := range resultsIn(t, kept) {
		if l := result(t, raw).Metadata.Labels; l["attempt"] != "" {
			t.Errorf("an interrupted run is an attempt: %v", l)
		}
	}
	if _, _, err := benched(t, t.Context(), "-f", planFile(t, s), "--archive", kept, "--resume"); exit.Code(err) != exit.Failure || !strings.Contains(err.Error(), "there is no run of such a bench of this plan") {
		t.Errorf("another plan's: %v", err)
	}
}
