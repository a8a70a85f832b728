package threshold

import (
	"fmt"
	"math"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Hopeless tells whether the expression cannot hold over the whole run any more,
// and why. Sofar is what was measured until now, with its histograms; planned is
// the most requests that the whole measured time can have, 0 or less when that
// is not known (a closed loop). True is a proof; what cannot be known is never
// hopeless.
//
// It rests on one thing: a run only adds. With S succeeded, F failed and U unsent
// so far, each of the rest = planned - S - F - U requests still to come adds at
// most one to each count and to each histogram. From that follow the least and
// the most that a figure can be in the end, and an expression is hopeless when
// no value from the least to the most meets it:
//
//   - a count c (requests.*, codes, count of a latency): c to c + rest.
//   - errorRate: F / n to (n - S) / n, with n = S + F + rest, the most requests
//     that can be sent.
//   - unsentRate: U / n to (n - S - F) / n, with n = S + F + U + rest.
//   - a latency: its figure in the histogram so far and rest requests of 0, to
//     that in the histogram so far and rest requests of one hour, which is as
//     long as a histogram tells. For p99 < X, the first is at or above X exactly
//     when more than about 1 % of all planned requests already are. Both are
//     rounded by the same histogram as the whole run's figure will be, so the
//     resolution needs no slack; only mean is a sum of many rounded numbers, and
//     has 1 ns and 1e-9 of itself.
//   - connectTime: as if rest were not known, for connections are no requests.
//   - with rest not known: from c for a count, from the max and up to the min so
//     far for max and min; nothing of the others.
//   - rate.* and resources.*: nothing, for they depend on time.
//
// A percentile that needs more requests than can still become of the histogram
// never has a value: it is hopeless from the start.
func Hopeless(e Expression, sofar *document.Result, planned int64) (bool, string) {
	b, ok := e.bounds(sofar, planned)
	if !ok {
		return false, ""
	}
	if n, need, never := b.never(); never {
		return true, fmt.Sprintf("%s needs %s requests, and will have at most %s", e.path, printer.Count(need), printer.Count(n))
	}
	// The one bound that matters is worth finding alone: a histogram is large.
	least, most := math.Inf(-1), math.Inf(1)
	if e.op != ">" && e.op != ">=" {
		least = b.least()
	}
	if e.op != "<" && e.op != "<=" {
		most = b.most()
	}
	if e.canHold(least, most) {
		return false, ""
	}
	side, bound := "at least", least
	switch {
	case least == most:
		side = "exactly"
	case e.op == ">" || e.op == ">=" || most < e.limit:
		side, bound = "at most", most
	}
	return true, fmt.Sprintf("%s will be %s %s, whatever %s", e.path, side, figure(bound, e.path.kind()), b.toCome())
}

// Starved tells whether the figure is a percentile that will not have the
// requests it needs when the run ends, so that nothing can be said of it; sofar
// and planned are those of Hopeless.
func Starved(e Expression, sofar *document.Result, planned int64) bool {
	b, ok := e.bounds(sofar, planned)
	if !ok {
		return false
	}
	_, _, never := b.never()
	return never
}

// bounds of the figure; false where the Result does not have what it is about.
func (e Expression) bounds(sofar *document.Result, planned int64) (bounds, bool) {
	s, reason := e.path.scope(sofar)
	if reason != "" {
		return bounds{}, false
	}
	b := bounds{path: e.path, scope: s, rest: rest(sofar, planned)}
	if e.path.group == "connectTime" {
		b.rest = unknown
	}
	return b, true
}

// canHold tells whether some value from least to most meets the expression.
func (e Expression) canHold(least, most float64) bool {
	switch e.op {
	case "<", "<=":
		return holds(least, e.op, e.limit)
	case ">", ">=":
		return holds(most, e.op, e.limit)
	case "==":
		return least <= e.limit && e.limit <= most
	}
	return least != most || least != e.limit
}

// unknown is a rest that nobody knows.
const unknown = -1

// rest is how many requests can still come.
func rest(sofar *document.Result, planned int64) int64 {
	r := sofar.Status.Requests
	done := r.Succeeded + r.Failed + r.Unsent
	// 100 times beyond 2^53 a float64 is not exact, and shares would not be either.
	if planned <= 0 || planned > 1<<53/100 || done > planned {
		return unknown
	}
	return planned - done
}

// toCome is the rest in words.
func (b bounds) toCome() string {
	switch b.rest {
	case unknown:
		return "is still to come"
	case 1:
		return "the last request brings"
	}
	return fmt.Sprintf("the %s requests still to come bring", printer.Count(b.rest))
}

// figure writes a value for people.
func figure(v float64, k kind) string {
	switch k {
	case inMilliseconds:
		return printer.Latency(v)
	case inPercent:
		return printer.Percent(v / 100)
	case inRate:
		return printer.Rate(v)
	}
	return printer.Count(int64(v))
}
