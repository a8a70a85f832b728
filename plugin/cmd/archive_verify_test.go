package cmd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

func TestArchiveVerifyAndCompact(t *testing.T) {
	dir := home(t)
	t.Setenv("MESHERY_ARCHIVE", "file://"+dir+"/archive")
	stdout, _, err := execute(t, "archive", "verify")
	if err != nil || stdout != "0 runs with 0 B in file://"+dir+"/archive: 0 findings, 0 repaired\n" {
		t.Errorf("empty: %q, %v", stdout, err)
	}
	for _, id := range []string{firstRun, secondRun} {
		archived(t, "file://"+dir+"/archive", id, nil)
	}
	if stdout, _, err = execute(t, "archive", "verify"); err != nil || !strings.HasPrefix(stdout, "2 runs with ") {
		t.Errorf("whole: %q, %v", stdout, err)
	}
	stdout, _, err = execute(t, "archive", "compact")
	if err != nil || stdout != "2024-12: 2 objects became 1, with 2 rows\n" {
		t.Errorf("compact: %q, %v", stdout, err)
	}
	stdout, stderr, err := execute(t, "archive", "compact")
	if err != nil || stdout != "" || stderr != "Nothing is left to merge in file://"+dir+"/archive.\n" {
		t.Errorf("compact again: %q, %q, %v", stdout, stderr, err)
	}
	if stdout, _, err = execute(t, "results", "list", "-o", "name"); err != nil || stdout != "result/"+secondRun+"\nresult/"+firstRun+"\n" {
		t.Errorf("list: %q, %v", stdout, err)
	}

	runs := filepath.Join(dir, "archive", "runs", "2024", "12", "07")
	if err := os.Remove(filepath.Join(runs, firstRun, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	stdout, _, err = execute(t, "archive", "verify")
	if exit.Code(err) != exit.Failure || !strings.Contains(err.Error(), "1 of the findings") || !strings.Contains(stdout, "result/"+firstRun+": ") ||
		!strings.Contains(stdout, "--repair") {
		t.Errorf("without a manifest: %q, %v", stdout, err)
	}
	stdout, _, err = execute(t, "archive", "verify", "--repair", "-o", "json")
	var report verifyReport
	if err != nil || json.Unmarshal([]byte(stdout), &report) != nil || len(report.Findings) != 1 || !report.Findings[0].Repaired || report.Runs != 2 {
		t.Errorf("repair: %s, %v", stdout, err)
	}
	if stdout, _, err = execute(t, "archive", "verify"); err != nil || !strings.Contains(stdout, ": 0 findings") {
		t.Errorf("repaired: %q, %v", stdout, err)
	}
	if _, _, err = execute(t, "archive", "verify", "-o", "name"); exit.Code(err) != exit.Usage {
		t.Errorf("-o name: %v", err)
	}
}

func TestInterruptedVerifySaysWhatItLeft(t *testing.T) {
	dir := home(t)
	t.Setenv("MESHERY_ARCHIVE", "file://"+dir+"/archive")
	archived(t, "file://"+dir+"/archive", firstRun, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for arg, want := range map[string]string{
		"--repair=false": "interrupted; nothing was changed",
		"--repair":       "interrupted; what is repaired stays so, and no Result was removed",
	} {
		streams, _, _, _ := genericiooptions.NewTestIOStreams()
		root := NewRoot(streams)
		root.SetArgs([]string{"archive", "verify", arg})
		if err := root.ExecuteContext(ctx); exit.Code(err) != exit.Interrupted || err.Error() != want {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
}

func TestResultsListSortsAndFilters(t *testing.T) {
	dir := home(t)
	t.Setenv("MESHERY_ARCHIVE", "file://"+dir+"/archive")
	archived(t, "file://"+dir+"/archive", firstRun, nil)
	archived(t, "file://"+dir+"/archive", secondRun, slowOnIstio)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--sort", "p99"}, firstRun + " " + secondRun},
		{[]string{"--sort", "-p99"}, secondRun + " " + firstRun},
		{[]string{"--sort=-p99", "--limit", "1"}, secondRun},
		{[]string{"--mesh", "istio"}, secondRun},
		{[]string{"--mesh", "none"}, firstRun},
		{[]string{"--valid"}, firstRun},
		{[]string{"--valid=false"}, secondRun},
		{[]string{"--target", "cart"}, secondRun},
		{[]string{"--target", "nothing"}, ""},
	} {
		stdout, _, err := execute(t, append([]string{"results", "list", "-o", "jsonpath={.items[*].runID}"}, c.args...)...)
		if err != nil || strings.TrimSpace(stdout) != c.want {
			t.Errorf("%v: %q, %v; want %q", c.args, stdout, err, c.want)
		}
	}
	_, _, err := execute(t, "results", "list", "--sort", "p98")
	if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), `--sort "p98" is nothing to sort by: use `) {
		t.Errorf("--sort p98: %v", err)
	}
}

// slowOnIstio makes a Result one of another mesh and target that is not valid.
func slowOnIstio(r *document.Result) {
	p99 := 50.0
	r.Metadata.Labels = map[string]string{"mesh": "istio"}
	r.Spec.Target.URL = "http://cart.shop:8080/"
	r.Status.Latency.ResponseTime = &document.Summary{P99: &p99}
	r.Status.Validity = document.Validity{Reasons: []string{"for the test"}}
}
