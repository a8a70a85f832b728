package load

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// Plan is how this agent calls its targets.
type Plan struct {
	// Rate in calls per second of all agents together; 0 is a closed loop. With
	// Stages it is that of the warm-up.
	Rate float64
	// Stages change the rate over the measured time.
	Stages   []Stage
	Arrivals Arrivals
	Seed     uint64
	// Requests ends the load after so many measured calls of all agents; 0 does not.
	Requests int64
	// Agent is this agent's place among Agents.
	Agent, Agents int
	// Connections to each target, each with Streams (0 is 1) calls in flight.
	Connections, Streams int
	// Warmup comes first and is not measured; Duration is the measured time, or
	// the most of it with Requests.
	Warmup, Duration time.Duration
}

// workers is how many calls are in flight at most.
func (p *Plan) workers() int { return p.Connections * max(1, p.Streams) }

// Target is what is called, and its weight among several.
type Target struct {
	Clients *client.Clients
	Weight  float64
}

// Snapshot is what was recorded between From and To (after T0). Calls belong to
// the warm-up or to the measured time by when they were intended, to a
// snapshot by when they ended. The requests that chose the clients come first,
// with the warm-up, and calls that were never sent come last, both in snapshots
// of their own that take no time.
type Snapshot struct {
	From, To time.Duration
	Warmup   bool
	Measurement
	// Targets are the same by target; nil when there is one.
	Targets []*Measurement
	// CPUSeconds used by this process in this snapshot, RSSBytes now; 0 for the
	// warm-up's when both stand for the same stretch of time.
	CPUSeconds float64
	RSSBytes   int64
	InFlight   int64
}

// newSnapshot adds up what was measured of each target.
func newSnapshot(from, to time.Duration, warmup bool, targets []*Measurement) *Snapshot {
	s := &Snapshot{From: from, To: to, Warmup: warmup}
	if len(targets) == 1 {
		s.Measurement = *targets[0]
		return s
	}
	s.Measurement, s.Targets = *newMeasurement(), targets
	for _, m := range targets {
		s.merge(m)
	}
	return s
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
	targets []Target
	choice  choice
	// timeouts are the targets', timeout is the longest of them.
	timeouts []time.Duration
	timeout  time.Duration
	t0       time.Time

	warmup, measured *recorder
	workers          []worker
	firstSend        atomic.Int64
	firstSlot        time.Duration
	schedule         *schedule // nil in a closed loop
	stopped          atomic.Bool
	// left are the measured calls that a closed loop with a bound still makes.
	left atomic.Int64
}

// worker is what others may know of a worker: when its call in flight was
// intended and was sent, or idle.
type worker struct {
	intended, start atomic.Int64
	target          atomic.Int64
	_               [40]byte // workers on cache lines of their own
}

const idle = math.MinInt64

// NewEngine makes an engine whose first slot is at t0.
func NewEngine(plan Plan, targets []Target, t0 time.Time) *Engine {
	n := plan.workers()
	shards := max(1, min(n, runtime.GOMAXPROCS(0), 8))
	e := &Engine{plan: plan, targets: targets, t0: t0, measured: newRecorder(shards, len(targets)), workers: make([]worker, n)}
	weights := make([]float64, len(targets))
	for i, t := range targets {
		weights[i] = t.Weight
		e.timeouts = append(e.timeouts, t.Clients.Target().Timeout)
		e.timeout = max(e.timeout, e.timeouts[i])
	}
	e.choice = newChoice(weights)
	for i := range e.workers {
		e.workers[i].start.Store(idle)
	}
	if plan.Warmup > 0 {
		e.warmup = newRecorder(shards, len(targets))
	}
	if plan.Rate > 0 {
		e.schedule = newSchedule(&e.plan)
		e.firstSlot = e.schedule.next.intended
	}
	e.firstSend.Store(-1)
	e.left.Store(math.MaxInt64)
	if plan.Requests > 0 {
		e.left.Store(plan.share(plan.Requests))
	}
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

// FirstSlot is when the schedule wants the first call, after T0.
func (e *Engine) FirstSlot() time.Duration { return e.firstSlot }

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
	c := clock{e.t0}
	p := newPacer(e.schedule, end, c)

	running, done := context.WithCancel(context.Background())
	aborting, abort := context.WithCancel(context.Background())
	defer abort()
	var background, workers sync.WaitGroup
	background.Go(func() { p.run(running) })
	background.Go(func() {
		select {
		case <-ctx.Done():
			if at := max(0, c.now()); at < p.stopTime() {
				e.stopped.Store(true)
				p.stopAt(at)
			}
		case <-running.Done():
		}
	})
	var changes atomic.Int64
	for i, own := range callers {
		workers.Go(func() {
			defer func() {
				for _, f := range own {
					if client.Changed(f) {
						changes.Add(1)
					}
					f.Close()
				}
			}()
			if e.plan.Rate > 0 {
				e.openLoop(aborting, i, own, p)
			} else {
				e.closedLoop(aborting, i, own, p)
			}
		})
	}
	finished := make(chan struct{})
	go func() {
		workers.Wait()
		for _, t := range e.targets {
			t.Clients.Close()
		}
		close(finished)
	}()

	out := &Outcome{From: e.plan.Warmup, Leftover: finished}
	e.probes(emit, out)
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

	// The end may have come earlier, with a stop or the last of the requests.
	out.To = p.stopTime()
	if e.stopped.Load() {
		out.Stopped = true
		out.From = min(out.From, out.To)
	}
	t.snapshot()
	if e.plan.Rate > 0 {
		t.unsent(p)
	}
	out.FirstSend = time.Duration(e.firstSend.Load())
	out.Changed = int(changes.Load())
	return out, nil
}

