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
	// Effect is the least difference that matters, in Unit.
	Effect float64 `json:"effect"`
}

// Bound is the one farther from 0, without its sign and in Unit.
func (f Floor) Bound() float64 { return math.Max(math.Abs(f.Low), math.Abs(f.High)) }

// Matters tells that noise can look like a difference that does.
func (f Floor) Matters() bool { return f.Bound() >= f.Effect }

// headlines are the metrics one of which stands for all: what a user waits for, and in
// closed loops what the target takes. Tails and shares of errors are noisier by nature.
var headlines = []string{"responseTime.p50", "serviceTime.p50"}

// Headline is the floor that stands for all; nil where there is none such.
func Headline(all []Floor) *Floor {
	for _, name := range headlines {
		for i := range all {
			if all[i].Metric == name && all[i].Share != nil {
				return &all[i]
			}
		}
	}
	return nil
}

// NoiseFloor is what a comparison of one thing with itself says. Metrics without
// an interval have no floor.
func NoiseFloor(c *document.Comparison) []Floor {
	var all []Floor
	for _, m := range c.Metrics {
		if m.Difference == nil {
			continue
		}
		f := Floor{Metric: m.Name, Unit: m.Unit, Low: m.Difference.Low, High: m.Difference.High, Effect: m.Effect}
		if m.A.Median != 0 {
			f.Share = new(f.Bound() / math.Abs(m.A.Median))
		}
		all = append(all, f)
	}
	return all
}
