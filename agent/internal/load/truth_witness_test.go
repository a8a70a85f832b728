package load

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// witness is a real server that logs every request. Its log is the truth that
// the engine's figures are held against.
type witness struct {
	url   string
	close func() // waits until the last request is in the log

	mu   sync.Mutex
	log  []entry // in order of the answers
	seen map[string]int
}

// entry is one request: arrived when its headers had been read, answered just
// before its answer was written. Both lie between the client's start and end.
type entry struct {
	path              string
	status            int
	arrived, answered time.Time
}

func (e *entry) took() time.Duration { return e.answered.Sub(e.arrived) }

// newWitness starts a server. serve takes as long as it likes over the n-th
// request of a path, n from 1, and returns the status.
func newWitness(t *testing.T, serve func(path string, n int) int) *witness {
	t.Helper()
	w := &witness{seen: map[string]int{}}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		e := entry{path: r.URL.Path, arrived: time.Now()}
		w.mu.Lock()
		w.seen[e.path]++
		n := w.seen[e.path]
		w.mu.Unlock()
		e.status = serve(e.path, n)
		e.answered = time.Now()
		w.mu.Lock()
		w.log = append(w.log, e)
		w.mu.Unlock()
		rw.Header().Set("Content-Length", "2")
		rw.WriteHeader(e.status)
		_, _ = rw.Write([]byte("ok"))
	}))
	t.Cleanup(srv.Close)
	w.url, w.close = srv.URL, srv.Close
	return w
}

func ok(string, int) int { return http.StatusOK }

// forget empties the log, and counts requests from 1 again.
func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log, w.seen = nil, map[string]int{}
}

// entries are those of a path, in order of arrival; of all when it is empty.
func (w *witness) entries(path string) []entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []entry
	for _, e := range w.log {
		if path == "" || e.path == path {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return a.arrived.Compare(b.arrived) })
	return out
}

// target of a path, with the request that chooses its client made.
func (w *witness) target(t *testing.T, of client.Target, path string, weight float64) Target {
	t.Helper()
	of.URL = w.url + path
	if of.Method == "" {
		of.Method = http.MethodGet
	}
	if of.Timeout == 0 {
		of.Timeout = 10 * time.Second
	}
	clients, err := client.Reach(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	return Target{Clients: clients, Weight: weight}
}

// soon is a T0 that leaves time to make connections' clients.
func soon() time.Time { return time.Now().Add(50 * time.Millisecond) }

// measured is what an engine measured.
type measured struct {
	t0            time.Time
	out           *Outcome
	whole, warmup *Measurement
	targets       []*Measurement // of the whole, by target
	snapshots     []*Snapshot
}

// measure runs an engine to its end.
func measure(t *testing.T, ctx context.Context, t0 time.Time, plan Plan, targets ...Target) *measured {
	t.Helper()
	m := &measured{t0: t0, whole: newMeasurement(), warmup: newMeasurement(), targets: newMeasurements(len(targets))}
	var err error
	m.out, err = NewEngine(plan, targets, t0).Run(ctx, func(s *Snapshot) {
		m.snapshots = append(m.snapshots, s)
		if s.Warmup {
			m.warmup.merge(&s.Measurement)
			return
		}
		m.whole.merge(&s.Measurement)
		for i, of := range s.Targets {
			m.targets[i].merge(of)
		}
	})
	if err != nil {
		t.Error(err) // not Fatal: engines run in goroutines of their own
		m.out = &Outcome{}
	}
	return m
}

// together runs an engine for each of n agents; the targets are made anew for
// each, as every agent makes its own. When they are, it calls ready with T0.
func together(t *testing.T, n int, plan Plan, targets func() []Target, ready func(t0 time.Time)) []*measured {
	t.Helper()
	of := make([][]Target, n)
	for i := range of {
		of[i] = targets()
	}
	t0 := soon()
	if ready != nil {
		ready(t0)
	}
	out := make([]*measured, n)
	var wg sync.WaitGroup
	for i := range n {
		p := plan
		p.Agent, p.Agents = i, n
		wg.Go(func() { out[i] = measure(t, t.Context(), t0, p, of[i]...) })
	}
	wg.Wait()
	return out
}

// list is the full list of some durations, sorted.
type list []time.Duration

func sorted(d []time.Duration) list {
	slices.Sort(d)
	return d
}

// at is the duration that a share q is not above.
func (l list) at(q float64) time.Duration { return l[histogram.Rank(q, int64(len(l)))-1] }

// trial is one measurement whose bounds a busy machine can break.
type trial struct {
	wrong map[string]string // by figure
	// busy says how the machine disturbed the measurement; empty when it did not.
	busy string
	last bool // there will be no other
	// void tells that figures could not be measured: they are neither right nor wrong.
	void bool
}

func (tr *trial) errorf(figure, format string, args ...any) {
	tr.wrong[figure] = figure + ": " + fmt.Sprintf(format, args...)
}

// calm is how late the generator may be before a measurement does not count.
const calm = time.Millisecond

// lateness tells of the generator's own lateness.
func (tr *trial) lateness(h *histogram.Histogram) {
	if late, _ := h.Quantile(0.99); late > calm {
		tr.busy = fmt.Sprintf("lateness p99 %v", late)
	}
}

// within compares a figure with the truth.
func (tr *trial) within(figure string, got, low, high time.Duration) {
	if got < low || got > high {
		tr.errorf(figure, "%v is not from %v to %v", got, low, high)
	}
}

// steadily makes a measurement and fails the test for what is wrong with it each
// time, when it is made again, three times at most: what is wrong each time is no
// disturbance. What none excuses, f tells t itself.
func steadily(t *testing.T, f func(tr *trial)) {
	t.Helper()
	var wrong map[string]string
	for attempt := 1; attempt <= 3; attempt++ {
		tr := trial{wrong: map[string]string{}, last: attempt == 3}
		f(&tr)
		if wrong == nil {
			wrong = maps.Clone(tr.wrong)
		}
		if !tr.void {
			maps.DeleteFunc(wrong, func(figure, _ string) bool { return tr.wrong[figure] == "" })
		}
		if len(wrong) == 0 || t.Failed() {
			return
		}
		t.Logf("attempt %d, disturbed by %q: %q", attempt, tr.busy, slices.Collect(maps.Values(tr.wrong)))
	}
	for _, text := range wrong {
		t.Error(text)
	}
}
