package summary

import (
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

func (p *page) thresholds() {
	all := p.Status.Thresholds
	if len(all) == 0 {
		return
	}
	t := p.table("~THRESHOLD", "ACTUAL", "RESULT")
	for _, one := range all {
		result := "passed"
		if !one.Passed {
			result = "FAILED"
		}
		t.add(one.Expression, actual(one), result)
	}
	t.end()
	for _, one := range all {
		if one.Reason != "" {
			p.row("", one.Expression+": "+one.Reason)
		}
	}
}

// actual has more digits than other numbers: it must not look like the bound
// that it only nearly is.
func actual(t document.ThresholdResult) string {
	if t.Actual == nil {
		return ""
	}
	text := printer.Significant(*t.Actual, 5)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if t.Unit != "" {
		text += " " + t.Unit
	}
	return text
}
