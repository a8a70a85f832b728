package session

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Sources says where metrics can be read, as found in the cluster. The Test's
// own wishes go before it.
type Sources struct {
	// NodeExporter is the URL per node; NoNodeExporter why a node has none.
	NodeExporter   map[string]string
	NoNodeExporter string
	// NoKubelet is why the kubelet is not asked; empty when it is.
	NoKubelet string
	// Prometheus is its URL as the agents see it; NoPrometheus why there is none.
	Prometheus   string
	NoPrometheus string
}

// plans makes each agent's plan. Besides what the agent is to do it holds what
// only the caller knows, for who attaches later.
func (c Config) plans(test []byte) []*agentv1.Plan {
	plans := make([]*agentv1.Plan, len(c.Members))
	refs := make([]*agentv1.AgentRef, len(c.Members))
	for i, m := range c.Members {
		refs[i] = &agentv1.AgentRef{Node: m.Node, Pod: m.Pod}
	}
	var without []*agentv1.NodeWithoutAgent
	for _, n := range c.NodesWithoutAgent {
		without = append(without, &agentv1.NodeWithoutAgent{Node: n.Node, Reason: n.Reason})
	}
	t, l := c.Test.Spec.Target, c.Test.Spec.Load
	body := t.BodyBase64
	if t.Body != "" {
		body = []byte(t.Body)
	}
	var headers []*agentv1.Header
	for _, h := range t.Headers {
		headers = append(headers, &agentv1.Header{Name: h.Name, Value: h.Value})
	}
	for i, m := range c.Members {
		scrape, absent := c.scrape(i, m.Node)
		plans[i] = &agentv1.Plan{
			Name: c.Test.Metadata.Name, Owner: c.Owner, Test: test,
			AgentIndex: int32(i), AgentCount: int32(len(c.Members)), Agents: refs,
			Http: &agentv1.HTTPTarget{Url: t.URL, Method: t.Method, Headers: headers, Body: body,
				Timeout: protoDuration(t.Timeout), InsecureSkipVerify: t.InsecureSkipVerify},
			Load: &agentv1.Load{Rate: float64(l.Rate), Connections: int32(l.Connections),
				Duration: protoDuration(l.Duration), Warmup: protoDuration(l.Warmup)},
			Scrape: scrape, AbsentSources: absent, NodesWithoutAgent: without,
		}
	}
	return plans
}

// scrape is what an agent reads, and what is wanted of it and cannot even be
// tried.
func (c Config) scrape(agent int, node string) (*agentv1.Scrape, []*agentv1.SourceStatus) {
	m := c.Test.Spec.Metrics
	s := &agentv1.Scrape{Interval: protoDuration(m.Interval)}
	var absent []*agentv1.SourceStatus
	lacks := func(source agentv1.Source, why string) {
		absent = append(absent, &agentv1.SourceStatus{Source: source, Detail: why})
	}
	if wanted(m.NodeExporter) {
		s.NodeExporterUrl = c.Sources.NodeExporter[node]
		if m.NodeExporter != nil && m.NodeExporter.URL != "" {
			s.NodeExporterUrl = m.NodeExporter.URL
		}
		if s.NodeExporterUrl == "" {
			lacks(agentv1.Source_SOURCE_NODE_EXPORTER, c.Sources.NoNodeExporter)
		}
	}
	if m.Kubelet == nil || !m.Kubelet.Disabled {
		s.Kubelet = c.Sources.NoKubelet == ""
		if !s.Kubelet {
			lacks(agentv1.Source_SOURCE_KUBELET, c.Sources.NoKubelet)
		}
	}
	// One agent asks Prometheus for all: it knows the whole cluster.
	p := m.Prometheus
	if agent != 0 || (p != nil && p.Disabled) {
		return s, absent
	}
	q := &agentv1.PrometheusScrape{Url: c.Sources.Prometheus, Step: durationpb.New(time.Duration(document.DefaultStep))}
	if p != nil {
		q.Step = protoDuration(p.Step)
		if p.URL != "" {
			q.Url = p.URL
		}
		for _, one := range p.Queries {
			q.Queries = append(q.Queries, &agentv1.PrometheusQuery{Name: one.Name, Query: one.Query, Unit: one.Unit})
		}
	}
	if q.Url == "" {
		lacks(agentv1.Source_SOURCE_PROMETHEUS, c.Sources.NoPrometheus)
		return s, absent
	}
	s.Prometheus = q
	return s, absent
}

func wanted(s *document.Source) bool { return s == nil || !s.Disabled }

func protoDuration(d document.Duration) *durationpb.Duration { return durationpb.New(time.Duration(d)) }
