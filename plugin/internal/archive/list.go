package archive

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Filter chooses runs; the zero value chooses all.
type Filter struct {
	Name string
	// Labels must all be there with these values.
	Labels map[string]string
	// Since and Until bound the start, both included; zero means no bound.
	Since, Until time.Time
	// Limit is how many of the newest to return; 0 means all.
	Limit int
}

// idSlack is how much earlier than its start a run's id may have been made:
// the longest warm-up is seven days, and clocks may differ.
const idSlack = 8 * 24 * time.Hour

func (f *Filter) matches(e *Entry) bool {
	if f.Name != "" && e.Name != f.Name {
		return false
	}
	for k, v := range f.Labels {
		if got, ok := e.Labels[k]; !ok || got != v {
			return false
		}
	}
	return (f.Since.IsZero() || !e.Start.Before(f.Since)) && (f.Until.IsZero() || !e.Start.After(f.Until))
}

// List returns the index rows of the runs the filter chooses, newest first by
// id. It reads as few months, and in them as few rows, as the limit needs.
func (a *Archive) List(ctx context.Context, f Filter) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	from, to := time.Time{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	if !f.Since.IsZero() {
		from = f.Since.Add(-idSlack)
	}
	if !f.Until.IsZero() {
		to = f.Until.Add(idSlack)
	}
	months, err := a.months(ctx, from, to)
	if err != nil {
		return nil, a.wrap(err)
	}
	var found []Entry
	for _, folder := range months {
		if found, err = a.listMonth(ctx, folder, &f, found); err != nil {
			return nil, a.wrap(err)
		}
		if f.Limit > 0 && len(found) >= f.Limit {
			break
		}
	}
	return found, nil
}

// listMonth adds a month's rows to found.
func (a *Archive) listMonth(ctx context.Context, folder string, f *Filter, found []Entry) ([]Entry, error) {
	m, err := a.readMonth(ctx, folder)
	if err != nil {
		return nil, err
	}
	known, err := a.mergedRows(ctx, m)
	if err != nil {
		return nil, err
	}
	ids := slices.Concat(m.runs, slices.Collect(maps.Keys(known)))
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids)
	// Rows are read in batches, so that the newest 50 of a full month cost
	// about 50 reads and not a month's.
	batch := len(ids)
	if f.Limit > 0 {
		batch = max(parallel, f.Limit)
	}
	for part := range slices.Chunk(ids, max(1, batch)) {
		entries, err := a.entries(ctx, folder, part, known)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !f.matches(&e) {
				continue
			}
			found = append(found, e)
			if f.Limit > 0 && len(found) >= f.Limit {
				return found, nil
			}
		}
	}
	return found, nil
}

// entries are the rows of some ids, in their order: known ones, and others read.
func (a *Archive) entries(ctx context.Context, folder string, ids []string, known map[string]Entry) ([]Entry, error) {
	var objects []string
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			objects = append(objects, folder+id+rowSuffix)
		}
	}
	lists, err := a.rows(ctx, objects)
	if err != nil {
		return nil, err
	}
	read := map[string]Entry{}
	for _, e := range slices.Concat(lists...) {
		read[e.RunID] = e
	}
	var found []Entry
	for _, id := range ids {
		e, ok := known[id]
		if !ok {
			e, ok = read[id]
		}
		if ok {
			found = append(found, e)
		}
	}
	return found, nil
}
