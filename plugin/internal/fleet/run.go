package fleet

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

const (
	// prepareTimeout bounds resolving, connecting and probing the sources.
	prepareTimeout = 30 * time.Second
	// callTimeout bounds calls that only change state.
	callTimeout = 15 * time.Second
	// releaseTimeout bounds taking back what was begun: somebody waits for the error.
	releaseTimeout = 10 * time.Second
	// lead is how far ahead T0 is: every agent must have it before it comes.
	lead = 500 * time.Millisecond
)

// Prepare takes the run slot of every agent, each with its own plan, in the
// order of Agents. If one refuses, the others are let go again.
func (f *Fleet) Prepare(ctx context.Context, runID string, plans []*agentv1.Plan) ([]*agentv1.PrepareRunResponse, error) {
	answers := make([]*agentv1.PrepareRunResponse, len(f.Agents))
	err := f.each(len(f.Agents), func(i int) error {
		ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
		defer cancel()
		a := f.Agents[i]
		var err error
		answers[i], err = a.client.PrepareRun(ctx, &agentv1.PrepareRunRequest{RunId: runID, Plan: plans[i]})
		return a.named(err)
	})
	if err != nil {
		f.release(ctx, runID)
		return nil, err
	}
	return answers, nil
}

// Start starts a prepared run on all agents at one moment, told to each on its
// own clock, and returns that moment on the caller's clock. If one cannot
// start, all are stopped.
func (f *Fleet) Start(ctx context.Context, runID string) (time.Time, error) {
	var slowest time.Duration
	for _, a := range f.Agents {
		slowest = max(slowest, a.Clock.Error)
	}
	t0 := time.Now().Add(lead + 8*slowest)
	err := f.each(len(f.Agents), func(i int) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		a := f.Agents[i]
		_, err := a.client.StartRun(ctx, &agentv1.StartRunRequest{RunId: runID, T0: timestamppb.New(a.Clock.agentTime(t0))})
		return a.named(err)
	})
	if err != nil {
		f.release(ctx, runID)
		return time.Time{}, err
	}
	return t0, nil
}

// Plan reads the plan with which an agent runs a run, for who attaches to it.
func (a *Agent) Plan(ctx context.Context, runID string) (*agentv1.Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := a.client.WatchRun(ctx, &agentv1.WatchRunRequest{RunId: runID, FromSeq: 1})
	if err != nil {
		return nil, a.named(err)
	}
	r, err := s.Recv()
	if err != nil {
		return nil, a.named(err)
	}
	c := &agentv1.Chunk{}
	if err := proto.Unmarshal(r.GetChunk(), c); err != nil {
		return nil, a.named(err)
	}
	if c.GetPlan() == nil {
		return nil, a.named(errors.New("the run does not begin with its plan"))
	}
	return c.GetPlan(), nil
}

// release stops the run wherever it is and forgets it; agents that do not
// answer let go by themselves after their deadline.
func (f *Fleet) release(ctx context.Context, runID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_ = f.Stop(ctx, runID, "another agent could not take part")
	_ = f.each(len(f.Agents), func(i int) error {
		for {
			_, err := f.Agents[i].client.AcknowledgeRun(ctx, &agentv1.AcknowledgeRunRequest{RunId: runID})
			// The load that was stopped is still coming to its end.
			if status.Code(err) != codes.FailedPrecondition {
				return err
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
}

// Stop ends the load on all agents at once. What was measured stays there, and
// watches get the final chunk.
func (f *Fleet) Stop(ctx context.Context, runID, reason string) error {
	return f.each(len(f.Agents), func(i int) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		a := f.Agents[i]
		_, err := a.client.StopRun(ctx, &agentv1.StopRunRequest{RunId: runID, Reason: reason})
		return a.named(err)
	})
}

// Acknowledge tells all agents that the run is safe, so that they free its
// spool. An agent that does not answer keeps it, which costs disk and nothing
// else.
func (f *Fleet) Acknowledge(ctx context.Context, runID string) error {
	return f.each(len(f.Agents), func(i int) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		a := f.Agents[i]
		_, err := a.client.AcknowledgeRun(ctx, &agentv1.AcknowledgeRunRequest{RunId: runID})
		if status.Code(err) == codes.Unavailable {
			// The connection broke unnoticed while nothing was said: over a new one,
			// once more.
			_, err = a.client.AcknowledgeRun(ctx, &agentv1.AcknowledgeRunRequest{RunId: runID})
		}
		return a.named(err)
	})
}
