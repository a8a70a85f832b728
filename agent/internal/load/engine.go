package load

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"fortio.org/fortio/fhttp"

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
// snapshot by when they ended.
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
}

// Engine runs one Plan once.
type Engine struct {
	plan    Plan
	clients *Clients
	t0      time.Time

	warmup, measured *recorder
	inFlight         atomic.Int64
	firstSend        atomic.Int64
}

// NewEngine makes an engine whose first slot is at t0.
func NewEngine(plan Plan, clients *Clients, t0 time.Time) *Engine {
	shards := max(1, min(plan.Connections, runtime.GOMAXPROCS(0), 8))
	e := &Engine{plan: plan, clients: clients, t0: t0, measured: newRecorder(shards)}
	if plan.Warmup > 0 {
		e.warmup = newRecorder(shards)
	}
	e.firstSend.Store(-1)
	return e
}

// interval is how often snapshots are taken.
const interval = time.Second

// Run generates the load and calls emit with a snapshot every second, from one
// goroutine, until the schedule has ended and the calls in flight have come
// back. Ending ctx stops sending at once. An error means that no load was
// sent.
func (e *Engine) Run(ctx context.Context, emit func(*Snapshot)) (*Outcome, error) {
	end := e.plan.Warmup + e.plan.Duration
	s := schedule{rate: e.plan.Rate, agent: int64(e.plan.Agent), n: int64(e.plan.Agents), warmup: e.plan.Warmup, end: end}
	c := clock{e.t0}
	p := newPacer(s, c)

	fetchers := make([]fhttp.Fetcher, e.plan.Connections)
	for i := range fetchers {
		f, err := e.clients.new(i)
		if err != nil {
			for _, f := range fetchers[:i] {
				f.Close()
			}
			return nil, err
		}
		fetchers[i] = f
	}

	running, done := context.WithCancel(context.Background())
	var background, workers sync.WaitGroup
	background.Go(func() { p.run(running) })
	stopped := make(chan time.Duration, 1)
	background.Go(func() {
		select {
		case <-ctx.Done():
			at := max(0, c.now())
			p.stopAt(at)
			stopped <- at
		case <-running.Done():
		}
	})
	for i, f := range fetchers {
		workers.Go(func() {
			defer f.Close()
			if e.plan.Rate > 0 {
				e.openLoop(i, f, p)
			} else {
				e.closedLoop(i, f, p)
			}
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()

	out := &Outcome{From: s.warmup, To: end}
	t := newTicker(e, c, emit, out)
	t.run(finished)
	done()
	background.Wait()

	select {
	case at := <-stopped:
		out.Stopped = at < end
		out.From, out.To = min(out.From, at), min(out.To, at)
	default:
	}
	if e.plan.Rate > 0 {
		p.unsent(func(at time.Duration) { e.recorderFor(at).recordUnsent(out.To - at) })
	}
	t.snapshot()
	out.FirstSend = time.Duration(e.firstSend.Load())
	return out, nil
}

func (e *Engine) recorderFor(intended time.Duration) *recorder {
	if intended < e.plan.Warmup {
		return e.warmup
	}
	return e.measured
}

func (e *Engine) openLoop(i int, f fhttp.Fetcher, p *pacer) {
	w := newWaiter()
	free := p.clock.now()
	for {
		intended, ok := p.take(w)
		if !ok {
			return
		}
		c := e.call(f, p.clock)
		c.intended, c.free = intended, free
		e.recorderFor(intended).record(i, &c)
		free = c.end
	}
}

func (e *Engine) closedLoop(i int, f fhttp.Fetcher, p *pacer) {
	// Before T0 nothing is sent; the sleep ends early only when stopped.
	for now := p.clock.now(); now < 0; now = p.clock.now() {
		if p.stopTime() <= 0 {
			return
		}
		time.Sleep(min(-now, maxSleep))
	}
	for p.clock.now() < p.stopTime() {
		c := e.call(f, p.clock)
		c.closedLoop = true
		e.recorderFor(c.start).record(i, &c)
	}
}

func (e *Engine) call(f fhttp.Fetcher, clk clock) call {
	e.inFlight.Add(1)
	start := clk.now()
	if e.firstSend.Load() < 0 {
		e.firstSend.CompareAndSwap(-1, int64(start))
	}
	// The context is not used for I/O by the fast client: the timeout is the
	// client's own.
	code, size, _ := f.StreamFetch(context.Background())
	end := clk.now()
	e.inFlight.Add(-1)
	return call{start: start, end: end, code: code, bytes: max(0, size),
		timedOut: code < 0 && end-start >= e.clients.target.Timeout*99/100}
}

// FirstSend is when the first call left, after T0, and whether one has.
func (e *Engine) FirstSend() (time.Duration, bool) {
	d := time.Duration(e.firstSend.Load())
	return d, d >= 0
}
