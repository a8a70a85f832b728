package archive

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Filter chooses runs; the zero value chooses all, newest first.
type Filter struct {
	// IDs are whole run ids; none given: all.
	IDs  []string
	Name string
	// Labels must all be there with these values.
	Labels map[string]string
	// Mesh is the run's mesh: its label "mesh", or else one of those found in the
	// cluster. "none" is a run with neither.
	Mesh string
	// Target is a part of the URL called.
	Target string
	// Valid chooses the runs that succeeded and may be believed, or those that did
	// not or may not; nil chooses both.
	Valid *bool
	// Since and Until bound the start, both included; zero means no bound.
	Since, Until time.Time
	// Sort is what ParseSort made; the zero value sorts by run id, newest first.
	Sort Sort
	// Limit is how many to return, the first in the order; 0 means all.
	Limit int
}

// idSlack is how much earlier than its start a run's id may have been made:
// the longest warm-up is seven days, and clocks may differ.
const idSlack = 8 * 24 * time.Hour

// months are those that runs which the filter chooses can be in.
func (f *Filter) months() (first, last string) {
	from, to := f.Since, f.Until
	if !from.IsZero() {
		from = from.Add(-idSlack)
	}
	if !to.IsZero() {
		to = to.Add(idSlack)
	}
	first, last = monthsBetween(from, to)
	if len(f.IDs) > 0 {
		var of []string
		for _, id := range f.IDs {
			if k, err := keysOf(id); err == nil {
				of = append(of, k.month)
			}
		}
		if len(of) > 0 {
			first, last = max(first, slices.Min(of)), min(last, slices.Max(of))
		}
	}
	return first, last
}

// Matches says whether the filter chooses an entry, whatever its Limit.
func (f *Filter) Matches(e *Entry) bool {
	if len(f.IDs) > 0 && !slices.Contains(f.IDs, e.RunID) {
		return false
	}
	if f.Name != "" && e.Name != f.Name {
		return false
	}
	for k, v := range f.Labels {
		if got, ok := e.Labels[k]; !ok || got != v {
			return false
		}
	}
	if f.Mesh != "" && !e.hasMesh(f.Mesh) {
		return false
	}
	if f.Target != "" && !strings.Contains(e.Target, f.Target) {
		return false
	}
	if f.Valid != nil && *f.Valid != (e.Valid && e.Phase == document.Succeeded) {
		return false
	}
	return (f.Since.IsZero() || !e.Start.Before(f.Since)) && (f.Until.IsZero() || !e.Start.After(f.Until))
}

func (e *Entry) hasMesh(mesh string) bool {
	if label, ok := e.Labels["mesh"]; ok {
		return label == mesh
	}
	if _, ok := e.Meshes[mesh]; ok {
		return true
	}
	return mesh == "none" && len(e.Meshes) == 0
}

// Sort is an order of entries.
type Sort struct {
	field      string
	descending bool
}

// sortFields are what entries can be sorted by. Latencies are those of the
// response time, or of the service time in a closed loop.
var sortFields = map[string]func(e *Entry) any{
	"start":  func(e *Entry) any { return float64(e.Start.UnixNano()) },
	"name":   func(e *Entry) any { return e.Name },
	"target": func(e *Entry) any { return e.Target },
	"mesh":   func(e *Entry) any { return e.Mesh },
	"rate":   func(e *Entry) any { return e.Rate.Achieved },
	"errors": func(e *Entry) any { return float64(e.Requests.Failed) },
	"agents": func(e *Entry) any { return float64(e.Agents) },
	"size":   func(e *Entry) any { return float64(e.Size) },
	"p50":    func(e *Entry) any { return latencyField(e, func(l *EntryLatency) *float64 { return l.P50 }) },
	"p90":    func(e *Entry) any { return latencyField(e, func(l *EntryLatency) *float64 { return l.P90 }) },
	"p99":    func(e *Entry) any { return latencyField(e, func(l *EntryLatency) *float64 { return l.P99 }) },
	"p999":   func(e *Entry) any { return latencyField(e, func(l *EntryLatency) *float64 { return l.P999 }) },
	"max":    func(e *Entry) any { return latencyField(e, func(l *EntryLatency) *float64 { return &l.Max }) },
}

// SortFields are the names that ParseSort knows.
func SortFields() []string { return slices.Sorted(maps.Keys(sortFields)) }

// ParseSort reads FIELD or -FIELD; the one with a dash puts the greatest first.
func ParseSort(s string) (Sort, error) {
	field, descending := strings.CutPrefix(s, "-")
	if _, ok := sortFields[field]; !ok {
		return Sort{}, fmt.Errorf("%q is nothing to sort by: use %s, or one of them with a '-' before it for the greatest first",
			s, strings.Join(SortFields(), ", "))
	}
	return Sort{field, descending}, nil
}

func latencyField(e *Entry, of func(*EntryLatency) *float64) any {
	l := cmp.Or(e.ResponseTime, e.ServiceTime)
	if l == nil {
		return nil
	}
	if ms := of(l); ms != nil {
		return *ms
	}
	return nil
}

// compare puts entries in order: what has no figure comes last, and what has the
// same is put newest first.
func (s Sort) compare(x, y *Entry) int {
	newest := cmp.Compare(y.RunID, x.RunID)
	of, ok := sortFields[s.field]
	if !ok {
		return newest
	}
	a, b := of(x), of(y)
	order := 0
	switch {
	case a == nil && b == nil:
	case a == nil:
		return 1
	case b == nil:
		return -1
	default:
		if text, isText := a.(string); isText {
			order = cmp.Compare(text, b.(string))
		} else {
			order = cmp.Compare(a.(float64), b.(float64))
		}
	}
	if s.descending {
		order = -order
	}
	return cmp.Or(order, newest)
}
