package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
)

func (c Config) nodeExporter(ctx context.Context) Result {
	const name = "node-exporter"
	hint := "deploy --node-exporter brings one; without it a Result lacks CPU, memory, network and pressure of the nodes"
	found, err := discover.NodeExporters(ctx, c.Client.Kubernetes)
	if err != nil {
		return Result{name, Warn, err.Error(), "give its URL in the Test"}
	}
	usable, why := 0, ""
	for _, e := range found {
		if e.Unusable == "" {
			usable++
		} else if why == "" {
			why = e.Unusable
		}
	}
	switch {
	case usable > 0 && why == "":
		return Result{Name: name, Status: OK, Detail: fmt.Sprintf("on %d nodes, such as %s", usable, found[0].URL)}
	case usable > 0:
		return Result{name, Warn, fmt.Sprintf("on %d nodes, and not usable on others: %s", usable, why), "see the pod named"}
	case c.Options.NodeExporter:
		return Result{Name: name, Status: OK, Detail: "none is there; deploy brings one"}
	case why != "":
		return Result{name, Warn, "none is usable: " + why, "give the URL of one that needs no token in the Test"}
	}
	return Result{name, Warn, "none is there", hint}
}

func (c Config) kubelet(ctx context.Context) Result {
	const name = "kubelet metrics"
	if c.Options.KubeletMetrics {
		return Result{Name: name, Status: OK, Detail: "deploy gives the agents the right to read them"}
	}
	set, err := discover.Agents(ctx, c.Client.Kubernetes, c.Options.Namespace)
	if err == nil && set.KubeletMetrics() {
		return Result{Name: name, Status: OK, Detail: "the agents may read them"}
	}
	detail := "the agents would not read them"
	if err != nil && !errors.Is(err, discover.ErrNotDeployed) {
		detail = err.Error()
	}
	return Result{name, Warn, detail, "deploy --kubelet-metrics lets them; without it a Result lacks CPU and memory per container"}
}

func (c Config) prometheus(ctx context.Context) Result {
	const name = "Prometheus"
	found, err := discover.Prometheuses(ctx, c.Client.Kubernetes)
	switch {
	case err != nil:
		return Result{name, Warn, err.Error(), "give its URL in the Test"}
	case len(found) == 0:
		return Result{name, Warn, "none was found by the usual labels and names", "give its URL in the Test; without it a Result has no answers to PromQL"}
	case len(found) == 1:
		return Result{Name: name, Status: OK, Detail: found[0].URL}
	}
	return Result{Name: name, Status: OK, Detail: fmt.Sprintf("%s, and %d more that could be named in the Test", found[0].URL, len(found)-1)}
}
