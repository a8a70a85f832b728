package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// sides are the runs that count, in pairs or not.
type sides struct {
	a, b   *side
	paired bool
	// same: both sides are the same measurements, held against themselves or against
	// their copies, in pairs.
	same bool
	// tried of a and b.
	tried [2]tried
}

// side is one group as it is compared. In pairs, runs with the same index belong
// together.
type side struct {
	runs    []*run
	blocks  []string // of the runs, in pairs
	leftOut []document.LeftOutRun
}

// document is the side as a Comparison shows it.
func (s *side) document(name string) document.ComparedGroup {
	g := document.ComparedGroup{Name: name, Runs: []document.ComparedRun{}, LeftOut: s.leftOut}
	for i, r := range s.runs {
		one := document.ComparedRun{RunID: r.id, Name: r.name, Start: r.start}
		if s.blocks != nil {
			one.Block = s.blocks[i]
		}
		g.Runs = append(g.Runs, one)
	}
	return g
}

// pair decides which runs count, and which belong together.
func pair(a, b *Group, o Options) (*sides, error) {
	if s := themselves(a, b); s != nil {
		return s, nil
	}
	s := &sides{a: newSide(a, b), b: newSide(b, a)}
	valid := [2][]*run{s.a.runs, s.b.runs}
	s.tried = try(a, b, valid, nil)
	if o.Unpaired || len(s.a.runs) == 0 || len(s.b.runs) == 0 {
		return s, nil
	}
	key := benchKey
	if o.PairBy != "" {
		key = func(r *run) string { return r.labels[o.PairBy] }
	}
	pairs, keys, problem := match(s.a.runs, s.b.runs, key)
	if o.PairBy == "" {
		// Only where all of them are runs of a bench, and none of them is in doubt.
		if problem != "" || len(keys) == 0 || s.any(func(r *run) bool { return key(r) == "" }) {
			return s, nil
		}
	} else if problem != "" {
		return nil, fmt.Errorf("pairs by label %q: %s; take another label, or compare without pairs", o.PairBy, problem)
	}
	s.paired, s.tried = true, try(a, b, valid, key)
	s.a.keep(pairs[0], keys, key, o.PairBy)
	s.b.keep(pairs[1], keys, key, o.PairBy)
	return s, nil
}

// themselves are the sides of two groups of the same measurements, such as runs that
// were exported and imported again beside what they were; nil for others.
func themselves(a, b *Group) *sides {
	if len(a.runs) == 0 || len(a.runs) != len(b.runs) {
		return nil
	}
	s := &sides{a: &side{leftOut: slices.Clone(a.leftOut)}, b: &side{leftOut: slices.Clone(b.leftOut)}, paired: true, same: true}
	for _, r := range a.runs {
		other := b.same(r.origin)
		if other == nil {
			return nil
		}
		s.a.runs, s.b.runs = append(s.a.runs, r), append(s.b.runs, other)
		s.a.blocks = append(s.a.blocks, r.origin)
	}
	s.b.blocks = s.a.blocks
	return s
}

// newSide has the runs of a group, the earliest first, but for those that are on the
// other side as well: held against itself, a run is no evidence.
func newSide(g, other *Group) *side {
	s := &side{leftOut: slices.Clone(g.leftOut)}
	for _, r := range g.runs {
		if same := other.same(r.origin); same != nil {
			reason := "it is on both sides"
			if same.id != r.id {
				reason = fmt.Sprintf("it is on both sides: on the other as run %s, exported and imported", same.id)
			}
			s.leftOut = append(s.leftOut, document.LeftOutRun{RunID: r.id, Reason: reason})
			continue
		}
		s.runs = append(s.runs, r)
	}
	slices.SortStableFunc(s.runs, func(x, y *run) int {
		return cmp.Or(x.start.Compare(y.start), strings.Compare(x.id, y.id))
	})
	return s
}

func (s *sides) any(f func(*run) bool) bool {
	return slices.ContainsFunc(s.a.runs, f) || slices.ContainsFunc(s.b.runs, f)
}

// benchKey is what runs of a bench that ran beside each other have in common; "" for
// other runs. See package plan.
func benchKey(r *run) string {
	bench, block := r.labels["bench"], r.labels["block"]
	if bench == "" || block == "" {
		return ""
	}
	return strings.Join([]string{bench, r.labels["test"], block}, "/")
}

// match finds the runs of both sides with the same key, in the order of a, and says
// what is in the way.
func match(a, b []*run, key func(*run) string) (pairs [2]map[string]*run, keys []string, problem string) {
	of := [2]map[string]*run{{}, {}}
	for i, runs := range [][]*run{a, b} {
		for _, r := range runs {
			k := key(r)
			if k == "" {
				continue
			}
			if first := of[i][k]; first != nil {
				return pairs, nil, fmt.Sprintf("runs %s and %s are of one side and both have %q", first.id, r.id, k)
			}
			of[i][k] = r
		}
	}
	pairs = [2]map[string]*run{{}, {}}
	for _, r := range a {
		if k := key(r); k != "" && of[1][k] != nil {
			keys = append(keys, k)
			pairs[0][k], pairs[1][k] = r, of[1][k]
		}
	}
	return pairs, keys, ""
}

// keep takes the runs of pairs in the order of keys, and leaves out the others.
func (s *side) keep(pairs map[string]*run, keys []string, key func(*run) string, label string) {
	for _, r := range s.runs {
		k := key(r)
		if pairs[k] == r {
			continue
		}
		reason := fmt.Sprintf("the other side has no run of block %q that counts", k)
		switch {
		case k == "":
			reason = fmt.Sprintf("it has no label %q", label)
		case label != "":
			reason = fmt.Sprintf("the other side has no run with label %s=%s that counts", label, k)
		}
		s.leftOut = append(s.leftOut, document.LeftOutRun{RunID: r.id, Reason: reason})
	}
	s.runs, s.blocks = nil, keys
	for _, k := range keys {
		s.runs = append(s.runs, pairs[k])
	}
}
