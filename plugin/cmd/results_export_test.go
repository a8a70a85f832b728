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
	"slices"
	"strings"
	"sync"
	"testing"

	prompb "buf.build/gen/go/prometheus/prometheus/protocolbuffers/go"
	"fortio.org/fortio/fhttp"
	"github.com/prometheus/client_golang/exp/api/remote"
	"google.golang.org/protobuf/proto"
	"k8s.io/cli-runtime/pkg/genericiooptions"

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
		want := `Warning: the run is invalid, and what is written says so: stopped before its end; late\x1b[31m` + "\n" +
			"Run " + firstRun + " has only service times: they are written.\n"
		if err != nil || stderr != want || !strings.Contains(stdout, "invalid") || !strings.Contains(stdout, "stopped before its end") {
			t.Errorf("%s: %q, %v\n%s", format, stderr, err, stdout)
		}
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exit.Usage, "--format is missing: give fortio, smp, csv, csv-timeline, parquet, openmetrics, hdr or remote-write", nil},
		{exit.Usage, `--format "xml" is unknown`, []string{"--format", "xml"}},
		{exit.Usage, "--latency is for fortio and smp: csv has every latency", []string{"--format", "csv", "--latency", "service"}},
		{exit.Usage, "--format smp has a file for each run, and these are several: give a directory for them with --output-dir", []string{secondRun, "--format", "smp"}},
		{exit.Usage, "--url, --bearer-token-file and --header-file are for --format remote-write", []string{"--format", "csv", "--url", "http://a/"}},
		{exit.Usage, "--url is missing", []string{"--format", "remote-write"}},
		{exit.Usage, "--url: the URL must not hold a user or password", []string{"--format", "remote-write", "--url", "http://me:pw@a/"}},
		{exit.Usage, "writes no file: leave out --output-dir", []string{"--format", "remote-write", "--url", "http://a/", "--output-dir", "x"}},
		{exit.Usage, "line 1 is no header: write NAME: VALUE", []string{"--format", "remote-write", "--url", "http://127.0.0.1:1/", "--header-file", file(t, "s3cret")}},
		{exit.Usage, "holds no token", []string{"--format", "remote-write", "--url", "http://127.0.0.1:1/", "--bearer-token-file", file(t, "")}},
		{exit.Usage, "exclude each other", []string{"--format", "remote-write", "--url", "http://127.0.0.1:1/", "--bearer-token-file", file(t, "t"), "--header-file", file(t, "# mine\n\nAuthorization: Basic eA==")}},
		{exit.Usage, "--bearer-token-file: open /none: no such file", []string{"--format", "remote-write", "--url", "http://127.0.0.1:1/", "--bearer-token-file", "/none"}},
		// Before the archive is asked for anything.
		{exit.Usage, "--header-file: open /none: no such file", []string{"--format", "remote-write", "--url", "http://127.0.0.1:1/", "--header-file", "/none", "--archive", "s3://none.invalid/x"}},
		{exit.Usage, `--latency "lateness" is unknown`, []string{"--format", "smp", "--latency", "lateness"}},
		{exit.Failure, "has no response time: use its service time", []string{"--format", "smp", "--latency", "response"}},
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

