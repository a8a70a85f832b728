package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/spool"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// run is one run on this agent, from prepared to ended.
type run struct {
	id       string
	plan     *agentv1.Plan
	prepared *agentv1.PrepareRunResponse
	log      *spool.Log
	load     load.Plan
	targets  []load.Target
	scraper  *scrape.Scraper
	// maxBytes bounds the record, the final chunk apart; 0 is no bound.
	maxBytes int64

	mu    sync.Mutex
	phase agentv1.RunPhase
	// reason is why the phase is what it is, where it is not SUCCEEDED.
	reason string
	t0     time.Time
	// stop ends the load; set once the run is started.
	stop       context.CancelFunc
	stopReason string
	// expiry frees the slot of a run that is prepared and never started.
	expiry *time.Timer
	ended  chan struct{}
	// leftover is closed when nothing of the load is left; nil if none was sent.
	leftover <-chan struct{}
	// lastWords is the final chunk where the spool could not take it; written
	// before ended is closed, and not after.
	lastWords []byte
}

// over tells whether the run has ended. Its final chunk is visible to watchers
// a moment before; over waits for the rest of that moment.
func (r *run) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return isClosed(r.ended)
}

func (r *run) status() *agentv1.RunStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &agentv1.RunStatus{RunId: r.id, Name: r.plan.GetName(), Owner: r.plan.GetOwner(), Phase: r.phase, LastSeq: r.log.Last()}
	if !r.t0.IsZero() {
		s.T0 = timestamppb.New(r.t0)
		l := r.plan.GetLoad()
		s.Ends = timestamppb.New(r.t0.Add(l.GetWarmup().AsDuration() + l.GetDuration().AsDuration()))
	}
	return s
}

// append spools a chunk, giving it its number and time.
func (r *run) append(c *agentv1.Chunk) error {
	c.RunId = r.id
	c.Time = timestamppb.Now()
	f := c.GetFinal()
	if r.maxBytes > 0 && f == nil && r.log.Bytes() > r.maxBytes {
		return fmt.Errorf("the record of the run is larger than the %d MiB this agent may spool: run shorter", r.maxBytes>>20)
	}
	_, err := r.log.Append(func(seq uint64, crc uint32) ([]byte, error) {
		c.Seq = seq
		if f != nil {
			f.Chunks, f.Crc32C = seq-1, crc
		}
		return proto.Marshal(c)
	})
	return err
}

// execute generates the load and reads the sources until the run is over, and
// spools everything, the final chunk last. What cannot be spooled ends the
// load: a run whose record has holes is worth nothing.
func (r *run) execute(ctx context.Context, t0 time.Time, observe func(*load.Snapshot)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failure error
	var mu sync.Mutex
	fail := func(err error) {
		failure = err
		cancel()
	}
	spoolOrStop := func(c *agentv1.Chunk) {
		mu.Lock()
		defer mu.Unlock()
		// After the first that did not fit a smaller one might: it would leave a hole.
		if failure != nil {
			return
		}
		if err := r.append(c); err != nil {
			fail(err)
		}
	}

	var reading sync.WaitGroup
	readCtx, stopReading := context.WithCancel(context.Background())
	defer stopReading()
	reading.Go(func() {
		r.scraper.Run(readCtx, func(s *agentv1.Samples) {
			spoolOrStop(&agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: s}})
		})
	})

	engine := load.NewEngine(r.load, r.targets, t0)
	started := false
	out, err := engine.Run(ctx, func(s *load.Snapshot) {
		if first, ok := engine.FirstSend(); ok && !started {
			started = true
			spoolOrStop(&agentv1.Chunk{Body: &agentv1.Chunk_Started{Started: &agentv1.Started{
				T0: timestamppb.New(t0), FirstSend: timestamppb.New(t0.Add(first)), FirstSlot: timestamppb.New(t0.Add(engine.FirstSlot()))}}})
		}
		observe(s)
		c, err := snapshotChunk(s)
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			fail(err)
			return
		}
		spoolOrStop(c)
	})
	stopReading()
	reading.Wait()

	final := &agentv1.Final{T0: timestamppb.New(t0), Phase: agentv1.RunPhase_RUN_PHASE_SUCCEEDED}
	if err != nil {
		final.Phase, final.Reason = agentv1.RunPhase_RUN_PHASE_FAILED, err.Error()
	} else {
		r.query(ctx, t0.Add(out.From), t0.Add(out.To), spoolOrStop)
		final.Counts, final.WarmupCounts = countsProto(&out.Counts), countsProto(&out.Warmup)
		final.MeasuredFromNanos, final.MeasuredToNanos = int64(out.From), int64(out.To)
		final.ChangedConnections = int32(out.Changed)
		r.leftover = out.Leftover
		if out.Stopped {
			final.Phase, final.Reason = r.whyStopped()
		}
	}
	if failure != nil {
		final.Phase, final.Reason = agentv1.RunPhase_RUN_PHASE_FAILED, failure.Error()
	}
	r.finish(final)
}

// query asks Prometheus about the measured time, unless the run was stopped
// before any of it passed.
func (r *run) query(ctx context.Context, from, to time.Time, emit func(*agentv1.Chunk)) {
	if r.plan.GetScrape().GetPrometheus() == nil || !to.After(from) {
		return
	}
	// A stopped run is asked about as well, but whoever stopped it, before or
	// now, is waiting.
	stopped := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), queryTimeout)
	defer cancel()
	defer context.AfterFunc(stopped, func() { time.AfterFunc(queryTimeoutStopped, cancel) })()
	r.scraper.Query(ctx, from, to, func(q *agentv1.RangeResult) {
		emit(&agentv1.Chunk{Body: &agentv1.Chunk_RangeResult{RangeResult: q}})
	})
}

const (
	// Prometheus reads its targets every minute in some clusters.
	queryTimeout        = 2 * time.Minute
	queryTimeoutStopped = 5 * time.Second
)

// whyStopped tells a run that somebody stopped from one that ends because its
// agent does.
func (r *run) whyStopped() (agentv1.RunPhase, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopReason == "" {
		return agentv1.RunPhase_RUN_PHASE_FAILED, "the agent was shut down during the run"
	}
	return agentv1.RunPhase_RUN_PHASE_CANCELLED, r.stopReason
}

// finish spools the final chunk and marks the run as ended. Where the spool
// cannot take it, it is kept in memory, so that watchers learn why; the next
// start of the agent finds a run without an end and says so.
func (r *run) finish(final *agentv1.Final) {
	final.Ended = timestamppb.Now()
	final.Sources = r.prepared.GetSources()
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &agentv1.Chunk{Body: &agentv1.Chunk_Final{Final: final}}
	if err := r.append(c); err != nil {
		if final.Phase != agentv1.RunPhase_RUN_PHASE_FAILED {
			final.Phase, final.Reason = agentv1.RunPhase_RUN_PHASE_FAILED, err.Error()
		}
		// Number and checksum were set by append; what cannot be encoded is
		// missed by the watchers as a broken stream.
		r.lastWords, _ = proto.Marshal(c)
	}
	r.phase, r.reason = final.Phase, final.Reason
	close(r.ended)
}

// blockedBy says which run holds the slot, for the one that cannot have it.
func blockedBy(s *agentv1.RunStatus) string {
	until := ""
	if s.GetEnds() != nil {
		until = fmt.Sprintf(" until %s", s.GetEnds().AsTime().Format(time.RFC3339))
	}
	return fmt.Sprintf("run %s (%q by %s) holds this agent%s", s.GetRunId(), s.GetName(), s.GetOwner(), until)
}
