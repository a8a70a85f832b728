package archive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Rows are merged so that reading 100,000 of them takes tens of requests, not
// 100,000. Every run brings an object with its own row. Once there are many, they
// and the merged objects that are not much larger become one (a log-structured
// merge: a row is copied some log(rows) times). The new object is there before the
// old ones go, so no row is ever missing; for a moment some are there twice.
const (
	// manySingle rows in a month are merged.
	manySingle = 64
	// A merged object of up to mergeRatio times the rows at hand is merged too.
	mergeRatio = 4
	// fullRows in a merged object are not merged any more: it bounds the memory of
	// a merge and the size of an object.
	fullRows = 20_000
	// atOnce single rows are merged at most, so that it ends within a lease.
	atOnce = 5_000
)

// mergeWhenMany merges a month's rows if many are single. At that occasion, and with
// a month's first row, it merges all of the other months in which rows came late.
func (a *Archive) mergeWhenMany(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, mergeTimeout)
	defer cancel()
	keys, err := a.store.list(ctx, tableOf(name))
	if err != nil {
		return err
	}
	single := 0
	for _, key := range keys {
		if runOfKey(key) != "" {
			single++
		}
	}
	if single < a.manySingle && len(keys) > 1 {
		return nil
	}
	if single >= a.manySingle {
		if _, err := a.merge(ctx, name, false); err != nil {
			return err
		}
	}
	months, err := a.readIndex(ctx, "0000-00", "9999-99")
	if err != nil {
		return err
	}
	for _, m := range months {
		if m.name == name || len(mergePlan(m, true)) == 0 || len(m.single) == 0 {
			continue
		}
		if _, err := a.merge(ctx, m.name, true); err != nil && !errors.Is(err, errHeld) {
			return err
		}
	}
	return nil
}

// merge merges rows of a month under its lease: those that are single and merged
// objects that are not much larger, or with all everything but full objects. It
// returns how many objects became how many.
func (a *Archive) merge(ctx context.Context, name string, all bool) (merged Merged, err error) {
	l, err := a.lease(ctx, name)
	if err != nil {
		return merged, err
	}
	defer l.release(ctx)
	err = a.mergeHeld(ctx, l, name, all, &merged)
	return merged, err
}

// mergeHeld merges under the lease that the caller holds.
func (a *Archive) mergeHeld(ctx context.Context, l *lease, name string, all bool, merged *Merged) error {
	m, err := a.readMonth(ctx, name)
	if err != nil {
		return err
	}
	for _, inputs := range mergePlan(m, all) {
		if err := a.mergeObjects(ctx, l, name, inputs, merged); err != nil {
			return err
		}
	}
	return nil
}

// Merged counts what a merge did.
type Merged struct {
	// Before objects became After, with Rows rows.
	Before, After, Rows int
	// TakenOver are rows of earlier versions that were written anew.
	TakenOver int
}

// mergeObjects makes one object of several, and then removes them.
func (a *Archive) mergeObjects(ctx context.Context, l *lease, name string, inputs []string, merged *Merged) error {
	rows, inputs, err := a.readTables(ctx, inputs)
	if err != nil || len(inputs) < 2 {
		return err
	}
	if err := l.check(ctx); err != nil {
		return err
	}
	key, n, err := a.putTable(ctx, name, rows)
	if err != nil {
		return err
	}
	inputs = slices.DeleteFunc(inputs, func(input string) bool { return input == key })
	if err := l.check(ctx); err != nil {
		return err
	}
	if err := a.removeFirst(ctx, inputs[0], key); err != nil {
		return err
	}
	merged.Before += len(inputs)
	merged.After++
	merged.Rows += n
	return each(ctx, len(inputs), func(ctx context.Context, i int) error { return a.store.remove(ctx, inputs[i]) })
}

// removeFirst removes an object whose rows are in the merged one too. Where it may not be
// removed the others may not either, and their rows would be copied with every merge to
// come: then the merged object goes. After any other error both stay, for the removal may
// have happened, or happen later, and rows that are there twice are read once.
func (a *Archive) removeFirst(ctx context.Context, input, merged string) error {
	err := a.store.remove(ctx, input)
	if err == nil {
		return nil
	}
	_, there := a.store.get(ctx, input)
	if errors.Is(there, errAbsent) {
		return nil
	}
	if there == nil && errors.Is(err, errRefused) {
		return errors.Join(err, a.store.remove(ctx, merged))
	}
	return err
}

// putTable writes rows, each run's once, as one object and returns its key and
// their number; no rows need no object.
func (a *Archive) putTable(ctx context.Context, name string, rows []row) (key string, n int, err error) {
	if len(rows) == 0 {
		return "", 0, nil
	}
	slices.SortFunc(rows, func(x, y row) int { return cmp.Compare(x.RunID, y.RunID) })
	rows = slices.CompactFunc(rows, func(x, y row) bool { return x.RunID == y.RunID })
	table, err := encodeRows(rows)
	if err != nil {
		return "", 0, err
	}
	sum := sha256.Sum256(table)
	key = tableOf(name) + fmt.Sprintf("%s%012x-%d-%s%s", mergedPrefix, time.Now().UnixMilli(), len(rows), hex.EncodeToString(sum[:8]), rowSuffix)
	if err := a.store.putIfAbsent(ctx, key, table, mediaParquet); err != nil && !errors.Is(err, errExists) {
		return "", 0, err
	}
	return key, len(rows), nil
}

// readTables reads the rows of Parquet objects, and says which objects these are:
// not those that have gone, and not those of a later version, whose columns would
// be lost.
func (a *Archive) readTables(ctx context.Context, keys []string) (rows []row, read []string, err error) {
	var mu sync.Mutex
	err = each(ctx, len(keys), func(ctx context.Context, i int) error {
		defer a.decoder(keys[i])()
		raw, err := a.store.get(ctx, keys[i])
		if errors.Is(err, errAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		later, err := foreign(raw)
		if err != nil {
			return damagedTable(keys[i], err)
		}
		if later {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		read = append(read, keys[i])
		err = eachRow(raw, func(r *row) error {
			rows = append(rows, *r)
			return nil
		})
		if err != nil {
			return damagedTable(keys[i], err)
		}
		return nil
	})
	return rows, read, err
}
