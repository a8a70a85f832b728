package session

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	"github.com/meshery/kubectl-meshery/plugin/internal/testagents"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// agents starts n agents as in pods, and the lines to them.
func agents(t *testing.T, n int) (members []fleet.Member, lines []*testagents.Agent) {
	t.Helper()
	lines = testagents.Start(t, n)
	for _, l := range lines {
		members = append(members, fleet.Member{Node: l.Node, Pod: l.Pod, Dial: l.Dial})
	}
	return members, lines
}

// target is a real HTTP server that counts, and remembers the headers sent.
func target(t *testing.T) (url string, count *atomic.Int64, header *atomic.Value) {
	t.Helper()
	count, header = &atomic.Int64{}, &atomic.Value{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		header.Store(r.Header)
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	return s.URL, count, header
}

// metrics is a real HTTP server of a page of metrics.
func metrics(t *testing.T, page string) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// config is a run of a Test on members.
func config(t *testing.T, members []fleet.Member, url string, rate document.Rate, warmup, duration time.Duration) Config {
	t.Helper()
	test := document.Test{Spec: document.Spec{Target: document.Target{URL: url, Timeout: document.Duration(2 * time.Second)},
		Load: document.Load{Rate: rate, Connections: 4, Warmup: document.Duration(warmup), Duration: document.Duration(duration)}}}
	test.Default()
	if err := test.Validate(); err != nil {
		t.Fatal(err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Test: test, RunID: id.String(), Owner: "somebody@somewhere", Members: members,
		Sources: Sources{NoNodeExporter: "none here", NoKubelet: "none here", NoPrometheus: "none here"}}
}

// runs are those the agents have.
func runs(t *testing.T, members []fleet.Member) (all []*agentv1.RunStatus) {
	t.Helper()
	f, err := fleet.Connect(t.Context(), members)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, a := range f.Agents {
		all = append(all, a.Info.GetSpooledRuns()...)
		if r := a.Info.GetActiveRun(); r != nil {
			all = append(all, r)
		}
	}
	return all
}

// spooled tells how many runs the agents have.
func spooled(t *testing.T, members []fleet.Member) int {
	t.Helper()
	return len(runs(t, members))
}
