package load

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// Plan is how this agent calls its target.
type Plan struct {
	// Rate in calls per second of all agents together; 0 is a closed loop.
	Rate float64
	// Agent is this agent's place among Agents.
	Agent, Agents int
	Connections   int
	// Warmup comes first and is not measured; Duration is the measured time.
	Warmup, Duration time.Duration
}

// Snapshot is what was recorded between From and To (after T0). Calls belong to
// the warm-up or to the measured time by when they were intended, to a
// snapshot by when they ended. The request that chose the client comes first,
// with the warm-up, and calls that were never sent come last, both in snapshots
// of their own that take no time.
type Snapshot struct {
	From, To time.Duration
	Warmup   bool
	Counts
	ResponseTime, ServiceTime, Lateness *histogram.Histogram
	// CPUSeconds used by this process in this snapshot, RSSBytes now; 0 for the
	// warm-up's when both stand for the same stretch of time.
	CPUSeconds float64
	RSSBytes   int64
	InFlight   int64
}

// Outcome sums up a run of the engine.
type Outcome struct {
	// FirstSend is when the first call left, after T0; negative when none did.
	FirstSend time.Duration
	// The measured time really run is [From, To) after T0.
	From, To       time.Duration
	Counts, Warmup Counts
	// Stopped tells that the load was ended early.
	Stopped bool
	// Changed counts the connections that began with the fast client and had to
	// go on with the other.
	Changed int
	// Leftover is closed when the last worker has ended: at once, unless calls
	// were given up that nothing can abort.
	Leftover <-chan struct{}
}

// Engine runs one Plan once.
type Engine struct {
	plan    Plan
	clients *Clients
	t0      time.Time

	warmup, measured *recorder
	workers          []worker
	firstSend        atomic.Int64
	stopped          atomic.Bool
}

// worker is what others may know of a worker: when its call in flight was
// intended and was sent, or idle.
type worker struct {
	intended, start atomic.Int64
	_               [48]byte // workers on cache lines of their own
}

const idle = math.MinInt64

// NewEngine makes an engine whose first slot is at t0.
func NewEngine(plan Plan, clients *Clients, t0 time.Time) *Engine {
	shards := max(1, min(plan.Connections, runtime.GOMAXPROCS(0), 8))
	e := &Engine{plan: plan, clients: clients, t0: t0, measured: newRecorder(shards), workers: make([]worker, plan.Connections)}
	for i := range e.workers {
		e.workers[i].start.Store(idle)
	}
	if plan.Warmup > 0 {
		e.warmup = newRecorder(shards)
	}
	e.firstSend.Store(-1)
	return e
}

const (
	// interval is how often snapshots are taken.
	interval = time.Second
	// grace is how long calls in flight may still take after a stop, or after
	// their own timeout has passed.
	grace = 2 * time.Second
	// abortTime is what an aborted call needs to come back.
	abortTime = 500 * time.Millisecond
)

// FirstSend is when the first call left, after T0, and whether one has.
func (e *Engine) FirstSend() (time.Duration, bool) {
	d := time.Duration(e.firstSend.Load())
	return d, d >= 0
}

