package load

import (
	"strconv"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// Latencies of calls. ResponseTime is empty in a closed loop.
type Latencies struct {
	ResponseTime, ServiceTime, Lateness, ConnectTime, ErrorTime *histogram.Histogram
}

func newLatencies() Latencies {
	return Latencies{histogram.New(), histogram.New(), histogram.New(), histogram.New(), histogram.New()}
}

func (l *Latencies) all() []*histogram.Histogram {
	return []*histogram.Histogram{l.ResponseTime, l.ServiceTime, l.Lateness, l.ConnectTime, l.ErrorTime}
}

func (l *Latencies) merge(from *Latencies) {
	to := l.all()
	for i, h := range from.all() {
		to[i].Merge(h)
	}
}

// Measurement is what was recorded in some stretch of time, of one target or
// of all.
type Measurement struct {
	Counts
	Latencies
}

func newMeasurement() *Measurement { return &Measurement{Latencies: newLatencies()} }

func newMeasurements(targets int) []*Measurement {
	m := make([]*Measurement, targets)
	for i := range m {
		m[i] = newMeasurement()
	}
	return m
}

func (m *Measurement) merge(from *Measurement) {
	m.Counts.add(&from.Counts)
	m.Latencies.merge(&from.Latencies)
}

func (m *Measurement) empty() bool { return m.Planned() == 0 }

// call is one finished call; late is its lateness.
type call struct {
	client.Answer
	target                     int
	intended, late, start, end time.Duration
	closedLoop                 bool
}

// service is the service time: sent to answered.
func (c *call) service() time.Duration { return c.end - c.start - c.Waited - c.Checked }

// unserved tells of a call that was given up and had mostly waited for a stream:
// it was not sent, or so late that the rest says nothing on how long an answer takes.
func (c *call) unserved() bool { return c.Censored() && c.Waited > c.service() }

// checkTimeout makes a call that had no answer in time one that timed out.
// Fortio's fast client does not tell a timeout from a broken connection, and ends
// a little early; and when a reused connection brings nothing in time, it asks
// once more over another one, in silence, and takes that answer for the first's.
func (c *call) checkTimeout(timeout time.Duration) {
	took := c.service()
	if c.Failure == "" && took >= timeout || c.Failure == client.FailConnection && took >= timeout*99/100 {
		c.Failure = client.FailTimeout
	}
}

// tally is the writing side of a Measurement.
type tally struct {
	Counts
	response, service, lateness, connect, errors histogram.Counter
	// Status codes, apart from the Counts: a map costs more than all the rest.
	codes [600]int64
}

func newTallies(targets int) []*tally {
	t := make([]*tally, targets)
	for i := range t {
		t[i] = &tally{}
	}
	return t
}

// record adds a call.
//
// A wrong answer, or none because the connection failed, says nothing on how
// long a right one takes: a fast error must not pass for a fast answer. A call
// that was given up would have taken longer than it did, and leaving it out
// would hide the tail; but one that was never sent has no service time.
func (t *tally) record(c *call) {
	t.count(&c.Answer)
	if c.Failure == "" && c.Code > 0 && c.Code < len(t.codes) {
		t.codes[c.Code]++
	} else {
		t.countCode(c.Text(), 1)
	}
	service, unserved := c.service(), c.unserved()
	if c.Connect > 0 {
		t.connect.Record(c.Connect)
	}
	switch {
	case unserved:
		t.errors.Record(c.end - c.start)
	case !c.OK():
		t.errors.Record(service)
	}
	if !c.closedLoop {
		t.lateness.Record(c.late)
	}
	if c.OK() || c.Censored() {
		if !unserved {
			t.service.Record(service)
		}
		if !c.closedLoop {
			t.response.Record(c.end - c.intended - c.late - c.Checked)
		}
	}
}

// drain moves everything to a Measurement.
func (t *tally) drain(m *Measurement) {
	for code, n := range t.codes {
		if n > 0 {
			t.countCode(strconv.Itoa(code), n)
			t.codes[code] = 0
		}
	}
	m.Counts.add(&t.Counts)
	t.Counts = Counts{}
	t.response.Drain(m.ResponseTime)
	t.service.Drain(m.ServiceTime)
	t.lateness.Drain(m.Lateness)
	t.connect.Drain(m.ConnectTime)
	t.errors.Drain(m.ErrorTime)
}

// recorder takes finished calls from many workers. It is split in shards, about
// one per core, so that workers seldom meet; each shard has two sets of
// measurements, one that is written and one that is read and emptied every second.
type recorder struct {
	shards []shard
}

type shard struct {
	mu            sync.Mutex
	active, spare []*tally // by target
	// closed drops what comes later: see abandon.
	closed bool
	_      [64]byte // shards of their own cache lines
}

func newRecorder(shards, targets int) *recorder {
	r := &recorder{shards: make([]shard, shards)}
	for i := range r.shards {
		s := &r.shards[i]
		s.active, s.spare = newTallies(targets), newTallies(targets)
	}
	return r
}

// record counts a finished call and makes its worker idle, in one step, so that
// abandon finds a call either counted or in flight. What nobody waits for any
// more is dropped.
func (r *recorder) record(worker int, w *worker, c *call) {
	s := &r.shards[worker%len(r.shards)]
	s.mu.Lock()
	if !s.closed {
		s.active[c.target].record(c)
		w.start.Store(idle)
	}
	s.mu.Unlock()
}

// recordClosed counts a call of a worker that nobody waits for.
func (r *recorder) recordClosed(worker int, c *call) {
	s := &r.shards[worker%len(r.shards)]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active[c.target].record(c)
}

// close makes record drop what comes later.
func (r *recorder) close() {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
	}
}

// drain moves everything recorded since the last drain into m, by target. One
// caller at a time.
func (r *recorder) drain(m []*Measurement) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		full := s.active
		s.active, s.spare = s.spare, full
		s.mu.Unlock()
		for t, f := range full {
			f.drain(m[t])
		}
	}
}
