package summary

import (
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

func (p *page) latencies() {
	l := &p.Status.Latency
	if l.ServiceTime == nil && l.ResponseTime == nil {
		return
	}
	t := p.table("LATENCY", "P50", "P90", "P99", "P99.9", "MAX")
	for _, one := range []struct {
		name string
		of   *document.Summary
	}{{"response", l.ResponseTime}, {"service", l.ServiceTime}, {"connect", l.ConnectTime}} {
		if s := one.of; s != nil {
			t.add(one.name, printer.LatencyOf(s.P50), printer.LatencyOf(s.P90), printer.LatencyOf(s.P99), printer.LatencyOf(s.P999), printer.Latency(s.Max))
		}
	}
	t.end()
	p.lateness()
}

// lateness is shown where the generator comes near its bound: beyond it, the
// run is invalid and says so.
func (p *page) lateness() {
	l := p.Spec.Validity.LatenessOf(&p.Status.Latency)
	if l != nil && l.Late > l.Bound/2 && !l.Broken() {
		p.gap()
		p.row("LATENESS", fmt.Sprintf("%s %s of the generator, and %s is the most", l.Name, printer.Latency(l.Late), printer.Latency(l.Bound)))
	}
}

// Headline is the latency that stands for a run, or a part of one, and its name: the
// response time, or where there is none the service time, which is all that closed loops
// and runs of other tools have. nil and "" without both.
func Headline(l *document.Latency) (s *document.Summary, name string) {
	switch {
	case l.ResponseTime != nil:
		return l.ResponseTime, "response"
	case l.ServiceTime != nil:
		return l.ServiceTime, "service"
	}
	return nil, ""
}

// headline is what a row has of it.
func headline(l *document.Latency) (p50, p99 string) {
	s, _ := Headline(l)
	if s == nil {
		return "", ""
	}
	return printer.LatencyOf(s.P50), printer.LatencyOf(s.P99)
}

func (p *page) targets() {
	s := &p.Status
	if len(s.Targets) < 2 {
		return
	}
	t := p.table("~TARGET", "RPS", "P50", "P99", "ERRORS")
	for i := range s.Targets {
		one := &s.Targets[i]
		rps := ""
		if s.Requests.Sent > 0 {
			rps = printer.Rate(s.Rate.Achieved * float64(one.Requests.Sent) / float64(s.Requests.Sent))
		}
		p50, p99 := headline(&one.Latency)
		t.add(one.Name, rps, p50, p99, printer.Count(one.Requests.Failed))
	}
	t.end()
}

func (p *page) nodes() {
	s := &p.Status
	cpu := map[string]string{}
	for _, n := range s.Resources.Nodes {
		if n.CPUUtilization != nil {
			cpu[n.Node] = printer.Percent(*n.CPUUtilization)
		}
	}
	t := p.table("~NODE", "RPS", "P50", "P99", "ERRORS", "START SKEW", "CPU")
	for i := range s.Agents {
		a := &s.Agents[i]
		p50, p99 := headline(&a.Latency)
		t.add(a.Node, printer.Rate(a.Rate.Achieved), p50, p99, printer.Count(a.Requests.Failed), printer.Latency(a.StartSkewMs), cpu[a.Node])
	}
	for _, n := range s.NodesWithoutAgent {
		t.add(n.Node, "no agent")
	}
	t.end()
}
