package summary

import (
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// What is missing of the target is said, also where other containers have figures.
func TestMissingCPUOfTheTargetIsSaid(t *testing.T) {
	cores := 0.5
	known := func(pod string) document.ContainerResource {
		return document.ContainerResource{Namespace: "shop", Pod: pod, Container: "c", MeanCores: &cores, CPUSamples: 2}
	}
	unknown := document.ContainerResource{Namespace: "shop", Pod: "checkout-1", Container: "c", CPUSamples: 1}
	for name, c := range map[string]struct {
		target     []string
		containers []document.ContainerResource
		said       bool
	}{
		"target known":                {[]string{"shop/checkout-1"}, []document.ContainerResource{known("checkout-1")}, false},
		"only another one known":      {[]string{"shop/checkout-1"}, []document.ContainerResource{unknown, known("other")}, true},
		"no target, one known":        {nil, []document.ContainerResource{unknown, known("other")}, false},
		"no target, none known":       {nil, []document.ContainerResource{unknown}, true},
		"nothing read of a container": {nil, nil, false},
	} {
		r := &document.Result{}
		r.Status.Environment.TargetPods = c.target
		r.Status.Resources.Containers = c.containers
		r.Status.Resources.Sources = []document.SourceStatus{{Source: "kubelet", Node: "worker-1", Available: true, Samples: 5}}
		var b strings.Builder
		if err := Write(&b, r, ""); err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(b.String(), "measure for 45 s or more"); said != c.said {
			t.Errorf("%s: said %v, want %v:\n%s", name, said, c.said, b.String())
		}
	}
}
