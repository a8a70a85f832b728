package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// expire makes a month's lease one that its holder has long left.
func expire(t *testing.T, a *Archive, month string) {
	t.Helper()
	if err := a.store.remove(t.Context(), leaseOf(month)); err != nil {
		t.Fatal(err)
	}
	died := time.Now().Add(-2*leaseLife).UTC().Format(time.RFC3339) + " somebody\n"
	if err := a.store.putIfAbsent(t.Context(), leaseOf(month), []byte(died), "text/plain"); err != nil {
		t.Fatal(err)
	}
}

// putMany puts n runs, a minute apart before t, and returns their ids, newest first.
func putMany(t *testing.T, a *Archive, start time.Time, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		id, raw := resultAt(t, start.Add(-time.Duration(i)*time.Minute), nil)
		mustPut(t, a, raw)
		ids = append(ids, id)
	}
	return ids
}

// listed are the ids in the archive, newest first, each of which must be whole.
func listed(t *testing.T, a *Archive) []string {
	t.Helper()
	list, err := a.List(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range list {
		ids = append(ids, e.RunID)
	}
	return ids
}

func wantListed(t *testing.T, a *Archive, want []string) {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	slices.Reverse(want)
	if got := listed(t, a); !slices.Equal(got, want) {
		t.Errorf("listed %d runs, want %d: %v, want %v", len(got), len(want), got, want)
	}
}

// tables are the objects with rows of a month: how many hold one, and how many several.
func tables(t *testing.T, a *Archive, month string) (single, merged int) {
	t.Helper()
	m, err := a.readMonth(t.Context(), month)
	if err != nil {
		t.Fatal(err)
	}
	return len(m.single), len(m.merged)
}

func wantWhole(t *testing.T, a *Archive, runs int) {
	t.Helper()
	v, err := a.Verify(t.Context(), false, func(Verified) {})
	if err != nil || v.Runs != runs || len(v.Findings) > 0 {
		t.Errorf("verified %+v, %v; want %d runs and no findings", v, err, runs)
	}
}

func TestRowsAreMergedAsTheyCome(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		a.manySingle = 4
		ids := putMany(t, a, march, 23)
		// 4, 4+1*4 ... : 20 rows are in merged objects, of which few are left.
		single, merged := tables(t, a, "2026-03")
		if single != 3 || merged < 1 || merged > 3 {
			t.Errorf("%d single rows and %d merged objects, want 3 and at most 3", single, merged)
		}
		wantListed(t, a, ids)
		for _, id := range []string{ids[0], ids[22], ids[11][:13]} {
			if _, err := a.Get(t.Context(), id); err != nil {
				t.Errorf("get %s: %v", id, err)
			}
		}
		newest, err := a.List(t.Context(), Filter{Limit: 5})
		if err != nil || len(newest) != 5 || newest[0].RunID != ids[0] || newest[4].RunID != ids[4] {
			t.Errorf("the newest 5: %v, %v", newest, err)
		}
		wantWhole(t, a, len(ids))

		var done Merged
		if err := a.Compact(t.Context(), func(_ string, m Merged) { done = m }); err != nil {
			t.Fatal(err)
		}
		if single, merged := tables(t, a, "2026-03"); single != 0 || merged != 1 || done.Rows != 23 || done.After != 1 {
			t.Errorf("after Compact: %d single, %d merged; %+v", single, merged, done)
		}
		wantListed(t, a, ids)
		// Compact again: nothing is left to do.
		if err := a.Compact(t.Context(), func(_ string, m Merged) { done = m }); err != nil || done != (Merged{}) {
			t.Errorf("compact again: %+v, %v", done, err)
		}
	})
}

func TestTheFirstRowOfAMonthMergesTheOneBefore(t *testing.T) {
	a := openFile(t)
	ids := putMany(t, a, march, 5)
	if single, _ := tables(t, a, "2026-03"); single != 5 {
		t.Fatalf("%d single rows", single)
	}
	ids = append(ids, putMany(t, a, march.Add(time.Hour), 1)...)
	if single, merged := tables(t, a, "2026-03"); single != 0 || merged != 1 {
		t.Errorf("%d single rows and %d merged objects in March", single, merged)
	}
	wantListed(t, a, ids)
}

