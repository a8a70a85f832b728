package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// home gives the test a home folder of its own and no other settings.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range settings {
		t.Setenv(name, "")
	}
	t.Setenv("KUBECONFIG", filepath.Join(dir, "kubeconfig"))
	t.Setenv("HOME", dir)
	return dir
}

// execute runs a whole command line, as main does.
func execute(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	root := NewRoot(streams)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

const (
	firstRun  = "0193a1c4-7c1e-7000-8000-000000000001"
	secondRun = "0193a1c5-0000-7000-8000-000000000002"
)

// archived puts a Result into the archive at url.
func archived(t *testing.T, url, id string, change func(*document.Result)) []byte {
	t.Helper()
	p50, p99, target := 2.1, 11.94, 1000.0
	start := time.Date(2024, 12, 7, 12, 0, 0, 0, time.UTC)
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: id},
		Spec:     document.Spec{Target: document.Target{URL: "http://checkout.shop:8080/"}, Load: document.Load{Rate: 1000}},
		Status: document.Status{
			Phase: document.Succeeded, Validity: document.Validity{Valid: true}, StartTime: start, EndTime: start.Add(time.Minute),
			Rate:    document.AchievedRate{Target: &target, Achieved: 999.9},
			Latency: document.Latency{ResponseTime: &document.Summary{P50: &p50, P99: &p99}},
			Agents:  []document.AgentResult{{Node: "worker-1"}},
		},
	}
	if change != nil {
		change(r)
	}
	raw, err := document.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	o, err := archive.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Put(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func defaultArchive(home string) string {
	return "file://" + home + "/.local/share/kubectl-meshery/archive"
}

func TestResultsListTable(t *testing.T) {
	url := defaultArchive(home(t))
	archived(t, url, firstRun, nil)
	archived(t, url, secondRun, func(r *document.Result) {
		r.Metadata.Name = "a-name-as-long-as-a-name-may-be-with-its-sixty-three-characters"
		r.Metadata.Labels = map[string]string{"mesh": "istio", "a": "\x1b[31m"}
		r.Status.Phase, r.Status.Validity.Valid = document.Cancelled, false
		r.Status.Requests.Failed = 1234567
		service := *r.Status.Latency.ResponseTime
		r.Status.Latency = document.Latency{ServiceTime: &service}
	})
	stdout, stderr, err := execute(t, "results", "list")
	want := `RUN            NAME     STARTED     RATE   P50       P99       ERRORS  VALID
0193a1c5-0000  a-name…  2024-12-07  999.9  2.10 ms!  11.9 ms!  1.23M   Cancelled
0193a1c4-7c1e  checko…  2024-12-07  999.9  2.10 ms   11.9 ms   0       yes
`
	if err != nil || stderr != "" || stdout != want {
		t.Errorf("%v\nstderr %q\ngot\n%swant\n%s", err, stderr, stdout, want)
	}
	for line := range strings.Lines(stdout) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d characters wide: %q", n, line)
		}
	}
	stdout, _, err = execute(t, "results", "list", "-o", "wide")
	for _, want := range []string{firstRun, "2024-12-07T12:00:00Z", "http://checkout.shop:8080/", "Succeeded", `a=\x1b[31m,mesh=istio`} {
		if err != nil || !strings.Contains(stdout, want) {
			t.Errorf("wide lacks %q: %v\n%s", want, err, stdout)
		}
	}
}

func TestResultsListFiltersAndFormats(t *testing.T) {
	url := defaultArchive(home(t))
	archived(t, url, firstRun, nil)
	archived(t, url, secondRun, func(r *document.Result) {
		r.Metadata.Name = "cart"
		r.Metadata.Labels = map[string]string{"mesh": "istio"}
		r.Status.StartTime = r.Status.StartTime.Add(24 * time.Hour)
	})
	both := "result/" + secondRun + "\nresult/" + firstRun + "\n"
	cases := []struct {
		args []string
		want string
	}{
		{nil, both},
		{[]string{"--limit", "1"}, "result/" + secondRun + "\n"},
		{[]string{"--limit", "0"}, both},
		{[]string{"--name", "checkout"}, "result/" + firstRun + "\n"},
		{[]string{"--label", "mesh=istio"}, "result/" + secondRun + "\n"},
		{[]string{"--label", "mesh=linkerd"}, ""},
		{[]string{"--since", "2024-12-08T12:00:00Z"}, "result/" + secondRun + "\n"},
		{[]string{"--until", "2024-12-08T11:59:59Z"}, "result/" + firstRun + "\n"},
		{[]string{"--since", "5200w"}, both},
		{[]string{"--archive", url}, both},
	}
	for _, c := range cases {
		stdout, _, err := execute(t, append([]string{"results", "list", "-o", "name"}, c.args...)...)
		if err != nil || stdout != c.want {
			t.Errorf("%v: got %q, %v; want %q", c.args, stdout, err, c.want)
		}
	}
	stdout, _, err := execute(t, "results", "list", "-o", "json")
	var list resultList
	if err != nil || json.Unmarshal([]byte(stdout), &list) != nil || list.Kind != "ResultList" || list.Archive != url || len(list.Items) != 2 || list.Items[0].RunID != secondRun {
		t.Errorf("json: %v\n%s", err, stdout)
	}
	stdout, _, err = execute(t, "results", "list", "-o", `jsonpath={range .items[*]}{.name} {.responseTime.p99}{"\n"}{end}`)
	if err != nil || stdout != "cart 11.94\ncheckout 11.94\n" {
		t.Errorf("jsonpath: %q, %v", stdout, err)
	}
}

