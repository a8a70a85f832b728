package load

import (
	"context"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// plannedBefore is how many slots of one agent at a constant rate are due before d.
func plannedBefore(rate float64, d time.Duration) int64 {
	return int64(math.Ceil(d.Seconds() * rate))
}

// A stop ends the load where it falls: every slot before it is accounted for, and
// none after it is sent.
func TestTruthOfAStop(t *testing.T) {
	t.Parallel()
	w := newWitness(t, ok)
	const rate = 333
	steadily(t, func(tr *trial) {
		target := w.target(t, client.Target{}, "/", 1)
		w.forget()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		t0 := soon()
		stopped := make(chan time.Duration, 1)
		go func() {
			time.Sleep(time.Until(t0.Add(700 * time.Millisecond)))
			at := time.Since(t0)
			cancel()
			stopped <- at
		}()
		m := measure(t, ctx, t0, Plan{Rate: rate, Agents: 1, Connections: 4, Duration: time.Hour}, target)
		at := <-stopped
		if !m.out.Stopped || m.out.To < at {
			t.Fatalf("stopped after %v, the load ended after %v: %+v", at, m.out.To, m.out)
		}
		tr.lateness(m.whole.Lateness)
		if m.out.To-at > 100*time.Millisecond {
			tr.errorf("end", "stopped after %v, the load ended after %v", at, m.out.To)
		}
		got := arrivals(w, t0)
		if want := plannedBefore(rate, m.out.To); m.whole.Planned() != want {
			t.Errorf("%d planned until %v, want %d", m.whole.Planned(), m.out.To, want)
		}
		if int64(len(got)) != m.whole.Sent {
			t.Errorf("%d sent, the server got %d", m.whole.Sent, len(got))
		}
		// Whoever had taken a slot before the stop may have sent it a moment later.
		if last := got.at(1); last > m.out.To+100*time.Millisecond {
			tr.errorf("last request", "the load ended after %v, and a request arrived after %v", m.out.To, last)
		}
	})
}

// A stop in the middle of a stall: the calls in flight are waited for, and not one
// of those that queued behind them is sent any more. In a closed loop too.
func TestTruthOfAStopDuringAStall(t *testing.T) {
	t.Parallel()
	for name, rate := range map[string]float64{"open": 200, "closed": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const connections = 5
			var inside atomic.Int64
			full, release := make(chan struct{}), make(chan struct{})
			w := newWitness(t, func(path string, _ int) int {
				if path == "/stalls" {
					if inside.Add(1) == connections {
						close(full)
					}
					<-release
				}
				return http.StatusOK
			})
			// The client is chosen by another path's answer.
			target := w.target(t, client.Target{}, "/", 1)
			stalls := w.target(t, client.Target{Method: http.MethodPost}, "/stalls", 1)
			target.Clients.Close()
			w.forget()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			t0 := soon()
			var at time.Duration
			go func() {
				<-full // every connection's call is in the server
				time.Sleep(200 * time.Millisecond)
				at = time.Since(t0)
				cancel()
				time.Sleep(1200 * time.Millisecond) // longer than from one snapshot to the next
				close(release)
			}()
			m := measure(t, ctx, t0, Plan{Rate: rate, Agents: 1, Connections: connections, Duration: time.Hour}, stalls)
			got := w.entries("")
			if len(got) != connections || m.whole.Sent != connections || m.whole.Succeeded != connections {
				t.Errorf("%+v, the server got %d; want the %d in flight", m.whole.Counts, len(got), connections)
			}
			if !m.out.Stopped || m.out.To < at {
				t.Errorf("stopped after %v, the load ended after %v", at, m.out.To)
			}
			if rate == 0 {
				return
			}
			if want := plannedBefore(rate, m.out.To); m.whole.Planned() != want || m.whole.ResponseTime.Count() != want {
				t.Errorf("%d planned with %d response times until %v, want %d", m.whole.Planned(), m.whole.ResponseTime.Count(), m.out.To, want)
			}
			// Those in flight waited for the release, 1.2 s after the stop.
			if least := at + 1200*time.Millisecond - connections*time.Second/200; m.whole.ResponseTime.Max() < least {
				t.Errorf("the longest response time is %v, not %v", m.whole.ResponseTime.Max(), least)
			}
		})
	}
}
