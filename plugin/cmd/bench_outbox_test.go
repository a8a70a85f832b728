package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// An archive that goes away does not end a bench: Results wait, with a warning, and
// count, then and when it is resumed.
func TestBenchWithoutItsArchive(t *testing.T) {
	home(t)
	s := openShop(t)
	dir := filepath.Join(t.TempDir(), "archive")
	kept := "file://" + dir
	file := planFile(t, s)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for s.count("/none")+s.count("/istio") == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		// A file is where the directory was.
		_ = os.RemoveAll(dir)
		_ = os.WriteFile(dir, nil, 0o600)
	}()
	stdout, stderr, err := benched(t, t.Context(), "-f", file, "--archive", kept, "-o", "json")
	<-gone
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	r := reportOf(t, stdout)
	if len(r.Runs) != 4 || len(r.Missing) != 0 || strings.Count(stderr, "'archive sync' delivers it") != 4 {
		t.Errorf("%s%s", stdout, stderr)
	}
	// At the start it must be there: nothing is sent before.
	before := s.count("/none")
	if _, _, err := benched(t, t.Context(), "-f", file, "--archive", kept, "--resume"); exit.Code(err) != exit.Failure || s.count("/none") != before {
		t.Errorf("%d, %v", exit.Code(err), err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	// One is delivered, and may still be in the outbox as well: it is one run.
	text, _ := os.ReadFile(file)
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "repetitions: 2", "repetitions: 3", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err = benched(t, t.Context(), "-f", file, "--archive", kept, "--resume", "-o", "json")
	if again := reportOf(t, stdout); err != nil || again.Metadata.Bench != r.Metadata.Bench || len(again.Runs) != 6 || !strings.Contains(stderr, "4 of 6 runs are there") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
	if _, _, err := execute(t, "archive", "sync"); err != nil {
		t.Error(err)
	}
	if got := len(resultsIn(t, kept)); got != 6 {
		t.Errorf("%d Results", got)
	}
}
