package fleet

import (
	"context"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/meshery/kubectl-meshery/plugin/internal/testagents"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

func TestAWatchGoesOnOverBrokenConnections(t *testing.T) {
	members, lines := agents(t, 2)
	f := connected(t, members)
	const duration = 4 * time.Second
	t0 := begun(t, f, plans(2, target(t), 100, duration))
	r := newRecord()
	r.onNews = func(agent int, c *agentv1.Chunk) {
		if agent == 0 && c.GetSeq()%2 == 0 && c.GetFinal() == nil {
			lines[0].Cut(nil)
		}
	}
	if errs := f.Watch(t.Context(), runID, r, t0.Add(duration), 10*time.Second); !none(errs) {
		t.Fatal(errs)
	}
	r.check(t, 2, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	broken := r.broken[0]
	if len(broken) < 4 || broken[0] == nil || broken[1] != nil {
		t.Errorf("told of broken connections %v", broken)
	}
	if len(r.broken[1]) != 0 {
		t.Errorf("the other agent was never cut off: %v", r.broken[1])
	}
}

func TestAnAgentOutOfReachForGood(t *testing.T) {
	members, lines := agents(t, 2)
	f := connected(t, members)
	const duration = 2 * time.Second
	t0 := begun(t, f, plans(2, target(t), 100, duration))
	r := newRecord()
	r.onNews = func(agent int, c *agentv1.Chunk) {
		if agent == 0 && c.GetSnapshot() != nil {
			lines[0].Cut(testagents.ErrCut)
		}
	}
	errs := f.Watch(t.Context(), runID, r, t0.Add(duration), time.Second)
	if errs[1] != nil {
		t.Error(errs[1])
	}
	if errs[0] == nil || !errors.Is(errs[0], testagents.ErrCut) || !strings.Contains(errs[0].Error(), "out of reach for ") {
		t.Errorf("got %v", errs[0])
	}
	// Not before patience has passed after the end.
	if early := time.Until(t0.Add(duration + time.Second)); early > 0 {
		t.Errorf("given up %s early", early)
	}
	if len(r.broken[0]) != 1 || r.broken[0][0] == nil {
		t.Errorf("told of broken connections %v", r.broken[0])
	}
}

func TestAPodThatIsGoneIsNotWaitedFor(t *testing.T) {
	members, lines := agents(t, 1)
	f := connected(t, members)
	begun(t, f, plans(1, target(t), 100, time.Hour))
	r := newRecord()
	r.onNews = func(_ int, c *agentv1.Chunk) {
		if c.GetSnapshot() != nil {
			lines[0].Cut(testagents.Gone{})
		}
	}
	errs := f.Watch(t.Context(), runID, r, time.Now().Add(time.Hour), time.Hour)
	if !errors.Is(errs[0], testagents.Gone{}) {
		t.Errorf("got %v", errs[0])
	}
}

func TestARunTheAgentDoesNotHave(t *testing.T) {
	members, _ := agents(t, 1)
	f := connected(t, members)
	errs := f.Watch(t.Context(), runID, newRecord(), time.Now().Add(time.Hour), time.Hour)
	if errs[0] == nil || !strings.Contains(errs[0].Error(), "has no run") {
		t.Errorf("got %v", errs[0])
	}
	if _, err := f.Agents[0].Plan(t.Context(), runID); err == nil || !strings.Contains(err.Error(), `node "worker-1"`) {
		t.Errorf("plan: %v", err)
	}
}

func TestCancellingAWatch(t *testing.T) {
	members, lines := agents(t, 2)
	f := connected(t, members)
	begun(t, f, plans(2, target(t), 100, time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	r := newRecord()
	r.onNews = func(_ int, c *agentv1.Chunk) {
		if c.GetSnapshot() != nil {
			lines[0].Cut(testagents.ErrCut)
			cancel()
		}
	}
	for _, err := range f.Watch(ctx, runID, r, time.Now().Add(time.Hour), time.Hour) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// script is an agent that sends the chunks it is told to.
type script struct {
	agentv1.UnimplementedAgentServiceServer
	stream func(agentv1.AgentService_WatchRunServer) error
}

func (s *script) GetInfo(context.Context, *agentv1.GetInfoRequest) (*agentv1.GetInfoResponse, error) {
	return &agentv1.GetInfoResponse{Version: "v1"}, nil
}

func (s *script) Ping(context.Context, *agentv1.PingRequest) (*agentv1.PingResponse, error) {
	now := time.Now().UnixNano()
	return &agentv1.PingResponse{ReceivedUnixNano: now, SentUnixNano: now}, nil
}

func (s *script) WatchRun(_ *agentv1.WatchRunRequest, stream grpc.ServerStreamingServer[agentv1.WatchRunResponse]) error {
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	return s.stream(stream)
}

func raw(c *agentv1.Chunk) []byte {
	b, err := proto.Marshal(c)
	if err != nil {
		panic(err)
	}
	return b
}

func TestDamagedChunks(t *testing.T) {
	plan := raw(&agentv1.Chunk{Seq: 1, Body: &agentv1.Chunk_Plan{Plan: &agentv1.Plan{Name: "checkout"}}})
	snapshot := raw(&agentv1.Chunk{Seq: 2, Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{ToNanos: 1}}})
	final := func(seq, chunks uint64, crc uint32) []byte {
		return raw(&agentv1.Chunk{Seq: seq, Body: &agentv1.Chunk_Final{Final: &agentv1.Final{Chunks: chunks, Crc32C: crc}}})
	}
	crc := crc32.Checksum(append(append([]byte{}, plan...), snapshot...), crc32.MakeTable(crc32.Castagnoli))
	for name, c := range map[string]struct {
		chunks [][]byte
		want   string
	}{
		"whole":           {[][]byte{plan, snapshot, final(3, 2, crc)}, ""},
		"wrong CRC":       {[][]byte{plan, snapshot, final(3, 2, crc+1)}, "checksums differ"},
		"wrong number":    {[][]byte{plan, snapshot, final(3, 3, crc)}, "checksums differ"},
		"one is missing":  {[][]byte{plan, final(3, 2, crc)}, "chunk 3 received where 2 was due"},
		"one twice":       {[][]byte{plan, plan}, "chunk 1 received where 2 was due"},
		"unreadable":      {[][]byte{plan, []byte("\xff")}, "chunk 2 cannot be read"},
		"no final chunk":  {[][]byte{plan, snapshot}, "ended the stream before the final chunk"},
		"nothing at all":  {nil, "ended the stream before the final chunk"},
		"not even a plan": {[][]byte{[]byte("")}, "chunk 0 received where 1 was due"},
	} {
		t.Run(name, func(t *testing.T) {
			f := connected(t, []Member{scripted(t, &script{stream: func(s agentv1.AgentService_WatchRunServer) error {
				for _, b := range c.chunks {
					if err := s.Send(&agentv1.WatchRunResponse{Chunk: b}); err != nil {
						return err
					}
				}
				return nil
			}})})
			// Nothing of this gets better by trying again: an hour's patience is not used.
			err := f.Watch(t.Context(), runID, newRecord(), time.Now().Add(time.Hour), time.Hour)[0]
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAnAgentThatIsThereAndSaysNothing(t *testing.T) {
	f := connected(t, []Member{scripted(t, &script{stream: func(s agentv1.AgentService_WatchRunServer) error {
		<-s.Context().Done()
		return s.Context().Err()
	}})})
	w := watcher{agent: f.Agents[0], runID: runID, sink: newRecord(), ended: time.Now(), patience: time.Hour, quiet: 300 * time.Millisecond}
	if err := w.follow(t.Context()); !errors.Is(err, errQuiet) {
		t.Errorf("got %v", err)
	}
}

// An agent that answers and breaks off again and again is in reach all the time,
// and still gets no further.
func TestAnAgentThatBreaksOffAgainAndAgain(t *testing.T) {
	f := connected(t, []Member{scripted(t, &script{stream: func(agentv1.AgentService_WatchRunServer) error {
		return status.Error(codes.Internal, "disk error")
	}})})
	w := watcher{agent: f.Agents[0], runID: runID, sink: newRecord(), ended: time.Now(), patience: time.Hour, quiet: 300 * time.Millisecond}
	err := w.follow(t.Context())
	if err == nil || !strings.Contains(err.Error(), "disk error") {
		t.Errorf("got %v", err)
	}
}
