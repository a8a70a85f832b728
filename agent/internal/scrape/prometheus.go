package scrape

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/internal/queries"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

const (
	// maxPoints of one query fit in a gRPC message of 4 MiB with their labels.
	maxPoints = 100_000
	// maxSteps widens the step of long runs: Prometheus refuses above 11,000.
	maxSteps     = 2000
	queryTimeout = 30 * time.Second
	// Prometheus is waited for as long as the measured time was, for a source
	// read less often than that has nothing to say of it, within these bounds.
	minSettle = 15 * time.Second
	maxSettle = 65 * time.Second
)

// newest is the time up to which every target that is read at least once a
// minute has been read.
const newest = `min(timestamp(up) and count_over_time(up[2m]) >= 2)`

// prometheus is the HTTP API of a Prometheus, or of what speaks like one.
type prometheus struct {
	absent  string
	url     *url.URL
	client  *http.Client
	step    time.Duration
	queries []queries.Query
	poll    time.Duration
}

func newPrometheus(c Prometheus, node Node) (*prometheus, error) {
	p := &prometheus{step: c.Step, queries: c.Queries, poll: time.Second}
	if p.step <= 0 {
		p.step = defaultStep
	}
	if len(p.queries) == 0 {
		p.queries = queries.Default()
	}
	if c.URL == "" {
		p.absent = "no Prometheus was found: name its URL in the Test"
		return p, nil
	}
	raw, err := Expand(c.URL, node)
	if err != nil {
		p.absent = err.Error()
		return p, nil
	}
	if p.url, err = parseURL(raw); err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	p.client = &http.Client{Transport: &http.Transport{IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 5 * time.Second}}
	return p, nil
}

// status asks for a constant: it takes no data to be Prometheus.
func (p *prometheus) status(ctx context.Context) *agentv1.SourceStatus {
	st := &agentv1.SourceStatus{Source: agentv1.Source_SOURCE_PROMETHEUS, Detail: p.absent}
	if p.absent != "" {
		return st
	}
	if _, err := p.get(ctx, "query", url.Values{"query": {"vector(1)"}}); err != nil {
		st.Detail = err.Error()
		return st
	}
	st.Available, st.Detail = true, shown(p.url)
	return st
}

// Query asks Prometheus each query over the measured time, after waiting, within
// bounds, until it has read its targets up to end. Every query is answered by
// one result; what failed or is incomplete stands in its error. Nothing is
// emitted where Prometheus is not wanted.
func (s *Scraper) Query(ctx context.Context, start, end time.Time, emit func(*agentv1.RangeResult)) {
	if s.prom == nil {
		return
	}
	var short string
	if s.prom.absent == "" {
		defer s.prom.client.CloseIdleConnections()
		short = s.prom.settle(ctx, start, end)
	}
	for _, q := range s.prom.queries {
		emit(s.prom.ask(ctx, q, start, end, short))
	}
}

// settle waits until Prometheus has read its targets up to end. It answers what
// is missing when the wait was in vain.
func (p *prometheus) settle(ctx context.Context, start, end time.Time) string {
	ctx, cancel := context.WithTimeout(ctx, settleTime(ctx, end.Sub(start)))
	defer cancel()
	ticker := time.NewTicker(p.poll)
	defer ticker.Stop()
	var have time.Time
	for {
		at, ok, err := p.newest(ctx)
		if err != nil && ctx.Err() == nil {
			return "" // the queries themselves will say it
		}
		if err == nil && !ok {
			return "how far Prometheus has read its targets is not known: it has no series up"
		}
		if err == nil {
			if have = at; !have.Before(end) {
				return ""
			}
		}
		select {
		case <-ctx.Done():
			if have.IsZero() {
				return ""
			}
			return fmt.Sprintf("Prometheus has read its targets up to %s before the end only", end.Sub(have).Round(time.Second))
		case <-ticker.C:
		}
	}
}

// settleTime is how long Prometheus is waited for: at most half of what ctx
// leaves, for the queries need the other half.
func settleTime(ctx context.Context, measured time.Duration) time.Duration {
	limit := min(max(measured, minSettle), maxSettle)
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	return limit
}

// newest is the time up to which Prometheus has read its targets; false when it
// cannot be told.
func (p *prometheus) newest(ctx context.Context) (time.Time, bool, error) {
	a, err := p.get(ctx, "query", url.Values{"query": {newest}})
	if err != nil || len(a.Data.Result) == 0 {
		return time.Time{}, false, err
	}
	var sample vectorSample
	if err := json.Unmarshal(a.Data.Result[0], &sample); err != nil {
		return time.Time{}, false, err
	}
	return time.UnixMilli(int64(sample.Value.value * 1000)), true, nil
}

// ask is one range query. Its points lie so that the last one is end: a rate
// over $window there is the rate over the whole measured time.
func (p *prometheus) ask(ctx context.Context, q queries.Query, start, end time.Time, short string) *agentv1.RangeResult {
	step := max(p.step, (end.Sub(start)/maxSteps).Truncate(time.Second)+time.Second)
	if end.Sub(start) <= maxSteps*p.step {
		step = p.step
	}
	result := &agentv1.RangeResult{
		Name:  q.Name,
		Query: queries.Expand(q.Query, end.Sub(start), step),
		Unit:  q.Unit,
		Start: timestamppb.New(start),
		End:   timestamppb.New(end),
		Step:  durationpb.New(step),
	}
	if p.absent != "" {
		result.Error = p.absent
		return result
	}
	result.Url = shown(p.url)
	if end.Before(start) {
		result.Error = "nothing was measured"
		return result
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	a, err := p.get(ctx, "query_range", url.Values{
		"query": {result.GetQuery()},
		"start": {seconds(end.Add(-end.Sub(start).Truncate(step)))},
		"end":   {seconds(end)},
		"step":  {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
	if err != nil {
		result.Error = askError(ctx, err)
		return result
	}
	series, cut, err := matrix(a)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	result.Series = series
	result.Error = strings.Join(remarks(a, len(series), cut, short), "; ")
	return result
}

func askError(ctx context.Context, err error) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "stopped before Prometheus answered"
	}
	return err.Error()
}

// remarks is what keeps an answer from being complete.
func remarks(a *answer, kept, cut int, short string) []string {
	all := append([]string(nil), a.Warnings...)
	switch {
	case cut > 0:
		all = append(all, fmt.Sprintf("%d more series are left out: let the query return fewer, or widen the step", cut))
	case kept == 0:
		all = append(all, "no series: Prometheus does not have the metrics, or reads them too seldom for the measured time")
	}
	if short != "" {
		all = append(all, short)
	}
	return all
}

// seconds is a time as the API takes it.
func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}
