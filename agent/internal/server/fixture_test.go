package server

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

const runID = "0193a1c4-7c1e-7000-8000-000000000001"

// agent is a served Server and a client of it.
type agent struct {
	agentv1.AgentServiceClient
	server *Server
	spool  string
	stop   func()
}

// serve serves an agent on a spool over gRPC; it stops at the end of the test,
// or by stop.
func serve(t *testing.T, spool string, spoolBytes int64) *agent {
	t.Helper()
	s, err := New(Config{Node: scrape.Node{Name: "worker-1", HostIP: "127.0.0.1"}, Pod: "agent-1", Namespace: "meshery",
		SpoolDir: spool, SpoolBytes: spoolBytes, Metrics: selfmetrics.New()})
	if err != nil {
		t.Fatal(err)
	}
	g := s.GRPC()
	l := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- g.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///agent", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	a := &agent{AgentServiceClient: agentv1.NewAgentServiceClient(conn), server: s, spool: spool}
	a.stop = func() {
		if stopped {
			return
		}
		stopped = true
		s.Stop()
		g.Stop()
		if err := errors.Join(<-served, s.Close(), conn.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(a.stop)
	return a
}

// target is a real HTTP server that counts.
func target(t *testing.T, delay time.Duration) (url string, count *atomic.Int64) {
	t.Helper()
	count = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		count.Add(1)
		time.Sleep(delay)
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	return s.URL, count
}

func planFor(url string, rate float64, warmup, duration time.Duration) *agentv1.Plan {
	return &agentv1.Plan{
		Name: "checkout", Owner: "somebody@somewhere", Test: []byte(`{"kind":"Test"}`), AgentCount: 1,
		Targets: []*agentv1.Target{{Name: "target", Protocol: agentv1.Protocol_PROTOCOL_HTTP1, Weight: 1, Url: url, Method: "GET", Timeout: durationpb.New(5 * time.Second)}},
		Load:    &agentv1.Load{Rate: rate, Connections: 4, Warmup: durationpb.New(warmup), Duration: durationpb.New(duration)},
	}
}

func (a *agent) prepare(t *testing.T, id string, p *agentv1.Plan) *agentv1.PrepareRunResponse {
	t.Helper()
	r, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: id, Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (a *agent) start(t *testing.T, id string) time.Time {
	t.Helper()
	r, err := a.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: id, T0: timestamppb.New(time.Now().Add(50 * time.Millisecond))})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetT0().AsTime()
}

// record is what a watch brought.
type record struct {
	chunks []*agentv1.Chunk
	crc    uint32 // of all chunks before the final one
	final  *agentv1.Final
	err    error
}

func (a *agent) watch(ctx context.Context, id string, from uint64) *record {
	r := &record{}
	s, err := a.WatchRun(ctx, &agentv1.WatchRunRequest{RunId: id, FromSeq: from})
	if err != nil {
		r.err = err
		return r
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	for {
		m, err := s.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = err
			}
			return r
		}
		c := &agentv1.Chunk{}
		if err := proto.Unmarshal(m.GetChunk(), c); err != nil {
			r.err = err
			return r
		}
		r.chunks = append(r.chunks, c)
		if r.final = c.GetFinal(); r.final == nil {
			r.crc = crc32.Update(r.crc, table, m.GetChunk())
		}
	}
}

// sums are the counts of the snapshots.
func (r *record) sums() (measured, warmup *agentv1.Counts) {
	measured, warmup = &agentv1.Counts{}, &agentv1.Counts{}
	for _, c := range r.chunks {
		if s := c.GetSnapshot(); s.GetWarmup() {
			addCounts(warmup, s.GetCounts())
		} else if s != nil {
			addCounts(measured, s.GetCounts())
		}
	}
	return measured, warmup
}

// check is checkChunks, and compares the sums of the final chunk.
func (r *record) check(t *testing.T, from uint64, phase agentv1.RunPhase) {
	t.Helper()
	r.checkChunks(t, from, phase)
	if from > 1 {
		return
	}
	measured, warmup := r.sums()
	if !proto.Equal(measured, r.final.GetCounts()) || !proto.Equal(warmup, r.final.GetWarmupCounts()) {
		t.Errorf("snapshots sum up to\n%v and %v, the final chunk says\n%v and %v", measured, warmup, r.final.GetCounts(), r.final.GetWarmupCounts())
	}
}

// checkChunks finds gaps in the numbers and a final chunk that is missing or wrong.
func (r *record) checkChunks(t *testing.T, from uint64, phase agentv1.RunPhase) {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	for i, c := range r.chunks {
		if c.GetSeq() != from+uint64(i) || c.GetRunId() != runID || c.GetTime() == nil {
			t.Fatalf("chunk %d is number %d of run %q at %v", i, c.GetSeq(), c.GetRunId(), c.GetTime())
		}
	}
	if r.final == nil {
		t.Fatalf("no final chunk in %d", len(r.chunks))
	}
	if r.final.GetPhase() != phase {
		t.Fatalf("phase %v (%s), want %v", r.final.GetPhase(), r.final.GetReason(), phase)
	}
	last := r.chunks[len(r.chunks)-1]
	if r.final.GetChunks() != last.GetSeq()-1 {
		t.Errorf("final chunk %d counts %d before it", last.GetSeq(), r.final.GetChunks())
	}
	if from <= 1 && r.final.GetCrc32C() != r.crc {
		t.Errorf("CRC-32C %08x, the chunks have %08x", r.final.GetCrc32C(), r.crc)
	}
}

// refused checks the code and the words of an error.
func refused(t *testing.T, err error, code codes.Code, words ...string) {
	t.Helper()
	if status.Code(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q lacks %q", err, w)
		}
	}
}
