// Package ci tests the recipe for continuous integration.
package ci

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// programs is the directory with the plugin.
var programs string

func TestMain(m *testing.M) { os.Exit(built(m.Run)) }

func built(run func() int) int {
	var err error
	if programs, err = os.MkdirTemp("", "kubectl-meshery-ci"); err == nil {
		defer func() { _ = os.RemoveAll(programs) }()
		var out []byte
		if out, err = exec.Command("go", "build", "-o", filepath.Join(programs, "kubectl-meshery"), "../plugin").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// pipeline is a CI with a real plugin and archive. Load is generated in the plugin,
// without a cluster.
type pipeline struct {
	dir  string
	path string
	url  string
	// broken makes every n-th call fail; 0: none.
	broken, calls atomic.Int64
	// gone closes the server once it has answered so many calls; 0: never.
	gone atomic.Int64
}

func open(t *testing.T) *pipeline {
	t.Helper()
	p := &pipeline{dir: t.TempDir()}
	var server *httptest.Server
	end := sync.OnceFunc(func() { server.Close() })
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls := p.calls.Add(1)
		if n := p.broken.Load(); n > 0 && calls%n == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		if n := p.gone.Load(); n > 0 && calls > n {
			go end()
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(end)
	p.url = server.URL
	// kubectl finds plugins on the PATH; here it is needed for nothing else.
	kubectl := "#!/bin/sh\n[ \"$2\" = run ] && set -- \"$@\" --local\nshift\nexec kubectl-meshery \"$@\"\n"
	test := fmt.Sprintf(`apiVersion: perf.meshery.io/v1alpha1
kind: Test
metadata: {name: checkout}
spec:
  target: {url: %q}
  load: {rate: max, requests: 100, connections: 2}
  validity: {maxGeneratorCPU: 1}
  metrics: {nodeExporter: {disabled: true}, kubelet: {disabled: true}, prometheus: {disabled: true}}
`, p.url)
	for name, text := range map[string]string{filepath.Join(p.dir, "kubectl"): kubectl, filepath.Join(p.dir, "test.yaml"): test} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.path = p.dir + ":" + programs + ":" + os.Getenv("PATH")
	return p
}

// kubectl runs the plugin, and returns what it prints.
func (p *pipeline) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(filepath.Join(programs, "kubectl-meshery"), args...)
	c.Env, c.Stderr = p.environment(), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return string(out)
}

func (p *pipeline) environment(more ...string) []string {
	return append([]string{"PATH=" + p.path, "HOME=" + p.dir, "KUBECONFIG=/dev/null", "MESHERY_ARCHIVE=file://" + p.dir + "/archive",
		"DEPLOY=no", "TEST=" + p.dir + "/test.yaml", "OUTPUT=" + p.output(), "RUNS=6"}, more...)
}

func (p *pipeline) output() string { return filepath.Join(p.dir, "out") }

// measure runs the recipe.
func (p *pipeline) measure(t *testing.T, env ...string) (code int, out string) {
	t.Helper()
	c := exec.Command("bash", "regression.sh")
	c.Env = p.environment(env...)
	raw, err := c.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(raw)
}

func (p *pipeline) report() string {
	raw, _ := os.ReadFile(filepath.Join(p.output(), "report.md"))
	return string(raw)
}

func TestABuildThatFailsIsNoPass(t *testing.T) {
	t.Parallel()
	p := open(t)
	main, branch := []string{"BRANCH=main", "COMMIT=1111111"}, []string{"BRANCH=feature/x", "COMMIT=2222222"}
	// Without a baseline there is nothing to hold it against, but what was measured must be valid.
	if code, out := p.measure(t, branch...); code != 0 || !strings.Contains(p.report(), "nothing to compare with yet") {
		t.Fatalf("%d\n%s\n%s", code, out, p.report())
	}
	p.broken.Store(1)
	for _, env := range [][]string{branch, main} {
		if code, out := p.measure(t, env...); code != 4 || !strings.Contains(out, "Error: 0 of 6 runs are valid, and 6 are needed") {
			t.Errorf("without a baseline, %s: %d\n%s", env[0], code, out)
		}
	}
	p.broken.Store(0)
	if code, out := p.measure(t, main...); code != 0 || !strings.Contains(out, "measured main: later branches are held against commit 1111111") || p.report() != "" {
		t.Fatalf("%d\n%s\n%s", code, out, p.report())
	}
	p.broken.Store(2)
	code, out := p.measure(t, branch...)
	if code != 4 || !strings.Contains(out, "Error: 0 of 6 runs are valid") || !strings.Contains(p.report(), "too few") {
		t.Errorf("%d\n%s\n%s", code, out, p.report())
	}
	for _, file := range []string{"report.html", "report.xml"} {
		if info, err := os.Stat(filepath.Join(p.output(), file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	if !strings.Contains(p.report(), "feature/x at 2222222 beside main at 1111111") {
		t.Errorf("no commits in\n%s", p.report())
	}
	// Some failed calls are valid runs, and worse.
	p.broken.Store(15)
	if code, out := p.measure(t, branch...); code != 3 || !strings.Contains(p.report(), "worse") {
		t.Errorf("%d\n%s\n%s", code, out, p.report())
	}
	if code, out := p.measure(t, append(branch, "FAIL_ON=")...); code != 0 {
		t.Errorf("%d\n%s", code, out)
	}
}

// What does not answer any more is no pass either, and what was measured until then is
// in the report. Without a report there would be the one of an earlier commit.
func TestABuildThatGoesAwayIsNoPass(t *testing.T) {
	t.Parallel()
	p := open(t)
	if code, out := p.measure(t, "BRANCH=main", "COMMIT=1111111"); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	p.gone.Store(p.calls.Load() + 250)
	code, out := p.measure(t, "BRANCH=x", "COMMIT=2222222", "RUNS=8")
	if code != 4 || !strings.Contains(out, "of 8 ended with an error, and no other was tried: ") || !strings.Contains(p.report(), "x at 2222222 beside main at 1111111") {
		t.Errorf("%d\n%s\n%s", code, out, p.report())
	}
	code, out = p.measure(t, "BRANCH=x", "PULL_REQUEST=5", "COMMIT=3333333333333333333333333333333333333333")
	if want := "`pull request 5: x` at 333333333333 is not compared with `main`. Measuring it did not come to its end"; code != 1 || !strings.Contains(p.report(), want) {
		t.Errorf("%d\n%s\n%s", code, out, p.report())
	}
}

// Where the sides cannot be compared, the report says why, and the page is of what was
// measured.
func TestSidesThatDiffer(t *testing.T) {
	t.Parallel()
	p := open(t)
	if code, out := p.measure(t, "BRANCH=main", "COMMIT=1111111"); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	test, err := os.ReadFile(p.dir + "/test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.dir+"/test.yaml", []byte(strings.Replace(string(test), "requests: 100", "requests: 101", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := p.measure(t, "BRANCH=x", "COMMIT=2222222")
	if code != 1 || !strings.Contains(p.report(), "x at 2222222 beside main at 1111111") || !strings.Contains(p.report(), "**not compared**: the runs differ in test") {
		t.Errorf("%d\n%s\n%s", code, out, p.report())
	}
	if page, err := os.ReadFile(p.output() + "/report.html"); err != nil || !strings.Contains(string(page), "NOT COMPARED") {
		t.Errorf("%v in %s", err, page)
	}
}

func TestWhatIsTheBaseline(t *testing.T) {
	t.Parallel()
	p := open(t)
	run := func(commit string, more ...string) {
		p.kubectl(t, append([]string{"run", "--local", "-f", p.dir + "/test.yaml", "--label", "branch=main", "--label", "commit=" + commit}, more...)...)
	}
	measured := func(env ...string) string {
		t.Helper()
		code, out := p.measure(t, append(env, "FAIL_ON=")...)
		if code != 0 {
			t.Fatalf("%v: %d\n%s", env, code, out)
		}
		return p.report()
	}
	measured("BRANCH=main", "COMMIT=1111111")
	// A pull request whose branch is called like the base is not the base, nor is one whose
	// name is the same label.
	if report := measured("BRANCH=main", "PULL_REQUEST=17", "COMMIT=2222222"); !strings.Contains(report, "beside main") {
		t.Errorf("%s", report)
	}
	if got := p.kubectl(t, "results", "list", "--label", "pr=17", "--label", "branch=pr-17", "-o", "name"); strings.Count(got, "\n") != 6 {
		t.Errorf("%q", got)
	}
	if report := measured("BRANCH=main/", "COMMIT=3333333"); !strings.Contains(report, "beside main") {
		t.Errorf("%s", report)
	}
	// One that has just begun is passed over, as are runs of other ways to measure.
	run("4444444", "--label", "measurement=begun")
	run("5555555")
	report := measured("BRANCH=x", "COMMIT=6666666")
	newest := p.kubectl(t, "results", "list", "--label", "branch=main", "--label", "commit=1111111", "--limit", "1", "-o", "jsonpath={.items[0].labels.measurement}")
	if newest == "" || !strings.Contains(report, "measurement="+newest) {
		t.Errorf("not beside %s:\n%s", newest, report)
	}
	// A job that is started again is a sample of its own.
	measured("BRANCH=x", "COMMIT=6666666")
	got := map[string]int{}
	for id := range strings.FieldsSeq(p.kubectl(t, "results", "list", "--label", "commit=6666666", "-o", "jsonpath={.items[*].labels.measurement}")) {
		got[id]++
	}
	if len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestWhatCannotBeRight(t *testing.T) {
	p := open(t)
	for want, env := range map[string][]string{
		"TEST is not set":        {"TEST=", "BRANCH=x", "COMMIT=1"},
		"BRANCH is not set":      {"COMMIT=1"},
		`RUNS is "5"`:            {"BRANCH=x", "COMMIT=1", "RUNS=5"},
		`RUNS is "501"`:          {"BRANCH=x", "COMMIT=1", "RUNS=501"},
		`RUNS is "many"`:         {"BRANCH=x", "COMMIT=1", "RUNS=many"},
		`PULL_REQUEST is "main"`: {"BRANCH=x", "COMMIT=1", "PULL_REQUEST=main"},
		`"regression*"`:          {"BRANCH=x", "COMMIT=1", "DEPLOY=regression*"}, // no pattern of files
	} {
		code, out := p.measure(t, env...)
		if code != 2 || !strings.Contains(out, want) {
			t.Errorf("%v: %d\n%s", env, code, out)
		}
	}
}
