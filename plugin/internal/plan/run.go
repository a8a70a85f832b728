package plan

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Order is the order of the bench's runs for a seed.
func (b *Bench) Order(seed uint64) []Slot {
	var variants []string
	for _, v := range b.Variants {
		variants = append(variants, v.Name)
	}
	return Order(seed, b.Repetitions, b.Tests, variants)
}

// Variant is the one with a name, nil where there is none.
func (b *Bench) Variant(name string) *Resolved {
	i := slices.IndexFunc(b.Variants, func(v Resolved) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &b.Variants[i]
}

// Test is the Test of a run of the bench with this id and seed, with all its
// labels. attempt is 1, or more where the run is run again.
//
// Random arrivals without a seed of their own have the same one for all variants
// of a Test in a block, and another one in the next: chance is on no side, and no
// result rests on one sequence.
func (b *Bench) Test(s Slot, id string, seed uint64, attempt int) document.Test {
	t := b.Variant(s.Variant).Tests[slices.Index(b.Tests, s.Test)]
	t.Metadata.Labels = maps.Clone(t.Metadata.Labels)
	maps.Copy(t.Metadata.Labels, map[string]string{
		LabelBench: id, LabelPlan: b.Name, LabelTest: s.Test, LabelVariant: s.Variant,
		LabelBlock: strconv.Itoa(s.Block), LabelSeed: strconv.FormatUint(seed, 10),
	})
	if attempt > 1 {
		t.Metadata.Labels[LabelAttempt] = strconv.Itoa(attempt)
	}
	if b.AA {
		t.Metadata.Labels[LabelAA] = "true"
	}
	if l := &t.Spec.Load; b.unseeded[s.Test+"/"+s.Variant] && l.Arrivals != document.Constant {
		random := rand.NewPCG(seed, uint64(s.Block)<<32+uint64(slices.Index(b.Tests, s.Test)))
		l.Seed = random.Uint64()>>32 + 1
	}
	return t
}

// SlotOf is where a run with these labels stands in its bench, and which attempt
// it is; false where the labels are not those of a run of a bench.
func SlotOf(labels map[string]string) (s Slot, attempt int, ok bool) {
	s = Slot{Test: labels[LabelTest], Variant: labels[LabelVariant]}
	s.Block, _ = strconv.Atoi(labels[LabelBlock])
	attempt = 1
	if text := labels[LabelAttempt]; text != "" {
		attempt, _ = strconv.Atoi(text)
	}
	return s, attempt, s.Block > 0 && attempt > 0 && s.Test != "" && s.Variant != ""
}

// Length is how long the load of a Test's run lasts at most, with the pause before
// it. Connecting, collecting and hooks come on top, and so does a closed loop that
// ends after so many requests, of which nobody knows.
func (b *Bench) Length(test string) time.Duration {
	i, longest := slices.Index(b.Tests, test), time.Duration(0)
	for _, v := range b.Variants {
		l := v.Tests[i].Spec.Load
		length := time.Duration(l.Warmup)
		if l.Rate != document.Max || l.Requests == 0 {
			length += time.Duration(l.Duration)
		}
		longest = max(longest, length)
	}
	return longest + b.Pause
}
