package fleet

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/meshery/kubectl-meshery/plugin/internal/testagents"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// elsewhere is an agent with a clock and a way of its own.
type elsewhere struct {
	script
	offset, there, back time.Duration
	jump                func(n int) time.Duration // added to the n-th reading of the clock
	readings            int
}

func (e *elsewhere) now() int64 {
	e.readings++
	at := time.Now().Add(e.offset)
	if e.jump != nil {
		at = at.Add(e.jump(e.readings))
	}
	return at.UnixNano()
}

func (e *elsewhere) Ping(context.Context, *agentv1.PingRequest) (*agentv1.PingResponse, error) {
	time.Sleep(e.there)
	r := &agentv1.PingResponse{ReceivedUnixNano: e.now()}
	r.SentUnixNano = e.now()
	time.Sleep(e.back)
	return r, nil
}

func TestClockOffset(t *testing.T) {
	for name, e := range map[string]*elsewhere{
		"same clock": {},
		"behind":     {offset: -90 * time.Minute},
		"ahead":      {offset: 1500 * time.Millisecond},
		"slow there": {offset: 40 * time.Millisecond, there: 20 * time.Millisecond},
		"slow back":  {offset: -40 * time.Millisecond, back: 20 * time.Millisecond},
		"1970":       {offset: -time.Since(time.Unix(0, 0))},
		// Set forward and back again between the readings of one exchange.
		"set meanwhile": {offset: time.Second, jump: func(n int) time.Duration {
			switch n {
			case 10:
				return time.Hour
			case 14:
				return -time.Hour
			}
			return 0
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := connected(t, []Member{scripted(t, e)})
			c := f.Agents[0].Clock
			if wrong := (c.Offset - e.offset).Abs(); wrong > c.Error+time.Microsecond || c.Error < (e.there+e.back)/2 || c.Error > time.Second {
				t.Errorf("offset %s ± %s, truth %s", c.Offset, c.Error, e.offset)
			}
			now := time.Now()
			if !c.CallerTime(c.agentTime(now)).Equal(now) {
				t.Error("there and back again is not the same time")
			}
		})
	}
}

func TestAClockThatIsSetAllTheTime(t *testing.T) {
	e := &elsewhere{jump: func(n int) time.Duration { return -time.Duration(n) * time.Second }}
	_, err := Connect(t.Context(), []Member{scripted(t, e)})
	if err == nil || !strings.Contains(err.Error(), "clock is being set") {
		t.Errorf("got %v", err)
	}
}

func TestMembersThatCannotBeReachedAreNamed(t *testing.T) {
	members, lines := agents(t, 4)
	lines[1].Refuse(errors.New(`port-forward to pod "agent-2": forbidden`))
	lines[3].Refuse(testagents.ErrCut)
	_, err := Connect(t.Context(), members)
	want := `agent on node "worker-2": port-forward to pod "agent-2": forbidden; agent on node "worker-4": the cable is cut`
	if err == nil || err.Error() != want || !errors.Is(err, testagents.ErrCut) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	for _, l := range lines[:3] {
		l.Refuse(testagents.ErrCut)
	}
	_, err = Connect(t.Context(), members)
	if want := "agents on nodes worker-1, worker-2, worker-3 and 1 more: the cable is cut"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Connect(ctx, members); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestReachingWhoCanBeReached(t *testing.T) {
	members, lines := agents(t, 3)
	lines[1].Refuse(testagents.ErrCut)
	f, err := Reach(t.Context(), members)
	t.Cleanup(func() { _ = f.Close() })
	if want := `agent on node "worker-2": the cable is cut`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if len(f.Agents) != 2 || f.Agents[0].Node != "worker-1" || f.Agents[1].Node != "worker-3" {
		t.Errorf("reached %v", f.Agents)
	}
	if err := f.Unreached("agent-worker-2"); !errors.Is(err, testagents.ErrCut) || err.Error() != testagents.ErrCut.Error() {
		t.Errorf("worker-2: %v", err)
	}
	if err := errors.Join(f.Unreached("agent-worker-1"), f.Unreached("no-member")); err != nil {
		t.Error(err)
	}
	lines[1].Refuse(nil)
	whole, err := Reach(t.Context(), members)
	t.Cleanup(func() { _ = whole.Close() })
	if err != nil || len(whole.Agents) != 3 {
		t.Errorf("reached %v, %v", whole.Agents, err)
	}
	none, err := Reach(t.Context(), nil)
	if err != nil || len(none.Agents) != 0 {
		t.Errorf("nobody: %v, %v", none.Agents, err)
	}
}

func TestADialThatHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Connect(ctx, []Member{{Node: "worker-1", Pod: "agent", Dial: func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}})
	if err == nil || !strings.Contains(err.Error(), `agent on node "worker-1"`) {
		t.Errorf("got %v", err)
	}
}

