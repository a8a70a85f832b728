package export

import (
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// portable is r as a file for others may hold it, and as it is imported again: with
// all that was measured of the run as a whole, but without the shares of agents,
// nodes and containers, and without what was sent (headers, bodies, messages,
// certificates).
func portable(r *document.Result) *document.Result {
	out := *r
	out.Spec = document.Test{Spec: r.Spec}.Redacted().Spec
	out.Spec.Target = withoutContent(out.Spec.Target)
	out.Spec.Targets = slices.Clone(out.Spec.Targets)
	for i := range out.Spec.Targets {
		out.Spec.Targets[i] = withoutContent(out.Spec.Targets[i])
	}
	out.Status.Agents, out.Status.NodesWithoutAgent = []document.AgentResult{}, nil
	out.Status.Resources = document.Resources{Sources: []document.SourceStatus{}}
	return &out
}

func withoutContent(t document.Target) document.Target {
	t.Headers, t.Body, t.BodyBase64 = nil, "", nil
	if t.GRPC != nil {
		t.GRPC = &document.GRPCCall{Method: t.GRPC.Method}
	}
	if t.TLS != nil {
		t.TLS = &document.TLS{InsecureSkipVerify: t.TLS.InsecureSkipVerify, ServerName: t.TLS.ServerName}
	}
	// What a right answer holds may be as private as what was sent.
	if t.Check != nil {
		t.Check = &document.Check{Status: t.Check.Status}
	}
	return t
}
