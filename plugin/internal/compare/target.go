package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// BrokenByTarget tells that a run is not valid for what its target did: too many
// requests failed, its Test ended it for that, or too few could be sent although the
// generator had nothing to answer for.
func BrokenByTarget(r *document.Result) bool {
	s := &r.Status
	if s.Validity.Valid || s.Phase == document.Cancelled && s.Aborted == "" {
		return false
	}
	criteria := r.Spec.Validity.WithDefaults()
	parts := []*document.Requests{&s.Requests}
	for i := range s.Targets {
		parts = append(parts, &s.Targets[i].Requests)
	}
	few := s.Requests.Sent == 0
	for _, p := range parts {
		if _, many := criteria.FailedShare(p); many {
			return true
		}
		_, tooFew := criteria.SentShare(p)
		few = few || tooFew
	}
	// Of the generator of another tool nothing is known.
	return s.Aborted != "" || few && len(s.Agents) > 0 && !troubledGenerator(r, criteria)
}

// troubledGenerator tells that agents were lost, late or had too little CPU.
func troubledGenerator(r *document.Result, criteria document.Criteria) bool {
	s := &r.Status
	l := criteria.LatenessOf(&s.Latency)
	return l.Broken() ||
		slices.ContainsFunc(s.Agents, func(a document.AgentResult) bool {
			return a.Phase == document.AgentLost || a.Phase == document.AgentFailed || criteria.BusyGenerator(&a)
		}) ||
		slices.ContainsFunc(s.Resources.Nodes, func(n document.NodeResources) bool {
			return n.CPUUtilization != nil && *n.CPUUtilization > document.MaxNodeCPU
		})
}

// tried are the runs of a side that say something of its target: the valid ones, and
// those that it made invalid. What the generator made invalid says nothing of it.
type tried struct{ broken, of int }

// try counts them. In pairs, what counts is what has the same key: once, however often
// it was tried, and only if both sides have it, or one would be blamed for what the
// other did not try. A key of "" is in no pair. Runs apart count one by one.
func try(a, b *Group, valid [2][]*run, key func(*run) string) (both [2]tried) {
	paired := key != nil
	if !paired {
		key = func(r *run) string { return r.origin }
	}
	bad := [2]map[string]bool{{}, {}}
	for side, other := range []*Group{b, a} {
		for _, r := range valid[side] {
			bad[side][key(r)] = false
		}
		for _, r := range []*Group{a, b}[side].broken {
			if other.same(r.origin) == nil && measured(other.broken, r.origin) == nil {
				bad[side][key(r)] = true
			}
		}
	}
	for side := range both {
		for k, broken := range bad[side] {
			if _, there := bad[1-side][k]; paired && (k == "" || !there) {
				continue
			}
			if both[side].of++; broken {
				both[side].broken++
			}
		}
	}
	return both
}

// apart is 1 where the target broke a greater share of B's runs, -1 where it was of A's.
// Shares are the same if no other whole number of the larger side's runs were nearer: as
// 1 of 11 and 1 of 12 are.
func apart(t [2]tried) int {
	a, b := t[0], t[1]
	difference := b.broken*a.of - a.broken*b.of
	if 2*max(difference, -difference) <= min(a.of, b.of) {
		return 0
	}
	return cmp.Compare(difference, 0)
}

// qualify takes back what a comparison says of good runs alone. Where the target broke
// more of B's runs, those that are left flatter B: nothing is the same or better. Where
// it broke more of A's, they flatter A, beside which B may well be better, but nothing is
// the same. Worse stays worse: who asks for that wants to hear of it.
func (s *sides) qualify(c *document.Comparison) {
	which, taken := "", []document.Verdict{document.Same}
	bad := func(m document.MetricComparison) bool { return m.Verdict == document.Worse }
	switch apart(s.tried) {
	case 0:
		return
	case 1:
		which, taken = " or better", append(taken, document.Better)
	}
	for i := range c.Metrics {
		if m := &c.Metrics[i]; slices.Contains(taken, m.Verdict) {
			m.Verdict, m.Reason = document.Inconclusive, "the target broke runs, and the good ones alone do not tell"
		}
	}
	if len(c.Metrics) > 0 {
		c.Verdict = overall(c.Metrics)
	}
	a, b := s.tried[0], s.tried[1]
	why := fmt.Sprintf("the target made %d of %d runs of %s invalid, and %d of %d of %s: the good ones alone do not tell what is the same%s",
		b.broken, b.of, c.B.Name, a.broken, a.of, c.A.Name, which)
	if which == "" && slices.ContainsFunc(c.Metrics, bad) {
		why += fmt.Sprintf("; that something is worse may come of it that %s has lost its bad ones", c.A.Name)
	}
	c.Reason = strings.TrimPrefix(c.Reason+"; "+why, "; ")
}
