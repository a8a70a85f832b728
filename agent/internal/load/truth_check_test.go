package load

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// One connection looks into answers for longer than it has until the next call is
// due. That calls are sent ever later is the generator's doing, and not the
// server's, which answers at once: it is lateness, and no response time.
func TestTruthOfSlowChecks(t *testing.T) {
	body := []byte(`{"all":[` + strings.TrimSuffix(strings.Repeat(`{"n":1},`, 20_000), ",") + `],"last":"yes"}`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}))
	t.Cleanup(srv.Close)
	target := client.Target{URL: srv.URL, Method: http.MethodGet, Timeout: 10 * time.Second,
		Check: client.Check{JSON: []client.JSONCheck{{Path: "{.last}", Equals: new("yes")}}}}
	clients, err := client.Reach(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	m := measure(t, t.Context(), soon(), Plan{Rate: 2000, Agents: 1, Connections: 1, Duration: time.Second}, Target{Clients: clients, Weight: 1})
	if m.whole.Failed != 0 || m.whole.Unsent == 0 {
		t.Fatalf("%+v: want checks too slow for the rate", m.whole.Counts)
	}
	late, _ := m.whole.Lateness.Quantile(0.5)
	t.Logf("%+v; lateness %v at p50", m.whole.Counts, late)
	if late < 100*time.Millisecond {
		t.Errorf("lateness p50 is %v: the checks are not in it", late)
	}
}
