package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	"github.com/meshery/kubectl-meshery/agent/internal/spool"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// defaultStartDeadline is how long a prepared run may hold the slot.
const defaultStartDeadline = time.Minute

// manager owns the agent's only run slot and the runs in the spool.
type manager struct {
	store   *spool.Store
	node    scrape.Node
	metrics *selfmetrics.Metrics

	mu     sync.Mutex
	runs   map[string]*run // every run of which the spool has chunks
	active *run
	// preparing is the id of the run that is being prepared, which takes
	// seconds and happens without the lock.
	preparing  string
	background sync.WaitGroup
	shutdown   context.Context
	cancel     context.CancelFunc
}

func newManager(store *spool.Store, node scrape.Node, m *selfmetrics.Metrics) (*manager, error) {
	ctx, cancel := context.WithCancel(context.Background())
	mgr := &manager{store: store, node: node, metrics: m, runs: map[string]*run{}, shutdown: ctx, cancel: cancel}
	for _, id := range store.Runs() {
		r, err := recoverRun(id, store.Get(id))
		if err != nil {
			return nil, err
		}
		if r == nil { // nothing whole in it
			if err := store.Remove(id); err != nil {
				return nil, err
			}
			continue
		}
		mgr.runs[id] = r
	}
	m.SetSpoolBytes(store.Bytes())
	return mgr, nil
}

// recoverRun makes an ended run of a log found at start. A run without its end
// was cut off by the end of the agent: it gets one that says so.
func recoverRun(id string, log *spool.Log) (*run, error) {
	r := &run{id: id, log: log, prepared: &agentv1.PrepareRunResponse{}, ended: make(chan struct{})}
	final := &agentv1.Final{Phase: agentv1.RunPhase_RUN_PHASE_FAILED, Reason: "the agent was restarted during the run",
		Counts: &agentv1.Counts{}, WarmupCounts: &agentv1.Counts{}}
	for seq := uint64(1); seq <= log.Last(); seq++ {
		b, err := log.Read(seq)
		if err != nil {
			return nil, err
		}
		c := &agentv1.Chunk{}
		if err := proto.Unmarshal(b, c); err != nil {
			return nil, fmt.Errorf("spool of run %s, chunk %d: %w", id, seq, err)
		}
		switch b := c.GetBody().(type) {
		case *agentv1.Chunk_Plan:
			r.plan = b.Plan
			final.MeasuredFromNanos = int64(b.Plan.GetLoad().GetWarmup().AsDuration())
			final.MeasuredToNanos = final.MeasuredFromNanos
		case *agentv1.Chunk_Started:
			r.t0 = b.Started.GetT0().AsTime()
			final.T0 = b.Started.GetT0()
		case *agentv1.Chunk_Snapshot:
			if b.Snapshot.GetWarmup() {
				addCounts(final.WarmupCounts, b.Snapshot.GetCounts())
			} else {
				addCounts(final.Counts, b.Snapshot.GetCounts())
				final.MeasuredToNanos = max(final.MeasuredToNanos, b.Snapshot.GetToNanos())
			}
		case *agentv1.Chunk_Final:
			r.phase = b.Final.GetPhase()
			close(r.ended)
			return r, nil
		}
	}
	if r.plan == nil {
		return nil, nil
	}
	r.finish(final)
	return r, nil
}

func addCounts(to, from *agentv1.Counts) {
	to.Planned += from.GetPlanned()
	to.Sent += from.GetSent()
	to.Succeeded += from.GetSucceeded()
	to.Failed += from.GetFailed()
	to.Unsent += from.GetUnsent()
	to.BytesReceived += from.GetBytesReceived()
	for k, v := range from.GetCodes() {
		if to.Codes == nil {
			to.Codes = map[string]int64{}
		}
		to.Codes[k] += v
	}
}

// prepare takes the slot, or answers again what it answered for this run.
func (m *manager) prepare(ctx context.Context, req *agentv1.PrepareRunRequest) (*agentv1.PrepareRunResponse, error) {
	id := req.GetRunId()
	if id == "" {
		return nil, status.Error(codes.InvalidArgument, "run_id is empty")
	}
	target, err := targetOf(req.GetPlan())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if r, err := m.claim(id); r != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return r.prepared, nil
	}
	r, err := m.makeRun(ctx, id, target, req.GetPlan())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.preparing = ""
	if err != nil {
		return nil, err
	}
	deadline := defaultStartDeadline
	if d := req.GetStartDeadline(); d != nil {
		deadline = d.AsDuration()
	}
	r.expiry = time.AfterFunc(deadline, func() { m.expire(r) })
	m.runs[id], m.active = r, r
	return r.prepared, nil
}

