package document

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Marshal is the one encoding of a Result: indented JSON with a newline at its
// end. What is archived and what -o json prints are these bytes, so that a
// printed Result can be checked against the sha256 of the archived one. Lists
// that the schema requires are [] when empty, never null.
func Marshal(r *Result) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // URLs stay readable; nothing here ends up inside HTML unescaped
	if err := e.Encode(withLists(*r)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// withLists returns r with empty lists for nil ones, and leaves the caller's
// Result alone.
func withLists(r Result) *Result {
	if r.Status.Agents == nil {
		r.Status.Agents = []AgentResult{}
	}
	if r.Status.Resources.Sources == nil {
		r.Status.Resources.Sources = []SourceStatus{}
	}
	queries := slices.Clone(r.Status.Resources.Prometheus)
	for i := range queries {
		queries[i].Series = slices.Clone(queries[i].Series)
		for j := range queries[i].Series {
			if s := &queries[i].Series[j]; s.Points == nil {
				s.Points = []SeriesPoint{}
			}
		}
	}
	r.Status.Resources.Prometheus = queries
	return &r
}
