package server

import (
	"context"
	"errors"
	"regexp"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/agent/internal/load"
	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// defaultStartDeadline is how long a prepared run may hold the slot.
const defaultStartDeadline = time.Minute

// preparation is a claim on the slot; done is closed when it has been decided.
type preparation struct {
	id   string
	done chan struct{}
}

// prepare takes the slot, or answers again what it answered for this run.
func (m *manager) prepare(ctx context.Context, req *agentv1.PrepareRunRequest) (*agentv1.PrepareRunResponse, error) {
	id := req.GetRunId()
	if !runIDRE.MatchString(id) {
		return nil, status.Errorf(codes.InvalidArgument, "run id %q is not letters, digits and '-', at most 64", id)
	}
	deadline := defaultStartDeadline
	if d := req.GetStartDeadline(); d != nil {
		deadline = d.AsDuration()
	}
	if deadline <= 0 {
		return nil, status.Errorf(codes.InvalidArgument, "start deadline %s is not above 0", deadline)
	}
	targets, err := targetsOf(req.GetPlan())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	plan, err := loadOf(req.GetPlan())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	r, err := m.claim(ctx, id)
	if err != nil {
		return nil, err
	}
	if r != nil {
		return r.prepared, nil
	}
	r, err = m.makeRun(ctx, &run{id: id, plan: req.GetPlan(), load: plan}, targets)
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.preparing.done)
	m.preparing = nil
	if err != nil {
		return nil, err
	}
	// Nobody gets this answer any more, or nothing is to be started any more.
	if err := errors.Join(ctx.Err(), m.shutdown.Err()); err != nil {
		return nil, status.Error(codes.Unavailable, errors.Join(err, m.store.Remove(id)).Error())
	}
	r.expiry = time.AfterFunc(deadline, func() { m.expire(r) })
	m.runs[id], m.active = r, r
	return r.prepared, nil
}

// claim keeps the slot for the run that is about to be prepared. A run that is
// prepared already is returned; one that is being prepared is waited for.
func (m *manager) claim(ctx context.Context, id string) (*run, error) {
	for {
		m.mu.Lock()
		other := m.preparing
		if other == nil || other.id != id {
			defer m.mu.Unlock()
			return m.claimLocked(id)
		}
		m.mu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
}

func (m *manager) claimLocked(id string) (*run, error) {
	m.free()
	if r := m.runs[id]; r != nil {
		return r, nil
	}
	switch {
	case m.shutdown.Err() != nil:
		return nil, errShutdown
	case m.active != nil:
		return nil, status.Error(codes.FailedPrecondition, blockedBy(m.active.status()))
	case m.preparing != nil:
		return nil, status.Errorf(codes.FailedPrecondition, "run %s is being prepared on this agent", m.preparing.id)
	}
	m.preparing = &preparation{id: id, done: make(chan struct{})}
	return nil, nil
}

var (
	errShutdown = status.Error(codes.Unavailable, "the agent is shutting down")
	runIDRE     = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
)

// free takes the slot from a run that has ended: whoever has seen its final
// chunk finds the agent free. To be called with the lock held.
func (m *manager) free() {
	if m.active != nil && m.active.over() {
		m.active = nil
		m.metrics.SetActive(false)
	}
}

// makeRun completes a run: it reaches what is called and read, and gives the
// run its record.
func (m *manager) makeRun(ctx context.Context, r *run, targets []client.Target) (*run, error) {
	if err := filesFit(&r.load, len(targets), mayOpen()); err != nil {
		return nil, status.Error(codes.ResourceExhausted, err.Error())
	}
	// All at once: whoever asks waits for the slowest, not for the sum.
	r.targets = make([]load.Target, len(targets))
	reaching, reachCtx := errgroup.WithContext(ctx)
	for i, t := range targets {
		reaching.Go(func() (err error) {
			r.targets[i].Weight = r.plan.GetTargets()[i].GetWeight()
			r.targets[i].Clients, err = client.Reach(reachCtx, t)
			return err
		})
	}
	if err := reaching.Wait(); err != nil {
		code := codes.Unavailable
		if errors.Is(err, client.ErrPlan) {
			code = codes.InvalidArgument
		}
		return nil, status.Error(code, err.Error())
	}
	if err := fits(&r.load, r.targets, debug.SetMemoryLimit(-1)); err != nil {
		return nil, status.Error(codes.ResourceExhausted, err.Error())
	}
	scraper, err := scrape.New(scrape.FromProto(r.plan.GetScrape(), m.node))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	r.scraper, r.maxBytes, r.phase, r.ended = scraper, m.maxRunBytes, agentv1.RunPhase_RUN_PHASE_PREPARED, make(chan struct{})
	r.prepared = &agentv1.PrepareRunResponse{Sources: scraper.Probe(ctx)}
	for _, t := range r.targets {
		c := t.Clients
		r.prepared.Targets = append(r.prepared.Targets, &agentv1.TargetStatus{
			Name: c.Target().Name, Addresses: c.Addresses, Unreachable: c.Unreachable,
			Client: c.Kind, ClientReason: c.Reason})
	}
	if _, err := m.store.MakeRoom(); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	m.forgetRemoved()
	if r.log, err = m.store.Create(r.id); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	spooled := withoutSecrets(r.plan)
	spooled.Prepared = r.prepared
	if err := r.append(&agentv1.Chunk{Body: &agentv1.Chunk_Plan{Plan: spooled}}); err != nil {
		return nil, status.Error(codes.ResourceExhausted, errors.Join(err, m.store.Remove(r.id)).Error())
	}
	return r, nil
}

// forgetRemoved drops the runs whose chunks the spool has given up.
func (m *manager) forgetRemoved() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.runs {
		if m.store.Get(id) == nil {
			delete(m.runs, id)
		}
	}
}

func (m *manager) expire(r *run) {
	r.mu.Lock()
	stale := r.phase == agentv1.RunPhase_RUN_PHASE_PREPARED
	if stale {
		r.phase, r.reason = agentv1.RunPhase_RUN_PHASE_FAILED, "it was prepared and never started"
	}
	r.mu.Unlock()
	if stale {
		m.drop(r)
	}
}

// drop forgets a run that never started.
func (m *manager) drop(r *run) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.runs, r.id)
	if m.active == r {
		m.active = nil
	}
	// What is left of a file that cannot be removed is found at the next start.
	_ = m.store.Remove(r.id)
	close(r.ended)
}
