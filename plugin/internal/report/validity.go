package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// validity is the section of whether the numbers may be believed.
func (m *model) validity() (section, error) {
	s := section{ID: "validity", Title: "Validity"}
	for _, c := range m.Comparisons {
		for _, l := range append(c.A.LeftOut[:len(c.A.LeftOut):len(c.A.LeftOut)], c.B.LeftOut...) {
			if !m.has(l.RunID) {
				s.Blocks = append(s.Blocks, block{Notes: []string{printer.Escape(fmt.Sprintf("Run %s was left out: %s", l.RunID, l.Reason))}})
			}
		}
	}
	if len(m.groups) == 0 {
		return s, nil
	}
	t := &table{ID: "validity-runs", Caption: "Every run: how it ended, and whether its numbers may be believed", Columns: []string{"Run", "Group", "Ended", "Valid", "Why not, and what to know"}, Names: 1, Text: true}
	for _, g := range m.groups {
		for _, r := range inOrder(g.all) {
			v := r.Status.Validity
			word := cell{Text: "valid", Kind: "better"}
			line := cells(1, r.Metadata.RunID, g.name, strings.ToLower(string(r.Status.Phase)))
			if !v.Valid {
				word = cell{Text: "invalid", Kind: "worse"}
			}
			notes := slices.Concat(r.apart, v.Warnings)
			if r.leftOut != "" {
				notes = append([]string{r.leftOut}, notes...)
			}
			text := printer.Escape(strings.Join(notes, "; "))
			if text == "" {
				text = "nothing"
			}
			line.Cells = append(line.Cells, word, cell{Text: text})
			t.Rows = append(t.Rows, line)
		}
	}
	s.Blocks = append(s.Blocks, block{Table: t})
	if notes := m.sources(); len(notes) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "What was not read", Level: 3, Notes: notes})
	}
	return s, nil
}

// has tells whether a group has a run of that id.
func (m *model) has(id string) bool {
	for _, g := range m.groups {
		for _, r := range g.all {
			if r.Metadata.RunID == id {
				return true
			}
		}
	}
	return false
}
