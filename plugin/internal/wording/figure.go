package wording

import (
	"math"

	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// None stands where there is no figure.
const None = "–"

// The units of figures, as document.MetricComparison has them.
const (
	Milliseconds = "ms"
	PerSecond    = "requests/s"
	Percent      = "%"
	CoreSeconds  = "core-s/1000"
	Bytes        = "bytes"
)

// Figure is v with its unit: "11.9 ms", "999.9 rps", "0.410 core-s".
func Figure(unit string, v float64) string {
	switch unit {
	case PerSecond:
		return ShortFigure(unit, v) + " rps"
	case CoreSeconds:
		return ShortFigure(unit, v) + " core-s"
	}
	return ShortFigure(unit, v)
}

// ShortFigure is Figure without a unit that the name of the metric tells, for
// columns.
func ShortFigure(unit string, v float64) string {
	switch unit {
	case Milliseconds:
		return printer.Latency(v)
	case PerSecond:
		return printer.Rate(v)
	case Percent:
		return printer.Percent(v / 100)
	case Bytes:
		return printer.Bytes(int64(math.Round(v)))
	case CoreSeconds, "":
		return printer.Significant(v, 3)
	}
	return printer.Significant(v, 3) + " " + unit
}

// FigureOf is Figure, or None.
func FigureOf(unit string, v *float64) string {
	if v == nil || math.IsNaN(*v) {
		return None
	}
	return Figure(unit, *v)
}