// claim keeps the slot for the run that is about to be prepared. A run that is
// prepared already is returned.
func (m *manager) claim(id string) (*run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id]; r != nil {
		return r, nil
	}
	switch {
	case m.active != nil:
		return nil, status.Error(codes.FailedPrecondition, blockedBy(m.active.status()))
	case m.preparing != "":
		return nil, status.Errorf(codes.FailedPrecondition, "run %s is being prepared on this agent", m.preparing)
	case m.shutdown.Err() != nil:
		return nil, status.Error(codes.Unavailable, "the agent is shutting down")
	}
	m.preparing = id
	return nil, nil
}

func (m *manager) makeRun(ctx context.Context, id string, target load.Target, plan *agentv1.Plan) (*run, error) {
	clients, err := load.Reach(ctx, target)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	scraper, err := scrape.New(scrape.FromProto(plan.GetScrape(), m.node))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	r := &run{id: id, plan: plan, clients: clients, scraper: scraper, phase: agentv1.RunPhase_RUN_PHASE_PREPARED, ended: make(chan struct{})}
	r.prepared = &agentv1.PrepareRunResponse{TargetAddresses: clients.Addresses, Client: clients.Kind,
		ClientReason: clients.Reason, Sources: scraper.Probe(ctx)}
	if _, err := m.store.MakeRoom(); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	m.forgetRemoved()
	if r.log, err = m.store.Create(id); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if err := r.append(&agentv1.Chunk{Body: &agentv1.Chunk_Plan{Plan: plan}}); err != nil {
		return nil, status.Error(codes.Internal, errors.Join(err, m.store.Remove(id)).Error())
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
		r.phase = agentv1.RunPhase_RUN_PHASE_FAILED
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

func (m *manager) start(id string, t0 time.Time) (time.Time, error) {
	r, err := m.get(id)
	if err != nil {
		return time.Time{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase != agentv1.RunPhase_RUN_PHASE_PREPARED {
		return r.t0, nil
	}
	r.expiry.Stop()
	// Only the monotonic clock measures; the wall clock is read once, here.
	now := time.Now()
	r.t0 = now.Add(t0.Sub(now.Round(0)))
	r.phase = agentv1.RunPhase_RUN_PHASE_RUNNING
	ctx, stop := context.WithCancel(m.shutdown)
	r.stop = stop
	m.metrics.SetActive(true)
	m.background.Go(func() {
		defer stop()
		r.execute(ctx, r.t0, m.observe)
		m.mu.Lock()
		if m.active == r {
			m.active = nil
		}
		m.mu.Unlock()
		m.metrics.SetActive(false)
		m.metrics.SetSpoolBytes(m.store.Bytes())
	})
	return r.t0, nil
}

func (m *manager) observe(s *load.Snapshot) {
	m.metrics.ObserveCounts(s.Codes, s.Failed)
	if s.Lateness.Count() > 0 {
		p50, _ := s.Lateness.Quantile(0.5)
		p99, _ := s.Lateness.Quantile(0.99)
		m.metrics.ObserveLateness(p50.Seconds(), p99.Seconds(), s.Lateness.Max().Seconds())
	}
	m.metrics.SetSpoolBytes(m.store.Bytes())
}

func (m *manager) get(id string) (*run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id]; r != nil {
		return r, nil
	}
	return nil, status.Errorf(codes.NotFound, "this agent has no run %q", id)
}

// stopRun ends a run's load; a run that was only prepared is dropped.
func (m *manager) stopRun(id, reason string) (agentv1.RunPhase, error) {
	r, err := m.get(id)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	phase := r.phase
	switch phase {
	case agentv1.RunPhase_RUN_PHASE_PREPARED:
		r.expiry.Stop()
		r.phase = agentv1.RunPhase_RUN_PHASE_CANCELLED
		phase = r.phase
		r.mu.Unlock()
		m.drop(r)
		return phase, nil
	case agentv1.RunPhase_RUN_PHASE_RUNNING:
		if r.stopReason == "" {
			r.stopReason = reason
		}
		r.stop()
	}
	r.mu.Unlock()
	return phase, nil
}

func (m *manager) acknowledge(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.runs[id]
	if r == nil {
		return nil
	}
	if r == m.active {
		return status.Error(codes.FailedPrecondition, blockedBy(r.status()))
	}
	delete(m.runs, id)
	if err := m.store.Remove(id); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	m.metrics.SetSpoolBytes(m.store.Bytes())
	return nil
}

// list returns the run holding the slot, or nil, and the ended ones, oldest first.
func (m *manager) list() (active *agentv1.RunStatus, ended []*agentv1.RunStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.runs {
		if r == m.active {
			active = r.status()
		} else {
			ended = append(ended, r.status())
		}
	}
	slices.SortFunc(ended, func(a, b *agentv1.RunStatus) int {
		return compareTimes(a.GetT0(), b.GetT0())
	})
	return active, ended
}

func compareTimes(a, b *timestamppb.Timestamp) int { return a.AsTime().Compare(b.AsTime()) }

// close stops the active run and waits until its end is spooled.
func (m *manager) close() {
	m.cancel()
	m.background.Wait()
}
