package cmd

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// benchTables are what a person gets of a bench: every comparison, with the Test before
// it where there are several.
func benchTables(w io.Writer, report bench.Report, wide bool) error {
	test := ""
	for i, c := range report.Comparisons {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if len(report.Tests) > 1 && c.Test != test {
			test = c.Test
			fmt.Fprintf(w, "TEST %s\n", test)
		}
		if c.Comparison == nil {
			p := &lines{w: w, wide: wide}
			if p.line("%s cannot be compared with %s: %s", c.Variant, report.Baseline, c.Reason); p.err != nil {
				return p.err
			}
			continue
		}
		if err := writeComparison(w, c.Comparison, wide); err != nil {
			return err
		}
		writeFloor(w, c.NoiseFloor)
	}
	return nil
}

// writeFloor writes the noise floor of every metric, the largest last.
func writeFloor(w io.Writer, floor []bench.Floor) {
	var largest *bench.Floor
	var shares []string
	for i, f := range floor {
		if f.Share == nil {
			continue
		}
		shares = append(shares, metricName(f.Metric)+" "+printer.Percent(*f.Share))
		if largest == nil || *f.Share > *largest.Share {
			largest = &floor[i]
		}
	}
	if largest == nil {
		return
	}
	fmt.Fprintf(w, "noise floor %s (%s)\n", printer.Percent(*largest.Share), metricName(largest.Metric))
	for _, line := range printer.Wrap(strings.Join(shares, ", "), printer.DefaultWidth) {
		fmt.Fprintln(w, line)
	}
}

// metricCell is a figure of a comparison in its unit.
func metricCell(v float64, unit string) string {
	switch unit {
	case "ms":
		return printer.Latency(v)
	case "bytes":
		return printer.Bytes(int64(math.Round(v)))
	case "%":
		return printer.Significant(v, 3) + " %"
	case "requests/s":
		return printer.Rate(v)
	}
	return printer.Significant(v, 3)
}

// differenceCell is a difference with its interval: "+0.51 ms (+0.44 … +0.57)".
func differenceCell(d document.Estimate, unit string) string {
	scale, digits := 1.0, func(v float64) string { return printer.Significant(v, 3) }
	largest := math.Max(math.Abs(d.Low), math.Abs(d.High))
	switch {
	case unit == "ms" && largest < 1:
		scale, unit = 1000, "µs"
	case unit == "ms" && largest >= 1000:
		scale, unit = 1.0/1000, "s"
	case unit == "bytes":
		scale, unit = 1.0/(1<<20), "MiB"
	case unit == "requests/s":
		unit, digits = "rps", printer.Rate
	case unit != "ms" && unit != "%":
		unit = "" // said by the metric's name
	}
	signed := func(v float64) string {
		if v *= scale; v < 0 {
			return "-" + digits(-v)
		}
		return "+" + digits(v)
	}
	return fmt.Sprintf("%s (%s … %s)", strings.TrimSpace(signed(d.Value)+" "+unit), signed(d.Low), signed(d.High))
}

// metricName is a metric as a table names it: "response p99", "CPU data plane".
func metricName(name string) string {
	for old, short := range map[string]string{"responseTime.": "response ", "serviceTime.": "service ", "cpu.": "CPU ", "rate.achieved": "rate",
		"dataPlane": "data plane", "controlPlane": "control plane", "memory.": "memory "} {
		name = strings.Replace(name, old, short, 1)
	}
	return name
}
