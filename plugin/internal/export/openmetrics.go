package export

import (
	"errors"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// OpenMetrics writes the figures of Runs in the text format of OpenMetrics 1.0, each
// with the time its Run ended. Names, units and labels follow the conventions of
// Prometheus.
func OpenMetrics(w io.Writer, runs []*document.Result) error {
	g, err := gatherer(runs)
	if err != nil {
		return err
	}
	families, err := g.Gather()
	if err != nil {
		return err
	}
	e := expfmt.NewEncoder(w, expfmt.FmtOpenMetrics_1_0_0)
	for _, f := range families {
		if err := e.Encode(f); err != nil {
			return err
		}
	}
	_, err = expfmt.FinalizeOpenMetrics(w)
	return err
}

// gatherer has the metrics of Runs. It finds what does not fit together, such as a
// Run that is there twice.
func gatherer(runs []*document.Result) (prometheus.Gatherer, error) {
	registry := prometheus.NewPedanticRegistry()
	var errs []error
	for _, r := range runs {
		m, err := metricsOf(r)
		if err == nil {
			err = registry.Register(m)
		}
		errs = append(errs, err)
	}
	return registry, errors.Join(errs...)
}
