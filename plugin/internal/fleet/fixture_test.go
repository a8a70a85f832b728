package fleet

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/meshery/kubectl-meshery/plugin/internal/testagents"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

const runID = "0193a1c4-7c1e-7000-8000-000000000001"

// agents starts n agents as in pods and the lines to them.
func agents(t *testing.T, n int) (members []Member, lines []*testagents.Agent) {
	t.Helper()
	lines = testagents.Start(t, n)
	for _, l := range lines {
		members = append(members, Member{Node: l.Node, Pod: l.Pod, Dial: l.Dial})
	}
	return members, lines
}

// scripted serves an agent of the test's own, for what a real one never does.
func scripted(t *testing.T, s agentv1.AgentServiceServer) Member {
	t.Helper()
	g := grpc.NewServer()
	agentv1.RegisterAgentServiceServer(g, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- g.Serve(l) }()
	t.Cleanup(func() {
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return Member{Node: "worker-1", Pod: "agent-worker-1", Dial: func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}}
}

func connected(t *testing.T, members []Member) *Fleet {
	t.Helper()
	f, err := Connect(t.Context(), members)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func target(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(s.Close)
	return s.URL
}

func plans(n int, url string, rate float64, duration time.Duration) []*agentv1.Plan {
	var all []*agentv1.Plan
	for i := range n {
		all = append(all, &agentv1.Plan{
			Name: "checkout", Owner: "somebody@somewhere", AgentIndex: int32(i), AgentCount: int32(n),
			Targets: []*agentv1.Target{{Name: "target", Protocol: agentv1.Protocol_PROTOCOL_HTTP1, Weight: 1, Url: url, Method: "GET", Timeout: durationpb.New(5 * time.Second)}},
			Load:    &agentv1.Load{Rate: rate, Connections: 4, Duration: durationpb.New(duration)},
		})
	}
	return all
}

// begun prepares and starts a run.
func begun(t *testing.T, f *Fleet, p []*agentv1.Plan) time.Time {
	t.Helper()
	if _, err := f.Prepare(t.Context(), runID, p); err != nil {
		t.Fatal(err)
	}
	t0, err := f.Start(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	return t0
}

// record is a Sink that keeps everything.
type record struct {
	mu     sync.Mutex
	chunks map[int][]*agentv1.Chunk
	broken map[int][]error
	onNews func(agent int, c *agentv1.Chunk)
}

func newRecord() *record {
	return &record{chunks: map[int][]*agentv1.Chunk{}, broken: map[int][]error{}}
}

func (r *record) Chunk(agent int, c *agentv1.Chunk) {
	r.mu.Lock()
	r.chunks[agent] = append(r.chunks[agent], c)
	r.mu.Unlock()
	if r.onNews != nil {
		r.onNews(agent, c)
	}
}

func (r *record) Broken(agent int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken[agent] = append(r.broken[agent], err)
}

// check finds chunks that are missing, doubled or not those of the agent.
func (r *record) check(t *testing.T, n int, phase agentv1.RunPhase) {
	t.Helper()
	for i := range n {
		var sent int64
		for j, c := range r.chunks[i] {
			if c.GetSeq() != uint64(j)+1 {
				t.Fatalf("agent %d: chunk %d is number %d", i, j+1, c.GetSeq())
			}
			if s := c.GetSnapshot(); !s.GetWarmup() {
				sent += s.GetCounts().GetSent()
			}
		}
		f := r.chunks[i][len(r.chunks[i])-1].GetFinal()
		if f.GetPhase() != phase || f.GetCounts().GetSent() != sent {
			t.Errorf("agent %d: %d sent, final %v", i, sent, f)
		}
	}
}

func none(errs []error) bool {
	return !slices.ContainsFunc(errs, func(err error) bool { return err != nil })
}