// probes counts the calls that were made to choose the clients.
func (e *Engine) probes(emit func(*Snapshot), out *Outcome) {
	targets := newMeasurements(len(e.targets))
	for i, t := range e.targets {
		for _, a := range t.Clients.Probes {
			targets[i].count(&a)
			targets[i].countCode(a.Text(), 1)
		}
	}
	if s := newSnapshot(0, 0, true, targets); !s.empty() {
		out.Warmup.add(&s.Counts)
		emit(s)
	}
}

// callers makes the clients of each worker, one for every target.
func (e *Engine) callers() ([][]client.Caller, error) {
	callers := make([][]client.Caller, e.plan.workers())
	for i := range callers {
		for _, t := range e.targets {
			f, err := t.Clients.New(i)
			if err != nil {
				for _, own := range callers[:i+1] {
					for _, f := range own {
						f.Close()
					}
				}
				return nil, err
			}
			callers[i] = append(callers[i], f)
		}
	}
	return callers, nil
}

// limit is until when calls in flight are waited for, after T0.
func (e *Engine) limit(p *pacer) time.Duration {
	if e.stopped.Load() {
		return p.stopTime() + grace
	}
	return p.stopTime() + e.timeout + grace
}

// abandon gives up the calls in flight: they were sent, so they are counted, as
// failed. What their workers bring later is dropped.
func (e *Engine) abandon(clk clock) {
	e.measured.close()
	if e.warmup != nil {
		e.warmup.close()
	}
	failure := client.FailTimeout
	if e.stopped.Load() {
		failure = client.FailCancelled
	}
	for i := range e.workers {
		w := &e.workers[i]
		start := w.start.Load()
		if start == idle {
			continue
		}
		c := call{Answer: client.Answer{Failure: failure}, start: time.Duration(start), end: clk.now(), closedLoop: e.plan.Rate == 0}
		c.target, c.intended = int(w.target.Load()), time.Duration(w.intended.Load())
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

func (e *Engine) openLoop(ctx context.Context, i int, own []client.Caller, p *pacer) {
	w := newWaiter()
	// Before its first call a connection has kept nothing waiting.
	free := time.Duration(math.MinInt64)
	var c call
	for {
		s, ok := p.take(w)
		if !ok {
			return
		}
		c = call{target: e.choice.of(s.number), intended: s.intended, free: free, start: p.clock.now()}
		e.call(ctx, i, own, p.clock, &c)
		free = c.end
	}
}

func (e *Engine) closedLoop(ctx context.Context, i int, own []client.Caller, p *pacer) {
	// Before T0 nothing is sent; the sleep ends early only when stopped.
	for now := p.clock.now(); now < 0; now = p.clock.now() {
		if p.stopTime() <= 0 {
			return
		}
		time.Sleep(min(-now, maxSleep))
	}
	var c call
	now := p.clock.now()
	// Numbers as if workers took turns, so that the targets get their shares.
	for number := int64(i); now < p.stopTime(); number += int64(len(e.workers)) {
		if now >= e.plan.Warmup && e.plan.Requests > 0 && e.left.Add(-1) < 0 {
			p.stopAt(now)
			return
		}
		c = call{target: e.choice.of(number), intended: now, start: now, closedLoop: true}
		e.call(ctx, i, own, p.clock, &c)
		now = c.end
	}
}

// call makes a call and records it.
func (e *Engine) call(ctx context.Context, i int, own []client.Caller, clk clock, c *call) {
	w := &e.workers[i]
	w.target.Store(int64(c.target))
	w.intended.Store(int64(c.intended))
	w.start.Store(int64(c.start))
	if e.firstSend.Load() < 0 {
		e.firstSend.CompareAndSwap(-1, int64(c.start))
	}
	c.Answer = own[c.target].Call(ctx)
	c.end = clk.now()
	c.checkTimeout(e.timeouts[c.target])
	e.recorderFor(c.intended).record(i, w, c)
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
