package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
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
			p.line("%s cannot be compared with %s: %s", c.Variant, report.Baseline, c.Reason)
			if c.Command != "" {
				p.line("%s", commandIntro(len(report.Comparisons)))
				p.wide = true // a line to be pasted
				p.line("%s", c.Command)
			}
			if p.err != nil {
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

// writeFloor writes the noise floor: the largest, then that of every metric.
func writeFloor(w io.Writer, floor []bench.Floor) {
	var largest *bench.Floor
	var shares []string
	for i, f := range floor {
		if f.Share == nil {
			continue
		}
		shares = append(shares, wording.Metric(f.Metric)+" "+printer.Percent(*f.Share))
		if largest == nil || *f.Share > *largest.Share {
			largest = &floor[i]
		}
	}
	if largest == nil {
		return
	}
	fmt.Fprintf(w, "noise floor %s (%s)\n", printer.Percent(*largest.Share), wording.Metric(largest.Metric))
	for _, line := range printer.Wrap(strings.Join(shares, ", "), printer.DefaultWidth) {
		fmt.Fprintln(w, line)
	}
}
