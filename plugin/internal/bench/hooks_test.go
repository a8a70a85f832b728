package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

func TestHookErrors(t *testing.T) {
	for name, c := range map[string]struct {
		command []string
		timeout time.Duration
		want    string
		out     string
	}{
		"fine":       {[]string{"sh", "-c", "echo one; echo two >&2; printf three"}, time.Minute, "", "h | one\nh | two\nh | three\n"},
		"no shell":   {[]string{"echo", "a;", "$HOME", "*"}, time.Minute, "", "h | a; $HOME *\n"},
		"exit code":  {[]string{"sh", "-c", "echo why >&2; echo >&2; echo out; exit 3"}, time.Minute, `"sh": exit code 3: why`, ""},
		"silent":     {[]string{"false"}, time.Minute, `"false": exit code 1`, ""},
		"no program": {[]string{"no-such-program-here", "x"}, time.Minute, `"no-such-program-here": exec: "no-such-program-here": executable file not found in $PATH`, ""},
		"too long":   {[]string{"sleep", "3600"}, 50 * time.Millisecond, `"sleep" did not end within its timeout, 50ms`, ""},
		"killed":     {[]string{"sh", "-c", "kill -9 $$"}, time.Minute, `"sh": signal: killed`, ""},
		"escapes":    {[]string{"printf", `\033[2Jred\tblue\r\n`}, time.Minute, "", "h | \\x1b[2Jred blue\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out lockedText
			h := Hooks{Dir: t.TempDir(), Environment: []string{"PATH=/usr/bin:/bin"}, Out: &out}
			err := h.run(t.Context(), plan.Hook{Command: c.command, Timeout: document.Duration(c.timeout)}, "h", nil)
			if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if name == "fine" { // two streams come in any order
				for _, line := range strings.SplitAfter(c.out, "\n") {
					if !strings.Contains(out.String(), line) {
						t.Errorf("%q lacks %q", out.String(), line)
					}
				}
			} else if c.out != "" && out.String() != c.out {
				t.Errorf("wrote %q, want %q", out.String(), c.out)
			}
		})
	}
}

func TestHooksAreTold(t *testing.T) {
	var out lockedText
	dir := t.TempDir()
	h := Hooks{Dir: dir, Environment: []string{"PATH=/usr/bin:/bin", "MESHERY_TEST=outer", "KEPT=yes"}, Out: &out}
	v := &plan.Resolved{Name: "istio-again", Of: "istio", Namespace: "perf"}
	err := h.run(t.Context(), plan.Hook{Command: []string{"sh", "-c", "pwd; env | grep -e MESHERY -e KEPT | sort"}, Timeout: document.Duration(time.Minute)},
		"istio switch", environment("0123-4", v, plan.Slot{Block: 3, Test: "steady", Variant: "istio-again"}))
	want := ""
	for _, line := range []string{dir, "KEPT=yes", "MESHERY_BENCH=0123-4", "MESHERY_BLOCK=3", "MESHERY_NAMESPACE=perf", "MESHERY_TEST=steady", "MESHERY_VARIANT=istio"} {
		want += "istio switch | " + line + "\n"
	}
	if err != nil || out.String() != want {
		t.Errorf("%v, %q, want %q", err, out.String(), want)
	}
}

// A hook that is interrupted may clean up; one that does not end is killed, also
// where a child of it holds its output.
func TestHooksEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out lockedText
	h := Hooks{Dir: t.TempDir(), Environment: []string{"PATH=/usr/bin:/bin"}, Out: &out}
	go func() {
		for !strings.Contains(out.String(), "ready") {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	err := h.run(ctx, plan.Hook{Command: []string{"sh", "-c", `trap 'echo clean; exit 5' INT; echo ready; while :; do sleep 0.05; done`}, Timeout: document.Duration(time.Hour)}, "h", nil)
	if err == nil || !strings.Contains(out.String(), "h | clean\n") {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestLinesAreBounded(t *testing.T) {
	var out lockedText
	h := Hooks{Dir: t.TempDir(), Environment: []string{"PATH=/usr/bin:/bin"}, Out: &out}
	err := h.run(t.Context(), plan.Hook{Command: []string{"sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x"}, Timeout: document.Duration(time.Minute)}, "h", nil)
	if n := strings.Count(out.String(), "x"); err != nil || n != 200000 || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("%v, %d characters in %d lines", err, n, strings.Count(out.String(), "\n"))
	}
}
