package load

import "time"

// ticker takes a snapshot every second of the run's own time, and one exactly
// at the end of the warm-up, and keeps the sums.
type ticker struct {
	engine *Engine
	clock  clock
	emit   func(*Snapshot)
	out    *Outcome
	usage  usage
	from   time.Duration
}

func newTicker(e *Engine, c clock, emit func(*Snapshot), out *Outcome) *ticker {
	return &ticker{engine: e, clock: c, emit: emit, out: out, usage: readUsage()}
}

// run takes snapshots until finished is closed, or until the limit has passed:
// then it returns true.
func (t *ticker) run(finished <-chan struct{}, limit func() time.Duration) (late bool) {
	for {
		now := t.clock.now()
		if now >= limit() {
			return true
		}
		select {
		case <-finished:
			return false
		case <-time.After(min(t.next(), max(limit(), now)) - now):
			// A stop in the meantime moves the limit: it is asked for at least
			// once per interval.
			if t.clock.now() >= t.next() {
				t.snapshot()
			}
		}
	}
}

// next is the time of the next snapshot.
func (t *ticker) next() time.Duration {
	n := t.from.Truncate(interval) + interval
	if w := t.engine.plan.Warmup; t.from < w && w < n {
		return w
	}
	return n
}

// snapshot emits what was recorded since the last one: warm-up and measured
// calls apart. There is always one of the two, also when nothing happened, so
// that a reader sees that the agent lives.
func (t *ticker) snapshot() {
	to := t.clock.now()
	if n := t.next(); to > n && to < n+interval/2 {
		to = n // a snapshot taken a little late stands for its second
	}
	now := readUsage()
	e := t.engine
	measured := t.drain(e.measured, to, false)
	measured.CPUSeconds, measured.RSSBytes = now.cpuSeconds-t.usage.cpuSeconds, now.rssBytes
	t.out.Counts.add(&measured.Counts)
	if e.warmup != nil {
		warm := t.drain(e.warmup, to, true)
		t.out.Warmup.add(&warm.Counts)
		switch {
		case t.from < e.plan.Warmup:
			warm.CPUSeconds, warm.RSSBytes = measured.CPUSeconds, measured.RSSBytes
			measured.CPUSeconds, measured.RSSBytes = 0, 0
			t.emit(warm)
			if measured.empty() {
				measured = nil
			}
		case !warm.empty():
			t.emit(warm)
		}
	}
	if measured != nil {
		t.emit(measured)
	}
	t.from, t.usage = to, now
}

func (t *ticker) drain(r *recorder, to time.Duration, warmup bool) *Snapshot {
	targets := newMeasurements(len(t.engine.targets))
	r.drain(targets)
	from := t.from
	if !warmup {
		// The first measured call may end in the second of the warm-up's last ones.
		from = max(from, t.engine.plan.Warmup)
	}
	s := newSnapshot(from, max(from, to), warmup, targets)
	s.InFlight = t.engine.inFlight()
	return s
}

// unsent emits the calls that were planned and never sent, in snapshots of their
// own: their response time is at least what they had waited when the load ended.
func (t *ticker) unsent(p *pacer) {
	n := len(t.engine.targets)
	warm, measured := newMeasurements(n), newMeasurements(n)
	targets := t.engine.choice.series(int64(t.engine.plan.Agent))
	p.rest().alike(t.out.To, func(place, calls int64, waited time.Duration, warmup bool) {
		m := measured
		if warmup {
			m = warm
		}
		targets.count(place, calls, func(target int, calls int64) {
			m[target].Unsent += calls
			m[target].ResponseTime.RecordMany(waited, calls)
		})
	})
	for _, s := range []*Snapshot{newSnapshot(t.out.To, t.out.To, true, warm), newSnapshot(t.out.To, t.out.To, false, measured)} {
		if s.Unsent == 0 {
			continue
		}
		to := &t.out.Counts
		if s.Warmup {
			to = &t.out.Warmup
		}
		to.add(&s.Counts)
		t.emit(s)
	}
}
