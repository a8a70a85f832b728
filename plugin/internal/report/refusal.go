package report

import (
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Refusal is two groups that could not be compared. The report says so where the
// comparison would stand.
type Refusal struct {
	// A and B are the names of the groups, the baseline's first.
	A, B string
	// Reason is why, and what to do.
	Reason string
	// Differences are those that stand against comparing, and others.
	Differences []document.EnvironmentDifference
}

// refused is the word for it where others are verdicts.
const refused = "not compared"

func (r Refusal) heading() string { return printer.Escape(r.B) + " against " + printer.Escape(r.A) }

func (r Refusal) differences(id string) *table {
	a, b := document.ComparedGroup{Name: printer.Escape(r.A)}, document.ComparedGroup{Name: printer.Escape(r.B)}
	return environmentDifferences(id, &document.Comparison{A: a, B: b, Differences: r.Differences})
}
