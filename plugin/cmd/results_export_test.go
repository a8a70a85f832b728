package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fortio.org/fortio/fhttp"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// An SMP file is run as it is, and its run exported for Fortio and as SMP's result.
func TestSMPFileToExports(t *testing.T) {
	dir := home(t)
	url, count := target(t, 200)
	smp := fmt.Sprintf(`test:
  smp_version: v0.0.1
  id: 7a7ba8a8-3d6e-4e5c-9d7a-5d2f3f7b1c11
  name: Load Test
  clients:
    - internal: true
      load_generator: wrk2
      protocol: 1
      connections: 2
      rps: 400
      endpoint_urls: [%q]
  duration: 1s
mesh: {type: 3}
`, url)
	stdout, stderr, err := local(t, t.Context(), smp, "-f", "-", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`Warning: test.clients[0].load_generator "wrk2" does not apply`, "Warning: left out, for they do not apply here: test.clients[0].internal\n", `Warning: the name "Load Test" becomes "load-test"`} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	r := result(t, []byte(stdout))
	if r.Metadata.Name != "load-test" || r.Metadata.Labels["mesh"] != "istio" || r.Spec.Load.Rate != 400 || r.Spec.Load.Connections != 2 || sent(r) != count.Load() {
		t.Errorf("%+v, the target counted %d", r, count.Load())
	}

	// A generator that was late on a busy machine is said to have been.
	said := func(stderr string) bool {
		return stderr == "" && r.Status.Validity.Valid || strings.Contains(stderr, "the run is invalid") && !r.Status.Validity.Valid
	}
	data := filepath.Join(dir, "data")
	stdout, stderr, err = execute(t, "results", "export", r.Metadata.RunID, "--format", "fortio", "--output-dir", data)
	if err != nil || !said(stderr) {
		t.Fatal(stderr, err)
	}
	raw, err := os.ReadFile(strings.TrimSuffix(stdout, "\n"))
	if err != nil || filepath.Dir(stdout) != data {
		t.Fatal(stdout, err)
	}
	var f fhttp.HTTPRunnerResults
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	if f.DurationHistogram.Count != r.Status.Latency.ResponseTime.Count || f.RetCodes[200] != r.Status.Requests.Succeeded || f.URL != url || f.RequestedQPS != "400" || f.RunnerResults.ID+".json" != filepath.Base(strings.TrimSpace(stdout)) {
		t.Errorf("%+v", f)
	}

	stdout, stderr, err = execute(t, "results", "export", r.Metadata.RunID, "--format", "smp", "--latency", "service")
	var s struct {
		ID         string `json:"id"`
		TestID     string `json:"test_id"`
		DetailsURI string `json:"details_uri"`
		Latencies  struct {
			P50 float64 `json:"p50"`
		} `json:"latencies_ms"`
	}
	if err != nil || !said(stderr) || json.Unmarshal([]byte(stdout), &s) != nil {
		t.Fatal(stdout, stderr, err)
	}
	if s.ID != r.Metadata.RunID || s.TestID != "7a7ba8a8-3d6e-4e5c-9d7a-5d2f3f7b1c11" || s.Latencies.P50 != *r.Status.Latency.ServiceTime.P50 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(strings.TrimPrefix(s.DetailsURI, "file://") + "/result.json"); err != nil {
		t.Error(err)
	}
}

func TestResultsExport(t *testing.T) {
	url := defaultArchive(home(t))
	archived(t, url, firstRun, func(r *document.Result) {
		r.Status.Requests.Sent, r.Status.Latency.ResponseTime = 5, nil
		r.Spec.Load.Rate = document.Max
		r.Status.Latency.ServiceTime = &document.Summary{}
		r.Status.Validity = document.Validity{Reasons: []string{"stopped before its end", "late\x1b[31m"}}
	})
	archived(t, url, secondRun, nil)
	for _, format := range []string{"fortio", "smp"} {
		stdout, stderr, err := execute(t, "results", "export", firstRun, "--format", format)
		want := "The run is a closed loop, which has no response time: its service time is written.\n" +
			`Warning: the run is invalid, and what is written says so: stopped before its end; late\x1b[31m` + "\n"
		if err != nil || stderr != want || !strings.Contains(stdout, "invalid") || !strings.Contains(stdout, "stopped before its end") {
			t.Errorf("%s: %q, %v\n%s", format, stderr, err, stdout)
		}
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exit.Usage, "--format is missing: give fortio or smp", nil},
		{exit.Usage, `--format "csv" is unknown`, []string{"--format", "csv"}},
		{exit.Usage, `--latency "lateness" is unknown`, []string{"--format", "smp", "--latency", "lateness"}},
		{exit.Failure, "is a closed loop, which has no response time", []string{"--format", "smp", "--latency", "response"}},
		{exit.Failure, "not a directory", []string{"--format", "smp", "--output-dir", file(t, "")}},
	} {
		stdout, _, err := execute(t, append([]string{"results", "export", firstRun}, c.args...)...)
		if exit.Code(err) != c.code || !strings.Contains(fmt.Sprint(err), c.want) || stdout != "" {
			t.Errorf("%v: %d, %v, %q; want %q", c.args, exit.Code(err), err, stdout, c.want)
		}
	}
	if _, _, err := execute(t, "results", "export", secondRun, "--format", "smp"); err == nil || !strings.Contains(err.Error(), "sent no request: there is nothing to export") {
		t.Error(err)
	}
}
