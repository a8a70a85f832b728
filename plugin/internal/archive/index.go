package archive

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	tableMonthRE = regexp.MustCompile(`^` + tableFolder + monthPrefix + `([0-9]{4}-(?:0[1-9]|1[0-2]))/[^/]+$`)
	oldMonthRE   = regexp.MustCompile(`^` + oldFolder + `([0-9]{4})/(0[1-9]|1[0-2])/[^/]+$`)
)

// month is what lies in the index for one month: the keys of its objects.
type month struct {
	name string // YYYY-MM
	// single holds, by run id, the keys of objects with one row.
	single map[string][]string
	// merged are the keys of objects with rows of several runs.
	merged []string
	// deleted are runs whose row in a merged object of an earlier version counts
	// no more. A row of its own counts still: it was put after the deletion.
	deleted map[string]bool
}

// readIndex lists the index between two months, both included and YYYY-MM, newest
// first. That is a request per 1,000 objects.
func (a *Archive) readIndex(ctx context.Context, from, to string) ([]*month, error) {
	table, old := tableFolder, oldFolder
	if from == to {
		table, old = tableOf(from), oldOf(from)
	}
	// Earlier versions' rows first: Compact puts a row of today before it removes one
	// of those.
	listed, err := a.store.list(ctx, old)
	if err != nil {
		return nil, err
	}
	today, err := a.store.list(ctx, table)
	if err != nil {
		return nil, err
	}
	months := map[string]*month{}
	for _, key := range slices.Concat(listed, today) {
		name := monthOfKey(key)
		if name == "" || name < from || name > to {
			continue
		}
		m := months[name]
		if m == nil {
			m = &month{name: name, single: map[string][]string{}, deleted: map[string]bool{}}
			months[name] = m
		}
		m.add(key)
	}
	var found []*month
	for _, m := range months {
		found = append(found, m)
	}
	slices.SortFunc(found, func(x, y *month) int { return strings.Compare(y.name, x.name) })
	return found, nil
}

// readMonth is the index of one month.
func (a *Archive) readMonth(ctx context.Context, name string) (*month, error) {
	found, err := a.readIndex(ctx, name, name)
	if err != nil || len(found) == 0 {
		return &month{name: name}, err
	}
	return found[0], nil
}

// monthOfKey is the month that an object of the index is in; "" for others.
func monthOfKey(key string) string {
	if m := tableMonthRE.FindStringSubmatch(key); m != nil {
		return m[1]
	}
	if m := oldMonthRE.FindStringSubmatch(key); m != nil {
		return m[1] + "-" + m[2]
	}
	return ""
}

func (m *month) add(key string) {
	id := runOfKey(key)
	switch path.Ext(key) {
	case oldTombSuffix:
		m.deleted[id] = true
	case rowSuffix, oldSuffix:
		_, merged := mergedRows(key)
		switch {
		case id != "":
			m.single[id] = append(m.single[id], key)
		case merged || path.Ext(key) == oldSuffix: // other tables are not ours
			m.merged = append(m.merged, key)
		}
	}
}

// hides says whether a row in an object counts no more.
func (m *month) hides(key, id string) bool { return path.Ext(key) == oldSuffix && m.deleted[id] }

// ids are the runs with a row of their own, newest first.
func (m *month) ids() []string {
	var ids []string
	for id := range m.single {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y string) int { return strings.Compare(y, x) })
	return ids
}

// decoding is how many merged objects an archive holds and decodes at once, whoever
// reads them: each takes some 20 MB meanwhile.
const decoding = 2

// decoder waits until an object may be decoded; release lets the next one. Objects with
// one row are small and need not wait.
func (a *Archive) decoder(key string) (release func()) {
	if runOfKey(key) != "" {
		return func() {}
	}
	a.decoders <- struct{}{}
	return func() { <-a.decoders }
}

// eachEntry reads the rows of index objects and visits them one at a time, in no
// particular order. An object that has gone meanwhile gives no rows: a merged one
// has come before it went, so whoever finds one gone reads the index again.
func (a *Archive) eachEntry(ctx context.Context, objects []string, visit func(key string, e *Entry)) (gone bool, err error) {
	var mu sync.Mutex
	err = each(ctx, len(objects), func(ctx context.Context, i int) error {
		key := objects[i]
		defer a.decoder(key)()
		raw, err := a.store.get(ctx, key)
		if errors.Is(err, errAbsent) {
			mu.Lock()
			defer mu.Unlock()
			gone = true
			return nil
		}
		if err != nil {
			return err
		}
		err = parseObject(key, raw, func(e *Entry) {
			mu.Lock()
			defer mu.Unlock()
			visit(key, e)
		})
		if err != nil {
			return damagedTable(key, err)
		}
		return nil
	})
	return gone, err
}

// damagedTable is the error about an object of the index that cannot be read.
func damagedTable(key string, err error) error {
	return fmt.Errorf("%w: %s is not an index entry: %w; 'archive verify --repair' takes it away and puts the rows of its runs back", ErrDamaged, key, err)
}

// parseObject reads the rows of an index object of any version.
func parseObject(key string, raw []byte, visit func(*Entry)) error {
	if path.Ext(key) == oldSuffix {
		rows, err := parseOldRows(raw)
		for i := range rows {
			visit(&rows[i])
		}
		return err
	}
	return eachRow(raw, func(r *row) error {
		e := r.entry()
		visit(&e)
		return nil
	})
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

// monthsBetween are the months that runs of two times can be in; zero times mean
// no bound.
func monthsBetween(from, to time.Time) (first, last string) {
	first, last = "0000-00", "9999-99"
	if !from.IsZero() {
		first = monthOf(from)
	}
	if !to.IsZero() && to.Year() <= 9999 {
		last = monthOf(to)
	}
	return first, last
}