func TestResultsListEmpty(t *testing.T) {
	url := defaultArchive(home(t))
	stdout, stderr, err := execute(t, "results", "list")
	if err != nil || stdout != "" || stderr != "No results found in "+url+".\n" {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
	stdout, stderr, err = execute(t, "results", "list", "-o", "json")
	if err != nil || !strings.Contains(stdout, `"items": []`) || stderr != "" {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
}

func TestResultsUsageErrors(t *testing.T) {
	home(t)
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"results", "list", "-o", "xml"}, `output format "xml" is unknown`},
		{[]string{"results", "list", "--since", "yesterday"}, "--since"},
		{[]string{"results", "list", "--label", "mesh"}, "is not KEY=VALUE"},
		{[]string{"results", "list", "--limit", "-1"}, "below 0"},
		{[]string{"results", "list", "--archive", "perf"}, "--archive: the archive's URL is neither"},
		{[]string{"results", "list", "--archive-path-style=maybe"}, "archive-path-style"},
		{[]string{"results", "list", "extra"}, "unknown command"},
		{[]string{"results", "get"}, "accepts 1 arg(s)"},
		{[]string{"results", "delete"}, "requires at least 1 arg(s)"},
		{[]string{"results", "burn"}, "unknown command"},
		{[]string{"archive", "burn"}, "unknown command"},
	}
	for _, c := range cases {
		stdout, _, err := execute(t, c.args...)
		if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), c.want) || stdout != "" {
			t.Errorf("%v: %v (stdout %q), want a usage error with %q", c.args, err, stdout, c.want)
		}
	}
}

func TestResultsGet(t *testing.T) {
	dir := home(t)
	url := defaultArchive(dir)
	raw := archived(t, url, firstRun, nil)
	archived(t, url, secondRun, nil)
	for _, args := range [][]string{{firstRun}, {"0193a1c4-7c1e"}, {firstRun, "-o", "json"}} {
		stdout, stderr, err := execute(t, append([]string{"results", "get"}, args...)...)
		if err != nil || stdout != string(raw) || stderr != "" {
			t.Errorf("%v: %d bytes, %q, %v; want the %d archived", args, len(stdout), stderr, err, len(raw))
		}
	}
	for format, want := range map[string]string{
		"name": "result/" + firstRun + "\n", "jsonpath={.spec.load.rate}": "1000", "yaml": "apiVersion: perf.meshery.io/v1alpha1\n", "table": "RUN", "wide": "TARGET",
	} {
		stdout, _, err := execute(t, "results", "get", firstRun, "-o", format)
		if err != nil || !strings.Contains(stdout, want) {
			t.Errorf("-o %s: %q, %v; want %q", format, stdout, err, want)
		}
	}
	for arg, want := range map[string]string{"0193": "more than one run begins with", "05": "no such run", "name": "is not a run id"} {
		_, _, err := execute(t, "results", "get", arg)
		if exit.Code(err) != exit.Failure || !strings.Contains(err.Error(), want) {
			t.Errorf("get %s: %v; want %q", arg, err, want)
		}
	}
	files, err := filepath.Glob(strings.TrimPrefix(url, "file://") + "/runs/*/*/*/" + firstRun + "/result.json")
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], bytes.Replace(raw, []byte("999.9"), []byte("111.1"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, _, err := execute(t, "results", "get", firstRun); err == nil || !strings.Contains(err.Error(), "was changed after it was archived") || stdout != "" {
		t.Errorf("tampered: %q, %v", stdout, err)
	}
}

func TestResultsDelete(t *testing.T) {
	url := defaultArchive(home(t))
	archived(t, url, firstRun, nil)
	archived(t, url, secondRun, nil)
	_, _, err := execute(t, "results", "delete", firstRun)
	if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "add --yes") {
		t.Errorf("without a terminal: %v", err)
	}
	_, _, err = execute(t, "results", "delete", "--yes", "0193a1c4", "0188")
	if err == nil || !strings.Contains(err.Error(), `no such run: "0188"`) {
		t.Errorf("one unknown id: %v", err)
	}
	if stdout, _, _ := execute(t, "results", "list", "-o", "name"); strings.Count(stdout, "\n") != 2 {
		t.Errorf("a slip in one id deleted another: %q", stdout)
	}
	stdout, _, err := execute(t, "results", "delete", "--yes", "result/"+firstRun, "0193a1c5")
	if err != nil || stdout != fmt.Sprintf("result/%s deleted\nresult/%s deleted\n", firstRun, secondRun) {
		t.Errorf("%q, %v", stdout, err)
	}
	if stdout, _, err := execute(t, "results", "list", "-o", "name"); err != nil || stdout != "" {
		t.Errorf("left: %q, %v", stdout, err)
	}
}

func TestCompletionOffersRuns(t *testing.T) {
	archived(t, defaultArchive(home(t)), firstRun, nil)
	stdout, _, err := execute(t, "__complete", "results", "get", "")
	if err != nil || !strings.HasPrefix(stdout, "0193a1c4-7c1e\tcheckout, ") {
		t.Errorf("%q, %v", stdout, err)
	}
}

func TestStartCell(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 5, 0, 0, time.Local)
	for _, c := range []struct {
		start time.Time
		want  string
	}{
		{now, "Nov 23 14:05"},
		{now.AddDate(0, 0, -20), "Nov  3 14:05"},
		{now.AddDate(-1, 0, 0), "2025-11-23"},
		{now.AddDate(0, 0, 3), "2026-11-26"},
	} {
		if got := startCell(c.start, now); got != c.want {
			t.Errorf("%v: %q, want %q", c.start, got, c.want)
		}
	}
}
