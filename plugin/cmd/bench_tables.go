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

// writeFloor writes the noise floor: that of the metric that stands for all, then those
// of the others that noise could make look different.
func writeFloor(w io.Writer, floor []bench.Floor) {
	if len(floor) == 0 {
		return
	}
	headline := bench.Headline(floor)
	var others []string
	for i, f := range floor {
		if &floor[i] != headline && f.Matters() {
			others = append(others, wording.Metric(f.Metric)+" "+floorOf(f))
		}
	}
	text := "no other metric has one that matters"
	switch {
	case headline != nil:
		fmt.Fprintf(w, "noise floor %s (%s)\n", floorOf(*headline), wording.Metric(headline.Metric))
		if len(others) > 0 {
			text = "of others: " + strings.Join(others, ", ")
		}
	case len(others) > 0:
		text = "noise floor of " + strings.Join(others, ", ")
	default:
		text = "no metric has a noise floor that matters"
	}
	for _, line := range printer.Wrap(text, printer.DefaultWidth) {
		fmt.Fprintln(w, line)
	}
}

// floorOf is a floor as a share of the figure; in points for what is a share itself,
// as errors are, which may be next to nothing.
func floorOf(f bench.Floor) string {
	if f.Share == nil || f.Unit == wording.Percent {
		return wording.Amount(f.Unit, f.Bound())
	}
	return printer.Percent(*f.Share)
}
