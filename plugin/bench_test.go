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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
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

// ^C stops the run, and what was set up is torn down; a second one ends the program at
// once, in the middle of that.
func TestAnInterruptedBenchTearsDown(t *testing.T) {
	for name, c := range map[string]struct {
		teardown, want string
		second         bool
	}{
		"once":  {"echo torn down", "a teardown | torn down\n", false},
		"twice": {"echo tearing down; exec sleep 20", "a teardown | tearing down\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
			defer s.Close()
			home := t.TempDir()
			file := filepath.Join(home, "plan.yaml")
			plan := fmt.Sprintf(`{apiVersion: perf.meshery.io/v1alpha1, kind: Plan, spec: {seed: 4, repetitions: 6,
  tests: [{name: t, spec: {target: {url: %q}, load: {rate: 100, duration: 1h}}}],
  variants: [{name: a, setup: [{command: [echo, up]}], teardown: [{command: [sh, -c, %q]}]}, {name: b}]}}`, s.URL, c.teardown)
			if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
				t.Fatal(err)
			}
			program := exec.CommandContext(t.Context(), os.Args[0], "bench", "--local", "-f", file, "--aa", "--archive", "file://"+filepath.Join(home, "kept"))
			program.Env = append(os.Environ(), asProgram+"=program", "HOME="+home, "TMPDIR="+home)
			stderr := &text{}
			program.Stderr = stderr
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			until := func(what string, f func() bool) {
				for !f() {
					if t.Context().Err() != nil {
						t.Fatalf("no %s:\n%s", what, stderr)
					}
					time.Sleep(5 * time.Millisecond)
				}
			}
			until("call", func() bool { return calls.Load() > 20 })
			if err := program.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if c.second {
				until("teardown", func() bool { return strings.Contains(stderr.String(), c.want) })
				if err := program.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
			_ = program.Wait()
			if code := program.ProcessState.ExitCode(); code != exit.Interrupted || !strings.Contains(stderr.String(), c.want) ||
				strings.Contains(stderr.String(), "interrupted; 0 of 12 runs are there; go on with: kubectl meshery bench --aa") == c.second {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
		})
	}
}

// text is written to by a program while a test reads it.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}
