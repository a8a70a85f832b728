package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	yearRE  = regexp.MustCompile(`^[0-9]{4}$`)
	monthRE = regexp.MustCompile(`^(0[1-9]|1[0-2])$`)
)

// months are the index folders that there are between two times, newest first.
func (a *Archive) months(ctx context.Context, from, to time.Time) ([]string, error) {
	first, last := monthOf(from), monthOf(to)
	years, err := a.store.folders(ctx, indexFolder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, year := range years {
		folder := indexFolder + year + "/"
		if !yearRE.MatchString(year) || folder[:len(folder)-1] < first[:len(folder)-1] || folder[:len(folder)-1] > last[:len(folder)-1] {
			continue
		}
		months, err := a.store.folders(ctx, folder)
		if err != nil {
			return nil, err
		}
		for _, month := range months {
			if key := folder + month + "/"; monthRE.MatchString(month) && key >= first && key <= last {
				found = append(found, key)
			}
		}
	}
	slices.Sort(found)
	slices.Reverse(found)
	return found, nil
}

// month is what lies in one index folder.
type month struct {
	// runs are the ids with a row of their own, newest first.
	runs []string
	// merged are the keys of objects with rows of several runs.
	merged []string
	// deleted are runs whose row in a merged object counts no more. A row of
	// its own counts still: it was put after the deletion.
	deleted map[string]bool
}

func (a *Archive) readMonth(ctx context.Context, folder string) (month, error) {
	found, err := a.store.list(ctx, folder)
	if err != nil {
		return month{}, err
	}
	m := month{deleted: map[string]bool{}}
	for _, key := range found {
		id := runOfKey(key)
		switch {
		case strings.HasSuffix(key, tombSuffix):
			m.deleted[id] = true
		case !strings.HasSuffix(key, rowSuffix):
		case id != "":
			m.runs = append(m.runs, id)
		default:
			m.merged = append(m.merged, key)
		}
	}
	slices.SortFunc(m.runs, func(x, y string) int { return cmp.Compare(y, x) })
	return m, nil
}

// rows reads the rows of index objects, in the order of the keys. An object
// that has gone meanwhile gives no rows.
func (a *Archive) rows(ctx context.Context, objects []string) ([][]Entry, error) {
	found := make([][]Entry, len(objects))
	err := each(ctx, len(objects), func(ctx context.Context, i int) error {
		raw, err := a.store.get(ctx, objects[i])
		if errors.Is(err, errAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		if found[i], err = parseRows(raw); err != nil {
			return fmt.Errorf("%w: %s is not an index entry: %w; remove it and archive the run again", ErrDamaged, objects[i], err)
		}
		return nil
	})
	return found, err
}

// mergedRows are the rows in objects that hold several, by run, without the
// deleted ones.
func (a *Archive) mergedRows(ctx context.Context, m month) (map[string]Entry, error) {
	lists, err := a.rows(ctx, m.merged)
	if err != nil {
		return nil, err
	}
	byRun := map[string]Entry{}
	for _, e := range slices.Concat(lists...) {
		if !m.deleted[e.RunID] {
			byRun[e.RunID] = e
		}
	}
	return byRun, nil
}

// each calls f for 0 to n-1, at most parallel at once, and returns the first
// error after all have ended.
func each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, parallel) {
		wg.Go(func() {
			for i := range next {
				if err := f(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
