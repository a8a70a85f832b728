package example

import (
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

// Compare holds the runs of b against those of a.
func Compare(a, b report.Group) (*document.Comparison, error) {
	return compare.Compare(side(a), side(b), compare.Options{Seed: 42, Resamples: 500, Force: true})
}

func side(g report.Group) *compare.Group {
	s := &compare.Group{Name: g.Name}
	for _, r := range g.Runs {
		s.Add(r)
	}
	return s
}
