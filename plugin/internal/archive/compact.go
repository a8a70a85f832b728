package archive

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Compact merges the rows of every month into as few objects as there can be, and
// takes over the rows that earlier versions wrote: for those it reads the Results.
// It can be interrupted and repeated.
func (a *Archive) Compact(ctx context.Context, progress func(month string, m Merged)) error {
	months, err := a.readIndex(ctx, "0000-00", "9999-99")
	if err != nil {
		return a.wrap(err)
	}
	for _, m := range months {
		merged, err := a.compactMonth(ctx, m)
		if err != nil {
			return a.wrap(err)
		}
		progress(m.name, merged)
	}
	return nil
}

func (a *Archive) compactMonth(ctx context.Context, m *month) (merged Merged, err error) {
	release, err := a.leaseAfterOthers(ctx, m.name)
	if err != nil {
		return merged, err
	}
	defer release()
	if err := a.takeOver(ctx, m); err != nil {
		return merged, err
	}
	err = a.mergeHeld(ctx, m.name, true, &merged)
	return merged, err
}

// takeOver writes rows in today's form for those in an earlier one, and removes
// these. A run whose Result is damaged is an error that names it.
func (a *Archive) takeOver(ctx context.Context, m *month) error {
	var old []string
	known := map[string]bool{}
	for id, keys := range m.single {
		for _, key := range keys {
			known[id] = known[id] || strings.HasSuffix(key, rowSuffix)
			if strings.HasSuffix(key, oldSuffix) {
				old = append(old, key)
			}
		}
	}
	ids := map[string]bool{}
	var merged []string
	_, err := a.eachEntry(ctx, m.merged, func(key string, e *Entry) {
		if strings.HasSuffix(key, rowSuffix) {
			known[e.RunID] = true
		} else if !m.hides(key, e.RunID) {
			ids[e.RunID] = true
		}
	})
	if err != nil {
		return err
	}
	for _, key := range m.merged {
		if strings.HasSuffix(key, oldSuffix) {
			merged = append(merged, key)
		}
	}
	for _, key := range old {
		ids[runOfKey(key)] = true
	}
	var missing []string
	for id := range ids {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	err = each(ctx, len(missing), func(ctx context.Context, i int) error {
		raw, err := a.read(ctx, missing[i])
		if err != nil {
			return err
		}
		e, err := EntryOf(raw)
		if err != nil {
			return err
		}
		return a.putRow(ctx, e)
	})
	if err != nil {
		return err
	}
	// The tombs go last: without them rows of deleted runs would come back.
	for _, keys := range [][]string{old, merged, m.tombs()} {
		err := each(ctx, len(keys), func(ctx context.Context, i int) error { return a.store.remove(ctx, keys[i]) })
		if err != nil && !errors.Is(err, errAbsent) {
			return err
		}
	}
	return nil
}

// tombs are the keys that take runs out of merged objects of earlier versions.
func (m *month) tombs() []string {
	var keys []string
	for id := range m.deleted {
		keys = append(keys, oldOf(m.name)+id+oldTombSuffix)
	}
	return keys
}