// Of several runs at once.
func TestResultsExportOfSeveral(t *testing.T) {
	dir := home(t)
	url := defaultArchive(dir)
	change := func(r *document.Result) {
		r.Status.Requests = document.Requests{Planned: 100, Sent: 100, Succeeded: 100}
	}
	archived(t, url, firstRun, change)
	archived(t, url, secondRun, change)
	both := []string{"results", "export", "result/" + firstRun, secondRun, secondRun, "--format"}
	for format, want := range map[string][]string{
		"csv":          {"run,name,labels,", "\n" + firstRun + ",checkout,", "\n" + secondRun + ",checkout,"},
		"csv-timeline": {"run,name,labels,time,second,"},
		"openmetrics":  {`meshery_run_requests_total{name="checkout",outcome="succeeded",run="` + firstRun + `"} 100`, `run="` + secondRun + `"`, "# EOF\n"},
		"hdr":          {"#[Histogram log format version 1.3]\n", "# run " + firstRun + "\n", "# run " + secondRun + "\n"},
	} {
		stdout, stderr, err := execute(t, append(both, format)...)
		if err != nil || stderr != "" {
			t.Errorf("%s: %q, %v", format, stderr, err)
		}
		for _, w := range want {
			if !strings.Contains(stdout, w) {
				t.Errorf("%s lacks %q:\n%s", format, w, stdout)
			}
		}
		written, _, err := execute(t, append(both, format, "--output-dir", filepath.Join(dir, "out"))...)
		raw, readErr := os.ReadFile(strings.TrimSpace(written))
		if err != nil || readErr != nil || string(raw) != stdout || !strings.HasPrefix(filepath.Base(written), "results") {
			t.Errorf("%s: %q, %v, %v", format, written, err, readErr)
		}
	}
	stdout, _, err := execute(t, append(both, "smp", "--output-dir", filepath.Join(dir, "out"))...)
	if err != nil || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, "result_"+secondRun+".json\n") {
		t.Errorf("%q, %v", stdout, err)
	}
}

// Runs are chosen as for a comparison, however many they are, and each is written
// once.
func TestResultsExportOfGroups(t *testing.T) {
	dir := home(t)
	url := defaultArchive(dir)
	sent := func(mesh string) func(*document.Result) {
		return func(r *document.Result) {
			r.Metadata.Labels = map[string]string{"mesh": mesh}
			r.Status.Requests = document.Requests{Planned: 100, Sent: 100, Succeeded: 100}
			r.Status.Timeline = []document.Point{{Sent: 100}}
		}
	}
	raw := archived(t, url, firstRun, sent("none"))
	archived(t, url, secondRun, sent("istio"))
	saved, comparison := filepath.Join(dir, "saved.json"), filepath.Join(dir, "comparison.json")
	for name, text := range map[string]string{saved: strings.ReplaceAll(string(raw), firstRun, strings.Replace(firstRun, "0193a1c4", "0193a1c9", 1)), comparison: strings.Replace(string(raw), `"Result"`, `"Comparison"`, 1)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, args := range map[int][]string{
		1: {"mesh=istio"},
		2: {"checkout", "mesh=istio", firstRun},
		3: {"checkout", saved},
	} {
		stdout, _, err := execute(t, append([]string{"results", "export", "--format", "csv"}, args...)...)
		if err != nil || strings.Count(stdout, "\n") != 1+want || strings.Count(stdout, "run,name,labels,") != 1 {
			t.Errorf("%v: %v\n%s", args, err, stdout)
		}
	}
	for _, args := range [][]string{{"--where", "mesh=none"}, {"--last", "1"}, {"--until", "2024-12-07"}} {
		stdout, _, err := execute(t, append([]string{"results", "export", "checkout", "--format", "csv-timeline"}, args...)...)
		if rows := strings.Count(stdout, "\n") - 1; err != nil || rows < 1 || (rows > 1) != (args[0] == "--until") {
			t.Errorf("%v: %v\n%s", args, err, stdout)
		}
	}
	// The details of an SMP result are in the archive, or nowhere.
	for where, want := range map[string]bool{saved: false, firstRun: true} {
		stdout, _, err := execute(t, "results", "export", where, "--format", "smp")
		if err != nil || strings.Contains(stdout, "details_uri") != want {
			t.Errorf("%s: %v\n%s", where, err, stdout)
		}
	}
	for want, args := range map[string][]string{
		`it is not a Result, but of kind "Comparison"`: {comparison},
		"--last -1 is below 0":                         {"checkout", "--last", "-1"},
		"no run has both mesh=istio and mesh=none":     {"mesh=istio", "--where", "mesh=none"},
		`is of a Test named "payment"`:                 {"payment"},
	} {
		if stdout, _, err := execute(t, append([]string{"results", "export", "--format", "csv"}, args...)...); stdout != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q\n%s", args, err, want, stdout)
		}
	}
}

