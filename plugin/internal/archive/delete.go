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
	objects, err := a.store.list(ctx, k.folder+"/")
	if err != nil {
		return err
	}
	release, err := a.leaseAfterOthers(ctx, k.month)
	if err != nil {
		return err
	}
	defer release()
	inIndex, err := a.deleteRows(ctx, k, id)
	if err != nil {
		return err
	}
	if !inIndex && len(objects) == 0 {
		return fmt.Errorf("%w: %q; 'results list' shows what there is", ErrNotFound, id)
	}
	slices.SortFunc(objects, func(x, y string) int {
		return cmp.Compare(deleteRank(x, k), deleteRank(y, k))
	})
	for _, key := range objects {
		if err := a.store.remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// deleteRows takes a run out of the index, under the lease of its month.
func (a *Archive) deleteRows(ctx context.Context, k keys, id string) (found bool, err error) {
	m, err := a.readMonth(ctx, k.month)
	if err != nil {
		return false, err
	}
	for _, key := range m.single[id] {
		found = true
		if err := a.store.remove(ctx, key); err != nil {
			return found, err
		}
	}
	var holding []string
	_, err = a.eachEntry(ctx, m.merged, func(key string, e *Entry) {
		if e.RunID == id && !m.hides(key, id) && !slices.Contains(holding, key) {
			holding = append(holding, key)
		}
	})
	if err != nil {
		return found, err
	}
	for _, key := range holding {
		if err := a.takeOut(ctx, k, key, id); err != nil {
			return true, err
		}
	}
	return found || len(holding) > 0, nil
}

// takeOut takes a run out of a merged object.
func (a *Archive) takeOut(ctx context.Context, k keys, key, id string) error {
	if _, ok := mergedRows(key); !ok {
		// Objects of earlier versions are never rewritten.
		err := a.store.putIfAbsent(ctx, k.oldTomb, nil, mediaJSON)
		if errors.Is(err, errExists) {
			return nil
		}
		return err
	}
	rows, read, err := a.readTables(ctx, []string{key})
	if err != nil || len(read) == 0 {
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
