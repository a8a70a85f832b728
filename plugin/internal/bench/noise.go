package bench

import (
	"math"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Floor is the noise floor of a metric: differences between runs of different
// things that are no larger say nothing.
type Floor struct {
	// Metric is the path of the figure in the Result, Unit that of Low and High,
	// between which the difference of one thing with itself lies.
	Metric string  `json:"metric"`
	Unit   string  `json:"unit"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	// Share is the bound farther from 0, as a share of the figure; absent where the
	// figure is 0.
	Share *float64 `json:"share,omitempty"`
}

// NoiseFloor is what a comparison of one thing with itself says. Metrics without
// an interval have no floor.
func NoiseFloor(c *document.Comparison) []Floor {
	var all []Floor
	for _, m := range c.Metrics {
		if m.Difference == nil {
			continue
		}
		f := Floor{Metric: m.Name, Unit: m.Unit, Low: m.Difference.Low, High: m.Difference.High}
		if m.A.Median != 0 {
			f.Share = new(math.Max(math.Abs(f.Low), math.Abs(f.High)) / math.Abs(m.A.Median))
		}
		all = append(all, f)
	}
	return all
}
