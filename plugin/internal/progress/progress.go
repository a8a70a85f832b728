// Package progress shows how a run stands: one line that is drawn again on a
// terminal, a plain line every now and then elsewhere. It writes to the error
// stream, for standard output is data.
package progress

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Config says what is shown and where.
type Config struct {
	Out io.Writer
	// Before stands at the beginning of the line, such as which of several runs this is.
	Before string
	// Terminal tells that Out can be drawn over; Width is its columns.
	Terminal bool
	Width    int
	// T0 is the start of the load, Warmup and Duration what follows.
	T0               time.Time
	Warmup, Duration time.Duration
	Status           func() collect.Progress
}

// plainEvery is how often a line is written where nothing can be drawn over.
const plainEvery = 5 * time.Second

// The picture of the time passed is as wide as the line has room, within these;
// without room for the narrowest there is none.
const widestBar, narrowestBar = 21, 5

// gap stands between the parts of the line.
const gap = "   "

// Show shows progress until stop is called, which wipes the drawn line.
func Show(c Config) (stop func()) {
	every := plainEvery
	if c.Terminal {
		every = 250 * time.Millisecond
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		broken := map[string]bool{}
		for {
			select {
			case <-done:
				if c.Terminal {
					fmt.Fprint(c.Out, "\r\x1b[K")
				}
				return
			case <-t.C:
				p := c.Status()
				c.news(broken, p)
				c.draw(p, time.Since(c.T0))
			}
		}
	})
	return sync.OnceFunc(func() { close(done); wg.Wait() })
}

// news tells once of every agent that cannot be reached, and once of its return.
func (c Config) news(known map[string]bool, p collect.Progress) {
	for _, node := range slices.Sorted(maps.Keys(p.Broken)) {
		if !known[node] {
			known[node] = true
			c.line(fmt.Sprintf("agent on node %q cannot be reached, its load goes on: %v", node, p.Broken[node]))
		}
	}
	for _, node := range slices.Sorted(maps.Keys(known)) {
		if p.Broken[node] == nil {
			delete(known, node)
			c.line(fmt.Sprintf("agent on node %q is back", node))
		}
	}
}

func (c Config) line(s string) {
	if c.Terminal {
		fmt.Fprint(c.Out, "\r\x1b[K")
	}
	fmt.Fprintln(c.Out, printer.Escape(s))
}

func (c Config) draw(p collect.Progress, elapsed time.Duration) {
	head, figures := c.text(p, elapsed)
	if c.Before != "" {
		head = printer.Escape(c.Before) + gap + strings.TrimSpace(head)
	}
	// What does not fit is left out from the end: a line that wraps cannot be
	// drawn over. The last column stays free, for some terminals wrap there.
	width := c.width() - 1
	if !c.Terminal {
		width = printer.DefaultWidth
	}
	text := head
	used := utf8.RuneCountInString(head)
	for _, f := range figures {
		used += utf8.RuneCountInString(gap + f)
		if used > width {
			break
		}
		text += gap + f
	}
	if !c.Terminal {
		fmt.Fprintln(c.Out, text)
		return
	}
	text = head + c.bar(elapsed, utf8.RuneCountInString(text)) + strings.TrimPrefix(text, head)
	if r := []rune(text); len(r) > width {
		text = string(r[:width])
	}
	fmt.Fprint(c.Out, "\r\x1b[K"+text)
}

// width is the terminal's, or what nearly every one has where it does not say.
func (c Config) width() int {
	if c.Width < 2 {
		return printer.DefaultWidth
	}
	return c.Width
}

// bar pictures the share of the measured time that has passed, in the room that
// the rest of the line leaves.
func (c Config) bar(elapsed time.Duration, used int) string {
	passed := elapsed - c.Warmup
	width := min(widestBar, c.width()-1-used-1)
	if passed < 0 || passed >= c.Duration || width < narrowestBar {
		return ""
	}
	full := int(time.Duration(width) * passed / c.Duration)
	return " " + strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// text is where the run stands in time, and its figures.
func (c Config) text(p collect.Progress, elapsed time.Duration) (head string, figures []string) {
	switch {
	case elapsed < 0:
		return "starting", nil
	case elapsed < c.Warmup:
		head = fmt.Sprintf("%4s/%s warm-up", elapsed.Truncate(time.Second), c.Warmup)
	case elapsed < c.Warmup+c.Duration:
		head = fmt.Sprintf("%4s/%s", (elapsed - c.Warmup).Truncate(time.Second), c.Duration)
	default:
		head = "load over, collecting"
	}
	if p.Second < 0 {
		return head, nil
	}
	figures = []string{printer.Rate(p.Rate) + " rps", "p50 " + printer.LatencyOf(p.P50), "p99 " + printer.LatencyOf(p.P99),
		"errors " + printer.Count(p.Errors)}
	if p.NodeCPU != nil {
		figures = append(figures, "node CPU "+printer.Percent(*p.NodeCPU))
	}
	return head, figures
}
