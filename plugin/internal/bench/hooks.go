package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Hooks are how commands are run.
type Hooks struct {
	// Dir is their working directory, Environment what they inherit.
	Dir         string
	Environment []string
	// Out gets what they write, every line with the hook's name before it.
	Out io.Writer
}

// grace is how long a hook that was asked to end may take to do so.
const grace = 10 * time.Second

// run runs one hook. The error has the program, the exit code and the last line of
// what it wrote to its standard error. When its time or the context ends, it and all
// that it started are asked to end, and killed after grace.
func (h Hooks) run(ctx context.Context, hook plan.Hook, name string, environment []string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(hook.Timeout))
	defer cancel()
	c := exec.CommandContext(ctx, hook.Command[0], hook.Command[1:]...)
	c.Dir = h.Dir
	c.Env = append(append([]string(nil), h.Environment...), environment...)
	var mu sync.Mutex
	out := &lines{out: h.Out, before: name + " | ", mu: &mu}
	errOut := &lines{out: h.Out, before: name + " | ", mu: &mu}
	c.Stdout, c.Stderr = out, errOut
	together(c)
	c.Cancel = func() error { return interrupt(c.Process) }
	c.WaitDelay = grace
	err := c.Run()
	if ctx.Err() != nil && c.Process != nil {
		kill(c.Process)
	}
	out.end()
	errOut.end()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return nil // also where a program that it started, and left, holds its output
	}
	command := strconv.Quote(hook.Command[0]) // its arguments may hold what is secret
	var exited *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("%s did not end within its timeout, %s", command, hook.Timeout)
	case errors.As(err, &exited) && exited.ExitCode() >= 0:
		err = fmt.Errorf("%s: exit code %d", command, exited.ExitCode())
	default:
		err = fmt.Errorf("%s: %w", command, err)
	}
	if errOut.last != "" {
		err = fmt.Errorf("%w: %s", err, errOut.last)
	}
	return err
}

// environment tells a hook what it is for. What does not apply is empty, and not
// what an outer bench may have set.
func environment(id string, v *plan.Resolved, slot plan.Slot) []string {
	block := ""
	if slot.Block > 0 {
		block = strconv.Itoa(slot.Block)
	}
	return []string{"MESHERY_BENCH=" + id, "MESHERY_VARIANT=" + v.Of, "MESHERY_BLOCK=" + block,
		"MESHERY_TEST=" + slot.Test, "MESHERY_NAMESPACE=" + v.Namespace}
}

// lines writes whole lines with a text before each, so that several writers can
// share a terminal.
type lines struct {
	out     io.Writer
	before  string
	mu      *sync.Mutex // of all writers to out
	partial []byte
	last    string // line that is not empty
}

// longestLine bounds what is kept of a line that does not end.
const longestLine = 64 << 10

// Write implements io.Writer. A writer that is gone does not stop a hook.
func (l *lines) Write(p []byte) (int, error) {
	l.partial = append(l.partial, p...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 && len(l.partial) < longestLine {
			return len(p), nil
		}
		if i < 0 {
			i = longestLine - 1
		}
		l.line(string(l.partial[:i+1]))
		l.partial = l.partial[i+1:]
	}
}

// end writes what is left without an end of its line.
func (l *lines) end() {
	if len(l.partial) > 0 {
		l.line(string(l.partial))
	}
	l.partial = nil
}

func (l *lines) line(s string) {
	s = printer.Escape(strings.ReplaceAll(strings.TrimRight(s, " \r\n"), "\t", " "))
	if s != "" {
		l.last = s
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.out, strings.TrimRight(l.before+s, " "))
}
