package cmd

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// benchSchedule is what bench --dry-run prints for a program.
type benchSchedule struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   document.Metadata `json:"metadata"`
	// Digest begins the id of every bench of the plan.
	Digest      string `json:"digest"`
	Baseline    string `json:"baseline"`
	Repetitions int    `json:"repetitions"`
	Seed        uint64 `json:"seed"`
	AA          bool   `json:"aa,omitempty"`
	// Estimate is the loads and pauses together. What hooks take is not known.
	Estimate document.Duration `json:"estimate"`
	Order    []plan.Slot       `json:"order"`
	// Variants have the Tests as they would be kept.
	Variants []plan.Resolved `json:"variants"`

	bench *plan.Bench
}

// show prints what would be run.
func (o *benchOptions) show() error {
	r := &benchRunner{runner: &runner{factory: o.factory}, bench: o.bench}
	if err := r.fresh(); err != nil {
		return err
	}
	b := o.bench
	s := benchSchedule{APIVersion: document.APIVersion, Kind: "BenchSchedule", Metadata: document.Metadata{Name: b.Name},
		Digest: b.Digest, Baseline: b.Baseline, Repetitions: b.Repetitions, Seed: r.seed, AA: b.AA, Order: b.Order(r.seed), bench: b}
	for _, slot := range s.Order {
		s.Estimate += document.Duration(b.Length(slot.Test))
	}
	for _, v := range b.Variants {
		tests := make([]document.Test, len(v.Tests))
		for i, t := range v.Tests {
			tests[i] = t.Redacted()
		}
		v.Tests = tests
		s.Variants = append(s.Variants, v)
	}
	return o.print.Print(o.Out, s, func(w io.Writer) error { return s.table(w) })
}

func (s benchSchedule) table(w io.Writer) error {
	hooks := ""
	for _, v := range s.Variants {
		if len(v.Setup)+len(v.Switch)+len(v.Teardown) > 0 {
			hooks = ", and what hooks take"
		}
	}
	chance := ""
	if s.bench.Seed == 0 {
		chance = " (by chance: every bench has another)"
	}
	fmt.Fprintf(w, "plan %s   seed %d%s\n%d runs, about %s%s\n\n", s.Metadata.Name, s.Seed, chance, len(s.Order), about(time.Duration(s.Estimate)), hooks)
	tests := printer.NewTable("VARIANT", "TEST", "NAMESPACE", "RATE", "DURATION", "~TARGET")
	for _, v := range s.Variants {
		name := v.Name
		if v.Name == s.Baseline {
			name += " (baseline)"
		}
		for i := range v.Tests {
			t := &v.Tests[i]
			all := t.Spec.AllTargets()
			target := all[0].URL
			if len(all) > 1 {
				target += fmt.Sprintf(" (+%d more)", len(all)-1)
			}
			tests.Row(name, s.bench.Tests[i], v.Namespace, t.Spec.Load.Rate.String(), t.Spec.Load.Duration.String(), target)
		}
	}
	if err := tests.Write(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	order := printer.NewTable("RUN", "BLOCK", "TEST", "VARIANT")
	for i, slot := range s.Order {
		order.Row(strconv.Itoa(i+1), strconv.Itoa(slot.Block), slot.Test, slot.Variant)
	}
	return order.Write(w)
}
