package deploy

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// askTimeout is how long an agent may take to tell what it does.
const askTimeout = 5 * time.Second

// Activity is what an agent says about itself.
type Activity struct {
	Agent discover.Agent
	Info  *agentv1.GetInfoResponse
	// Err is why the agent did not answer; then Info is nil.
	Err error
}

// Dial connects to the gRPC port of an agent's pod.
type Dial func(ctx context.Context, pod string) (net.Conn, error)

// Ask asks all agents what they are doing, at once, and returns their answers in
// the same order.
func Ask(ctx context.Context, dial Dial, agents []discover.Agent) []Activity {
	answers := make([]Activity, len(agents))
	var all sync.WaitGroup
	for i, a := range agents {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			answers[i].Agent = a
			f, err := fleet.Connect(ctx, []fleet.Member{{Node: a.Node, Pod: a.Pod, Dial: func(ctx context.Context) (net.Conn, error) {
				return dial(ctx, a.Pod)
			}}})
			if err != nil {
				answers[i].Err = err
				return
			}
			answers[i].Info = f.Agents[0].Info
			_ = f.Close()
		})
	}
	all.Wait()
	return answers
}

// BusyError is that a run is active on an agent.
type BusyError struct {
	Node string
	Run  *agentv1.RunStatus
}

func (e *BusyError) Error() string {
	who := ""
	if e.Run.GetOwner() != "" {
		who = ", started by " + e.Run.GetOwner()
	}
	until := ""
	if e.Run.GetEnds() != nil {
		until = " until " + e.Run.GetEnds().AsTime().Local().Format(time.RFC3339)
	}
	return fmt.Sprintf("run %q (%s%s) is active on node %q%s: wait for it, or go on with --force, which ends it",
		e.Run.GetRunId(), e.Run.GetName(), who, e.Node, until)
}

// Busy is a *BusyError for the first active run, or nil. Agents that did not
// answer do not count.
func Busy(answers []Activity) error {
	for _, a := range answers {
		if run := a.Info.GetActiveRun(); run != nil {
			return &BusyError{Node: a.Agent.Node, Run: run}
		}
	}
	return nil
}
