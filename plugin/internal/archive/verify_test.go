package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestVerifyFindsAndRepairs(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 3)
		ids = append(ids, putMany(t, a, march.Add(time.Hour), 6)...)
		wantWhole(t, a, 9)
		of := func(i int) keys {
			k, err := keysOf(ids[i])
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		remove := func(names ...string) {
			t.Helper()
			for _, key := range names {
				if err := a.store.remove(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
		}
		remove(of(3).row)
		remove(of(4).row, of(4).manifest)
		remove(of(5).manifest)
		remove(of(6).result)
		remove(of(7).result, of(7).manifest)
		raw, err := a.store.get(t.Context(), of(8).result)
		if err != nil {
			t.Fatal(err)
		}
		remove(of(8).result)
		if err := a.store.putIfAbsent(t.Context(), of(8).result, append(raw, ' '), mediaJSON); err != nil {
			t.Fatal(err)
		}
		check := func(repair bool, runs int, want map[int]string) {
			t.Helper()
			calls := 0
			v, err := a.Verify(t.Context(), repair, func(Verified) { calls++ })
			if err != nil || v.Runs != runs || calls != runs || len(v.Findings) != len(want) {
				t.Errorf("repair %v: %d runs, %d calls, %d findings, %v; want %d runs, %d findings", repair, v.Runs, calls, len(v.Findings), err, runs, len(want))
			}
			for i, text := range want {
				found := false
				for _, f := range v.Findings {
					if f.RunID == ids[i] {
						found = strings.Contains(fmt.Sprint(f.Repaired, " ", f.Problem), text)
						if !found {
							t.Errorf("run %d: %+v, want %q", i, f, text)
						}
					}
				}
				if !found {
					t.Errorf("run %d is not found: %q", i, text)
				}
			}
		}
		check(false, 9, map[int]string{
			3: "false is not in the index", 4: "no manifest", 5: "no manifest", 6: "is gone", 7: "objects are gone", 8: "was changed",
		})
		check(true, 9, map[int]string{
			3: "true is not in the index", 4: "true run", 5: "true run", 6: "is gone", 7: "objects are gone", 8: "cannot be repaired",
		})
		check(false, 9, map[int]string{6: "is gone", 7: "objects are gone", 8: "was changed"})
		for _, i := range []int{6, 7, 8} {
			if err := a.Delete(t.Context(), ids[i]); err != nil {
				t.Error(err)
			}
		}
		wantWhole(t, a, 6)
		wantListed(t, a, ids[:6])
	})
}

// TestVerifyBesideOthers: what is put and deleted meanwhile is no finding, and what is
// deleted is not brought back by a repair.
func TestVerifyBesideOthers(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		a.manySingle = 8
		kept := putMany(t, a, march, 10)
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				id, raw := resultAt(t, march.Add(-time.Duration(100+i)*time.Minute), nil)
				if _, err := a.Put(t.Context(), raw); err != nil {
					t.Errorf("put: %v", err)
				}
				if err := a.Delete(t.Context(), id); err != nil && !errors.Is(err, errHeld) {
					t.Errorf("delete: %v", err)
				}
			}
		})
		for range 4 {
			v, err := a.Verify(t.Context(), true, func(Verified) {})
			if err != nil {
				t.Errorf("verify: %v", err)
			}
			for _, f := range v.Findings {
				// A put that is under way may look like one that was interrupted, and is completed.
				if !f.Repaired {
					t.Errorf("%+v", f)
				}
			}
		}
		close(done)
		wg.Wait()
		for _, id := range listed(t, a) {
			if !slices.Contains(kept, id) {
				if err := a.Delete(t.Context(), id); err != nil {
					t.Errorf("left over: %v", err)
				}
			}
		}
		wantListed(t, a, kept)
	})
}

func TestVerifyGoesOnPastWhatIsDamaged(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 4)
		if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
			t.Fatal(err)
		}
		m, err := a.readMonth(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		for key, data := range map[string]string{
			m.merged[0]: "not Parquet", "runs/2026/03/01/@eaDir/thumbnail": "x", "runs/2026/03/note.txt": "x", tableOf("2026-03") + "mine.parquet": "x",
		} {
			if err := a.store.remove(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if err := a.store.putIfAbsent(t.Context(), key, []byte(data), mediaParquet); err != nil {
				t.Fatal(err)
			}
		}
		v, err := a.Verify(t.Context(), false, func(Verified) {})
		if err != nil || len(v.Findings) != 6 { // four runs, their rows, the stray folder
			t.Errorf("%v, %+v", err, v.Findings)
		}
		if _, err := a.Verify(t.Context(), true, func(Verified) {}); err != nil {
			t.Error(err)
		}
		wantListed(t, a, ids)
		if v, err = a.Verify(t.Context(), false, func(Verified) {}); err != nil || len(v.Findings) != 1 {
			t.Errorf("after the repair: %v, %+v", err, v.Findings)
		}
	})
}

// crowd counts how many merged objects are being read at once.
type crowd struct {
	store
	now, most atomic.Int64
}

func (s *crowd) get(ctx context.Context, key string) ([]byte, error) {
	if _, merged := mergedRows(key); merged {
		n := s.now.Add(1)
		defer s.now.Add(-1)
		for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
		}
		time.Sleep(5 * time.Millisecond) // others could come meanwhile
	}
	return s.store.get(ctx, key)
}

// TestFewMergedObjectsAreInMemory, also where each is read by itself.
func TestFewMergedObjectsAreInMemory(t *testing.T) {
	a := openFile(t)
	ids := putMany(t, a, march, 1)
	list, err := a.List(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	table, err := encodeRows([]row{rowOf(&list[0])})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		key := tableOf("2026-03") + fmt.Sprintf("merged-%012x-1-%016x.parquet", i, i)
		if err := a.store.putIfAbsent(t.Context(), key, table, mediaParquet); err != nil {
			t.Fatal(err)
		}
	}
	s := &crowd{store: a.store}
	a.store = s
	wantWhole(t, a, len(ids))
	if s.most.Load() > decoding {
		t.Errorf("%d merged objects were read at once, at most %d wanted", s.most.Load(), decoding)
	}
}
