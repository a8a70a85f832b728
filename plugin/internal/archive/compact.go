package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Compact merges the rows of every month into as few objects as there can be, and
// takes over the rows that earlier versions wrote: for those it reads the Results.
// It can be interrupted and repeated. A month that cannot be merged does not keep the
// others from it.
func (a *Archive) Compact(ctx context.Context, progress func(month string, m Merged)) error {
	months, err := a.readIndex(ctx, "0000-00", "9999-99")
	if err != nil {
		return a.wrap(err)
	}
	var errs []error
	for _, m := range months {
		merged, err := a.compactMonth(ctx, m.name)
		if ctx.Err() != nil {
			return a.wrap(context.Cause(ctx))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
		}
		progress(m.name, merged)
	}
	return a.wrap(errors.Join(errs...))
}

func (a *Archive) compactMonth(ctx context.Context, name string) (merged Merged, err error) {
	l, err := a.leaseAfterOthers(ctx, name)
	if err != nil {
		return merged, err
	}
	defer l.release(ctx)
	if err := a.takeOver(ctx, l, name, &merged); err != nil {
		return merged, err
	}
	// What was merged may be merged again, as often as there is less afterwards.
	for before := -1; merged.Before != before; {
		before = merged.Before
		if err := a.mergeHeld(ctx, l, name, true, &merged); err != nil {
			return merged, err
		}
	}
	return merged, nil
}

// takeOver writes rows in today's form for those in an earlier one, and removes
// these. A run whose Result is damaged is an error that names it.
func (a *Archive) takeOver(ctx context.Context, l *lease, name string, merged *Merged) error {
	m, err := a.readMonth(ctx, name)
	if err != nil {
		return err
	}
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
	var tables []string
	_, err = a.eachEntry(ctx, m.merged, func(key string, e *Entry) {
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
			tables = append(tables, key)
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
	for part := range slices.Chunk(missing, takenAtOnce) {
		if err := l.check(ctx); err != nil {
			return err
		}
		err := each(ctx, len(part), func(ctx context.Context, i int) error {
			raw, err := a.read(ctx, part[i])
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
		merged.TakenOver += len(part)
	}
	if err := l.check(ctx); err != nil {
		return err
	}
	// The tombs go last: without them rows of deleted runs would come back.
	for _, keys := range [][]string{old, tables, m.tombs()} {
		err := each(ctx, len(keys), func(ctx context.Context, i int) error { return a.store.remove(ctx, keys[i]) })
		if err != nil && !errors.Is(err, errAbsent) {
			return err
		}
	}
	return nil
}

// takenAtOnce Results are read between two looks at the lease.
const takenAtOnce = 500

// tombs are the keys that take runs out of merged objects of earlier versions.
func (m *month) tombs() []string {
	var keys []string
	for id := range m.deleted {
		keys = append(keys, oldOf(m.name)+id+oldTombSuffix)
	}
	return keys
}
