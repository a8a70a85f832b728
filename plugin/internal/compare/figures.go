package compare

import (
	"fmt"
	"math"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// measure takes the figures of a run.
func (one *run) measure(r *document.Result) {
	s := &r.Status
	response, service := s.Latency.ResponseTime, s.Latency.ServiceTime
	noResponse, noService := "no request was answered", "no request was answered"
	switch {
	case response == nil && service != nil:
		noResponse = "there is no response time: closed loops and runs of other tools have service times only"
	case response != nil && service == nil:
		noService = "the Result has no service time"
	}
	one.latencies("responseTime", response, noResponse)
	one.latencies("serviceTime", service, noService)
	one.figure("rate.achieved", &s.Rate.Achieved, "")
	if sent := s.Requests.Sent; sent > 0 {
		one.figure("errors", new(100*float64(s.Requests.Failed)/float64(sent)), "")
	} else {
		one.figure("errors", nil, "no request was sent")
	}
	one.layers(r)
}

// figure takes one, or why there is none.
func (one *run) figure(name string, v *float64, reason string) {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		one.absent[name] = reason
		return
	}
	one.figures[name] = *v
}

func (one *run) latencies(of string, s *document.Summary, none string) {
	for _, m := range metrics {
		if m.histogram != of {
			continue
		}
		if s == nil {
			one.figure(m.name, nil, none)
			continue
		}
		v := map[float64]*float64{0.5: s.P50, 0.9: s.P90, 0.99: s.P99, 0.999: s.P999}[m.quantile]
		why := "the Result has no such percentile"
		if s.Count < histogram.MinCount(m.quantile) {
			why = fmt.Sprintf("%d requests are too few for it", s.Count)
		}
		one.figure(m.name, v, why)
	}
}
