package imports

import (
	"fmt"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Warnings that imported Runs have.
const (
	noEnvironment = "the file does not tell where the load came from and went to, nor the CPU and memory it took: agents, nodes, containers and versions are absent"
	noGenerator   = "whether the load generator was at its limit is not known: the file has no lateness and no CPU of it"
)

// validity judges a run of Fortio by what can be judged: did it send what it was to
// send, and how much of it failed. The warnings say what these numbers are not.
func (f *fortioRun) validity(r *document.Result, ok *buckets, errorsApart bool) document.Validity {
	var v document.Validity
	reason := func(format string, args ...any) { v.Reasons = append(v.Reasons, fmt.Sprintf(format, args...)) }
	warn := func(format string, args ...any) { v.Warnings = append(v.Warnings, fmt.Sprintf(format, args...)) }
	q := &r.Status.Requests
	if f.Error {
		reason("Fortio reports an error: %s", strings.TrimSpace(f.Message+" "+f.Exception))
	}
	v.Reasons = append(v.Reasons, missed(q)...)
	warn("Fortio's times begin when a call is sent, not when it was to be sent: what waited behind a slow answer is not in them (coordinated omission), so they are service times and there is no response time")
	if w := stagesUnknown(&r.Spec.Load); w != "" {
		warn("%s", w)
	}
	if f.NoCatchUp {
		warn("calls that came late were left out and not made up for (-nocatchup)")
	}
	if text := exactness(ok); text != "" {
		warn("times are as exact as the buckets of Fortio's histogram: %s", text)
	}
	if !errorsApart {
		warn("the times of %s failed requests are among the service times: the file does not tell them apart", printer.Count(q.Failed))
	}
	warn(noGenerator)
	warn(noEnvironment)
	v.Valid = len(v.Reasons) == 0
	return v
}

// missed are the criteria of validity that counts alone break, with their defaults.
func missed(q *document.Requests) (reasons []string) {
	criteria := document.Criteria{}.WithDefaults()
	if share, few := criteria.SentShare(q); few {
		reasons = append(reasons, fmt.Sprintf("%s of %s requests were sent (%s), and %s is the least", printer.Count(q.Sent), printer.Count(q.Planned), printer.Percent(share), printer.Percent(*criteria.MinRate)))
	}
	if share, many := criteria.FailedShare(q); many {
		reasons = append(reasons, fmt.Sprintf("%s of %s requests failed (%s), and %s is the most", printer.Count(q.Failed), printer.Count(q.Sent), printer.Percent(share), printer.Percent(*criteria.MaxErrors)))
	}
	return reasons
}

// exactness says between which times the median and the 99th percentile lie.
func exactness(b *buckets) string {
	if b.empty() {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		name string
		q    float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		start, end := b.around(p.q)
		parts = append(parts, fmt.Sprintf("%s is one of %s to %s", p.name, printer.Latency(start*1e3), printer.Latency(end*1e3)))
	}
	return strings.Join(parts, ", ")
}
