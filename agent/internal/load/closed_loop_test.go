package load

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// The measured time of a closed loop with a bound ends when the last of its calls
// does, not when a worker finds none left: the rate would be too high.
func TestABoundedClosedLoopEndsWithItsLastCall(t *testing.T) {
	const takes = 100 * time.Millisecond
	for _, c := range []struct {
		name             string
		plan             Plan
		sent             int64
		atLeast, atMost  time.Duration
		untilItsDuration bool
	}{
		{"fewer calls than connections", Plan{Agents: 1, Connections: 10, Requests: 5, Duration: time.Hour}, 5, takes, time.Minute, false},
		{"more calls than connections", Plan{Agents: 1, Connections: 2, Requests: 5, Duration: time.Hour}, 5, 3 * takes, time.Minute, false},
		{"after a warm-up", Plan{Agents: 1, Connections: 10, Requests: 5, Warmup: 50 * time.Millisecond, Duration: time.Hour}, 5, takes, time.Minute, false},
		{"an agent without a share", Plan{Agents: 6, Agent: 5, Connections: 10, Requests: 5, Duration: time.Hour}, 0, 0, time.Minute, false},
		{"the duration comes first", Plan{Agents: 1, Connections: 2, Requests: 50, Duration: 3 * takes / 2}, 4, 3 * takes / 2, 3 * takes / 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				if served.Add(1) > 1 { // the first chooses the client
					time.Sleep(takes)
				}
			}))
			defer srv.Close()
			clients, err := client.Reach(t.Context(), client.Target{URL: srv.URL, Method: "GET", Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			out, err := NewEngine(c.plan, only(clients), time.Now()).Run(t.Context(), func(*Snapshot) {})
			if err != nil {
				t.Fatal(err)
			}
			took := out.To - out.From
			if took < c.atLeast || took > c.atMost || out.Stopped {
				t.Errorf("measured %v, want %v to %v; stopped %v", took, c.atLeast, c.atMost, out.Stopped)
			}
			// Where time ends it, a busy machine may have sent fewer.
			if n := out.Counts.Sent; n != c.sent && !(c.untilItsDuration && n > 0 && n < c.sent) {
				t.Errorf("%d sent, want %d", n, c.sent)
			}
		})
	}
}
