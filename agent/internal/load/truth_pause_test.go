package load

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

func TestLatenessIsWhatAFreeConnectionWaited(t *testing.T) {
	const never = time.Duration(-1 << 63)
	for _, c := range []struct {
		name                              string
		intended, free, idle, start, want time.Duration
	}{
		{"in time", 100, 50, 90, 100, 0},
		{"late on a free connection", 100, 50, 130, 130, 30},
		{"first call of all", 100, never, 100, 100, 0},
		{"queued while none was free", 100, 500, 40, 500, 0},
		{"queued, and then late", 100, 500, 40, 520, 20},
		{"the generator paused until 400, then it queued", 100, 500, 400, 500, 300},
		{"another stood idle after this one was free", 100, 500, 510, 520, 420},
	} {
		if got := lateness(c.intended, c.free, c.idle, c.start); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// An agent begins two seconds late, with two connections for all the calls that
// are due by then. What its own delay cost them is lateness; that they wait for
// each other afterwards, for as long as the server takes over them, is not.
func TestTruthOfALateStart(t *testing.T) {
	t.Parallel()
	const rate, late = 100, 2 * time.Second
	w := newWitness(t, func(string, int) int {
		time.Sleep(5 * time.Millisecond)
		return http.StatusOK
	})
	steadily(t, func(tr *trial) {
		target := w.target(t, client.Target{}, "/", 1)
		w.forget()
		m := measure(t, t.Context(), time.Now().Add(-late), Plan{Rate: rate, Agents: 1, Connections: 2, Duration: 4 * time.Second}, target)
		log := w.entries("")
		if len(log) != 400 {
			t.Fatalf("the server got %d, want 400: %+v", len(log), m.whole.Counts)
		}
		tr.busy = "its disturbance cannot be told from the lateness wanted here"
		// When the first connection was put to work, and how much later the second.
		began, gap := log[0].arrived.Sub(m.t0), log[1].arrived.Sub(log[0].arrived)
		var response, ahead []time.Duration
		for k, e := range log {
			due := time.Duration(k) * time.Second / rate
			response = append(response, e.answered.Sub(m.t0)-max(due, began))
			ahead = append(ahead, max(0, began-due))
		}
		truth, own := sorted(response), sorted(ahead)
		for _, q := range []float64{0.75, 0.9, 0.99} {
			got, _ := m.whole.ResponseTime.Quantile(q)
			want := truth.at(q)
			t.Logf("response time p%g: %v, by the server's log %v", q*100, got, want)
			figure := fmt.Sprintf("p%g", q*100)
			tr.within("response time "+figure, got, want*98/100-gap, want*102/100+gap)
			got, _ = m.whole.Lateness.Quantile(q)
			want = own.at(q)
			t.Logf("lateness p%g: %v, by the server's log %v", q*100, got, want)
			tr.within("lateness "+figure, got, want*98/100-gap, want*102/100+gap)
		}
	})
}

// A call that waited behind another, and then hangs until it is given up: its
// waiting is still the server's, and not the generator's.
func TestTruthOfACallThatIsGivenUp(t *testing.T) {
	t.Parallel()
	hang, hung := make(chan struct{}), make(chan struct{})
	w := newWitness(t, func(_ string, n int) int {
		switch n {
		case 1:
			time.Sleep(300 * time.Millisecond)
		case 2:
			close(hung)
			<-hang
		}
		return http.StatusOK
	})
	target := w.target(t, client.Target{Timeout: time.Hour}, "/free", 1)
	if target.Clients.Kind != client.Fast {
		t.Fatalf("client %q can abort calls, and none has to be given up", target.Clients.Kind)
	}
	w.forget()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-hung
		cancel()
	}()
	m := measure(t, ctx, soon(), Plan{Rate: 100, Agents: 1, Connections: 1, Duration: time.Hour}, target)
	close(hang)
	w.close() // waits until the second call is in the log
	<-m.out.Leftover
	log := w.entries("")
	if len(log) != 2 || m.whole.Sent != 2 || m.whole.Codes[client.FailCancelled] != 1 {
		t.Fatalf("%+v, the server got %d; want 2, one of them given up", m.whole.Counts, len(log))
	}
	// The first call's lateness, and the time from the first call to the second.
	most := max(log[0].arrived.Sub(m.t0), log[1].arrived.Sub(log[0].answered))
	if got := m.whole.Lateness.Max(); got > most+most/1000 {
		t.Errorf("lateness up to %v, by the server's log at most %v", got, most)
	}
	queued := log[1].arrived.Sub(m.t0) - 10*time.Millisecond - most
	if got := m.whole.ResponseTime.Max(); got < queued+m.out.To-log[1].arrived.Sub(m.t0) {
		t.Errorf("response time up to %v, of a call that waited %v until it was sent", got, queued)
	}
}
