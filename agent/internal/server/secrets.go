package server

import (
	"net/url"

	"google.golang.org/protobuf/proto"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// withoutSecrets is the plan as it is spooled. A spool is no place for
// credentials, and they may stand in a header or a key, in a URL's query or user,
// in what is sent, and in what is looked for in answers. Whoever attaches needs
// none of these: the Test is in the plan, as the plugin lets it be seen.
func withoutSecrets(p *agentv1.Plan) *agentv1.Plan {
	p = proto.CloneOf(p)
	for _, t := range p.GetTargets() {
		t.Url = withoutCredentials(t.GetUrl())
		t.Body = nil
		for _, h := range t.GetHeaders() {
			h.Value = ""
		}
		if t.GetTls() != nil {
			t.Tls.ClientKey = nil
		}
		if t.GetGrpc() != nil {
			t.Grpc.Message = ""
		}
		if c := t.GetCheck(); c != nil {
			c.BodyContains, c.Json = "", nil
		}
	}
	if s := p.GetScrape(); s != nil {
		s.NodeExporterUrl = withoutCredentials(s.GetNodeExporterUrl())
		if s.GetPrometheus() != nil {
			s.Prometheus.Url = withoutCredentials(s.GetPrometheus().GetUrl())
		}
	}
	return p
}

// withoutCredentials is a URL without its user, query and fragment; nothing of
// what is none.
func withoutCredentials(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}
