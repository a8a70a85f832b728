package cmd

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/findmax"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/threshold"
)

// outcome judges a step. Where the generator had no time, what was measured is
// its own doing as much as the target's, so that nothing is known. Thresholds
// that do not hold, requests that could not be sent, and errors beyond what is
// allowed are the target's. What else makes a run invalid says nothing of it.
func outcome(r *document.Result) findmax.Outcome {
	s := &r.Status
	unknown := func(why []string) findmax.Outcome { return findmax.Outcome{Why: strings.Join(why, "; ")} }
	if why := overload(r); len(why) > 0 {
		return findmax.Outcome{Overload: true, Why: strings.Join(why, "; ")}
	}
	if s.Phase == document.Partial {
		return unknown(s.Validity.Reasons)
	}
	failed, missing := unmet(r)
	failed = append(failed, undelivered(r, failed)...)
	switch {
	case len(failed) > 0:
		return findmax.Outcome{Verdict: findmax.Broken, Why: strings.Join(failed, "; ")}
	case s.Aborted != "" && !starved(r):
		return findmax.Outcome{Verdict: findmax.Broken, Why: s.Aborted}
	case len(missing) > 0:
		return unknown(missing)
	case !s.Validity.Valid:
		return unknown(s.Validity.Reasons)
	}
	return findmax.Outcome{Verdict: findmax.Kept}
}

// overload says what the generator of an invalid run had too little of.
func overload(r *document.Result) (why []string) {
	s, c := &r.Status, r.Spec.Validity
	if s.Validity.Valid {
		return nil
	}
	if l := c.LatenessOf(&s.Latency); l.Broken() {
		why = append(why, "lateness "+l.Name+" is "+printer.Latency(l.Late))
	}
	for i := range s.Agents {
		if a := &s.Agents[i]; c.BusyGenerator(a) {
			why = append(why, fmt.Sprintf("generator CPU is %s on %s", printer.Percent(*a.CPUUtilization), a.Node))
		}
	}
	for _, n := range s.Resources.Nodes {
		if u := n.CPUUtilization; u != nil && *u > document.MaxNodeCPU {
			why = append(why, fmt.Sprintf("CPU of %s is %s", n.Node, printer.Percent(*u)))
		}
	}
	return why
}

// unmet are the thresholds that do not hold, and those that have no figure.
func unmet(r *document.Result) (failed, missing []string) {
	for _, t := range evaluated(r) {
		words := strings.Split(t.Expression, " ")
		path := strings.Join(words[:max(0, len(words)-2)], " ")
		switch {
		case t.Passed:
		case t.Actual == nil:
			missing = append(missing, t.Reason)
		default:
			failed = append(failed, path+" is "+figure(*t.Actual, t.Unit))
		}
	}
	return failed, missing
}

func figure(v float64, unit string) string {
	switch unit {
	case "ms":
		return printer.Latency(v)
	case "%":
		return printer.Percent(v / 100)
	}
	return printer.Significant(v, 4)
}

// undelivered says what share of the requests could not be sent, or failed, where
// it is more than the Test allows. A run that was ended early leaves requests
// unsent and in flight, which says nothing. What was said already is not said again.
func undelivered(r *document.Result, said []string) (why []string) {
	s, c := &r.Status, r.Spec.Validity
	judge := func(q *document.Requests, to string) {
		if share, tooFew := c.SentShare(q); tooFew && s.Phase != document.Cancelled {
			why = append(why, "only "+printer.Percent(share)+to+" could be sent")
		}
		if share, tooMany := c.FailedShare(q); tooMany && (to != "" || !slices.ContainsFunc(said, isErrorRate)) {
			why = append(why, printer.Percent(share)+" of the requests"+to+" failed")
		}
	}
	// What is well with all of them together may be bad for one target.
	if judge(&s.Requests, ""); len(why) > 0 {
		return why
	}
	for i := range s.Targets {
		judge(&s.Targets[i].Requests, " to "+s.Targets[i].Name)
	}
	return why
}

// isErrorRate tells that a reason names the share of all requests that failed.
func isErrorRate(why string) bool { return strings.HasPrefix(why, "errorRate is ") }

// starved tells whether a run was ended because it would have had too few
// requests for a percentile: that is not the target's doing.
func starved(r *document.Result) bool {
	l := &r.Spec.Load
	if l.Arrivals == document.Poisson {
		return false // the number planned is not known, and none is ended for it
	}
	planned := int64(math.Ceil(l.MeanRate()*time.Duration(l.Duration).Seconds())) + 1
	return slices.ContainsFunc(r.Spec.Thresholds, func(text string) bool {
		e, err := threshold.Parse(text)
		return err == nil && threshold.Starved(e, r, planned)
	})
}

// stepLine is a step in one line of at most 80 characters; all there is to say is
// in its Result.
func stepLine(s findmax.Step, r *document.Result, o findmax.Outcome) string {
	name := "confirm"
	if !s.Confirm {
		name = fmt.Sprintf("step %d", s.Number)
	}
	var p99 *float64
	if l := r.Status.Latency.ResponseTime; l != nil {
		p99 = l.P99
	}
	word := map[findmax.Verdict]string{findmax.Kept: "kept", findmax.Broken: "not kept: ", findmax.Unknown: "not known: "}[o.Verdict]
	line := printer.Escape(fmt.Sprintf("%-7s %9s rps  p99 %-7s  %s%s", name, plainRate(s.Rate), printer.LatencyOf(p99), word, o.Why))
	if utf8.RuneCountInString(line) > printer.DefaultWidth {
		line = string([]rune(line)[:printer.DefaultWidth-1]) + "…"
	}
	return line
}
