package server

import (
	"errors"
	"fmt"
	"math"
	"net/url"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// maxConnections bounds what one agent opens, whatever it is asked: a slip must
// not take down a node.
const maxConnections = 10000

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
	if r := l.GetRate(); r < 0 || math.IsNaN(r) || math.IsInf(r, 0) {
		return none, fmt.Errorf("rate %g is not a number of calls per second", r)
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
