package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Ended is a run that has ended. Its agents keep their records until the run is
// acknowledged, and are connected until Close.
type Ended struct {
	Result *document.Result

	runID string
	// whole are the agents whose record is in the Result, lost those of which a
	// part is missing.
	whole, lost fleet.Fleet
	fleet       *fleet.Fleet
}

// Acknowledge lets the agents forget the run: its Result is kept elsewhere. The
// error names agents that have the whole record and did not answer. One that was
// lost is told as well, for it may be back and its part is wanted no more, but
// that it does not answer is no news.
func (e *Ended) Acknowledge(ctx context.Context) error {
	var telling sync.WaitGroup
	telling.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, lostPatience)
		defer cancel()
		_ = e.lost.Acknowledge(ctx, e.runID)
	})
	err := e.whole.Acknowledge(ctx, e.runID)
	telling.Wait()
	return unacknowledged(err)
}

// lostPatience is how long a lost agent is given to turn out to be back.
const lostPatience = 3 * time.Second

// Close closes the connections to the agents.
func (e *Ended) Close() error { return e.fleet.Close() }

// Acknowledge is that of Ended for who did not follow the run. Members that
// cannot be reached, or do not have the run, are passed over.
func Acknowledge(ctx context.Context, members []fleet.Member, runID string) error {
	f, _ := fleet.Reach(ctx, members) // nobody knows whether the others have it
	defer f.Close()
	var holders fleet.Fleet
	for _, a := range f.Agents {
		if statusOf(a, runID) != nil {
			holders.Agents = append(holders.Agents, a)
		}
	}
	return unacknowledged(holders.Acknowledge(ctx, runID))
}

func unacknowledged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the run stays in the agents' spool until 'attach' is called again or newer runs need the room: %w", err)
}

// statusOf is what an agent said about a run when it was connected to; nil when
// it does not have it.
func statusOf(a *fleet.Agent, runID string) *agentv1.RunStatus {
	if s := a.Info.GetActiveRun(); s.GetRunId() == runID && s != nil {
		return s
	}
	for _, s := range a.Info.GetSpooledRuns() {
		if s.GetRunId() == runID {
			return s
		}
	}
	return nil
}
