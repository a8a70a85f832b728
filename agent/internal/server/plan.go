package server

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/agent/internal/load"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Bounds of what one agent does, whatever it is asked: a slip must not take down
// a node.
const (
	maxConnections = 10000
	maxInFlight    = 20000 // connections x streams
	maxTargets     = 32
	maxStages      = 1000
	maxTime        = 30 * 24 * time.Hour // of the warm-up, of the duration, and of all stages
	maxTimeout     = 10 * time.Minute
	maxRequests    = 1e12
)

// The rates that can be scheduled, in calls per second.
const (
	minRate = 0.001
	maxRate = 10e6
)

// protocols and the schemes of their URLs.
var protocols = map[agentv1.Protocol]struct {
	name    string
	schemes []string
}{
	agentv1.Protocol_PROTOCOL_HTTP1: {client.HTTP1, []string{"http", "https"}},
	agentv1.Protocol_PROTOCOL_HTTP2: {client.HTTP2, []string{"http", "https"}},
	agentv1.Protocol_PROTOCOL_GRPC:  {client.GRPC, []string{"grpc", "grpcs"}},
	agentv1.Protocol_PROTOCOL_TCP:   {client.TCP, []string{"tcp"}},
	agentv1.Protocol_PROTOCOL_UDP:   {client.UDP, []string{"udp"}},
}

// targetsOf checks what a plan calls and returns it.
func targetsOf(p *agentv1.Plan) ([]client.Target, error) {
	if n := len(p.GetTargets()); n == 0 || n > maxTargets {
		return nil, fmt.Errorf("the plan has %d targets, not 1 to %d: are plugin and agent of different versions?", n, maxTargets)
	}
	var targets []client.Target
	for _, t := range p.GetTargets() {
		target, err := targetOf(t, p.GetLoad().GetStreams())
		if err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	return targets, nil
}

func targetOf(t *agentv1.Target, streams int32) (client.Target, error) {
	var none client.Target
	known, ok := protocols[t.GetProtocol()]
	if !ok {
		return none, fmt.Errorf("protocol %d is not known to this agent: plugin and agent are of different versions", t.GetProtocol())
	}
	if u, err := url.Parse(t.GetUrl()); err != nil || u.Hostname() == "" || !slices.Contains(known.schemes, u.Scheme) {
		return none, fmt.Errorf("target %q is not a URL of %s", t.GetUrl(), known.name)
	}
	if http := known.name == client.HTTP1 || known.name == client.HTTP2; http && t.GetMethod() == "" {
		return none, errors.New("the HTTP method is missing")
	}
	if d := t.GetTimeout().AsDuration(); d <= 0 || d > maxTimeout {
		return none, fmt.Errorf("timeout %s is not above 0 and at most %s", d, maxTimeout)
	}
	if many := known.name == client.HTTP2 || known.name == client.GRPC; streams > 1 && !many {
		return none, fmt.Errorf("%s has one stream on a connection, not %d: use more connections, or another protocol", known.name, streams)
	}
	if !(t.GetWeight() > 0 && t.GetWeight() <= 1e9) {
		return none, fmt.Errorf("weight %g is not above 0", t.GetWeight())
	}
	tls, call, check := t.GetTls(), t.GetGrpc(), t.GetCheck()
	target := client.Target{Name: t.GetName(), URL: t.GetUrl(), Protocol: known.name, Streams: int(max(1, streams)),
		Timeout: t.GetTimeout().AsDuration(), Method: t.GetMethod(), Body: t.GetBody(),
		TLS: client.TLS{InsecureSkipVerify: tls.GetInsecureSkipVerify(), CA: tls.GetCertificateAuthorities(),
			Cert: tls.GetClientCertificate(), Key: tls.GetClientKey(), ServerName: tls.GetServerName()},
		GRPC:  client.GRPCCall{Method: call.GetMethod(), Message: call.GetMessage(), DescriptorSet: call.GetDescriptorSet()},
		Check: client.Check{Status: check.GetStatus(), BodyContains: check.GetBodyContains()}}
	for _, h := range t.GetHeaders() {
		target.Header = append(target.Header, client.Header{Name: h.GetName(), Value: h.GetValue()})
	}
	for _, j := range check.GetJson() {
		target.Check.JSON = append(target.Check.JSON, client.JSONCheck{Path: j.GetPath(), Equals: j.Equals})
	}
	return target, target.Check.Validate()
}

// loadOf checks how a plan calls its targets and returns it. The bounds keep
// every slot's time inside 64 bits of nanoseconds.
func loadOf(p *agentv1.Plan) (load.Plan, error) {
	l := p.GetLoad()
	out := load.Plan{
		Rate: l.GetRate(), Arrivals: load.Arrivals(max(0, l.GetArrivals()-agentv1.Arrivals_ARRIVALS_CONSTANT)), Seed: l.GetSeed(),
		Requests: l.GetRequests(), Agent: int(p.GetAgentIndex()), Agents: int(p.GetAgentCount()),
		Connections: int(l.GetConnections()), Streams: int(max(1, l.GetStreams())),
		Warmup: l.GetWarmup().AsDuration(), Duration: l.GetDuration().AsDuration(),
	}
	for _, s := range l.GetStages() {
		out.Stages = append(out.Stages, load.Stage{Duration: s.GetDuration().AsDuration(), Rate: s.GetRate(), Step: s.GetStep()})
	}
	return out, checkLoad(&out)
}

func checkLoad(p *load.Plan) error {
	schedulable := func(rate float64) bool { return rate >= minRate && rate <= maxRate }
	if p.Rate != 0 && !schedulable(p.Rate) {
		return fmt.Errorf("rate %g is not between %g and %g calls per second", p.Rate, minRate, maxRate)
	}
	if len(p.Stages) > 0 && (p.Rate == 0 || len(p.Stages) > maxStages) {
		return fmt.Errorf("stages need a rate, and are at most %d", maxStages)
	}
	var stages time.Duration
	for _, s := range p.Stages {
		if !schedulable(s.Rate) || s.Duration < 0 || s.Duration > maxTime {
			return fmt.Errorf("a stage of %s at rate %g cannot be scheduled", s.Duration, s.Rate)
		}
		if stages += s.Duration; stages > maxTime {
			return fmt.Errorf("the stages take more than %s: run shorter", maxTime)
		}
	}
	if p.Arrivals > load.Uniform || p.Requests < 0 || p.Requests > maxRequests {
		return fmt.Errorf("the arrivals are not known, or %d requests are not between 0 and %d: are plugin and agent of different versions?", p.Requests, int64(maxRequests))
	}
	if n := p.Connections; n < 1 || n > maxConnections || p.Streams > maxInFlight || n*p.Streams > maxInFlight {
		return fmt.Errorf("connections %d with %d streams are not between 1 and %d, with at most %d requests in flight", n, p.Streams, maxConnections, maxInFlight)
	}
	if p.Duration <= 0 || p.Warmup < 0 || p.Duration > maxTime || p.Warmup > maxTime {
		return fmt.Errorf("the duration %s must be above 0, the warm-up %s not below, and both at most %s", p.Duration, p.Warmup, maxTime)
	}
	if p.Agents < 1 || p.Agent < 0 || p.Agent >= p.Agents {
		return fmt.Errorf("agent %d of %d does not exist", p.Agent, p.Agents)
	}
	return nil
}
