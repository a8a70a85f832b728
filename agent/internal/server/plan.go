package server

import (
	"errors"
	"fmt"
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// maxConnections bounds what one agent opens, whatever it is asked: a slip must
// not take down a node.
const maxConnections = 10000

// The rates that can be scheduled, in calls per second.
const (
	minRate = 0.001
	maxRate = 10e6
)

// withoutSecrets is the plan as it is spooled: whoever attaches needs no header's
// value, and a spool is no place for credentials.
func withoutSecrets(p *agentv1.Plan) *agentv1.Plan {
	p = proto.CloneOf(p)
	for _, h := range p.GetHttp().GetHeaders() {
		h.Value = ""
	}
	return p
}

// targetOf checks a plan and returns what it calls.
func targetOf(p *agentv1.Plan) (load.Target, error) {
	var none load.Target
	h, l := p.GetHttp(), p.GetLoad()
	if h == nil || l == nil {
		return none, errors.New("the plan has no HTTP target or no load: plugin and agent are of different versions")
	}
	if u, err := url.Parse(h.GetUrl()); err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return none, fmt.Errorf("target %q is not an http or https URL", h.GetUrl())
	}
	// The bounds keep every slot's time inside 64 bits of nanoseconds.
	if r := l.GetRate(); r != 0 && !(r >= minRate && r <= maxRate) {
		return none, fmt.Errorf("rate %g is not between %g and %g calls per second", r, minRate, maxRate)
	}
	if h.GetMethod() == "" {
		return none, errors.New("the HTTP method is missing")
	}
	if n := l.GetConnections(); n < 1 || n > maxConnections {
		return none, fmt.Errorf("connections %d is not between 1 and %d", n, maxConnections)
	}
	if l.GetDuration().AsDuration() <= 0 || l.GetWarmup().AsDuration() < 0 || h.GetTimeout().AsDuration() <= 0 {
		return none, errors.New("duration and timeout must be above 0, warmup not below")
	}
	if n, i := p.GetAgentCount(), p.GetAgentIndex(); n < 1 || i < 0 || i >= n {
		return none, fmt.Errorf("agent %d of %d does not exist", i, n)
	}
	t := load.Target{URL: h.GetUrl(), Method: h.GetMethod(), Body: h.GetBody(),
		Timeout: h.GetTimeout().AsDuration(), InsecureSkipVerify: h.GetInsecureSkipVerify()}
	for _, hdr := range h.GetHeaders() {
		t.Header = append(t.Header, load.Header{Name: hdr.GetName(), Value: hdr.GetValue()})
	}
	return t, nil
}
