package scrape

import (
	"context"
	"fmt"
	"sync"
	"time"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

const probeTimeout = 3 * time.Second

// Scraper reads the sources of one run. Series ids are those of this Scraper,
// so a run has one Scraper and only one.
type Scraper struct {
	interval time.Duration
	timeout  time.Duration
	pages    []*source
	prom     *prometheus // nil when not wanted

	// mu makes readings leave one at a time, so that new series come in the
	// order of their ids.
	mu     sync.Mutex
	lastID uint32
}

// New makes a Scraper. An error means that a URL cannot be right.
func New(c Config) (*Scraper, error) {
	s := &Scraper{interval: c.Interval}
	if s.interval <= 0 {
		s.interval = defaultInterval
	}
	s.timeout = scrapeTimeout(s.interval)
	if c.NodeExporterURL != "" {
		page, err := newNodeExporter(c)
		if err != nil {
			return nil, err
		}
		s.pages = append(s.pages, page)
	}
	if c.Kubelet {
		page, err := newKubelet(c)
		if err != nil {
			return nil, err
		}
		s.pages = append(s.pages, page)
	}
	if c.Prometheus != nil {
		var err error
		if s.prom, err = newPrometheus(*c.Prometheus, c.Node); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Probe reads every wanted source once, at the same time, and says for each
// whether it can be read. It must not be called while Run is under way.
func (s *Scraper) Probe(ctx context.Context) []*agentv1.SourceStatus {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	probes := make([]func(context.Context) *agentv1.SourceStatus, 0, len(s.pages)+1)
	for _, page := range s.pages {
		probes = append(probes, page.status)
	}
	if s.prom != nil {
		probes = append(probes, s.prom.status)
	}
	statuses := make([]*agentv1.SourceStatus, len(probes))
	var wg sync.WaitGroup
	for i, probe := range probes {
		wg.Go(func() { statuses[i] = probe(ctx) })
	}
	wg.Wait()
	return statuses
}

// Run reads node-exporter and the kubelet at once, then at every interval on
// the clock, and a last time when ctx ends, so that both ends of the measured
// time are covered. It returns after that last reading, at most two timeouts
// later. A reading that fails is handed on as Samples with an error; sources
// that Probe found absent for good are not read. emit is not called concurrently.
func (s *Scraper) Run(ctx context.Context, emit func(*agentv1.Samples)) {
	var wg sync.WaitGroup
	for _, page := range s.pages {
		if page.absent != "" {
			continue
		}
		wg.Go(func() {
			s.follow(ctx, page, emit)
			page.client.CloseIdleConnections()
		})
	}
	wg.Wait()
}

// follow reads one source until ctx ends.
func (s *Scraper) follow(ctx context.Context, page *source, emit func(*agentv1.Samples)) {
	s.take(ctx, page, emit)
	for {
		now := time.Now()
		// The difference keeps the monotonic clock: setting the wall clock
		// makes no tick be missed.
		due := now.Add(now.Truncate(s.interval).Add(s.interval).Sub(now.Round(0)))
		timer := time.NewTimer(time.Until(due))
		select {
		case <-ctx.Done():
			timer.Stop()
			s.take(ctx, page, emit)
			return
		case <-timer.C:
		}
		s.take(ctx, page, emit)
		took := time.Since(due)
		for late := s.interval; late <= took; late += s.interval {
			s.fail(page, due.Add(late), fmt.Errorf("reading skipped: the one before was late or took long (%s)", took.Round(time.Millisecond)), emit)
		}
	}
}

// take reads a source once and hands on what is new. The reading outlives ctx:
// the last one starts when ctx has ended.
func (s *Scraper) take(ctx context.Context, page *source, emit func(*agentv1.Samples)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	at, err := page.fetch(ctx)
	if err != nil {
		s.fail(page, at, err, emit)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if samples := s.samples(page, at); len(samples.GetValues()) > 0 {
		emit(samples)
	}
}

func (s *Scraper) fail(page *source, at time.Time, err error, emit func(*agentv1.Samples)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	emit(&agentv1.Samples{Source: page.kind, UnixMilli: at.UnixMilli(), Error: err.Error()})
}

// samples are the fresh values of a page, with ids for series never handed on.
func (s *Scraper) samples(page *source, at time.Time) *agentv1.Samples {
	samples := &agentv1.Samples{
		Source:    page.kind,
		UnixMilli: at.UnixMilli(),
		SeriesIds: make([]uint32, 0, len(page.reader.order)),
		Values:    make([]float64, 0, len(page.reader.order)),
	}
	var stamps []int64
	stamped := false
	for one := range page.reader.fresh {
		if one.id == 0 {
			s.lastID++
			one.id = s.lastID
			samples.NewSeries = append(samples.NewSeries, &agentv1.Series{
				Id: one.id, Name: one.name, Labels: one.labels, Counter: one.rule.counter,
			})
		}
		samples.SeriesIds = append(samples.SeriesIds, one.id)
		samples.Values = append(samples.Values, one.value)
		stamps = append(stamps, one.unixMilli)
		stamped = stamped || one.unixMilli != 0
	}
	if stamped {
		samples.SampleUnixMilli = stamps
	}
	return samples
}
