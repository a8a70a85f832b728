package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// target is a real HTTP server that counts.
func target(t *testing.T, code int) (url string, count *atomic.Int64) {
	t.Helper()
	count = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		count.Add(1)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	return s.URL, count
}

// local runs 'run --local' with arguments, and what stands on standard input.
func local(t *testing.T, ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	streams, in, out, errOut := genericiooptions.NewTestIOStreams()
	in.WriteString(stdin)
	root := NewRoot(streams)
	root.SetArgs(append([]string{"run", "--local"}, args...))
	err = root.ExecuteContext(ctx)
	if onlyLate(err) {
		err = nil
	}
	return out.String(), errOut.String(), err
}

var lateRE = regexp.MustCompile(`^the run is invalid: the generator was late: [^;]*; use more agents, a lower rate, or nodes with less to do$`)

// onlyLate tells whether a run is invalid for no other reason than that this
// machine has other work to do, such as the other tests.
func onlyLate(err error) bool {
	return exit.Code(err) == exit.Invalid && lateRE.MatchString(err.Error())
}

// resultsIn are the Results of an archive.
func resultsIn(t *testing.T, url string) (all [][]byte) {
	t.Helper()
	o, err := archive.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.List(t.Context(), archive.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		raw, err := a.Get(t.Context(), one.RunID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

// inArchive is the only Result of an archive, nil when there is none.
func inArchive(t *testing.T, url string) []byte {
	t.Helper()
	switch all := resultsIn(t, url); len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	default:
		t.Fatalf("%d Results", len(all))
		return nil
	}
}

// sent is everything, with what comes before the measured time.
func sent(r *document.Result) int64 {
	n := r.Status.Requests.Sent
	if r.Status.Warmup != nil {
		n += r.Status.Warmup.Sent
	}
	return n
}

func result(t *testing.T, raw []byte) *document.Result {
	t.Helper()
	r := &document.Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return r
}

func TestRunLocal(t *testing.T) {
	home(t)
	url, count := target(t, 200)
	kept := "file://" + t.TempDir()
	stdout, stderr, err := local(t, t.Context(), "", url, "--rate", "100", "--duration", "1s", "--warmup", "500ms", "--archive", kept, "-o", "json", "--label", "build=7")
	if err != nil {
		t.Fatal(err)
	}
	if archived := inArchive(t, kept); stdout != string(archived) {
		t.Errorf("printed\n%s\narchived\n%s", stdout, archived)
	}
	r := result(t, []byte(stdout))
	s := r.Status
	if s.Phase != document.Succeeded || s.Requests.Sent != 100 || sent(r) != count.Load() || !s.Environment.Local || s.Environment.Plugin == "" || r.Metadata.Labels["build"] != "7" {
		t.Errorf("%+v, the target counted %d", s, count.Load())
	}
	if host, _ := os.Hostname(); stderr != "run "+r.Metadata.RunID+"   127.0.0.1   1 agent on "+host+"\n" {
		t.Errorf("stderr %q", stderr)
	}
}

func TestRunLocalSummary(t *testing.T) {
	dir := home(t)
	url, _ := target(t, 200)
	doc := "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nmetadata: {name: cart}\nspec: {target: {url: '" + url + "'}, load: {rate: 50, duration: 1s}}\n"
	stdout, stderr, err := local(t, t.Context(), doc, "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VALID      50 of 50 requests, 50 rps\n", "\nLATENCY ", "\nresponse ", "\nservice ", "\nNODE ", "\nNOT READ   Prometheus: not looked for with --local",
		"\nRUN        0", "\nARCHIVED   " + defaultArchive(dir) + "/runs/"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("got\n%s\nwhich lacks %q", stdout, want)
		}
	}
	if !strings.Contains(stderr, "   cart   ") {
		t.Errorf("stderr %q", stderr)
	}
	if id := strings.Fields(stderr)[1]; !bytes.Contains(inArchive(t, defaultArchive(dir)), []byte(id)) {
		t.Errorf("run %s is not in the default archive", id)
	}
}

func TestRunLocalInvalid(t *testing.T) {
	home(t)
	url, _ := target(t, 503)
	kept := "file://" + t.TempDir()
	stdout, _, err := local(t, t.Context(), "", url, "--rate", "50", "--duration", "1s", "--warmup", "0s", "--archive", kept, "-o", "jsonpath={.status.requests.codes}")
	if exit.Code(err) != exit.Invalid || !strings.Contains(err.Error(), "the run is invalid: 100.0 % of the requests failed") {
		t.Errorf("got %d, %v", exit.Code(err), err)
	}
	if stdout != `{"503":50}` || result(t, inArchive(t, kept)).Status.Validity.Valid {
		t.Errorf("printed %q", stdout)
	}
}

func TestRunLocalInterrupted(t *testing.T) {
	home(t)
	url, count := target(t, 200)
	kept := "file://" + t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for count.Load() < 100 {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	stdout, _, err := local(t, ctx, "", url, "--rate", "100", "--duration", "1h", "--warmup", "0s", "--archive", kept, "-o", "json")
	if exit.Code(err) != exit.Interrupted || err.Error() != "interrupted; what was measured until then was kept" {
		t.Errorf("got %d, %v", exit.Code(err), err)
	}
	r := result(t, []byte(stdout))
	if stdout != string(inArchive(t, kept)) || r.Status.Phase != document.Cancelled || sent(r) != count.Load() {
		t.Errorf("%s, %d sent, the target counted %d", r.Status.Phase, sent(r), count.Load())
	}
	// Before anything was begun.
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := local(t, cancelled, "", url, "--archive", kept); exit.Code(err) != exit.Interrupted || err.Error() != "interrupted; no load was sent" {
		t.Errorf("got %d, %v", exit.Code(err), err)
	}
}

func TestRunFindsOutBeforeTheLoad(t *testing.T) {
	dir := home(t)
	url, count := target(t, 200)
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kept := "file://" + t.TempDir()
	for _, c := range []struct {
		want string
		args []string
	}{
		{`host "no-such-host.invalid" does not resolve`, []string{"http://no-such-host.invalid/", "--archive", kept}},
		{`connect to "127.0.0.1:1": 127.0.0.1:1: connect: connection refused`, []string{"http://127.0.0.1:1/", "--archive", kept}},
		{"not a directory", []string{url, "--archive", "file://" + plain}},
		{"not a directory", []string{url, "--archive", "file://" + plain + "/below"}},
	} {
		stdout, stderr, err := local(t, t.Context(), "", c.args...)
		if exit.Code(err) != exit.Failure || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || stdout != "" || stderr != "" {
			t.Errorf("run %q: %d, %v, %q, %q; want %q in one line", c.args, exit.Code(err), err, stdout, stderr, c.want)
		}
	}
	// Nowhere to keep what the archive would not take.
	t.Setenv("HOME", "")
	if _, _, err := local(t, t.Context(), "", url, "--archive", kept); err == nil {
		t.Error("no error without a home folder")
	}
	t.Setenv("HOME", dir)
	if count.Load() != 0 || inArchive(t, kept) != nil {
		t.Errorf("%d calls were sent", count.Load())
	}
	if _, _, err := execute(t, "run", url, "--archive", kept); exit.Code(err) != exit.Failure || strings.Contains(err.Error(), "\n") {
		t.Errorf("without a cluster: %d, %v", exit.Code(err), err)
	}
}

// What can be kept nowhere is printed, whatever was asked for: of a search too,
// which ends with that step.
func TestAResultThatIsKeptNowhereIsPrinted(t *testing.T) {
	for name, args := range map[string][]string{"run": nil, "search": {"--find-max", "--slo", "errorRate < 5 %"}} {
		t.Run(name, func(t *testing.T) {
			home(t)
			url, count := target(t, 200)
			dir := filepath.Join(t.TempDir(), "archive")
			state := filepath.Join(t.TempDir(), "state")
			t.Setenv("XDG_STATE_HOME", state)
			t.Setenv("XDG_DATA_HOME", state)
			go func() {
				for count.Load() == 0 && t.Context().Err() == nil {
					time.Sleep(10 * time.Millisecond)
				}
				// Both become files where directories are to be.
				_ = os.RemoveAll(dir)
				_ = os.WriteFile(dir, nil, 0o600)
				_ = os.RemoveAll(state)
				_ = os.WriteFile(state, nil, 0o600)
			}()
			args := append(args, url, "--rate", "20", "--duration", "1s", "--warmup", "0s", "--archive", "file://"+dir, "-o", "name")
			stdout, _, err := local(t, t.Context(), "", args...)
			if exit.Code(err) != exit.Failure || !strings.Contains(err.Error(), "kept nowhere") {
				t.Errorf("got %d, %v", exit.Code(err), err)
			}
			if r := result(t, []byte(stdout)); r.Status.Requests.Sent != 20 {
				t.Errorf("printed %s", stdout)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	home(t)
	stdout, stderr, err := execute(t, "version", "--client")
	if err != nil || !strings.HasPrefix(stdout, "plugin  ") || strings.Count(stdout, "\n") != 1 || stderr != "" {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
	stdout, _, err = execute(t, "version", "--client", "-o", "json")
	var v struct {
		Client map[string]string `json:"client"`
		Agents map[string]string `json:"agents"`
	}
	if err != nil || json.Unmarshal([]byte(stdout), &v) != nil || v.Client["goVersion"] == "" || v.Agents != nil {
		t.Errorf("%s, %v", stdout, err)
	}
	// Without a cluster the plugin's own version is told all the same.
	stdout, stderr, err = execute(t, "version")
	if err != nil || !strings.HasPrefix(stdout, "plugin  ") || !strings.HasPrefix(stderr, "agents  unknown: ") {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
	if _, _, err := execute(t, "version", "now"); exit.Code(err) != exit.Usage {
		t.Errorf("got %v", err)
	}
}

func TestCompletion(t *testing.T) {
	home(t)
	for shell, want := range map[string]string{"bash": "__start_kubectl", "zsh": "#compdef", "fish": "complete -c", "powershell": "Register-ArgumentCompleter", "kubectl": "__complete"} {
		stdout, stderr, err := execute(t, "completion", shell)
		if err != nil || !strings.Contains(stdout, want) || stderr != "" {
			t.Errorf("%s: %v, %q, %.80q", shell, err, stderr, stdout)
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		if _, _, err := execute(t, args...); exit.Code(err) != exit.Usage {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestAttachWithoutACluster(t *testing.T) {
	home(t)
	if _, _, err := execute(t, "attach"); exit.Code(err) != exit.Usage {
		t.Errorf("no run: %v", err)
	}
	if _, _, err := execute(t, "attach", firstRun, "-o", "xml"); exit.Code(err) != exit.Usage {
		t.Errorf("unknown format: %v", err)
	}
	if _, _, err := execute(t, "attach", firstRun); exit.Code(err) != exit.Failure || strings.Contains(err.Error(), "\n") {
		t.Errorf("no cluster: %v", err)
	}
}
