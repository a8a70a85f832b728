package threshold

import (
	"fmt"
	"strings"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// scope is what a Result has of all targets together, or of one.
type scope struct {
	requests   document.Requests
	latency    document.Latency
	histograms document.Histograms
}

// scope finds the part of a Result that the path is about, or says why there is
// none.
func (p path) scope(r *document.Result) (scope, string) {
	s := &r.Status
	if p.target == "" {
		return scope{s.Requests, s.Latency, s.Histograms}, ""
	}
	var names []string
	for i := range s.Targets {
		t := &s.Targets[i]
		if t.Name == p.target {
			return scope{t.Requests, t.Latency, t.Histograms}, ""
		}
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return scope{}, fmt.Sprintf("the Result has no figures of single targets, such as %s", p.target)
	}
	return scope{}, fmt.Sprintf("the Result has no target %s; it has %s", p.target, strings.Join(names, ", "))
}

// of is one latency of a scope: its summary (nil when nothing was recorded) and
// its histogram, encoded.
func (s scope) of(group string) (*document.Summary, string) {
	l, h := s.latency, s.histograms
	switch group {
	case "responseTime":
		return l.ResponseTime, h.ResponseTime
	case "serviceTime":
		return l.ServiceTime, h.ServiceTime
	case "lateness":
		return l.Lateness, h.Lateness
	case "connectTime":
		return l.ConnectTime, h.ConnectTime
	case "errorTime":
		return l.ErrorTime, h.ErrorTime
	}
	return nil, ""
}

// value is the number in the unit of the path's kind, or why there is none.
func (p path) value(r *document.Result) (float64, string) {
	s, reason := p.scope(r)
	if reason != "" {
		return 0, reason
	}
	q := s.requests
	switch p.group {
	case requests, codes:
		return float64(p.requests(q)), ""
	case errorRate:
		if q.Sent == 0 {
			return 0, "no request was sent"
		}
		return percent(q.Failed, q.Sent), ""
	case unsentRate:
		if q.Planned == 0 {
			return 0, "no request was planned"
		}
		return percent(q.Unsent, q.Planned), ""
	case rate:
		if p.field == "achieved" {
			return r.Status.Rate.Achieved, ""
		}
		if t := r.Status.Rate.Target; t != nil {
			return *t, ""
		}
		return 0, "without a constant rate there is no target rate"
	case nodes:
		return busiest(r.Status.Resources.Nodes)
	}
	if s, encoded := s.of(p.group); s != nil {
		return p.time(s, encoded)
	}
	if closedLoop(r) && (p.group == "responseTime" || p.group == "lateness") {
		return 0, fmt.Sprintf("a closed loop (rate max) has no %s", p.group)
	}
	if p.field == "count" {
		return 0, ""
	}
	return 0, fmt.Sprintf("the Result has no %s", p.group)
}

// closedLoop tells whether the run had no schedule to be late against.
func closedLoop(r *document.Result) bool {
	return r.Spec.Load.Rate == document.Max && r.Status.Rate.Target == nil
}

// requests is a count of requests; a code that never came counts 0.
func (p path) requests(r document.Requests) int64 {
	if p.group == codes {
		return r.Codes[p.field]
	}
	switch p.field {
	case "planned":
		return r.Planned
	case "sent":
		return r.Sent
	case "succeeded":
		return r.Succeeded
	case "failed":
		return r.Failed
	}
	return r.Unsent
}

// percent is a share of whole numbers in %, rounded once: 1 of 1000 is the
// float64 of 0.1, so it equals "0.1%".
func percent(n, of int64) float64 { return float64(100*n) / float64(of) }

// busiest is the CPU utilisation of the node that has the highest, in %.
func busiest(all []document.NodeResources) (float64, string) {
	most, found := 0.0, false
	for _, n := range all {
		if n.CPUUtilization != nil {
			most, found = max(most, 100**n.CPUUtilization), true
		}
	}
	if !found {
		return 0, "the CPU of no node was read"
	}
	return most, ""
}

// time is a figure of a latency: that of the summary where it has it, so that it
// is the very number that the Result shows, or from the histogram.
func (p path) time(s *document.Summary, encoded string) (float64, string) {
	switch p.field {
	case "count":
		return float64(s.Count), ""
	case "min":
		return s.Min, ""
	case "mean":
		return s.Mean, ""
	case "max":
		return s.Max, ""
	}
	if v := p.inSummary(s); v != nil {
		return *v, ""
	}
	if need := histogram.MinCount(p.q); s.Count < need {
		return 0, p.tooFew(s.Count, need)
	}
	if encoded == "" {
		return 0, fmt.Sprintf("the Result has no histogram of the %s to take %s from", p.group, p.field)
	}
	h, err := histogram.Decode([]byte(encoded))
	if err != nil {
		return 0, fmt.Sprintf("the histogram of the %s cannot be read: %v", p.group, err)
	}
	if v, ok := h.Quantile(p.q); ok {
		return milliseconds(v), ""
	}
	return 0, p.tooFew(h.Count(), histogram.MinCount(p.q))
}

func (p path) tooFew(n, need int64) string {
	return fmt.Sprintf("%s needs %s requests, and has %s", p.field, printer.Count(need), printer.Count(n))
}

// inSummary is the percentile as the Result shows it; nil where it does not.
func (p path) inSummary(s *document.Summary) *float64 {
	switch p.field {
	case "p50":
		return s.P50
	case "p75":
		return s.P75
	case "p90":
		return s.P90
	case "p95":
		return s.P95
	case "p99":
		return s.P99
	case "p99.9":
		return s.P999
	case "p99.99":
		return s.P9999
	}
	return nil
}
