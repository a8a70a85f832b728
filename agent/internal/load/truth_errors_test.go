package load

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// A server answers one request in five with 500, at once: latencies are those of
// the right answers only, and the wrong ones have their own.
func TestTruthOfFastErrors(t *testing.T) {
	delay := delayOf(t, "lognormal(20ms,0.4)")
	w := newWitness(t, func(path string, n int) int {
		if path == "/mixed" && n%5 == 0 {
			return http.StatusInternalServerError
		}
		time.Sleep(delay(n))
		return http.StatusOK
	})
	steadily(t, func(tr *trial) {
		// One kind of client for all, whatever is answered.
		of := client.Target{Method: http.MethodPut, Body: []byte("x")}
		target, beside := w.target(t, of, "/mixed", 1), newReference(t, w, of, "/reference", 6)
		w.forget()
		t0 := soon()
		beside.start(t, t0)
		m := measure(t, t.Context(), t0, Plan{Rate: 400, Agents: 1, Connections: 50, Duration: 4 * time.Second}, target)
		exchange := beside.exchange(t)
		tr.lateness(m.whole.Lateness)
		var good, bad list
		for _, e := range w.entries("/mixed") {
			if e.status == http.StatusOK {
				good = append(good, e.took())
			} else {
				bad = append(bad, e.took())
			}
		}
		slices.Sort(good)
		slices.Sort(bad)
		got := m.whole
		if got.Succeeded != int64(len(good)) || got.Failed != int64(len(bad)) || got.Codes["500"] != got.Failed || len(bad) < 300 {
			t.Fatalf("%+v; the server answered %d with 200 and %d with 500", got.Counts, len(good), len(bad))
		}
		tr.compare(t, "service time", 0.99, got.ServiceTime, good, good, exchange)
		if got.Unsent == 0 { // nothing queued for long
			tr.compare(t, "response time", 0.99, got.ResponseTime, good, good, exchange)
		}
		if n := got.ResponseTime.Count() - got.Unsent; n != got.Succeeded {
			t.Errorf("%d response times of %d right answers", n, got.Succeeded)
		}
		if n := got.ErrorTime.Count(); n != got.Failed {
			t.Errorf("%d times of %d errors", n, got.Failed)
		}
		p90, _ := got.ErrorTime.Quantile(0.9)
		tr.within("time of errors p90", p90, bad.at(0.9), most(bad, exchange, 0.9))
	})
}

// Calls that time out would have taken longer than that: they are in response
// time with at least the timeout, and hide nothing of the tail.
func TestTruthOfTimeouts(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		const timeout = 300 * time.Millisecond
		w := newWitness(t, func(_ string, n int) int {
			if n%10 == 0 {
				time.Sleep(2 * timeout)
			}
			return http.StatusOK
		})
		target := w.target(t, client.Target{Method: method, Timeout: timeout}, "/", 1)
		w.forget()
		m := measure(t, t.Context(), soon(), Plan{Rate: 200, Agents: 1, Connections: 20, Duration: 2 * time.Second}, target)
		w.close() // waits for the answers nobody waits for
		log := w.entries("")
		hung := int64(0)
		for _, e := range log {
			if e.took() > timeout {
				hung++
			}
		}
		got, timeouts, again := m.whole.Counts, m.whole.Codes[client.FailTimeout], int64(0)
		if method == http.MethodGet {
			// Fortio's client asks once more before it gives up, and may be held again.
			again = hung
		}
		if n := int64(len(log)); n < got.Sent || n > got.Sent+again {
			t.Errorf("%s: %+v, the server got %d", method, got, n)
		}
		if timeouts != got.Failed || timeouts > hung || timeouts < hung-again/3 || hung < 35 {
			t.Errorf("%s: %+v; of %d calls the server held %d for longer than the timeout", method, got, len(log), hung)
		}
		if n := m.whole.ResponseTime.Count(); n != m.whole.Planned() {
			t.Errorf("%s: %d response times of %d calls", method, n, m.whole.Planned())
		}
		// One call in ten, of which few were asked for twice: the end of the last tenth.
		for _, q := range []float64{0.93, 0.95, 0.98} {
			if got, ok := m.whole.ResponseTime.Quantile(q); !ok || got < timeout {
				t.Errorf("%s: response time p%g is %v, and one call in ten took longer than %v", method, q*100, got, timeout)
			}
		}
		if got := m.whole.ErrorTime.Count(); got != timeouts {
			t.Errorf("%s: %d times of errors for %d timeouts", method, got, timeouts)
		}
	}
}
