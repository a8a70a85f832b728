package load

import (
	"strconv"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// Counts of calls. Planned = Sent + Unsent; Sent = Succeeded + Failed. Codes
// holds HTTP status codes and kinds of error ("timeout", "connection").
type Counts struct {
	Sent, Succeeded, Failed, Unsent int64
	BytesReceived                   int64
	Codes                           map[string]int64
}

// Planned is the number of calls the schedule held.
func (c *Counts) Planned() int64 { return c.Sent + c.Unsent }

// count adds one call.
func (c *Counts) count(a *answer) {
	c.Sent++
	c.BytesReceived += a.bytes
	if a.ok() {
		c.Succeeded++
	} else {
		c.Failed++
	}
	c.countCode(a.text(), 1)
}

func (c *Counts) countCode(code string, n int64) {
	if c.Codes == nil {
		c.Codes = map[string]int64{}
	}
	c.Codes[code] += n
}

func (c *Counts) add(from *Counts) {
	c.Sent += from.Sent
	c.Succeeded += from.Succeeded
	c.Failed += from.Failed
	c.Unsent += from.Unsent
	c.BytesReceived += from.BytesReceived
	for k, v := range from.Codes {
		c.countCode(k, v)
	}
}

// measurement is what was recorded in some stretch of time. ResponseTime is
// empty in a closed loop.
type measurement struct {
	Counts
	ResponseTime, ServiceTime, Lateness *histogram.Histogram
}

func newMeasurement() *measurement {
	return &measurement{ResponseTime: histogram.New(), ServiceTime: histogram.New(), Lateness: histogram.New()}
}

func (m *measurement) reset() {
	m.Counts = Counts{}
	m.ResponseTime.Reset()
	m.ServiceTime.Reset()
	m.Lateness.Reset()
}

func (m *measurement) merge(from *measurement) {
	m.add(&from.Counts)
	m.ResponseTime.Merge(from.ResponseTime)
	m.ServiceTime.Merge(from.ServiceTime)
	m.Lateness.Merge(from.Lateness)
}

func (m *measurement) empty() bool { return m.Planned() == 0 }

// call is one finished call.
type call struct {
	answer
	intended, free, start, end time.Duration
	closedLoop                 bool
}

// recorder takes finished calls from many workers. It is split in shards, about
// one per core, so that workers seldom meet; each shard has two measurements,
// one that is written and one that is read and emptied every second.
type recorder struct {
	shards []shard
}

type shard struct {
	mu            sync.Mutex
	active, spare *measurement
	// Status codes of the active measurement: an array, for a map costs more
	// than the histograms.
	codes [600]int64
	// closed drops what comes later: see abandon.
	closed bool
	_      [64]byte // shards of their own cache lines
}

func newRecorder(shards int) *recorder {
	r := &recorder{shards: make([]shard, shards)}
	for i := range r.shards {
		r.shards[i].active, r.shards[i].spare = newMeasurement(), newMeasurement()
	}
	return r
}

// record counts a finished call and makes its worker idle, in one step, so that
// abandon finds a call either counted or in flight. What nobody waits for any
// more is dropped.
func (r *recorder) record(worker int, w *worker, c *call) {
	s := &r.shards[worker%len(r.shards)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.take(c)
	w.start.Store(idle)
}

// recordClosed counts a call of a worker that nobody waits for.
func (r *recorder) recordClosed(worker int, c *call) {
	s := &r.shards[worker%len(r.shards)]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(c)
}

// take counts a call; with the lock held.
func (s *shard) take(c *call) {
	m := s.active
	m.Sent++
	m.BytesReceived += c.bytes
	if c.ok() {
		m.Succeeded++
	} else {
		m.Failed++
	}
	if c.failure == "" && c.code > 0 && c.code < len(s.codes) {
		s.codes[c.code]++
	} else {
		m.countCode(c.text(), 1)
	}
	m.ServiceTime.Record(c.end - c.start)
	if c.closedLoop {
		return
	}
	due := max(c.intended, c.free)
	m.ResponseTime.Record(due - c.intended + c.end - c.start)
	m.Lateness.Record(c.start - due)
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

// drain moves everything recorded since the last drain into m. One caller at a
// time.
func (r *recorder) drain(m *measurement) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		full := s.active
		s.active, s.spare = s.spare, full
		for code, n := range s.codes {
			if n == 0 {
				continue
			}
			full.countCode(strconv.Itoa(code), n)
			s.codes[code] = 0
		}
		s.mu.Unlock()
		if !full.empty() {
			m.merge(full)
			full.reset()
		}
	}
}
