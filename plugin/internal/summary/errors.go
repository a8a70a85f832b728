package summary

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// errors tells what was answered badly. What of it is in the latencies is a
// warning.
func (p *page) errors() {
	r := p.Status.Requests
	if r.Failed == 0 {
		return
	}
	wrong := p.wrongCodes()
	var kinds []string
	for _, code := range slices.Sorted(maps.Keys(wrong)) {
		kinds = append(kinds, code+": "+printer.Count(wrong[code]))
	}
	text := fmt.Sprintf("%s of %s", printer.Count(r.Failed), printer.Count(r.Sent))
	if len(kinds) > 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	p.gap()
	p.row("ERRORS", text)
}

// wrongCodes are the codes that no target's check wants, and kinds of failure.
func (p *page) wrongCodes() map[string]int64 {
	wrong := map[string]int64{}
	count := func(t *document.Target, codes map[string]int64) {
		for code, n := range codes {
			if n > 0 && !wanted(t, code) {
				wrong[code] += n
			}
		}
	}
	targets := p.Spec.AllTargets()
	if len(p.Status.Targets) != len(targets) {
		count(&targets[0], p.Status.Requests.Codes)
		return wrong
	}
	for i := range targets {
		count(&targets[i], p.Status.Targets[i].Requests.Codes)
	}
	return wrong
}

// wanted tells whether a code stands for a right answer: one that the target's
// check names, or else 2xx of HTTP and OK of the others.
func wanted(t *document.Target, code string) bool {
	number := len(code) == 3 && strings.Trim(code, "0123456789") == ""
	if t.Check == nil || len(t.Check.Status) == 0 {
		return number && code[0] == '2' || code == "OK"
	}
	return slices.ContainsFunc(t.Check.Status, func(s string) bool {
		class, any := strings.CutSuffix(s, "xx")
		return s == code || any && number && strings.HasPrefix(code, class)
	})
}