// After ^C it says how much was sent.
func TestResultsExportInterrupted(t *testing.T) {
	url := defaultArchive(home(t))
	archived(t, url, firstRun, func(r *document.Result) {
		for s := range 1500 {
			r.Status.Timeline = append(r.Status.Timeline, document.Point{Second: s, Sent: 60, P50: new(2.0), P99: new(9.0)})
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	taken := 0
	server := httptest.NewServer(remote.NewWriteHandler(remoteStore(func(_ *http.Request, w *prompb.WriteRequest) {
		if taken++; taken == 2 {
			cancel()
			<-ctx.Done()
		}
	}), remote.MessageTypes{remote.WriteV1MessageType}))
	defer server.Close()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	root := NewRoot(streams)
	// 0.0.0.0 is this machine, too, but nobody says so.
	t.Setenv(envBearerToken, "s3cret")
	root.SetArgs([]string{"results", "export", firstRun, "--format", "remote-write", "--url", strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1)})
	err := root.ExecuteContext(ctx)
	if exit.Code(err) != exit.Interrupted || !regexp.MustCompile(`^interrupted; at least [1-9][0-9]* of [0-9]+ samples were sent$`).MatchString(fmt.Sprint(err)) || out.Len() > 0 {
		t.Errorf("%v, %q", err, out)
	}
	if !strings.HasPrefix(errOut.String(), "Warning: the headers and the query of --url may hold credentials, and go over the network unencrypted") || strings.Contains(errOut.String(), "s3cret") {
		t.Errorf("%q", errOut)
	}
}

// Time series reach a receiver, with the credentials of a file and of the
// environment.
func TestResultsExportToRemoteWrite(t *testing.T) {
	url := defaultArchive(home(t))
	archived(t, url, firstRun, func(r *document.Result) {
		r.Metadata.Labels = map[string]string{"mesh": "istio"}
		r.Status.Timeline = []document.Point{{Second: 0, Sent: 60}, {Second: 1, Sent: 40}}
	})
	var mu sync.Mutex
	var authorization []string
	var names []string
	store := remoteStore(func(r *http.Request, w *prompb.WriteRequest) {
		mu.Lock()
		defer mu.Unlock()
		authorization = append(authorization, r.Header.Get("Authorization")+r.Header.Get("X-Scope-Orgid"))
		for _, s := range w.Timeseries {
			for _, l := range s.Labels {
				if l.Name == "__name__" {
					names = append(names, l.Value)
				}
			}
		}
	})
	server := httptest.NewServer(remote.NewWriteHandler(store, remote.MessageTypes{remote.WriteV1MessageType}))
	defer server.Close()
	args := []string{"results", "export", firstRun, "--format", "remote-write", "--url", server.URL + "/api/v1/write"}
	t.Setenv(envBearerToken, "of-env\n")
	for _, more := range [][]string{nil, {"--bearer-token-file", file(t, "of-file\n")}, {"--header-file", file(t, "Authorization: Basic eA==\nX-Scope-OrgID: team\n")}} {
		stdout, stderr, err := execute(t, append(args, more...)...)
		if err != nil || stderr != "" || !regexp.MustCompile(`^[0-9]+ samples of [0-9]+ series sent\n$`).MatchString(stdout) {
			t.Errorf("%v: %q %q %v", more, stdout, stderr, err)
		}
	}
	if fmt.Sprint(authorization) != "[Bearer of-env Bearer of-file Basic eA==team]" {
		t.Errorf("%q", authorization)
	}
	for _, want := range []string{"meshery_run_timeline_requests_total", "meshery_run_achieved_requests_per_second"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %q", want, names)
		}
	}
}

// remoteStore is the store behind a receiver of remote write.
type remoteStore func(*http.Request, *prompb.WriteRequest)

// Store reads a request.
func (s remoteStore) Store(r *http.Request, _ remote.WriteMessageType) (*remote.WriteResponse, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w := &prompb.WriteRequest{}
	if err := proto.Unmarshal(raw, w); err != nil {
		return nil, err
	}
	s(r, w)
	return remote.NewWriteResponse(), nil
}
