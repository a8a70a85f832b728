package session

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/agent/inprocess"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// line is the way to an agent: it can be cut.
type line struct {
	dial func(context.Context) (net.Conn, error)

	mu    sync.Mutex
	down  error
	conns []net.Conn
}

func (l *line) Dial(ctx context.Context) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return nil, l.down
	}
	c, err := l.dial(ctx)
	if err == nil {
		l.conns = append(l.conns, c)
	}
	return c, err
}

func (l *line) cut(down error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// refuse lets no connection be made any more, nil lets it again; those there are
// stay.
func (l *line) refuse(down error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

// gone is the dialler's word that the pod does not exist any more.
type gone struct{}

func (gone) Error() string  { return "there is no such pod any more" }
func (gone) NotFound() bool { return true }

var errCut = errors.New("the cable is cut")

// agents starts n agents as in pods, and the lines to them.
func agents(t *testing.T, n int) ([]fleet.Member, []*line) {
	t.Helper()
	var members []fleet.Member
	var lines []*line
	for i := range n {
		node := "worker-" + string(rune('1'+i))
		a, err := inprocess.Start(node)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		l := &line{dial: a.Dial}
		lines = append(lines, l)
		members = append(members, fleet.Member{Node: node, Pod: "agent-" + node, Dial: l.Dial})
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
