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
	targets, load := targets(&c.Test.Spec), load(&c.Test.Spec.Load)
	for i, m := range c.Members {
		scrape, absent := c.scrape(i, m.Node)
		plans[i] = &agentv1.Plan{
			Name: c.Test.Metadata.Name, Owner: c.Owner, Test: test,
			AgentIndex: int32(i), AgentCount: int32(len(c.Members)), Agents: refs,
			Targets: targets, Load: load,
			Scrape: scrape, AbsentSources: absent, NodesWithoutAgent: without,
		}
	}
	return plans
}

var protocols = map[string]agentv1.Protocol{
	document.HTTP1: agentv1.Protocol_PROTOCOL_HTTP1, document.HTTP2: agentv1.Protocol_PROTOCOL_HTTP2,
	document.GRPC: agentv1.Protocol_PROTOCOL_GRPC, document.TCP: agentv1.Protocol_PROTOCOL_TCP, document.UDP: agentv1.Protocol_PROTOCOL_UDP,
}

func targets(s *document.Spec) []*agentv1.Target {
	var out []*agentv1.Target
	for _, t := range s.AllTargets() {
		p := &agentv1.Target{Name: t.Name, Url: t.URL, Protocol: protocols[t.Protocol], Weight: 1,
			Timeout: protoDuration(t.Timeout), Method: t.Method, Body: t.BodyBase64}
		if t.Weight != nil {
			p.Weight = *t.Weight
		}
		if t.Body != "" {
			p.Body = []byte(t.Body)
		}
		for _, h := range t.Headers {
			p.Headers = append(p.Headers, &agentv1.Header{Name: h.Name, Value: h.Value})
		}
		if c := t.TLS; c != nil {
			// Agents spool the certificates.
			p.Tls = &agentv1.TLS{InsecureSkipVerify: c.InsecureSkipVerify, CertificateAuthorities: []byte(document.Certificates(c.CA)),
				ClientCertificate: []byte(document.Certificates(c.Cert)), ClientKey: []byte(c.Key), ServerName: c.ServerName}
		}
		if g := t.GRPC; g != nil {
			p.Grpc = &agentv1.GRPCCall{Method: g.Method, Message: g.Message, DescriptorSet: g.DescriptorSet}
		}
		if c := t.Check; c != nil {
			p.Check = &agentv1.Check{Status: c.Status, BodyContains: c.BodyContains}
			for _, j := range c.JSON {
				p.Check.Json = append(p.Check.Json, &agentv1.JSONCheck{Path: j.Path, Equals: j.Equals})
			}
		}
		out = append(out, p)
	}
	return out
}

var arrivals = map[string]agentv1.Arrivals{
	document.Constant: agentv1.Arrivals_ARRIVALS_CONSTANT, document.Poisson: agentv1.Arrivals_ARRIVALS_POISSON,
	document.Uniform: agentv1.Arrivals_ARRIVALS_UNIFORM,
}

func load(l *document.Load) *agentv1.Load {
	p := &agentv1.Load{Rate: float64(l.Rate), Connections: int32(l.Connections), Streams: int32(l.Streams),
		Duration: protoDuration(l.Duration), Warmup: protoDuration(l.Warmup), Requests: l.Requests,
		Arrivals: arrivals[l.Arrivals], Seed: l.Seed}
	for _, s := range l.Stages {
		p.Stages = append(p.Stages, &agentv1.Stage{Duration: protoDuration(s.Duration), Rate: s.Rate, Step: s.Step})
	}
	return p
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
