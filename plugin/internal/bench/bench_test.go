package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// thePlan has hooks that write what they are and what they are told into a file.
const thePlan = `apiVersion: perf.meshery.io/v1alpha1
kind: Plan
metadata: {name: cost}
spec:
  repetitions: %d
  pause: 0s
  retries: 1
  tests:
  - {name: steady, spec: {target: {url: "http://echo/"}, load: {rate: 10, duration: 1s}}}
  variants:
  - name: none
    setup: [{command: [sh, -c, 'echo setup $MESHERY_VARIANT $MESHERY_BLOCK >>log']}]
    switch: [{command: [sh, -c, 'echo switch $MESHERY_VARIANT $MESHERY_BLOCK $MESHERY_TEST >>log']}]
    teardown: [{command: [sh, -c, 'echo teardown $MESHERY_VARIANT:$MESHERY_BLOCK:$MESHERY_TEST >>log']}]
  - name: istio
    namespace: perf-istio
    setup: [{command: [sh, -c, 'echo setup $MESHERY_VARIANT $MESHERY_BENCH $MESHERY_NAMESPACE >>log']}]
    teardown: [{command: ["false"]}, {command: [sh, -c, 'echo teardown $MESHERY_VARIANT >>log']}]
`

func resolved(t *testing.T, text string) *plan.Bench {
	t.Helper()
	p, err := plan.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Resolve(plan.Options{Namespace: "meshery"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// script is what becomes of every attempt; it is written into the log of the hooks.
type script struct {
	log  string
	of   func(Job) (Ran, error)
	jobs []Job
}

func (s *script) Run(_ context.Context, j Job) (Ran, error) {
	s.jobs = append(s.jobs, j)
	f, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintf(f, "run %s %d %d\n", j.Slot.Variant, j.Slot.Block, j.Attempt)
		err = f.Close()
	}
	if err != nil {
		return Ran{}, err
	}
	ran, err := s.of(j)
	ran.Slot, ran.Attempt, ran.RunID = j.Slot, j.Attempt, fmt.Sprintf("run-%03d", len(s.jobs))
	return ran, err
}

func valid(Job) (Ran, error) { return Ran{Valid: true}, nil }

type fixture struct {
	Config
	script *script
	out    lockedText
	warned []string
}

// lockedText is written to by hooks while tests read it.
type lockedText struct {
	mu sync.Mutex
	strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.String()
}

func setUp(t *testing.T, b *plan.Bench, of func(Job) (Ran, error)) *fixture {
	dir := t.TempDir()
	f := &fixture{script: &script{log: filepath.Join(dir, "log"), of: of}}
	f.Config = Config{Bench: b, ID: "0123abcd-1", Seed: 7, Runner: f.script, Patience: time.Minute,
		Hooks: Hooks{Dir: dir, Environment: append(os.Environ(), "MESHERY_BLOCK=outer", "MESHERY_TEST=outer"), Out: &f.out},
		Warn:  func(err error) { f.warned = append(f.warned, err.Error()) }}
	return f
}

func (f *fixture) log(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(f.script.log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

func TestExecute(t *testing.T) {
	b := resolved(t, fmt.Sprintf(thePlan, 2))
	f := setUp(t, b, valid)
	out, err := f.Execute(t.Context())
	var hook *HookError
	if !errors.As(err, &hook) || hook.Variant != "istio" || hook.Hook != "teardown" || !strings.HasPrefix(err.Error(), `teardown of variant "istio": "false": exit code 1`) {
		t.Errorf("got %v", err)
	}
	if !out.Complete || len(out.Runs) != 4 || len(out.Missing) != 0 {
		t.Errorf("%+v", out)
	}
	var want []string
	previous, begun := "", map[string]bool{}
	for _, s := range b.Order(7) {
		if !begun[s.Variant] {
			begun[s.Variant] = true
			want = append(want, map[string]string{"none": fmt.Sprintf("setup none %d", s.Block), "istio": "setup istio 0123abcd-1 perf-istio"}[s.Variant])
		}
		if s.Variant != previous && s.Variant == "none" {
			want = append(want, fmt.Sprintf("switch none %d steady", s.Block))
		}
		previous = s.Variant
		want = append(want, fmt.Sprintf("run %s %d 1", s.Variant, s.Block))
	}
	// The last that was set up is torn down first, as far as it can be.
	down := []string{"teardown istio", "teardown none::"}
	if b.Order(7)[0].Variant == "istio" {
		down[0], down[1] = down[1], down[0]
	}
	if got := f.log(t); !reflect.DeepEqual(got, append(want, down...)) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(append(want, down...), "\n"))
	}
	for i, j := range f.script.jobs {
		if j.Number != i+1 || j.Of != 4 || j.Test.Metadata.Labels["bench"] != "0123abcd-1" || j.Left <= 0 {
			t.Errorf("%+v", j)
		}
		if want := map[string]string{"none": "meshery", "istio": "perf-istio"}[j.Slot.Variant]; j.Namespace != want {
			t.Errorf("%s runs in %q", j.Slot.Variant, j.Namespace)
		}
	}
}

// A run that is invalid is run again at once, so often, and then is missing.
func TestAttempts(t *testing.T) {
	b := resolved(t, fmt.Sprintf(strings.Replace(thePlan, `["false"]`, `["true"]`, 1), 2))
	order := b.Order(7)
	f := setUp(t, b, func(j Job) (Ran, error) {
		switch {
		case j.Slot == order[1] && j.Attempt == 1, j.Slot == order[2]:
			return Ran{Reason: fmt.Sprintf("late %d", j.Attempt)}, nil
		}
		return Ran{Valid: true}, nil
	})
	out, err := f.Execute(t.Context())
	if err != nil || !out.Complete || len(out.Runs) != 6 {
		t.Errorf("%+v, %v", out, err)
	}
	if want := []Missing{{Slot: order[2], Reason: "late 2"}}; !reflect.DeepEqual(out.Missing, want) {
		t.Errorf("missing %+v, want %+v", out.Missing, want)
	}
	var got []string
	for _, j := range f.script.jobs {
		got = append(got, fmt.Sprintf("%d.%d", j.Number, j.Attempt))
		if label := j.Test.Metadata.Labels["attempt"]; (label == "2") != (j.Attempt == 2) {
			t.Errorf("attempt %d has the label %q", j.Attempt, label)
		}
	}
	if s := strings.Join(got, " "); s != "1.1 2.1 2.2 3.1 3.2 4.1" {
		t.Errorf("run were %s", s)
	}
	if n := len(Valid(order, out.Runs)); n != 3 {
		t.Errorf("%d count", n)
	}
	// Resumed, nothing is left to do, and nothing is set up for it.
	again := setUp(t, b, valid)
	again.Before = out.Runs
	out, err = again.Execute(t.Context())
	if err != nil || len(again.script.jobs) != 0 || len(out.Missing) != 1 || again.out.String() != "" {
		t.Errorf("%+v, %v, ran %+v", out, err, again.script.jobs)
	}
	if _, err := os.Stat(again.script.log); err == nil {
		t.Errorf("hooks ran: %q", again.log(t))
	}
	// With more repetitions the blocks before stay, and the others follow.
	b.Repetitions = 3
	if out, err = again.Execute(t.Context()); err != nil || len(again.script.jobs) != 2 || len(out.Missing) != 1 {
		t.Errorf("%+v, %v, ran %+v", out, err, again.script.jobs)
	}
	for _, j := range again.script.jobs {
		if j.Slot.Block != 3 || j.Of != 6 {
			t.Errorf("%+v", j)
		}
	}
}

// Runs that there are do not run again; one that was cut does, and an invalid one
// has used up an attempt.
func TestResume(t *testing.T) {
	b := resolved(t, fmt.Sprintf(strings.Replace(thePlan, `["false"]`, `["true"]`, 1), 2))
	order := b.Order(7)
	f := setUp(t, b, func(Job) (Ran, error) { return Ran{Reason: "late"}, nil })
	f.Before = []Ran{{Slot: order[0], Attempt: 1, Valid: true, RunID: "a"}, {Slot: order[1], Attempt: 1, Cut: true, RunID: "b"},
		{Slot: order[2], Attempt: 1, Reason: "lost", RunID: "c"}}
	out, err := f.Execute(t.Context())
	if err != nil || len(out.Missing) != 3 {
		t.Errorf("%+v, %v", out, err)
	}
	var got []string
	for _, j := range f.script.jobs {
		got = append(got, fmt.Sprintf("%d.%d", j.Number, j.Attempt))
	}
	if s := strings.Join(got, " "); s != "2.1 2.2 3.2 4.1 4.2" {
		t.Errorf("run were %s", s)
	}
}

// What the target made invalid is not run again, nor when the bench is resumed.
func TestATargetThatFailsIsNotTriedUntilItDoesNot(t *testing.T) {
	b := resolved(t, fmt.Sprintf(strings.Replace(thePlan, `["false"]`, `["true"]`, 1), 2))
	f := setUp(t, b, func(j Job) (Ran, error) {
		bad := j.Slot.Variant == "istio" && j.Slot.Block == 1
		return Ran{Valid: !bad, Target: bad, Reason: "60 % of the requests failed"}, nil
	})
	out, err := f.Execute(t.Context())
	if err != nil || !out.Complete || len(out.Runs) != 4 || len(out.Missing) != 1 || out.Missing[0].Reason != "60 % of the requests failed" {
		t.Errorf("%+v, %v", out, err)
	}
	f.Before, f.script.jobs = out.Runs, nil
	if out, err = f.Execute(t.Context()); err != nil || len(f.script.jobs) != 0 || len(out.Missing) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	r := NewReport(b, "0123abcd-1", 7, out)
	if want := []Broken{{"steady", "istio", 1, 2}}; !reflect.DeepEqual(r.Broken, want) {
		t.Errorf("%+v", r.Broken)
	}
}

// What cannot start is waited for, apart from retries; what still cannot ends the bench.
func TestNotStarted(t *testing.T) {
	b := resolved(t, fmt.Sprintf(strings.Replace(thePlan, `["false"]`, `["true"]`, 1), 1))
	b.Retries = 0
	order, refusals := b.Order(7), 3
	f := setUp(t, b, func(j Job) (Ran, error) {
		if j.Slot == order[1] && refusals > 0 {
			refusals--
			return Ran{}, &NotStarted{errors.New("the agents are busy")}
		}
		return Ran{Valid: true}, nil
	})
	out, err := f.Execute(t.Context())
	if err != nil || len(out.Missing) != 0 || len(f.warned) != 1 || !strings.Contains(f.warned[0], "could not be started and is tried again for 1m0s: the agents are busy") {
		t.Errorf("%+v, %v, %q", out, err, f.warned)
	}
	refusals = 1 << 30
	f.script.jobs, f.Patience = nil, 100*time.Millisecond
	out, err = f.Execute(t.Context())
	if err == nil || err.Error() != "the agents are busy" || out.Complete || len(out.Runs) != 1 || len(out.Missing) != 1 || len(f.script.jobs) < 3 {
		t.Errorf("%+v, %v", out, err)
	}
	lost := errors.New("kept nowhere")
	f.script.of = func(Job) (Ran, error) { return Ran{}, lost }
	f.script.jobs = nil
	if _, err = f.Execute(t.Context()); !errors.Is(err, lost) || len(f.script.jobs) != 1 {
		t.Errorf("%v after %d", err, len(f.script.jobs))
	}
	if log := f.log(t); !strings.HasPrefix(log[len(log)-1], "teardown ") {
		t.Errorf("no teardown: %q", log)
	}
}

// An interrupt ends the bench, and what was set up is torn down.
func TestInterrupt(t *testing.T) {
	for name, c := range map[string]struct{ pause, setup string }{
		"in a run":   {"0s", "true"},
		"in a pause": {"1h", "true"},
		"in a hook":  {"0s", "echo began; exec sleep 3600"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(fmt.Sprintf(thePlan, 3), "pause: 0s", "pause: "+c.pause, 1)
			text = strings.ReplaceAll(text, `["false"]`, `["true"]`)
			text = strings.ReplaceAll(text, "'echo setup", "'"+c.setup+"; echo setup")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f := setUp(t, resolved(t, text), func(Job) (Ran, error) {
				cancel()
				return Ran{Cut: true}, nil
			})
			switch name {
			case "in a pause": // which follows the hooks of the first run
				go func() {
					for ctx.Err() == nil {
						if raw, _ := os.ReadFile(f.script.log); strings.Contains(string(raw), "setup ") {
							cancel()
						}
						time.Sleep(time.Millisecond)
					}
				}()
			case "in a hook":
				go func() {
					for !strings.Contains(f.out.String(), "began") && ctx.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					cancel()
				}()
			}
			out, err := f.Execute(ctx)
			if !errors.Is(err, context.Canceled) || out.Complete || len(out.Missing) != 6 {
				t.Errorf("%+v, %v", out, err)
			}
			if log := f.log(t); !strings.HasPrefix(log[len(log)-1], "teardown ") {
				t.Errorf("no teardown: %q", log)
			}
		})
	}
}