func TestPrepareLetsTheOthersGoIfOneRefuses(t *testing.T) {
	members, _ := agents(t, 3)
	f := connected(t, members)
	url := target(t)
	other := &Fleet{Agents: f.Agents[1:2]}
	if _, err := other.Prepare(t.Context(), "other", plans(1, url, 1, time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err := f.Prepare(t.Context(), runID, plans(3, url, 1, time.Hour))
	if err == nil || !strings.Contains(err.Error(), `agent on node "worker-2": run other ("checkout" by somebody@somewhere) holds this agent`) {
		t.Errorf("got %v", err)
	}
	other.release(t.Context(), "other")
	free(t, members)
	// All say the same: once is enough.
	_, err = f.Prepare(t.Context(), runID, plans(3, "http://no-such-host.invalid/", 1, time.Hour))
	if want := `agents on nodes worker-1, worker-2, worker-3: host "no-such-host.invalid" does not resolve`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	// Cancelled in the middle: nothing is held.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Prepare(ctx, runID, plans(3, url, 1, time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	free(t, members)
}

func TestStartStopsAllIfOneCannot(t *testing.T) {
	members, lines := agents(t, 2)
	f := connected(t, members)
	if _, err := f.Prepare(t.Context(), runID, plans(2, target(t), 100, time.Hour)); err != nil {
		t.Fatal(err)
	}
	lines[1].Cut(testagents.ErrCut)
	if _, err := f.Start(t.Context(), runID); err == nil || !strings.Contains(err.Error(), `node "worker-2"`) {
		t.Errorf("got %v", err)
	}
	free(t, members[:1])
}

// free checks that agents neither run nor keep anything.
func free(t *testing.T, members []Member) {
	t.Helper()
	for _, a := range connected(t, members).Agents {
		if a.Info.GetActiveRun() != nil || len(a.Info.GetSpooledRuns()) != 0 {
			t.Errorf("node %s: %v, %v", a.Node, a.Info.GetActiveRun(), a.Info.GetSpooledRuns())
		}
	}
}

func TestStopAndAcknowledge(t *testing.T) {
	members, lines := agents(t, 2)
	f := connected(t, members)
	t0 := begun(t, f, plans(2, target(t), 100, time.Hour))
	if early := time.Until(t0); early <= 0 {
		t.Errorf("T0 was %s ago when all agents had it", -early)
	}
	if err := f.Acknowledge(t.Context(), runID); err == nil {
		t.Error("a run under way was acknowledged")
	}
	time.AfterFunc(time.Until(t0)+500*time.Millisecond, func() {
		if err := f.Stop(t.Context(), runID, "interrupted"); err != nil {
			t.Error(err)
		}
	})
	r := newRecord()
	if errs := f.Watch(t.Context(), runID, r, time.Now().Add(time.Hour), time.Second); !none(errs) {
		t.Fatal(errs)
	}
	r.check(t, 2, agentv1.RunPhase_RUN_PHASE_CANCELLED)
	if plan, err := f.Agents[1].Plan(t.Context(), runID); err != nil || plan.GetAgentIndex() != 1 {
		t.Errorf("plan %v, %v", plan, err)
	}
	lines[0].Cut(nil) // a connection that breaks just then is made again
	if err := f.Acknowledge(t.Context(), runID); err != nil {
		t.Fatal(err)
	}
	free(t, members)
	if f.Agent("agent-worker-2") != f.Agents[1] || f.Agent("agent-worker-9") != nil {
		t.Error("agents are not found by their pods")
	}
}

func TestPlainErrors(t *testing.T) {
	a := &Agent{dial: &dialState{}}
	for in, want := range map[error]string{
		status.Error(codes.Unavailable, "connect:\ndial a\ndial b"): "connect:; dial a; dial b",
		status.Error(codes.Unimplemented, "unknown method"):         "the agent is of another version and does not know this call; run 'kubectl meshery deploy' to bring it up to date",
		status.Error(codes.DeadlineExceeded, "deadline"):            "no answer within the time allowed; is the agent's pod ready?",
		testagents.ErrCut: "the cable is cut",
	} {
		if got := a.plain(in).Error(); got != want {
			t.Errorf("%v: %q, want %q", in, got, want)
		}
	}
	a.dial.set(testagents.ErrCut)
	if got := a.plain(status.Error(codes.Unavailable, "x")); !errors.Is(got, testagents.ErrCut) {
		t.Errorf("got %v", got)
	}
}
