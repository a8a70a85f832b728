package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Delete removes a run: first from the index, so that nobody sees a half one,
// then the manifest, then the Result and whatever else its folder holds. The id
// must be whole. What an interrupted put or delete left behind is removed too;
// only when there is nothing at all is it ErrNotFound.
func (a *Archive) Delete(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return a.wrap(a.delete(ctx, id))
}

func (a *Archive) delete(ctx context.Context, id string) error {
	k, err := keysOf(id)
	if err != nil {
		return err
	}
	// Who may remove rows and not Results must not make a run invisible.
	if err := a.store.remove(ctx, k.folder+"/may-remove"); err != nil {
		return err
	}
	found, err := a.deleteHeld(ctx, k, id)
	if errors.Is(err, errFull) {
		// To make room must not need room. The row stays until there is some.
		if _, removing := a.removeAll(ctx, k); removing != nil {
			return errors.Join(err, removing)
		}
		return fmt.Errorf("%w; the Result is removed, and its row goes when the run is deleted again", err)
	}
	if err == nil && !found {
		return fmt.Errorf("%w: %q; 'results list' shows what there is", ErrNotFound, id)
	}
	return err
}

// deleteHeld removes a run under the lease of its month, to the end: who repairs
// meanwhile would bring back what still lies there.
func (a *Archive) deleteHeld(ctx context.Context, k keys, id string) (found bool, err error) {
	l, err := a.leaseAfterOthers(ctx, k.month)
	if err != nil {
		return false, err
	}
	defer l.release(ctx)
	inIndex, err := a.deleteRows(ctx, l, k, id)
	if err != nil {
		return inIndex, err
	}
	n, err := a.removeAll(ctx, k)
	return inIndex || n > 0, err
}

// removeAll removes the n objects of a run, the manifest first.
func (a *Archive) removeAll(ctx context.Context, k keys) (n int, err error) {
	objects, err := a.store.list(ctx, k.folder+"/")
	if err != nil {
		return 0, err
	}
	slices.SortFunc(objects, func(x, y string) int {
		return cmp.Compare(deleteRank(x, k), deleteRank(y, k))
	})
	for _, key := range objects {
		if err := a.store.remove(ctx, key); err != nil {
			return len(objects), err
		}
	}
	return len(objects), nil
}

// deleteRows takes a run out of the index, under the lease of its month.
func (a *Archive) deleteRows(ctx context.Context, l *lease, k keys, id string) (found bool, err error) {
	m, err := a.readMonth(ctx, k.month)
	if err != nil {
		return false, err
	}
	var holding []string
	_, err = a.eachEntry(ctx, m.merged, func(key string, e *Entry) {
		if e.RunID == id && !m.hides(key, id) && !slices.Contains(holding, key) {
			holding = append(holding, key)
		}
	})
	if err != nil {
		return false, err
	}
	for _, key := range holding {
		if err := a.takeOut(ctx, l, k, key, id); err != nil {
			return true, err
		}
	}
	if err := l.check(ctx); err != nil {
		return true, err
	}
	for _, key := range m.single[id] {
		if err := a.store.remove(ctx, key); err != nil {
			return true, err
		}
	}
	return len(holding) > 0 || len(m.single[id]) > 0, nil
}

// takeOut takes a run out of a merged object.
func (a *Archive) takeOut(ctx context.Context, l *lease, k keys, key, id string) error {
	if _, ok := mergedRows(key); !ok {
		// Objects of earlier versions are never rewritten.
		err := a.store.putIfAbsent(ctx, k.oldTomb, nil, mediaJSON)
		if errors.Is(err, errExists) {
			return nil
		}
		return err
	}
	rows, read, err := a.readTables(ctx, []string{key})
	if err != nil {
		return err
	}
	if len(read) == 0 {
		return fmt.Errorf("the row of run %q is in %s, which a later version has written, or which is being merged: delete it with that version, or try again", id, key)
	}
	if err := l.check(ctx); err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.RunID == id })
	if _, _, err := a.putTable(ctx, k.month, rows); err != nil {
		return err
	}
	return a.store.remove(ctx, key)
}

// deleteRank puts the manifest first.
func deleteRank(key string, k keys) int {
	if key == k.manifest {
		return 0
	}
	return 1
}
