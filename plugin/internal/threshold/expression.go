package threshold

import (
	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Expression is a path of a Result, a comparison and a value. It never changes,
// and two that mean the same in the same unit are ==. Parse makes them.
type Expression struct {
	path path
	op   string
	// number and unit are the value as it is written, without what says nothing:
	// "50" and "ms".
	number, unit string
	// limit is the value in the unit of the path: see Unit.
	limit float64
}

// The comparisons, the longer ones first, so that "<=" is not read as "<".
var operators = []string{"<=", ">=", "==", "!=", "<", ">"}

// String is the expression in its one canonical form, which Parse reads again.
func (e Expression) String() string {
	return e.path.String() + " " + e.op + " " + e.number + e.unit
}

// Unit is that of the actual value: "ms", "%", or "" for plain numbers.
func (e Expression) Unit() string { return e.path.kind().unit() }

// Target is the name of the one target that the expression is about; empty
// when it is about all of them together. Whether a Test has it, Parse cannot know.
func (e Expression) Target() string { return e.path.target }

// Needs is how many requests the figure must have behind it to have a value at
// all: see histogram.MinCount. It is 1 where it is no percentile.
func (e Expression) Needs() int64 { return histogram.MinCount(e.path.q) }

// Evaluate holds the expression against a Result. Actual is in Unit; ok tells
// whether the expression holds. Where the Result has no such value (too few
// requests behind a percentile, no response time in a closed loop), the
// expression does not hold, actual is 0 and reason says why; it is empty
// otherwise.
func (e Expression) Evaluate(r *document.Result) (actual float64, ok bool, reason string) {
	actual, reason = e.path.value(r)
	if reason != "" {
		return 0, false, reason
	}
	return actual, holds(actual, e.op, e.limit), ""
}

// holds compares two values of the same unit. They are compared as they are: a
// figure from a histogram is exact to 0.1 %, and == means that very figure.
func holds(actual float64, op string, limit float64) bool {
	switch op {
	case "<":
		return actual < limit
	case "<=":
		return actual <= limit
	case ">":
		return actual > limit
	case ">=":
		return actual >= limit
	case "==":
		return actual == limit
	case "!=":
		return actual != limit
	}
	return false
}

// Check holds every expression against a Result, in the order given.
func Check(expressions []Expression, r *document.Result) []document.ThresholdResult {
	var out []document.ThresholdResult
	for _, e := range expressions {
		actual, ok, reason := e.Evaluate(r)
		t := document.ThresholdResult{Expression: e.String(), Unit: e.Unit(), Passed: ok, Reason: reason}
		if reason == "" {
			t.Actual = &actual
		}
		out = append(out, t)
	}
	return out
}
