package summary

import (
	"strings"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

func (p *page) thresholds() {
	all := p.Status.Thresholds
	if len(all) == 0 {
		return
	}
	// What the other columns and the gaps leave.
	room := printer.DefaultWidth - len("not judged") - 4
	if p.invalid() {
		room -= len("INVALID") + 2
	}
	widest := len("ACTUAL")
	for _, one := range all {
		widest = max(widest, utf8.RuneCountInString(actual(one)))
	}
	t := p.table("~THRESHOLD", "ACTUAL", "RESULT")
	for _, one := range all {
		t.add(shortened(one.Expression, room-widest), actual(one), p.thresholdResult(one))
	}
	t.end()
	for _, one := range all {
		// That the run is invalid is said above, for all of them.
		if one.Reason != "" && (one.Actual == nil || !p.invalid()) {
			p.row("", one.Expression+": "+one.Reason)
		}
	}
}

func (p *page) thresholdResult(t document.ThresholdResult) string {
	switch {
	case p.invalid():
		return "not judged"
	case t.Passed:
		return "passed"
	}
	return "FAILED"
}

// shortened cuts an expression to so many characters in the middle, nearer to
// its beginning: a target's name is there, and at the end is what it says of it.
func shortened(expression string, width int) string {
	runes := []rune(printer.Escape(expression))
	if len(runes) <= width {
		return string(runes)
	}
	head := max(1, width/4)
	return string(runes[:head]) + "…" + string(runes[len(runes)-max(0, width-head-1):])
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
