package deploy

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// agent answers as one that holds a run, or none.
type agent struct {
	agentv1.UnimplementedAgentServiceServer
	run *agentv1.RunStatus
}

func (a *agent) GetInfo(context.Context, *agentv1.GetInfoRequest) (*agentv1.GetInfoResponse, error) {
	return &agentv1.GetInfoResponse{Version: "v1", ActiveRun: a.run}, nil
}

func (a *agent) Ping(context.Context, *agentv1.PingRequest) (*agentv1.PingResponse, error) {
	now := time.Now().UnixNano()
	return &agentv1.PingResponse{ReceivedUnixNano: now, SentUnixNano: now}, nil
}

// agents serves each agent on a listener of its own and returns how to dial them.
func agents(t *testing.T, byPod map[string]*agent) Dial {
	t.Helper()
	listeners := map[string]*bufconn.Listener{}
	for pod, a := range byPod {
		s, l := grpc.NewServer(), bufconn.Listen(1<<16)
		agentv1.RegisterAgentServiceServer(s, a)
		go func() { _ = s.Serve(l) }()
		t.Cleanup(s.Stop)
		listeners[pod] = l
	}
	return func(ctx context.Context, pod string) (net.Conn, error) {
		if l := listeners[pod]; l != nil {
			return l.DialContext(ctx)
		}
		return nil, errors.New("nobody listens")
	}
}

func TestAskAndBusy(t *testing.T) {
	ends := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	dial := agents(t, map[string]*agent{
		"idle": {},
		"busy": {run: &agentv1.RunStatus{RunId: "0193a1c4", Name: "checkout", Owner: "ann", Ends: timestamppb.New(ends)}},
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	answers := Ask(ctx, dial, []discover.Agent{{Node: "n1", Pod: "idle"}, {Node: "n2", Pod: "silent"}, {Node: "n3", Pod: "busy"}})
	if len(answers) != 3 || answers[0].Info.GetVersion() != "v1" || answers[1].Err == nil || answers[2].Info == nil {
		t.Fatalf("answers %+v", answers)
	}
	if !strings.Contains(answers[1].Err.Error(), `"n2"`) || !strings.Contains(answers[1].Err.Error(), "nobody listens") {
		t.Errorf("error %v", answers[1].Err)
	}
	var busy *BusyError
	if err := Busy(answers); !errors.As(err, &busy) {
		t.Fatalf("busy is %v", err)
	}
	for _, want := range []string{`run "0193a1c4" (checkout, started by ann)`, `node "n3"`, "until " + ends.Local().Format(time.RFC3339), "--force"} {
		if !strings.Contains(busy.Error(), want) {
			t.Errorf("error %q lacks %q", busy, want)
		}
	}
	if err := Busy(answers[:2]); err != nil {
		t.Errorf("an agent that does not answer stops nobody: %v", err)
	}
}
