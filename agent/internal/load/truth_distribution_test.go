package load

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/agent/internal/echo"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// delayOf makes a path's n-th delay, spread evenly over the distribution.
func delayOf(t *testing.T, text string) func(n int) time.Duration {
	t.Helper()
	d, err := echo.ParseDelay(text)
	if err != nil {
		t.Fatal(err)
	}
	return func(n int) time.Duration {
		_, x := math.Modf(0.5 + float64(n)*golden)
		return d.Quantile(x)
	}
}

// reference are calls beside an engine's: of the same server, by the same kind of
// client, but each with a path of its own, so that of every one it is known what
// the server took. The rest is the exchange.
type reference struct {
	w       *witness
	targets []Target
	took    [][]time.Duration
	stop    atomic.Bool
	callers sync.WaitGroup
}

// newReference prepares n clients that call path0, path1, ...
func newReference(t *testing.T, w *witness, of client.Target, path string, n int) *reference {
	t.Helper()
	r := &reference{w: w, took: make([][]time.Duration, n)}
	for i := range n {
		r.targets = append(r.targets, w.target(t, of, fmt.Sprint(path, i), 1))
	}
	return r
}

// start calls at t0 and then one call after the other.
func (r *reference) start(t *testing.T, t0 time.Time) {
	for i, of := range r.targets {
		c, err := of.Clients.New(0)
		if err != nil {
			t.Fatal(err)
		}
		r.callers.Go(func() {
			defer c.Close()
			time.Sleep(time.Until(t0))
			for !r.stop.Load() {
				start := time.Now()
				if a := c.Call(t.Context()); !a.OK() {
					t.Errorf("a call beside the engine's failed: %+v", a)
					return
				}
				r.took[i] = append(r.took[i], time.Since(start))
			}
		})
	}
}

// exchange ends the calls and returns what they took besides the server's time.
func (r *reference) exchange(t *testing.T) list {
	t.Helper()
	r.stop.Store(true)
	r.callers.Wait()
	var out []time.Duration
	for i, of := range r.targets {
		u, err := url.Parse(of.Clients.Target().URL)
		if err != nil {
			t.Fatal(err)
		}
		log := r.w.entries(u.Path)
		if len(log) != len(r.took[i]) {
			t.Fatalf("%d calls, the server got %d", len(r.took[i]), len(log))
		}
		for n, e := range log {
			out = append(out, r.took[i][n]-e.took())
		}
	}
	return sorted(out)
}

// withExchange is the distribution of what a client sees of answers that took
// the server own: of the sum of that and the exchange, as two independent times.
func withExchange(own, exchange list) list {
	const parts = 200
	sum := make(list, 0, len(own)*parts)
	for i := range parts {
		x := exchange.at((float64(i) + 0.5) / parts)
		for _, d := range own {
			sum = append(sum, d+x)
		}
	}
	slices.Sort(sum)
	return sum
}

// most is what the q-quantile of that sum cannot exceed, however the two depend
// on each other: of all calls, at most the share e was in an exchange longer than
// its (1-e)-quantile. On a busy machine they do depend on each other.
func most(own, exchange list, q float64) time.Duration {
	least := own.at(1) + exchange.at(1)
	for e := 0.0005; q+e < 1; e += 0.0005 {
		least = min(least, own.at(q+e)+exchange.at(1-e))
	}
	return least
}

// compare holds a histogram against the server's own full list of the same
// calls. Each call took the client at least what it took the server, so every
// percentile is at least that of low, to the histogram's 0.1 %; and at most 1 %
// above that of high, besides what an exchange takes, measured at the same time.
// Percentiles above upTo rest on too few of the calls.
func (tr *trial) compare(t *testing.T, what string, upTo float64, h *histogram.Histogram, low, high, exchange list) {
	t.Helper()
	if int(h.Count()) != len(high) {
		t.Errorf("%s: %d times of %d calls", what, h.Count(), len(high))
		return
	}
	p95 := exchange.at(0.95)
	if p99 := exchange.at(0.99); p99 > low.at(0.5)/100 {
		tr.busy = "an exchange took " + p99.String() + " at p99"
	}
	sum := withExchange(high, exchange)
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999} {
		got, ok := h.Quantile(q)
		if !ok || q > upTo {
			continue
		}
		want := high.at(q)
		bound := sum.at(q)
		t.Logf("%s p%g: %v, by the server's list %v (%+.2f %%) and %v for the exchange", what, q*100, got, want,
			100*float64(got-want)/float64(want), bound-want)
		// The tail shows first how busy the machine is; the middle only when it is
		// overwhelmed.
		if tr.last && tr.busy != "" && (q > 0.75 || p95 > low.at(0.5)/20) {
			bound = max(bound, most(high, exchange, q))
		}
		if least := low.at(q); got < least-least/1000 {
			t.Errorf("%s p%g is %v, less than the server's own %v", what, q*100, got, least)
		}
		tr.within(fmt.Sprintf("%s p%g", what, q*100), got, 0, bound+want/100)
	}
}

// Two servers with known distributions, called in turn by one engine with
// connections enough that nothing queues: every percentile is that of the
// server's own list.
func TestTruthOfDistributions(t *testing.T) {
	lognormal, bimodal := delayOf(t, "lognormal(20ms,0.5)"), delayOf(t, "bimodal(15ms,60ms,20%)")
	paths := []string{"/lognormal", "/bimodal"}
	w := newWitness(t, func(path string, n int) int {
		if path == "/bimodal" {
			time.Sleep(bimodal(n))
		} else {
			time.Sleep(lognormal(n))
		}
		return http.StatusOK
	})
	// p99.9 needs 3,688 calls of each.
	plan := Plan{Rate: 1000, Agents: 1, Connections: 100, Duration: 7500 * time.Millisecond}
	steadily(t, func(tr *trial) {
		targets := []Target{w.target(t, client.Target{}, paths[0], 1), w.target(t, client.Target{}, paths[1], 1)}
		beside := newReference(t, w, client.Target{}, "/reference", 6)
		w.forget()
		t0 := soon()
		beside.start(t, t0)
		m := measure(t, t.Context(), t0, plan, targets...)
		exchange := beside.exchange(t)
		tr.lateness(m.whole.Lateness)
		for i, path := range paths {
			of := m.targets[i]
			var own, response []time.Duration
			log := w.entries(path)
			if int64(len(log)) != of.Sent || of.Planned() < 3688 {
				t.Fatalf("%s: %+v, the server got %d", path, of.Counts, len(log))
			}
			for _, s := range slots(plan) {
				if newChoice([]float64{1, 1}).of(s.number) != i {
					continue
				}
				if n := len(response); n < len(log) {
					own, response = append(own, log[n].took()), append(response, log[n].answered.Sub(t0)-s.intended)
				} else {
					response = append(response, plan.Duration-s.intended) // unsent
				}
			}
			slices.Sort(own)
			slices.Sort(response)
			tr.compare(t, path+" service time", 0.999, of.ServiceTime, own, own, exchange)
			// Nothing queues where the machine is free; where it is not, the queue
			// counts, and so does the lateness that cannot be told from it here.
			tr.compare(t, path+" response time", 0.999, of.ResponseTime, own, response, exchange)
		}
	})
}
