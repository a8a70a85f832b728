package server

import (
	"context"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	"github.com/meshery/kubectl-meshery/agent/internal/spool"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// manager owns the agent's only run slot and the runs in the spool.
type manager struct {
	store   *spool.Store
	node    scrape.Node
	metrics *selfmetrics.Metrics
	// maxRunBytes bounds the record of one run.
	maxRunBytes int64

	mu     sync.Mutex
	runs   map[string]*run // every run of which the spool has chunks
	active *run
	// preparing is the run that is being prepared, which takes seconds and
	// happens without the lock.
	preparing  *preparation
	background sync.WaitGroup
	unwell     atomic.Bool
	shutdown   context.Context
	cancel     context.CancelFunc
}

func newManager(store *spool.Store, c Config) (*manager, error) {
	ctx, cancel := context.WithCancel(context.Background())
	m := c.Metrics
	mgr := &manager{store: store, node: c.Node, metrics: m, maxRunBytes: c.SpoolBytes / 8 * 7, runs: map[string]*run{}, shutdown: ctx, cancel: cancel}
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

func (m *manager) start(id string, t0 time.Time) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.runs[id]
	if r == nil {
		return time.Time{}, errNotFound(id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.phase == agentv1.RunPhase_RUN_PHASE_PREPARED:
	case r.t0.IsZero():
		return time.Time{}, status.Errorf(codes.FailedPrecondition, "run %s ended before it was started: %s", id, r.reason)
	default:
		return r.t0, nil
	}
	if m.shutdown.Err() != nil {
		return time.Time{}, errShutdown
	}
	if late := time.Since(t0); late > latestStart {
		return time.Time{}, status.Errorf(codes.FailedPrecondition, "the start came %s after the moment agreed on: the way to the agent is slow; run again", late.Round(time.Millisecond))
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
		m.free()
		m.mu.Unlock()
		m.metrics.SetSpoolBytes(m.store.Bytes())
		m.lookAfter(r)
		// Between runs an agent is to cost a node next to nothing.
		debug.FreeOSMemory()
	})
	return r.t0, nil
}

// latestStart is how long after T0 a run may still be started; what is missed
// until then shows as lateness.
const latestStart = 250 * time.Millisecond

// lookAfter waits until nothing of a run's load is left. Calls that were given
// up end by their own timeout. What is still there long after that is a client
// that hangs, which only the end of the process ends: the agent says that it is
// not well, and Kubernetes restarts it. Runs in the spool survive that.
func (m *manager) lookAfter(r *run) {
	if r.leftover == nil {
		return
	}
	select {
	case <-r.leftover:
	case <-m.shutdown.Done():
	case <-time.After(r.longestCall() + leftoverTime):
		m.unwell.Store(true)
	}
}

const leftoverTime = 30 * time.Second

// longestCall is how long a call may take, of the target where that is longest.
func (r *run) longestCall() (d time.Duration) {
	for _, t := range r.targets {
		d = max(d, t.Clients.LongestCall())
	}
	return d
}

func (m *manager) observe(s *load.Snapshot) {
	m.metrics.ObserveCounts(s.Codes, s.Failed)
	if s.Lateness.Count() > 0 {
		// 0 would say that the generator was never late.
		seconds := func(q float64) float64 {
			if d, ok := s.Lateness.Quantile(q); ok {
				return d.Seconds()
			}
			return math.NaN()
		}
		m.metrics.ObserveLateness(seconds(0.5), seconds(0.99), s.Lateness.Max().Seconds())
	}
	m.metrics.SetSpoolBytes(m.store.Bytes())
}

func (m *manager) get(id string) (*run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id]; r != nil {
		return r, nil
	}
	return nil, errNotFound(id)
}

func errNotFound(id string) error {
	return status.Errorf(codes.NotFound, "this agent has no run %q", id)
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
		r.phase, r.reason = agentv1.RunPhase_RUN_PHASE_CANCELLED, reason
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
	if !r.over() {
		return status.Error(codes.FailedPrecondition, blockedBy(r.status()))
	}
	m.free()
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
	m.free()
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

// close stops the active run and waits until its end is spooled. One that was
// only prepared is forgotten.
func (m *manager) close() {
	m.mu.Lock()
	m.cancel()
	waiting := m.active
	m.mu.Unlock()
	if waiting != nil {
		waiting.expiry.Stop()
		m.expire(waiting)
	}
	m.background.Wait()
}
