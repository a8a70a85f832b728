package progress

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
)

func of(v float64) *float64 { return &v }

// Which of several runs it is comes first, and the figures have the room that is left.
func TestLinesOfOneOfSeveral(t *testing.T) {
	var b bytes.Buffer
	c := config(&b, true, 80)
	c.Before = "block 3/10  istio  steady  17 of 60, about 34 min left"
	c.draw(sample(), 46*time.Second)
	if want := wipe + c.Before + "   43s/1m0s   1,000 rps"; b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

// sample is how a run may stand.
func sample() collect.Progress {
	return collect.Progress{Second: 43, Rate: 1000, P50: of(2.1), P99: of(11.84), Errors: 0, NodeCPU: of(0.41)}
}

func config(out *bytes.Buffer, terminal bool, width int) Config {
	return Config{Out: out, Terminal: terminal, Width: width, Warmup: 3 * time.Second, Duration: time.Minute}
}

const wipe = "\r\x1b[K"

func TestLines(t *testing.T) {
	quiet := collect.Progress{Second: -1}
	large := collect.Progress{Second: 43, Rate: 9999999, P50: of(850.4), P99: of(11840), Errors: 123456789, NodeCPU: of(0.99996)}
	for name, c := range map[string]struct {
		terminal bool
		width    int
		elapsed  time.Duration
		progress collect.Progress
		want     string
	}{
		"before T0":       {false, 0, -time.Second, quiet, "starting\n"},
		"nothing yet":     {false, 0, 400 * time.Millisecond, quiet, "  0s/3s warm-up\n"},
		"warm-up":         {false, 0, 2500 * time.Millisecond, sample(), "  2s/3s warm-up   1,000 rps   p50 2.10 ms   p99 11.8 ms   errors 0\n"},
		"plain":           {false, 0, 46 * time.Second, sample(), " 43s/1m0s   1,000 rps   p50 2.10 ms   p99 11.8 ms   errors 0   node CPU 41.0 %\n"},
		"plain, too long": {false, 0, 46 * time.Second, large, " 43s/1m0s   9,999,999 rps   p50 850 ms   p99 11.8 s   errors 123,456,789\n"},
		"over":            {false, 0, 63 * time.Second, sample(), "load over, collecting   1,000 rps   p50 2.10 ms   p99 11.8 ms   errors 0\n"},
		"terminal, warm":  {true, 80, 2 * time.Second, sample(), wipe + "  2s/3s warm-up   1,000 rps   p50 2.10 ms   p99 11.8 ms   errors 0"},
		"terminal":        {true, 80, 46 * time.Second, collect.Progress{Second: 1, Rate: 500}, wipe + " 43s/1m0s ███████████████░░░░░░   500 rps   p50 -   p99 -   errors 0"},
		"terminal, wide":  {true, 120, 46 * time.Second, sample(), wipe + " 43s/1m0s ███████████████░░░░░░   1,000 rps   p50 2.10 ms   p99 11.8 ms   errors 0   node CPU 41.0 %"},
		"narrow":          {true, 40, 46 * time.Second, sample(), wipe + " 43s/1m0s   1,000 rps   p50 2.10 ms"},
		"very narrow":     {true, 10, 63 * time.Second, sample(), wipe + "load over"},
		"width unknown":   {true, 0, 3 * time.Second, collect.Progress{Second: 1, Rate: 500}, wipe + "  0s/1m0s ░░░░░░░░░░░░░░░░░░░░░   500 rps   p50 -   p99 -   errors 0"},
		"last moment":     {true, 80, 63*time.Second - 1, quiet, wipe + " 59s/1m0s ████████████████████░"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			config(&b, c.terminal, c.width).draw(c.progress, c.elapsed)
			if b.String() != c.want {
				t.Errorf("got  %q\nwant %q", b.String(), c.want)
			}
		})
	}
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	for width := 2; width < 130; width++ {
		for _, elapsed := range []time.Duration{-1, time.Second, 30 * time.Second, time.Hour} {
			for _, p := range []collect.Progress{{Second: -1}, sample()} {
				var b bytes.Buffer
				config(&b, true, width).draw(p, elapsed)
				if n := utf8.RuneCountInString(strings.TrimPrefix(b.String(), wipe)); n >= width {
					t.Fatalf("%d characters on %d columns: %q", n, width, b.String())
				}
			}
		}
	}
}

func TestBrokenAgentsAreToldOnce(t *testing.T) {
	var b bytes.Buffer
	c := config(&b, false, 0)
	known := map[string]bool{}
	broken := collect.Progress{Broken: map[string]error{"worker-2": errors.New("cut\n\x1b[31m"), "worker-1": errors.New("gone")}}
	for range 3 {
		c.news(known, broken)
	}
	c.news(known, collect.Progress{})
	c.news(known, collect.Progress{})
	want := `agent on node "worker-1" cannot be reached, its load goes on: gone
agent on node "worker-2" cannot be reached, its load goes on: cut\n\x1b[31m
agent on node "worker-1" is back
agent on node "worker-2" is back
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	b.Reset()
	c.Terminal = true
	c.news(known, collect.Progress{Broken: map[string]error{"worker-1": errors.New("gone")}})
	if !strings.HasPrefix(b.String(), wipe+"agent on node") || !strings.HasSuffix(b.String(), "gone\n") {
		t.Errorf("on a terminal: %q", b.String())
	}
}

// synced is a Writer that may be read while it is written.
type synced struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *synced) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *synced) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestShowWipesItsLine(t *testing.T) {
	out := &synced{}
	drawn := make(chan struct{}, 100)
	stop := Show(Config{Out: out, Terminal: true, Width: 80, T0: time.Now(), Duration: time.Minute, Status: func() collect.Progress {
		drawn <- struct{}{}
		return sample()
	}})
	<-drawn
	<-drawn // the first line is out
	stop()
	stop()
	if s := out.String(); !strings.Contains(s, "1,000 rps") || !strings.HasSuffix(s, wipe) {
		t.Errorf("got %q", s)
	}
}

func TestShowWritesNothingForShortRunsWithoutATerminal(t *testing.T) {
	out := &synced{}
	stop := Show(Config{Out: out, T0: time.Now(), Duration: time.Minute, Status: sample})
	stop()
	if s := out.String(); s != "" {
		t.Errorf("got %q", s)
	}
}
