//go:build unix

package bench

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// What a hook leaves running is its own: it has not failed. What is left when its time
// is over ends with it.
func TestWhatHooksStart(t *testing.T) {
	for name, c := range map[string]struct {
		script  string
		timeout time.Duration
		gone    bool
	}{
		"left": {"sleep 60 & echo pid $!", time.Minute, false},
		// It would go on for longer than anybody waits below.
		"too long": {"sleep 3600 & echo pid $!; wait", 500 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out lockedText
			h := Hooks{Dir: t.TempDir(), Environment: []string{"PATH=/usr/bin:/bin"}, Out: &out}
			err := h.run(t.Context(), plan.Hook{Command: []string{"sh", "-c", c.script}, Timeout: document.Duration(c.timeout)}, "h", nil)
			var pid int
			if _, scan := fmt.Sscanf(out.String(), "h | pid %d", &pid); scan != nil || (err != nil) != c.gone {
				t.Fatalf("%v, %q, %v", err, out.String(), scan)
			}
			running := func() bool { return syscall.Kill(pid, 0) == nil }
			if !c.gone {
				if !running() {
					t.Error("it was ended")
				}
				_ = syscall.Kill(pid, syscall.SIGKILL)
				return
			}
			for deadline := time.Now().Add(time.Minute); running(); time.Sleep(10 * time.Millisecond) {
				if raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); strings.Contains(string(raw), ") Z ") {
					break // dead, and nobody has asked after it
				}
				if time.Now().After(deadline) {
					t.Error("it goes on")
					_ = syscall.Kill(pid, syscall.SIGKILL)
					break
				}
			}
		})
	}
}
