package collect

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/threshold"
)

// Hopeless is what AbortOn says for: when a threshold can no longer be met.
const Hopeless = "hopeless"

// AbortPrefix begins the reason for which a run is stopped by its own Test.
const AbortPrefix = "aborted: "

// Before so much was measured, nothing is judged.
const (
	abortAfter    = 5 * time.Second
	abortRequests = 100
)

// condition is a text of the Test as an expression. They were parsed once
// already where the Test was checked, but that may have been another version.
type condition struct {
	text string
	threshold.Expression
	err error // the text is none
}

func conditions(texts []string) (out []condition) {
	for _, text := range texts {
		c := condition{text: text}
		c.Expression, c.err = threshold.Parse(text)
		out = append(out, c)
	}
	return out
}

// aboutRate tells that the condition is about the rate, which is known later
// than the rest.
func (c condition) aboutRate() bool { return strings.HasPrefix(c.String(), "rate.") }

// Abort is why the run is to be stopped by what was measured so far, as its Test
// wants it; empty when it is not, or has ended.
func (c *Collector) Abort() string {
	if len(c.abortOn) == 0 || c.over() {
		return ""
	}
	r, err := c.soFar()
	if err != nil || r.measured < abortAfter || r.Status.Requests.Planned < abortRequests {
		return ""
	}
	for _, on := range c.abortOn {
		if on.text == Hopeless {
			for _, t := range c.thresholds {
				if t.err != nil {
					continue // told in the Result
				}
				if yes, why := threshold.Hopeless(t.Expression, r.Result, c.planned()); yes {
					return fmt.Sprintf("%s%s can no longer be met: %s", AbortPrefix, t, why)
				}
			}
			continue
		}
		if on.err != nil || on.aboutRate() && !r.rateKnown {
			continue
		}
		if actual, holds, _ := on.Evaluate(r.Result); holds {
			return fmt.Sprintf("%s%s: it is %s", AbortPrefix, on, withUnit(actual, on.Unit()))
		}
	}
	return ""
}

// over tells that every agent has said its last word.
func (c *Collector) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.agents {
		if a.final == nil && a.lost == nil {
			return false
		}
	}
	return true
}

// judged holds the thresholds against a Result whose validity is known. One that
// cannot be read is not met, and in an invalid run none is.
func (c *Collector) judged(r *document.Result) []document.ThresholdResult {
	var out []document.ThresholdResult
	for _, t := range c.thresholds {
		if t.err != nil {
			out = append(out, document.ThresholdResult{Expression: t.text, Reason: fmt.Sprintf("it cannot be read: %v", t.err)})
			continue
		}
		result := threshold.Check([]threshold.Expression{t.Expression}, r)[0]
		if !r.Status.Validity.Valid {
			result.Passed = false
			if result.Actual != nil {
				result.Reason = t.path() + " was " + withUnit(*result.Actual, result.Unit)
			}
			result.Reason = "the run is invalid; " + result.Reason
		}
		out = append(out, result)
	}
	return out
}

// path is what the condition is about: its canonical form without the last two
// words, the comparison and the value.
func (c condition) path() string {
	words := strings.Split(c.String(), " ")
	return strings.Join(words[:len(words)-2], " ")
}

// withUnit writes a value with five digits; a whole number has all of its own.
func withUnit(v float64, unit string) string {
	if v != math.Trunc(v) {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	}
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', -1, 64) + " " + unit)
}

// aborted is the reason for which the run was stopped by its own Test.
func (c *Collector) aborted() string {
	for _, a := range c.agents {
		if reason := a.final.GetReason(); strings.HasPrefix(reason, AbortPrefix) {
			return strings.TrimPrefix(reason, AbortPrefix)
		}
	}
	return ""
}
