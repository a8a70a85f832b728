package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/imports"
)

const (
	fortioFile = "../internal/imports/testdata/http-1.66.5.json"
	tcpFile    = "../internal/imports/testdata/tcp-1.66.5.json"
)

// importing runs import with something on standard input.
func importing(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	streams, in, out, errOut := genericiooptions.NewTestIOStreams()
	in.WriteString(stdin)
	root := NewRoot(streams)
	root.SetArgs(append([]string{"import"}, args...))
	err = root.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

func TestImport(t *testing.T) {
	url := defaultArchive(home(t))
	stdout, stderr, err := execute(t, "import", fortioFile, tcpFile, "--label", "team=shop", "-o", "name")
	if err != nil || strings.Count(stdout, "result/") != 2 || strings.Count(stderr, "coordinated omission") != 1 {
		t.Fatalf("%q %q %v", stdout, stderr, err)
	}
	ids := strings.Fields(stdout)
	for range 2 { // again: nothing changes
		again, _, err := execute(t, "import", fortioFile, tcpFile, "--label", "team=shop", "-o", "name")
		if err != nil || again != stdout || len(resultsIn(t, url)) != 2 {
			t.Errorf("again: %q, %v", again, err)
		}
	}
	raw, _, err := execute(t, "results", "get", strings.TrimPrefix(ids[0], "result/"))
	if err != nil {
		t.Fatal(err)
	}
	r := result(t, []byte(raw))
	if r.Metadata.Labels["imported-from"] != "fortio" || r.Metadata.Labels["mesh"] != "istio" || r.Metadata.Labels["team"] != "shop" || r.Status.Requests.Sent != 800 {
		t.Errorf("%+v", r.Metadata)
	}
	listed, _, err := execute(t, "results", "list", "--label", "team=shop", "-o", "name")
	if err != nil || strings.Count(listed, "\n") != 2 {
		t.Errorf("%q, %v", listed, err)
	}
	data, err := os.ReadFile(fortioFile)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err = importing(t, string(data), "-", "--label", "team=shop")
	if err != nil || !strings.HasPrefix(stdout, "RUN ") || !strings.Contains(stdout, r.Metadata.RunID[:13]) || !strings.Contains(stderr, "Warning: ") {
		t.Errorf("%q %q %v", stdout, stderr, err)
	}
	// The same run by another name would be the same measurement twice.
	stdout, _, err = execute(t, "import", fortioFile, "--name", "other")
	if want := fortioFile + ": it is archived already as run " + r.Metadata.RunID + ", with another name or other labels: 'results delete " + r.Metadata.RunID + "' makes room for this"; stdout != "" || fmt.Sprint(err) != want {
		t.Errorf("%q, %v", stdout, err)
	}
}

// A file that another version imported, with other words in its warnings, is the same
// run.
func TestImportAfterAnotherVersion(t *testing.T) {
	data, err := os.ReadFile(fortioFile)
	if err != nil {
		t.Fatal(err)
	}
	results, err := imports.Read(data, imports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	url, id := defaultArchive(home(t)), results[0].Metadata.RunID
	archived(t, url, id, func(r *document.Result) {
		*r = *results[0]
		r.Status.Validity.Warnings = []string{"in other words"}
	})
	stdout, _, err := execute(t, "import", fortioFile, "-o", "name")
	if err != nil || stdout != "result/"+id+"\n" {
		t.Errorf("%q, %v", stdout, err)
	}
	if stdout, _, err = execute(t, "results", "get", id); err != nil || !strings.Contains(stdout, "in other words") {
		t.Errorf("it was changed: %v\n%s", err, stdout)
	}
	if _, _, err = execute(t, "import", fortioFile, "--label", "team=shop"); err == nil || !strings.Contains(err.Error(), "with another name or other labels") {
		t.Error(err)
	}
}

// What cannot be imported is named, and takes nothing else with it.
func TestImportOfSome(t *testing.T) {
	home(t)
	data, err := os.ReadFile(tcpFile)
	if err != nil {
		t.Fatal(err)
	}
	list, text := file(t, `[{"x": 1}, `+string(data)+`]`), file(t, "hello")
	stdout, _, err := execute(t, "import", list, text, filepath.Join(t.TempDir(), "none.json"), fortioFile, "-o", "json")
	if exit.Code(err) != exit.Failure {
		t.Fatal(err)
	}
	for _, want := range []string{list + ": entry 1: it is no run of Fortio: it has no DurationHistogram", text + ": it is neither a run that Fortio saved", "none.json: no such file"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	var printed struct {
		Kind  string
		Items []struct{ RunID, Name string }
	}
	if err := json.Unmarshal([]byte(stdout), &printed); err != nil || printed.Kind != "ResultList" || len(printed.Items) != 2 || printed.Items[0].Name != "127.0.0.1" {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestImportRefuses(t *testing.T) {
	home(t)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exit.Usage, "requires at least 1 arg", nil},
		{exit.Usage, `--format "csv" is unknown: use fortio or smp`, []string{fortioFile, "--format", "csv"}},
		{exit.Usage, `"mesh" is not KEY=VALUE`, []string{fortioFile, "--label", "mesh"}},
		{exit.Usage, `metadata.name "No Name"`, []string{fortioFile, "--name", "No Name"}},
		{exit.Usage, `"a"="b c" is not a label`, []string{fortioFile, "--label", "a=b c"}},
		{exit.Usage, "standard input is given twice", []string{"-", "-"}},
		{exit.Failure, "it is no result of SMP but of Fortio", []string{fortioFile, "--format", "smp"}},
		{exit.Failure, "not a directory", []string{fortioFile, "--archive", "file://" + file(t, "")}},
	} {
		stdout, _, err := importing(t, "", c.args...)
		if exit.Code(err) != c.code || !strings.Contains(fmt.Sprint(err), c.want) || stdout != "" {
			t.Errorf("%v: %d, %v, %q; want %q", c.args, exit.Code(err), err, stdout, c.want)
		}
	}
}

// A run that was measured here, exported and imported again has the same figures.
func TestExportAndImport(t *testing.T) {
	dir := home(t)
	target, _ := target(t, 200)
	stdout, _, err := local(t, t.Context(), "", target, "--rate", "400", "--duration", "1s", "--warmup", "0s", "--label", "mesh=none", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	before := result(t, []byte(stdout))
	path, _, err := execute(t, "results", "export", before.Metadata.RunID, "--format", "fortio", "--output-dir", filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, _, err = execute(t, "import", strings.TrimSpace(path), "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := execute(t, "results", "get", strings.TrimPrefix(strings.TrimSpace(stdout), "result/"))
	if err != nil {
		t.Fatal(err)
	}
	after := result(t, []byte(raw))
	figures := func(parts ...any) string {
		b, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	a, b := before.Status, after.Status
	if figures(a.Latency, a.Histograms, a.Requests, a.Rate, a.StartTime, a.EndTime, a.Environment, a.Timeline, before.Spec) !=
		figures(b.Latency, b.Histograms, b.Requests, b.Rate, b.StartTime, b.EndTime, b.Environment, b.Timeline, after.Spec) {
		t.Errorf("exported\n%+v\nimported\n%+v", before, after)
	}
	if l := after.Metadata.Labels; after.Metadata.Name != before.Metadata.Name || l["mesh"] != "none" || l["imported-run"] != before.Metadata.RunID || after.Metadata.RunID == before.Metadata.RunID {
		t.Errorf("%+v", after.Metadata)
	}
}