func TestDeleteFromMergedRows(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 5)
		if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
			t.Fatal(err)
		}
		raw, err := a.Get(t.Context(), ids[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Delete(t.Context(), ids[1]); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Get(t.Context(), ids[1]); !errors.Is(err, ErrNotFound) {
			t.Errorf("get after delete: %v", err)
		}
		if err := a.Delete(t.Context(), ids[1]); !errors.Is(err, ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
		rest := slices.Delete(slices.Clone(ids), 1, 2)
		wantListed(t, a, rest)
		// It is gone from the table too, which SQL engines read without us.
		m, err := a.readMonth(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.eachEntry(t.Context(), m.merged, func(key string, e *Entry) {
			if e.RunID == ids[1] {
				t.Errorf("the row is still in %s", key)
			}
		})
		if err != nil {
			t.Error(err)
		}
		mustPut(t, a, raw) // and it can come back
		wantListed(t, a, ids)
		for _, id := range ids {
			if err := a.Delete(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		if left, err := a.store.list(t.Context(), ""); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// TestManyWritersLoseNothing puts from 32 writers while rows are merged all the
// time and while others read and delete.
func TestManyWritersLoseNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		const writers, runs = 32, 3
		a.manySingle = 6
		var mu sync.Mutex
		kept := map[string]bool{}
		var wg, readers sync.WaitGroup
		done := make(chan struct{})
		for w := range writers {
			wg.Go(func() {
				for i := range runs {
					id, raw := resultAt(t, march.Add(-time.Duration(w*runs+i)*time.Second), nil)
					if _, err := a.Put(t.Context(), raw); err != nil {
						t.Errorf("put: %v", err)
						return
					}
					mu.Lock()
					kept[id] = true
					mu.Unlock()
				}
			})
		}
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				// Whatever was put before is there, each once.
				mu.Lock()
				before := maps.Clone(kept)
				mu.Unlock()
				list, err := a.List(t.Context(), Filter{})
				if err != nil {
					t.Errorf("list: %v", err)
					return
				}
				for _, e := range list {
					delete(before, e.RunID)
				}
				if len(before) > 0 {
					t.Errorf("%d runs that were put are not listed: %v", len(before), before)
					return
				}
			}
		})
		wg.Wait()
		close(done)
		readers.Wait()
		wantListed(t, a, slices.Collect(maps.Keys(kept)))
		wantWhole(t, a, writers*runs)
		// How many rows came while somebody else merged is a matter of luck. The next
		// writer sees to them.
		if _, merged := tables(t, a, "2026-03"); merged == 0 || merged > 20 {
			t.Errorf("%d merged objects", merged)
		}
		putMany(t, a, march.Add(-time.Hour), 1)
		if single, merged := tables(t, a, "2026-03"); single >= a.manySingle || merged > 20 {
			t.Errorf("%d single rows and %d merged objects after one more", single, merged)
		}
	})
}

// TestDeletesAndMergesAtOnce: what is deleted stays deleted, whoever merges then.
func TestDeletesAndMergesAtOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		a.manySingle = 1000
		ids := putMany(t, a, march, 24)
		a.manySingle = 2
		var wg sync.WaitGroup
		for part := range 4 {
			wg.Go(func() {
				for _, id := range ids[part*3 : part*3+3] {
					if err := a.Delete(t.Context(), id); err != nil {
						t.Errorf("delete: %v", err)
					}
				}
			})
			wg.Go(func() {
				for range 3 {
					if err := a.mergeWhenMany(t.Context(), "2026-03"); err != nil && !errors.Is(err, errHeld) {
						t.Errorf("merge: %v", err)
					}
				}
			})
		}
		wg.Wait()
		wantListed(t, a, ids[12:])
		wantWhole(t, a, 12)
	})
}

// TestAMergeThatIsKilled loses nothing and shows nothing twice, wherever it ends.
func TestAMergeThatIsKilled(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		real := a.store
		ids := putMany(t, a, march, 4)
		for writes := 0; ; writes++ {
			a.store = failAfter(real, writes)
			_, err := a.merge(t.Context(), "2026-03", true)
			a.store = real
			wantListed(t, a, ids)
			if err == nil {
				if writes < 6 {
					t.Errorf("a merge of four rows took %d writes", writes)
				}
				break
			}
			expire(t, a, "2026-03")
		}
		wantWhole(t, a, len(ids))
	})
}

// forgetful loses the answer to the first removal of a row: it reports an error, and
// the removal acts now, later, or not at all.
type forgetful struct {
	store
	acts    string
	blind   bool // and the row cannot be read afterwards
	removed string
}

func (s *forgetful) remove(ctx context.Context, key string) error {
	if s.removed != "" || runOfKey(key) == "" {
		return s.store.remove(ctx, key)
	}
	s.removed = key
	if s.acts == "now" {
		if err := s.store.remove(ctx, key); err != nil {
			return err
		}
	}
	return errors.New("the connection broke")
}

