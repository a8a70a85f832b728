package load

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// pacer hands the slots of a schedule to free workers, each at its time. Slots
// are taken in order under one lock, so the workers that wait form a queue in
// order of time, and one goroutine wakes the first of them when it is due. A
// worker that finds its slot already due does not wait at all, and one that
// does wakes who is due before it: at high rates workers come by more often
// than a timer could be set.
type pacer struct {
	clock clock

	mu       sync.Mutex
	schedule *schedule
	stop     atomic.Int64 // nanoseconds after T0; written with the lock held
	waiting  []*waiter    // first due first
	arrived  chan struct{}
	over     bool // nothing is taken any more

	idle atomic.Int64 // see idleUntil
}

// waiter is a worker's place in the queue.
type waiter struct {
	intended time.Duration
	due      chan struct{} // capacity 1: waking never blocks
}

func newWaiter() *waiter { return &waiter{due: make(chan struct{}, 1)} }

// clock counts nanoseconds since T0 on the monotonic clock.
type clock struct{ t0 time.Time }

func (c clock) now() time.Duration { return time.Since(c.t0) }

// newPacer makes a pacer for a schedule; nil in a closed loop, where it only
// knows when the load ends.
func newPacer(s *schedule, end time.Duration, c clock) *pacer {
	p := &pacer{schedule: s, clock: c, arrived: make(chan struct{}, 1)}
	if s != nil {
		end = s.end
	}
	p.stop.Store(int64(end))
	p.idle.Store(math.MinInt64)
	return p
}

// stoodIdle tells that a connection had nothing to do until then.
func (p *pacer) stoodIdle(until time.Duration) { raise(&p.idle, until) }

// idleUntil is until when a connection stood idle, the last that did. Slots are
// taken in order, so whatever was due before that could have been sent by then.
func (p *pacer) idleUntil() time.Duration { return time.Duration(p.idle.Load()) }

// take waits for the next slot; false when the load is over.
func (p *pacer) take(w *waiter) (slot, bool) {
	p.mu.Lock()
	if p.over {
		p.mu.Unlock()
		return slot{}, false
	}
	next, now := p.schedule.next, p.clock.now()
	// The last of the requests that were asked for may have been planned.
	p.endBy(p.schedule.end)
	if stop := p.stopTime(); next.intended >= stop || now >= stop {
		p.mu.Unlock()
		return slot{}, false
	}
	p.schedule.advance()
	if next.intended <= now {
		p.mu.Unlock()
		return next, true
	}
	w.intended = next.intended
	p.waiting = append(p.waiting, w)
	first := len(p.waiting) == 1
	p.wake(now)
	p.mu.Unlock()
	if first {
		select {
		case p.arrived <- struct{}{}:
		default:
		}
	}
	<-w.due
	return next, next.intended < p.stopTime()
}

func (p *pacer) stopTime() time.Duration { return time.Duration(p.stop.Load()) }

// endBy brings the end forward; with the lock held.
func (p *pacer) endBy(d time.Duration) {
	if d < p.stopTime() {
		p.stop.Store(int64(d))
	}
}

// stopAt ends the schedule early; slots intended before d that nobody has taken
// are unsent.
func (p *pacer) stopAt(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endBy(d)
	keep := p.waiting[:0]
	for _, w := range p.waiting {
		if w.intended < p.stopTime() {
			keep = append(keep, w)
			continue
		}
		w.due <- struct{}{}
	}
	p.waiting = keep
}

// run wakes the waiting workers at their times until ctx ends.
func (p *pacer) run(ctx context.Context) {
	sleep := newSleeper()
	defer sleep.close()
	for {
		wait := p.wakeDue()
		if wait > 0 {
			sleep.sleep(min(wait, maxSleep))
			if ctx.Err() != nil {
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-p.arrived:
		}
	}
}

const (
	// maxSleep bounds how long a stop can go unnoticed.
	maxSleep = 20 * time.Millisecond
	// minSleep is how late a call may be so that the next few, at more than
	// 20,000 a second, share one timer: setting and waiting for one costs more than
	// a call does.
	minSleep = 50 * time.Microsecond
)

// wakeDue wakes everybody who is due and returns how long to sleep; 0 when
// nobody waits.
func (p *pacer) wakeDue() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	p.wake(now)
	if len(p.waiting) == 0 {
		return 0
	}
	return max(p.waiting[0].intended-now, minSleep)
}

// wake wakes everybody who is due; with the lock held.
func (p *pacer) wake(now time.Duration) {
	n := 0
	for n < len(p.waiting) && p.waiting[n].intended <= now {
		p.waiting[n].due <- struct{}{}
		n++
	}
	if n > 0 {
		p.waiting = append(p.waiting[:0], p.waiting[n:]...)
	}
}

// rest ends the schedule for good and returns what is left of it: the slots that
// were planned and that nobody has taken. A worker that was given up may still
// come for one.
func (p *pacer) rest() *schedule {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	rest := *p.schedule
	rest.end = min(p.stopTime(), rest.end)
	return &rest
}
