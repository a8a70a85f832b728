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
	measured := newMeasurement()
	e.measured.drain(measured)
	s := t.fill(measured, to, false)
	s.CPUSeconds, s.RSSBytes = now.cpuSeconds-t.usage.cpuSeconds, now.rssBytes
	t.out.Counts.add(&measured.Counts)
	if e.warmup != nil {
		warm := newMeasurement()
		e.warmup.drain(warm)
		t.out.Warmup.add(&warm.Counts)
		w := t.fill(warm, to, true)
		switch {
		case t.from < e.plan.Warmup:
			w.CPUSeconds, w.RSSBytes = s.CPUSeconds, s.RSSBytes
			s.CPUSeconds, s.RSSBytes = 0, 0
			t.emit(w)
			if measured.empty() {
				s = nil
			}
		case !warm.empty():
			t.emit(w)
		}
	}
	if s != nil {
		t.emit(s)
	}
	t.from, t.usage = to, now
}

func (t *ticker) fill(m *measurement, to time.Duration, warmup bool) *Snapshot {
	from := t.from
	if !warmup {
		// The first measured call may end in the second of the warm-up's last ones.
		from = max(from, t.engine.plan.Warmup)
	}
	return &Snapshot{From: from, To: max(from, to), Warmup: warmup, Counts: m.Counts,
		ResponseTime: m.ResponseTime, ServiceTime: m.ServiceTime, Lateness: m.Lateness,
		InFlight: t.engine.inFlight()}
}

// unsent emits the calls that were planned and never sent, in snapshots of their
// own: their response time is at least what they had waited when the load ended.
func (t *ticker) unsent(p *pacer) {
	warm, measured := newMeasurement(), newMeasurement()
	p.unsent(func(at time.Duration) {
		m := measured
		if at < t.engine.plan.Warmup {
			m = warm
		}
		m.Unsent++
		m.ResponseTime.Record(t.out.To - at)
	})
	for _, m := range []*measurement{warm, measured} {
		if m.Unsent == 0 {
			continue
		}
		to := &t.out.Counts
		if m == warm {
			to = &t.out.Warmup
		}
		to.add(&m.Counts)
		t.emit(&Snapshot{From: t.out.To, To: t.out.To, Warmup: m == warm, Counts: m.Counts,
			ResponseTime: m.ResponseTime, ServiceTime: m.ServiceTime, Lateness: m.Lateness})
	}
}
