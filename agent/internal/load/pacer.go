package load

import (
	"context"
	"sync"
	"time"
)

// pacer hands the slots of a schedule to free workers, each at its time. Slots
// are taken in order under one lock, so the workers that wait form a queue in
// order of time, and one goroutine wakes the first of them when it is due. A
// worker that finds its slot already due does not wait at all.
type pacer struct {
	schedule
	clock clock

	mu      sync.Mutex
	next    int64 // index of the next slot
	stop    time.Duration
	waiting []*waiter // first due first
	arrived chan struct{}
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

func newPacer(s schedule, c clock) *pacer {
	return &pacer{schedule: s, clock: c, stop: s.end, arrived: make(chan struct{}, 1)}
}

// take waits for the next slot and returns its intended time; false when the
// load is over.
func (p *pacer) take(w *waiter) (time.Duration, bool) {
	p.mu.Lock()
	intended := p.at(p.next)
	now := p.clock.now()
	if intended >= p.stop || now >= p.stop {
		p.mu.Unlock()
		return 0, false
	}
	p.next++
	if intended <= now {
		p.mu.Unlock()
		return intended, true
	}
	w.intended = intended
	p.waiting = append(p.waiting, w)
	first := len(p.waiting) == 1
	p.mu.Unlock()
	if first {
		select {
		case p.arrived <- struct{}{}:
		default:
		}
	}
	<-w.due
	return intended, intended < p.stopTime()
}

func (p *pacer) stopTime() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop
}

// stopAt ends the schedule early; slots intended before d that nobody has taken
// are unsent.
func (p *pacer) stopAt(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop = min(p.stop, d)
	keep := p.waiting[:0]
	for _, w := range p.waiting {
		if w.intended < p.stop {
			keep = append(keep, w)
			continue
		}
		w.due <- struct{}{}
	}
	p.waiting = keep
}

// run wakes the waiting workers at their times until ctx ends. It belongs on a
// thread of its own, for it sleeps more precisely than Go's timers.
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

// maxSleep bounds how long a stop can go unnoticed.
const maxSleep = 20 * time.Millisecond

// wakeDue wakes everybody who is due and returns how long until the next is;
// 0 when nobody waits.
func (p *pacer) wakeDue() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	n := 0
	for n < len(p.waiting) && p.waiting[n].intended <= now {
		p.waiting[n].due <- struct{}{}
		n++
	}
	p.waiting = append(p.waiting[:0], p.waiting[n:]...)
	if len(p.waiting) == 0 {
		return 0
	}
	return p.waiting[0].intended - now
}

// unsent calls f with the intended time of every slot that was planned and
// never taken. To be called when all workers have ended.
func (p *pacer) unsent(f func(intended time.Duration)) {
	for j := p.next; ; j++ {
		at := p.at(j)
		if at >= p.stop {
			return
		}
		f(at)
	}
}
