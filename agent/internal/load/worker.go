package load

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// worker is what others may know of a worker: when its call in flight was
// intended and was sent, or idle, and how late it was.
type worker struct {
	intended, start atomic.Int64
	late, target    atomic.Int64
	_               [32]byte // workers on cache lines of their own
}

const idle = math.MinInt64

func (e *Engine) openLoop(ctx context.Context, i int, own []client.Caller, p *pacer) {
	w := newWaiter()
	// Before its first call a connection stands idle. debt is by how much looking
	// into answers has put off this connection's calls, as far as it made them late.
	free, debt := time.Duration(math.MinInt64), time.Duration(0)
	targets, agents := e.choice.series(int64(e.plan.Agent)), int64(e.plan.Agents)
	var c call
	for {
		s, ok := p.take(w)
		if !ok {
			return
		}
		c = call{target: targets.of(s.number / agents), intended: s.intended, start: p.clock.now()}
		if free <= s.intended {
			p.stoodIdle(c.start)
		}
		c.late = lateness(s.intended, free, p.idleUntil(), c.start)
		e.call(ctx, i, own, p.clock, &c)
		debt = min(debt, c.late) + c.Checked
		free = c.end - debt
	}
}

// lateness is the part of the time from intended to start in which the generator
// let a free connection wait: this one, or another until idle.
func lateness(intended, free, idle, start time.Duration) time.Duration {
	queue := free - min(free, max(intended, idle))
	return start - intended - queue
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
	targets := e.choice.series(int64(e.plan.Agent)*int64(len(e.workers)) + int64(i))
	for place := int64(0); now < p.stopTime(); place++ {
		bounded := e.plan.Requests > 0 && now >= e.plan.Warmup
		if bounded && !e.mayCall(now) {
			return
		}
		c = call{target: targets.of(place), intended: now, start: now, closedLoop: true}
		e.call(ctx, i, own, p.clock, &c)
		now = c.end
		if bounded {
			raise(&e.lastEnd, now)
		}
	}
}

// mayCall takes one of the calls that a closed loop with a bound makes.
func (e *Engine) mayCall(now time.Duration) bool {
	n := e.left.Add(-1)
	if n <= 0 {
		e.lastStart.CompareAndSwap(math.MaxInt64, int64(now))
	}
	return n >= 0
}

// endOfRequests ends a closed loop with a bound when the last of its calls has
// ended, or, where it had none to make, when that was found. To be called when
// all workers have ended.
func (e *Engine) endOfRequests(p *pacer) {
	if e.plan.Rate > 0 || e.left.Load() > 0 {
		return
	}
	end := e.lastEnd.Load()
	if end == math.MinInt64 {
		end = e.lastStart.Load()
	}
	p.stopAt(time.Duration(end))
}

// raise makes a the larger of itself and d.
func raise(a *atomic.Int64, d time.Duration) {
	for {
		last := a.Load()
		if int64(d) <= last || a.CompareAndSwap(last, int64(d)) {
			return
		}
	}
}

// call makes a call and records it.
func (e *Engine) call(ctx context.Context, i int, own []client.Caller, clk clock, c *call) {
	w := &e.workers[i]
	w.target.Store(int64(c.target))
	w.intended.Store(int64(c.intended))
	w.late.Store(int64(c.late))
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
		c.target, c.intended, c.late = int(w.target.Load()), time.Duration(w.intended.Load()), time.Duration(w.late.Load())
		e.recorderFor(c.intended).recordClosed(i, &c)
		if c.closedLoop && c.intended >= e.plan.Warmup {
			raise(&e.lastEnd, c.end)
		}
	}
}
