package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
)

// Mixed is something that is not the same in all runs.
type Mixed struct {
	What   string   `json:"what"`
	Values []string `json:"values"`
}

// mixed finds what the runs differ in, as far as their rows tell.
func (h *History) mixed(runs []*archive.Entry) {
	for _, fact := range []struct {
		what, label string
		of          func(e *archive.Entry) string
	}{
		{"targets", "target", func(e *archive.Entry) string { return e.Target }},
		{"rates", "rate", func(e *archive.Entry) string {
			if e.Rate.Target == nil {
				return "max"
			}
			return fmt.Sprintf("%.4g", *e.Rate.Target)
		}},
		{"numbers of agents", "agents", func(e *archive.Entry) string { return fmt.Sprint(e.Agents) }},
		{"meshes", "mesh", func(e *archive.Entry) string { return cmp.Or(e.Mesh, "none") }},
		{"variants", "variant", func(e *archive.Entry) string { return cmp.Or(e.Labels["variant"], "none") }},
	} {
		if fact.label == h.By {
			continue // that is what the points are
		}
		var values []string
		for _, e := range runs {
			if v := fact.of(e); !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) > 1 {
			slices.Sort(values)
			h.Mixed = append(h.Mixed, Mixed{What: fact.what, Values: values})
		}
	}
}

// Sentence is what is mixed in words.
func (m Mixed) Sentence() string {
	const shown = 4
	values := strings.Join(m.Values[:min(shown, len(m.Values))], ", ")
	if more := len(m.Values) - shown; more > 0 {
		values += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("the runs have different %s (%s)", m.What, values)
}
