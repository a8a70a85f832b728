package load

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// Engine runs one Plan once.
type Engine struct {
	plan    Plan
	targets []Target
	choice  choice
	// timeouts are the targets', timeout is how long their calls may take at most.
	timeouts []time.Duration
	timeout  time.Duration
	t0       time.Time

	warmup, measured *recorder
	workers          []worker
	firstSend        atomic.Int64
	firstSlot        time.Duration
	schedule         *schedule // nil in a closed loop
	stopped          atomic.Bool
	// left are the measured calls that a closed loop with a bound still makes;
	// lastStart is when the last of them began and lastEnd when the latest ended.
	left, lastStart, lastEnd atomic.Int64
}

// NewEngine makes an engine whose first slot is at t0.
func NewEngine(plan Plan, targets []Target, t0 time.Time) *Engine {
	n := plan.workers()
	shards := plan.shards(len(targets))
	e := &Engine{plan: plan, targets: targets, t0: t0, measured: newRecorder(shards, len(targets)), workers: make([]worker, n)}
	weights := make([]float64, len(targets))
	for i, t := range targets {
		weights[i] = t.Weight
		e.timeouts = append(e.timeouts, t.Clients.Target().Timeout)
		e.timeout = max(e.timeout, t.Clients.LongestCall())
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
	e.lastStart.Store(math.MaxInt64)
	e.lastEnd.Store(math.MinInt64)
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
	e.endOfRequests(p)

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
	return min(p.stopTime(), time.Duration(e.lastStart.Load())) + e.timeout + grace
}

func (e *Engine) recorderFor(intended time.Duration) *recorder {
	if intended < e.plan.Warmup {
		return e.warmup
	}
	return e.measured
}
