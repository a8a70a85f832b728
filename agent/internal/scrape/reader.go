package scrape

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// Bounds of one reading: beyond them a source is not what it is taken for.
const (
	maxBody   = 16 << 20
	maxLine   = 64 << 10
	maxSeries = 16384
)

// series is one series as it is handed on: one of the source's own, or several
// merged.
type series struct {
	id     uint32 // 0 until it is first handed on
	name   string
	labels map[string]string
	rule   rule
	born   int // reading that it was first seen in

	reading   int // newest reading it was seen in
	members   int // series of the source in that reading
	value     float64
	unixMilli int64

	handedMilli int64 // timestamp of the value handed on last
}

// member is one series of the source: what it is merged into and its last value.
type member struct {
	into  *series
	cores *series // counts this member too, where set
	born  int
	last  float64
}

// reader turns the pages of one source into values of wanted series. It is used
// by one goroutine at a time.
type reader struct {
	table   map[string]rule
	buf     *bufio.Reader
	reading int
	heads   map[string]*member // nil for refused series
	byKey   map[string]*series
	order   []*series
}

func newReader(table map[string]rule) *reader {
	return &reader{
		table: table,
		buf:   bufio.NewReaderSize(nil, maxLine),
		heads: map[string]*member{},
		byKey: map[string]*series{},
	}
}

// read takes in one page. After an error the page counts for nothing.
func (r *reader) read(body io.Reader) error {
	limited := &io.LimitedReader{R: body, N: maxBody + 1}
	r.buf.Reset(limited)
	defer r.buf.Reset(nil)
	r.reading++
	wanted := false
	for n := 1; ; n++ {
		line, err := r.buf.ReadSlice('\n')
		if limited.N <= 0 {
			return fmt.Errorf("the answer is larger than %d MiB: not a metrics page of a node", maxBody>>20)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("line %d is longer than %d KiB: not a metrics page", n, maxLine>>10)
		}
		if err != nil && err != io.EOF {
			return err
		}
		took, lineErr := r.line(trimLine(line))
		if lineErr != nil {
			return fmt.Errorf("line %d: %w", n, lineErr)
		}
		wanted = wanted || took
		if err == io.EOF {
			break
		}
	}
	if !wanted {
		return errors.New("the answer holds none of the wanted series")
	}
	return nil
}

// trimLine drops the line's end and the blanks it starts with.
func trimLine(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	for len(line) > 0 && isBlank(line[0]) {
		line = line[1:]
	}
	return line
}

// line takes in one line and tells whether it was a wanted series.
func (r *reader) line(line []byte) (bool, error) {
	name := metricName(line)
	rule, ok := r.table[string(name)]
	if !ok {
		return false, nil
	}
	head, value, unixMilli, err := cutLine(line, name)
	if err != nil {
		return false, err
	}
	m, ok := r.heads[string(head)]
	if !ok {
		if m, err = r.learn(string(name), string(head), rule); err != nil {
			return false, err
		}
	}
	if m == nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return true, nil
	}
	m.take(value, unixMilli, r.reading)
	return true, nil
}

// learn parses a head seen for the first time; nil when its series is refused.
func (r *reader) learn(name, head string, rule rule) (*member, error) {
	if len(r.heads) >= 4*maxSeries {
		return nil, fmt.Errorf("more than %d series", 4*maxSeries)
	}
	labels, err := parseHead(head)
	if err != nil {
		return nil, err
	}
	var m *member
	if rule.keep == nil || rule.keep(labels) {
		m = &member{born: r.reading}
		if rule.cores && labels["mode"] == "idle" {
			m.cores = r.series(CoresSeries, nil, gauge)
		}
		for _, label := range rule.over {
			delete(labels, label)
		}
		m.into = r.series(name, labels, rule)
		if len(r.order) > maxSeries {
			return nil, fmt.Errorf("more than %d wanted series", maxSeries)
		}
	}
	r.heads[head] = m
	return m, nil
}

// series is the series of this name and labels, made when it is new.
func (r *reader) series(name string, labels map[string]string, rule rule) *series {
	key := seriesKey(name, labels)
	s, ok := r.byKey[key]
	if !ok {
		s = &series{name: name, labels: labels, rule: rule, born: r.reading}
		r.byKey[key] = s
		r.order = append(r.order, s)
	}
	return s
}

// seriesKey tells series apart; no label can hold the byte 0xff in UTF-8.
func seriesKey(name string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(name)
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString("\xff" + k + "\xff" + labels[k])
	}
	return b.String()
}

// take adds one value to the series the member is merged into.
func (m *member) take(value float64, unixMilli int64, reading int) {
	if m.cores != nil {
		m.cores.meet(reading)
		m.cores.value = float64(m.cores.members)
	}
	s := m.into
	s.meet(reading)
	switch s.rule.merge {
	case each:
		s.value = value
	case mean:
		if s.members == 1 {
			s.value = 0
		}
		s.value += (value - s.value) / float64(s.members)
	case sum:
		s.value += m.increase(value, reading)
	}
	if !s.rule.timeless {
		s.unixMilli = unixMilli
	}
	m.last = value
}

// increase is what a member adds to its sum, so that the sum never falls and
// never leaps: a CPU that comes online later brings only what it does from then
// on, one that goes offline leaves what it did, and a counter that went back
// (idle and iowait do, by a little) adds nothing.
func (m *member) increase(value float64, reading int) float64 {
	if m.born == reading && m.into.born != reading {
		return 0
	}
	return max(0, value-m.last)
}

// meet notes that the series occurs in this reading.
func (s *series) meet(reading int) {
	if s.reading != reading {
		s.reading, s.members = reading, 0
	}
	s.members++
}

// fresh are the series of the last reading that have something new to say: a
// source that gives its own timestamps refreshes more slowly than it is read,
// and the same value twice is not two samples.
func (r *reader) fresh(yield func(*series) bool) {
	for _, s := range r.order {
		if s.reading != r.reading {
			continue
		}
		if s.unixMilli != 0 && s.unixMilli == s.handedMilli {
			continue
		}
		s.handedMilli = s.unixMilli
		if !yield(s) {
			return
		}
	}
}
