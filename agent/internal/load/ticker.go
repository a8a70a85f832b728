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

// run takes snapshots until finished is closed.
func (t *ticker) run(finished <-chan struct{}) {
	for {
		select {
		case <-finished:
			return
		case <-time.After(t.next() - t.clock.now()):
			t.snapshot()
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
		InFlight: t.engine.inFlight.Load()}
}
