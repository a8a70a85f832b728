package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// A bench whose process is killed loses no more than the run it was at: resumed, it
// is the same bench, with the same seed, and only what is missing is run.
func TestAKilledBenchIsResumed(t *testing.T) {
	var calls atomic.Int64
	reached := make(chan struct{})
	const perRun, killAfter = 40, 3
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if calls.Add(1) == killAfter*(perRun+5) {
			close(reached)
		}
	}))
	defer s.Close()
	home := t.TempDir()
	file := filepath.Join(home, "plan.yaml")
	plan := fmt.Sprintf(`{apiVersion: perf.meshery.io/v1alpha1, kind: Plan, spec: {
  repetitions: 4, pause: 0s,
  tests: [{name: t, spec: {target: {url: %q}, load: {rate: max, requests: %d, connections: 1}, validity: {maxGeneratorCPU: 1}}}],
  variants: [{name: a}, {name: b, patch: {load: {streams: 1}}}]}}`, s.URL, perRun)
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	type report struct {
		Metadata struct{ Bench string }
		Seed     uint64
		Runs     []struct {
			RunID, Variant string
			Block          int
			Valid          bool
		}
		Missing []any
	}
	bench := func(more ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), os.Args[0], append([]string{"bench", "--local", "-f", file, "--archive", "file://" + filepath.Join(home, "kept"), "-o", "json"}, more...)...)
		c.Env = append(os.Environ(), asProgram+"=program", "HOME="+home, "TMPDIR="+home)
		return c
	}
	killed := bench()
	var first strings.Builder
	killed.Stderr = &first
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := killed.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = killed.Wait()
	there := strings.Count(first.String(), " of 8  ")
	if killed.ProcessState.Success() || there == 0 || there > 6 {
		t.Fatalf("it was not killed midway: %v\n%s", killed.ProcessState, first.String())
	}
	resumed := bench("--resume")
	var second strings.Builder
	resumed.Stderr = &second
	stdout, err := resumed.Output()
	var r report
	if err != nil || json.Unmarshal(stdout, &r) != nil {
		t.Fatalf("%v\n%s%s", err, stdout, second.String())
	}
	head := strings.Fields(first.String()) // bench ID plan seed N ...
	if r.Metadata.Bench != head[1] || fmt.Sprint(r.Seed) != head[4] || len(r.Runs) != 8 || len(r.Missing) != 0 {
		t.Errorf("%s\nbefore\n%s", stdout, first.String())
	}
	seen := map[string]bool{}
	for _, one := range r.Runs {
		seen[fmt.Sprint(one.Variant, one.Block)] = one.Valid
	}
	if len(seen) != 8 {
		t.Errorf("runs %v", seen)
	}
	// One may have been kept and not yet told of when the process ended.
	if n := strings.Count(second.String(), " of 8  "); n != 8-there && n != 8-there-1 {
		t.Errorf("%d runs before, %d after\n%s%s", there, n, first.String(), second.String())
	}
}
