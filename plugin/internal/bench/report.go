package bench

import (
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// KindReport is the kind of a Report; its apiVersion is that of a Result.
const KindReport = "BenchReport"

// Report is what a bench brought.
type Report struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   ReportMetadata `json:"metadata"`
	// Baseline is what the other variants are held against.
	Baseline    string   `json:"baseline"`
	Repetitions int      `json:"repetitions"`
	Seed        uint64   `json:"seed"`
	AA          bool     `json:"aa,omitempty"`
	Tests       []string `json:"tests"`
	Variants    []string `json:"variants"`
	// Runs are all that have a Result, in the order in which they were run.
	Runs []Ran `json:"runs"`
	// Missing are the slots without a valid run.
	Missing []Missing `json:"missing,omitempty"`
	// Broken are the variants and Tests with runs that are invalid for what the target did.
	Broken      []Broken     `json:"broken,omitempty"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
}

// ReportMetadata names a bench: the Plan, and the id that is the label "bench" of
// its runs.
type ReportMetadata struct {
	Name  string `json:"name"`
	Bench string `json:"bench"`
}

// Comparison is that of a variant with the baseline in one Test.
type Comparison struct {
	Test       string               `json:"test"`
	Variant    string               `json:"variant"`
	Comparison *document.Comparison `json:"comparison,omitempty"`
	// Reason is why there is none.
	Reason string `json:"reason,omitempty"`
	// Command is the command line that compares them all the same, where the reason is
	// how the runs differ. It compares these alone.
	Command string `json:"command,omitempty"`
	// NoiseFloor is how far runs of the same thing are apart, where both are.
	NoiseFloor []Floor `json:"noiseFloor,omitempty"`
}

// NewReport is the report of an outcome, without comparisons.
func NewReport(b *plan.Bench, id string, seed uint64, out Outcome) Report {
	r := Report{APIVersion: document.APIVersion, Kind: KindReport, Metadata: ReportMetadata{Name: b.Name, Bench: id},
		Baseline: b.Baseline, Repetitions: b.Repetitions, Seed: seed, AA: b.AA, Tests: b.Tests,
		Runs: out.Runs, Missing: out.Missing}
	order := b.Order(seed)
	for _, v := range b.Variants {
		r.Variants = append(r.Variants, v.Name)
		for _, test := range b.Tests {
			if broken := brokenIn(order, out.Runs, test, v.Name); broken.Runs > 0 {
				r.Broken = append(r.Broken, broken)
			}
		}
	}
	if r.Runs == nil {
		r.Runs = []Ran{}
	}
	return r
}

// ObjectNames implements printer.Named: the Results that count.
func (r Report) ObjectNames() []string {
	var names []string
	for _, one := range r.Runs {
		if one.Valid {
			names = append(names, "result/"+one.RunID)
		}
	}
	return names
}

// Worse tells that a comparison is worse.
func (r Report) Worse() bool {
	for _, c := range r.Comparisons {
		if c.Comparison != nil && c.Comparison.Verdict == document.Worse {
			return true
		}
	}
	return false
}
