package bench

import (
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
	return s.Aborted != "" || few && !troubledGenerator(r, criteria)
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

// Broken says how many runs of a variant in a Test were invalid for what the target
// did, of those that say something of it: the valid ones, and these.
type Broken struct {
	Test    string `json:"test"`
	Variant string `json:"variant"`
	Runs    int    `json:"runs"`
	Of      int    `json:"of"`
}

func (b Broken) share() float64 { return float64(b.Runs) / float64(max(1, b.Of)) }

// brokenIn counts the runs of a variant in a Test.
func brokenIn(runs []Ran, test, variant string) Broken {
	b := Broken{Test: test, Variant: variant}
	for _, r := range runs {
		if r.Test != test || r.Variant != variant || r.Cut || !r.Valid && !r.Target {
			continue
		}
		b.Of++
		if !r.Valid {
			b.Runs++
		}
	}
	return b
}

// Qualify takes back what a comparison says of good runs alone: where the target made
// another share of the one's runs invalid than of the other's, nothing is the same or
// better.
func (r *Report) Qualify() {
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		own, base := brokenIn(r.Runs, c.Test, c.Variant), brokenIn(r.Runs, c.Test, r.Baseline)
		if c.Comparison == nil || own.share() == base.share() {
			continue
		}
		why := fmt.Sprintf("the target made %d of %d runs of %s invalid, and %d of %d of %s: the good ones alone do not tell what is the same or better",
			own.Runs, own.Of, own.Variant, base.Runs, base.Of, base.Variant)
		good := func(v document.Verdict) bool { return v == document.Same || v == document.Better }
		for k := range c.Comparison.Metrics {
			if m := &c.Comparison.Metrics[k]; good(m.Verdict) {
				m.Verdict, m.Reason = document.Inconclusive, why
			}
		}
		if good(c.Comparison.Verdict) {
			c.Comparison.Verdict = document.Inconclusive
		}
		c.Comparison.Reason = strings.TrimPrefix(c.Comparison.Reason+"; "+why, "; ")
	}
}