// Run generates the load and calls emit with a snapshot every second, from one
// goroutine, until the schedule has ended and the calls in flight have come
// back. Ending ctx stops sending at once and gives calls in flight a moment. No
// call is waited for longer than its timeout and that moment. An error means
// that no load was sent.
func (e *Engine) Run(ctx context.Context, emit func(*Snapshot)) (*Outcome, error) {
	callers, err := e.callers()
	if err != nil {
		return nil, err
	}
	end := e.plan.Warmup + e.plan.Duration
	s := schedule{rate: e.plan.Rate, agent: int64(e.plan.Agent), n: int64(e.plan.Agents), warmup: e.plan.Warmup, end: end}
	c := clock{e.t0}
	p := newPacer(s, c)

	running, done := context.WithCancel(context.Background())
	aborting, abort := context.WithCancel(context.Background())
	defer abort()
	var background, workers sync.WaitGroup
	background.Go(func() { p.run(running) })
	background.Go(func() {
		select {
		case <-ctx.Done():
			if at := max(0, c.now()); at < end {
				e.stopped.Store(true)
				p.stopAt(at)
			}
		case <-running.Done():
		}
	})
	var changes atomic.Int64
	for i, f := range callers {
		workers.Go(func() {
			defer func() {
				if changed(f) {
					changes.Add(1)
				}
				f.close()
			}()
			if e.plan.Rate > 0 {
				e.openLoop(aborting, i, f, p)
			} else {
				e.closedLoop(aborting, i, f, p)
			}
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()

	out := &Outcome{From: s.warmup, To: end, Leftover: finished}
	if e.clients.Probe.Sent > 0 {
		out.Warmup.add(&e.clients.Probe)
		m := newMeasurement()
		emit(&Snapshot{Warmup: true, Counts: e.clients.Probe, ResponseTime: m.ResponseTime, ServiceTime: m.ServiceTime, Lateness: m.Lateness})
	}
	t := newTicker(e, c, emit, out)
	if t.run(finished, func() time.Duration { return e.limit(p) }) {
		abort()
		select {
		case <-finished:
		case <-time.After(abortTime):
			e.abandon(c)
		}
	}
	done()
	background.Wait()

	if e.stopped.Load() {
		at := p.stopTime()
		out.Stopped = true
		out.From, out.To = min(out.From, at), min(out.To, at)
	}
	t.snapshot()
	if e.plan.Rate > 0 {
		t.unsent(p)
	}
	out.FirstSend = time.Duration(e.firstSend.Load())
	out.Changed = int(changes.Load())
	return out, nil
}

func (e *Engine) callers() ([]caller, error) {
	callers := make([]caller, e.plan.Connections)
	for i := range callers {
		f, err := e.clients.new(i)
		if err != nil {
			for _, f := range callers[:i] {
				f.close()
			}
			return nil, err
		}
		callers[i] = f
	}
	return callers, nil
}

// limit is until when calls in flight are waited for, after T0.
func (e *Engine) limit(p *pacer) time.Duration {
	if e.stopped.Load() {
		return p.stopTime() + grace
	}
	return p.stopTime() + e.clients.target.Timeout + grace
}

// abandon gives up the calls in flight: they were sent, so they are counted, as
// failed. What their workers bring later is dropped.
func (e *Engine) abandon(clk clock) {
	e.measured.close()
	if e.warmup != nil {
		e.warmup.close()
	}
	failure := failTimeout
	if e.stopped.Load() {
		failure = failCancelled
	}
	for i := range e.workers {
		w := &e.workers[i]
		start := w.start.Load()
		if start == idle {
			continue
		}
		c := call{answer: answer{failure: failure}, start: time.Duration(start), end: clk.now(), closedLoop: e.plan.Rate == 0}
		c.intended = time.Duration(w.intended.Load())
		c.free = c.intended
		e.recorderFor(c.intended).recordClosed(i, &c)
	}
}

func (e *Engine) recorderFor(intended time.Duration) *recorder {
	if intended < e.plan.Warmup {
		return e.warmup
	}
	return e.measured
}

func (e *Engine) openLoop(ctx context.Context, i int, f caller, p *pacer) {
	w := newWaiter()
	// Before its first call a connection has kept nothing waiting.
	free := time.Duration(math.MinInt64)
	for {
		intended, ok := p.take(w)
		if !ok {
			return
		}
		c := e.call(ctx, i, f, p.clock, intended)
		c.free = free
		e.finish(i, &c)
		free = c.end
	}
}

func (e *Engine) closedLoop(ctx context.Context, i int, f caller, p *pacer) {
	// Before T0 nothing is sent; the sleep ends early only when stopped.
	for now := p.clock.now(); now < 0; now = p.clock.now() {
		if p.stopTime() <= 0 {
			return
		}
		time.Sleep(min(-now, maxSleep))
	}
	for now := p.clock.now(); now < p.stopTime(); now = p.clock.now() {
		c := e.call(ctx, i, f, p.clock, now)
		c.closedLoop = true
		e.finish(i, &c)
	}
}

func (e *Engine) call(ctx context.Context, i int, f caller, clk clock, intended time.Duration) call {
	w := &e.workers[i]
	w.intended.Store(int64(intended))
	start := clk.now()
	w.start.Store(int64(start))
	if e.firstSend.Load() < 0 {
		e.firstSend.CompareAndSwap(-1, int64(start))
	}
	a := f.call(ctx)
	return call{answer: a, intended: intended, start: start, end: clk.now()}
}

func (e *Engine) finish(i int, c *call) {
	e.recorderFor(c.intended).record(i, &e.workers[i], c)
}

// inFlight counts the calls that are under way.
func (e *Engine) inFlight() int64 {
	var n int64
	for i := range e.workers {
		if e.workers[i].start.Load() != idle {
			n++
		}
	}
	return n
}
