package export

import (
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// portable is r as a file for others may hold it, and as it is imported again: all
// of it, but for what was sent. Bodies and messages stay in the archive, and
// credentials are redacted, as they are there.
func portable(r *document.Result) *document.Result {
	out := *r
	out.Spec = document.Test{Spec: r.Spec}.Redacted().Spec
	left := withoutContent(&out.Spec.Target)
	out.Spec.Targets = slices.Clone(out.Spec.Targets)
	for i := range out.Spec.Targets {
		left = withoutContent(&out.Spec.Targets[i]) || left
	}
	if left {
		v := &out.Status.Validity
		v.Warnings = append(slices.Clone(v.Warnings), "what was sent (bodies, messages) was not in the file that this was imported from")
	}
	// As a Result has them where there are none: null is no list.
	if out.Status.Agents == nil {
		out.Status.Agents = []document.AgentResult{}
	}
	if out.Status.Resources.Sources == nil {
		out.Status.Resources.Sources = []document.SourceStatus{}
	}
	return &out
}

// withoutContent takes what is sent out of t, and tells whether there was any.
func withoutContent(t *document.Target) bool {
	left := t.Body != "" || len(t.BodyBase64) > 0
	t.Body, t.BodyBase64 = "", nil
	if g := t.GRPC; g != nil && (g.Message != "" || len(g.DescriptorSet) > 0) {
		left = true
		t.GRPC = &document.GRPCCall{Method: g.Method}
	}
	return left
}
