package load

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// gate lets requests through, but for the time it is shut.
type gate struct {
	mu            sync.RWMutex
	began, opened time.Time // of the last time it was shut, as it really was
}

// pass waits while the gate is shut.
func (g *gate) pass() {
	g.mu.RLock()
	defer g.mu.RUnlock()
}

func (g *gate) shut(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.began = time.Now()
	time.Sleep(d)
	g.opened = time.Now()
}

// stalled is a server whose path / stalls, and whose path /free does not.
func stalled(t *testing.T) (*witness, *gate) {
	g := &gate{}
	return newWitness(t, func(path string, _ int) int {
		if path == "/" {
			g.pass()
		}
		return http.StatusOK
	}), g
}

// A server stalls for one second of five. What each planned call waited is known
// from the server's log: slot k was due at T0 + k/rate, and ended when the
// server answered. Meanwhile another engine calls the same server on a path that
// does not stall: what an exchange takes at this time on this machine.
func TestTruthOfAStall(t *testing.T) {
	const rate, connections = 200, 4
	w, g := stalled(t)
	plan := Plan{Rate: rate, Agents: 1, Connections: connections, Duration: 5 * time.Second}
	steadily(t, func(tr *trial) {
		target, free := w.target(t, client.Target{}, "/", 1), w.target(t, client.Target{}, "/free", 1)
		w.forget()
		t0 := soon()
		var others sync.WaitGroup
		others.Go(func() {
			time.Sleep(time.Until(t0.Add(1500 * time.Millisecond)))
			g.shut(time.Second)
		})
		var control *measured
		others.Go(func() { control = measure(t, t.Context(), t0, plan, free) })
		m := measure(t, t.Context(), t0, plan, target)
		others.Wait()

		log := w.entries("/")
		if len(log) != 1000 || m.whole.Sent != 1000 {
			t.Fatalf("%d sent, the server got %d, want 1000", m.whole.Sent, len(log))
		}
		var response, service []time.Duration
		held := 0
		for k, e := range log {
			response = append(response, e.answered.Sub(t0)-time.Duration(k)*time.Second/rate)
			service = append(service, e.took())
			if e.arrived.Before(g.opened) && !e.answered.Before(g.opened) {
				held++
			}
		}
		if held > connections {
			t.Fatalf("%d calls were in the server during the stall, more than connections", held)
		}
		tr.lateness(m.whole.Lateness)
		truth := sorted(response)
		for _, q := range []float64{0.9, 0.95, 0.99} {
			got, _ := m.whole.ResponseTime.Quantile(q)
			want := truth.at(q)
			t.Logf("response time p%g: %v, by the server's log %v (%+.2f %%)", q*100, got, want, 100*float64(got-want)/float64(want))
			tr.within(fmt.Sprintf("response time p%g", q*100), got, want*98/100, want*102/100)
		}
		// Only 4 of 1000 calls met the stall itself. That the tenth slowest exchange
		// of 1000 is slower than the slowest of 1000 others has a chance of 2^-10.
		own := sorted(service)
		exchange := control.whole.ServiceTime.Max()
		got, _ := m.whole.ServiceTime.Quantile(0.99)
		t.Logf("service time p99: %v, by the server's log %v, an exchange took at most %v", got, own.at(0.99), exchange)
		tr.within("service time p99", got, own.at(0.99), own.at(0.99)+exchange)
		if most := m.whole.ServiceTime.Max(); most < own.at(1) {
			t.Errorf("the slowest service time is %v, but the server took %v over one call", most, own.at(1))
		}
	})
}

// A stall goes on beyond the end: calls in flight are waited for, and those that
// could not be sent have waited until the end.
func TestTruthOfAStallAcrossTheEnd(t *testing.T) {
	const rate, connections, end = 100, 2, 2 * time.Second
	w, g := stalled(t)
	steadily(t, func(tr *trial) {
		target := w.target(t, client.Target{}, "/", 1)
		w.forget()
		t0 := soon()
		var others sync.WaitGroup
		others.Go(func() {
			time.Sleep(time.Until(t0.Add(time.Second)))
			g.shut(1600 * time.Millisecond)
		})
		m := measure(t, t.Context(), t0, Plan{Rate: rate, Agents: 1, Connections: connections, Duration: end}, target)
		others.Wait()

		log := w.entries("/")
		if n := int64(len(log)); m.whole.Sent != n || m.whole.Unsent != 200-n || m.whole.ResponseTime.Count() != 200 || m.out.To != end {
			t.Fatalf("%+v with %d response times until %v; the server got %d of 200", m.whole.Counts, m.whole.ResponseTime.Count(), m.out.To, n)
		}
		if opened := g.opened.Sub(t0); opened <= end {
			tr.busy = "the stall was over too early"
			tr.errorf("stall", "over after %v", opened)
			tr.void = true
			return
		}
		// The calls in flight came back, as successes.
		if m.whole.Succeeded != m.whole.Sent || !log[len(log)-1].answered.After(t0.Add(end)) {
			t.Errorf("%+v: those in flight at the end were not waited for", m.whole.Counts)
		}
		var response []time.Duration
		for k := range 200 {
			due := time.Duration(k) * time.Second / rate
			if k < len(log) {
				response = append(response, log[k].answered.Sub(t0)-due)
			} else {
				response = append(response, end-due)
			}
		}
		tr.lateness(m.whole.Lateness)
		truth := sorted(response)
		for _, q := range []float64{0.75, 0.9, 0.95, 0.975} {
			got, _ := m.whole.ResponseTime.Quantile(q)
			want := truth.at(q)
			t.Logf("response time p%g: %v, by the server's log %v", q*100, got, want)
			tr.within(fmt.Sprintf("response time p%g", q*100), got, want*98/100, want*102/100)
		}
		tr.within("the longest response time", m.whole.ResponseTime.Max(), truth.at(1)*98/100, truth.at(1)*102/100)
		if got := m.whole.ServiceTime.Count(); got != m.whole.Sent {
			t.Errorf("%d service times of %d calls sent", got, m.whole.Sent)
		}
	})
}
