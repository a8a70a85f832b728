package collect

import (
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func milliseconds(d time.Duration) *float64 {
	v := float64(d) / 1e6
	return &v
}

// quantile in milliseconds; nil when too few calls are behind it.
func quantile(h *histogram.Histogram, q float64) *float64 {
	d, ok := h.Quantile(q)
	if !ok {
		return nil
	}
	return milliseconds(d)
}

// summary of a histogram; nil when nothing was recorded.
func summarize(h *histogram.Histogram) *document.Summary {
	if h.Count() == 0 {
		return nil
	}
	return &document.Summary{
		Count: h.Count(),
		Min:   *milliseconds(h.Min()), Mean: *milliseconds(h.Mean()), Max: *milliseconds(h.Max()),
		P50: quantile(h, 0.5), P75: quantile(h, 0.75), P90: quantile(h, 0.9), P95: quantile(h, 0.95),
		P99: quantile(h, 0.99), P999: quantile(h, 0.999), P9999: quantile(h, 0.9999),
	}
}