func (s *forgetful) get(ctx context.Context, key string) ([]byte, error) {
	if s.blind && key == s.removed {
		return nil, errors.New("the connection broke")
	}
	return s.store.get(ctx, key)
}

// TestAMergeThatDoesNotKnowWhatItRemoved loses no row.
func TestAMergeThatDoesNotKnowWhatItRemoved(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		real := a.store
		for _, c := range []struct {
			acts         string
			blind, fails bool
		}{{"now", false, false}, {"now", true, true}, {"later", false, true}, {"later", true, true}, {"never", false, true}} {
			ids := putMany(t, a, march, 5)
			s := &forgetful{store: real, acts: c.acts, blind: c.blind}
			a.store = s
			if _, err := a.merge(t.Context(), "2026-03", true); (err != nil) != c.fails {
				t.Errorf("%+v: %v", c, err)
			}
			a.store = real
			if c.acts == "later" {
				if err := real.remove(t.Context(), s.removed); err != nil {
					t.Fatal(err)
				}
			}
			wantListed(t, a, ids)
			if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
				t.Error(err)
			}
			if single, merged := tables(t, a, "2026-03"); single != 0 || merged != 1 {
				t.Errorf("%+v: %d single rows and %d merged objects after the next merge", c, single, merged)
			}
			wantWhole(t, a, len(ids))
			for _, id := range ids {
				if err := a.Delete(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestRowsOfALaterVersion are read and never merged: their columns would be lost.
func TestRowsOfALaterVersion(t *testing.T) {
	a := openFile(t)
	ids := putMany(t, a, march, 3)
	k, err := keysOf(ids[1])
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.List(t.Context(), Filter{IDs: ids[1:2]})
	if err != nil || len(e) != 1 {
		t.Fatal(e, err)
	}
	later := laterTable(t, rowOf(&e[0]))
	if err := a.store.remove(t.Context(), k.row); err != nil {
		t.Fatal(err)
	}
	if err := a.store.putIfAbsent(t.Context(), k.row, later, mediaParquet); err != nil {
		t.Fatal(err)
	}
	if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
		t.Fatal(err)
	}
	if got, err := a.store.get(t.Context(), k.row); err != nil || !bytes.Equal(got, later) {
		t.Errorf("the row of a later version is not there as it was: %v", err)
	}
	wantListed(t, a, ids)
}

func TestADamagedTableIsNamed(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 3)
		k, _ := keysOf(ids[0])
		table, err := a.store.get(t.Context(), k.row)
		if err != nil {
			t.Fatal(err)
		}
		for name, damaged := range map[string][]byte{
			"short": table[:len(table)/2], "empty": nil, "text": []byte("not Parquet"),
			"middle": append(bytes.Repeat([]byte{0xff}, 200), table[200:]...),
		} {
			key := tableOf("2026-03") + "merged-000000000001-2-00000000000000" + fmt.Sprintf("%02d", len(name)) + ".parquet"
			if err := a.store.putIfAbsent(t.Context(), key, damaged, mediaParquet); err != nil {
				t.Fatal(err)
			}
			if _, err := a.List(t.Context(), Filter{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v", name, err)
			}
			if err := a.Compact(t.Context(), func(string, Merged) {}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), key) {
				t.Errorf("compact, %s: %v", name, err)
			}
			if err := a.store.remove(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		wantListed(t, a, ids)
	})
}

func TestMergePlan(t *testing.T) {
	of := func(rows ...int) *month {
		m := &month{name: "2026-03", single: map[string][]string{}}
		for i, n := range rows {
			m.add(tableOf("2026-03") + fmt.Sprintf("merged-%012x-%d-%016d.parquet", i, n, i))
		}
		return m
	}
	single := func(m *month, n int) *month {
		for range n {
			m.add(tableOf("2026-03") + idAt(march) + rowSuffix)
		}
		return m
	}
	for _, c := range []struct {
		name string
		m    *month
		all  bool
		want string // objects in each merge
	}{
		{"single rows", single(of(), 64), false, "64"},
		{"with what is not much larger", single(of(64, 256, 5000), 64), false, "66"},
		{"one is enough", single(of(5000), 1), false, ""},
		{"not too many at once", single(of(), atOnce+1), false, fmt.Sprint(atOnce)},
		{"full objects stay", single(of(fullRows, fullRows+1), 2), true, "2"},
		{"everything", single(of(64, 5000, 15000), 2), true, "5"},
		{"into objects that are not too large", of(19000, 19000, 19000), true, "2"},
		{"one is one already", of(10), true, ""},
		{"nothing", of(), true, ""},
	} {
		var got []string
		for _, part := range mergePlan(c.m, c.all) {
			got = append(got, fmt.Sprint(len(part)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
}
