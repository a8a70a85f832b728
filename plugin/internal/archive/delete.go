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
	m, err := a.readMonth(ctx, k.month)
	if err != nil {
		return err
	}
	merged, err := a.mergedRows(ctx, m)
	if err != nil {
		return err
	}
	objects, err := a.store.list(ctx, k.folder+"/")
	if err != nil {
		return err
	}
	slices.SortFunc(objects, func(x, y string) int {
		return cmp.Compare(deleteRank(x, k), deleteRank(y, k))
	})
	if _, ok := merged[id]; ok {
		// The row stands in an object with others, which is never rewritten.
		if err := a.store.putIfAbsent(ctx, k.tomb, nil, mediaJSON); err != nil && !errors.Is(err, errExists) {
			return err
		}
	} else if len(objects) == 0 && !slices.Contains(m.runs, id) {
		return fmt.Errorf("%w: %q; 'results list' shows what there is", ErrNotFound, id)
	}
	for _, key := range append([]string{k.row}, objects...) {
		if err := a.store.remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// deleteRank puts the manifest first.
func deleteRank(key string, k keys) int {
	if key == k.manifest {
		return 0
	}
	return 1
}
