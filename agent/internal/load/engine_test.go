package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// sums merges the snapshots of a run.
type sums struct {
	measured, warmup Counts
	response, serve  *histogram.Histogram
	lateness         *histogram.Histogram
	snapshots        []*Snapshot
}

// only is a run's targets where it has one.
func only(c *client.Clients) []Target { return []Target{{Clients: c, Weight: 1}} }

func run(t *testing.T, ctx context.Context, plan Plan, url string) (*sums, *Outcome) {
	t.Helper()
	clients, err := client.Reach(context.Background(), client.Target{URL: url, Method: "GET", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := &sums{response: histogram.New(), serve: histogram.New(), lateness: histogram.New()}
	out, err := NewEngine(plan, only(clients), time.Now().Add(50*time.Millisecond)).Run(ctx, func(snap *Snapshot) {
		s.snapshots = append(s.snapshots, snap)
		if snap.Warmup {
			s.warmup.add(&snap.Counts)
			return
		}
		s.measured.add(&snap.Counts)
		s.response.Merge(snap.ResponseTime)
		s.serve.Merge(snap.ServiceTime)
		s.lateness.Merge(snap.Lateness)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, out
}

func TestEverySlotIsSentOnceAndCountedByTheServer(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		_, _ = w.Write([]byte("ok"))
	}))
	defer srv.Close()
	plan := Plan{Rate: 400, Agents: 1, Connections: 8, Warmup: 500 * time.Millisecond, Duration: 1500 * time.Millisecond}
	s, out := run(t, t.Context(), plan, srv.URL)
	if s.measured.Planned() != 600 || s.warmup.Planned() != 201 {
		t.Errorf("planned %d measured and %d warm-up calls, want 600 and 200 and the one that chose the client", s.measured.Planned(), s.warmup.Planned())
	}
	if got, want := s.measured.Sent+s.warmup.Sent, served.Load(); got != want {
		t.Errorf("%d sent, server counted %d", got, want)
	}
	if s.measured.Codes["200"] != s.measured.Sent || s.measured.Failed != 0 {
		t.Errorf("codes %v of %d sent, %d failed", s.measured.Codes, s.measured.Sent, s.measured.Failed)
	}
	if s.response.Count() != s.measured.Planned() {
		t.Errorf("%d response times for %d planned calls", s.response.Count(), s.measured.Planned())
	}
	if out.Counts.Sent != s.measured.Sent || out.Warmup.Sent != s.warmup.Sent {
		t.Errorf("outcome %+v differs from the snapshots' %+v", out, s.measured)
	}
}

func TestCallsNeverSentAreUnsentAndWaitInResponseTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var first atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if first.Swap(true) { // the first one chooses the client
			<-release
		}
	}))
	defer srv.Close()
	time.AfterFunc(1500*time.Millisecond, func() { close(release) })
	s, _ := run(t, t.Context(), Plan{Rate: 100, Agents: 1, Connections: 2, Duration: time.Second}, srv.URL)
	if s.measured.Sent != 2 || s.measured.Unsent != 98 {
		t.Fatalf("%d sent and %d unsent, want 2 and 98", s.measured.Sent, s.measured.Unsent)
	}
	if p50, _ := s.response.Quantile(0.5); p50 < 400*time.Millisecond || p50 > 600*time.Millisecond {
		t.Errorf("response time p50 %v: unsent calls waited 0 to 0.98 s", p50)
	}
}

func TestStopEndsTheLoadAndKeepsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(700*time.Millisecond, cancel)
	s, out := run(t, ctx, Plan{Rate: 100, Agents: 1, Connections: 4, Duration: time.Hour}, srv.URL)
	if !out.Stopped || out.To > time.Minute || s.measured.Sent == 0 {
		t.Errorf("outcome %+v", out)
	}
	if s.measured.Unsent > s.measured.Sent {
		t.Errorf("%d unsent after a stop, %d sent: slots after the stop are not planned", s.measured.Unsent, s.measured.Sent)
	}
}

func TestClosedLoopHasNoResponseTime(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	s, _ := run(t, t.Context(), Plan{Agents: 1, Connections: 2, Duration: time.Second}, srv.URL)
	if s.response.Count() != 0 || s.serve.Count() != s.measured.Sent || s.measured.Sent == 0 {
		t.Errorf("%d response times, %d service times, %d sent", s.response.Count(), s.serve.Count(), s.measured.Sent)
	}
}

func TestReachSaysWhatIsWrong(t *testing.T) {
	for url, want := range map[string]string{
		"http://no-such-host.invalid/": `host "no-such-host.invalid" does not resolve`,
		"http://127.0.0.1:1/":          "connection refused",
	} {
		_, err := client.Reach(t.Context(), client.Target{URL: url, Method: "GET", Timeout: time.Second})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("client.Reach(%q): %v, want %q in it", url, err, want)
		}
	}
}

func TestErrorsAreCountedByKind(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 1 && n.Load() > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	s, _ := run(t, t.Context(), Plan{Rate: 100, Agents: 1, Connections: 2, Duration: time.Second}, srv.URL)
	m := &s.measured
	if m.Codes["503"] != m.Failed || m.Codes["200"] != m.Succeeded || m.Planned() != 100 || m.Failed > m.Succeeded || m.Failed < m.Succeeded-1 {
		t.Errorf("%+v, want as many of each", m)
	}
}
