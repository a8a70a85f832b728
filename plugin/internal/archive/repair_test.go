package archive

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// replace puts other bytes in the place of an object.
func replace(t *testing.T, a *Archive, key string, data []byte) {
	t.Helper()
	if err := a.store.remove(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := a.store.putIfAbsent(t.Context(), key, data, mediaParquet); err != nil {
		t.Fatal(err)
	}
}

// TestRepairOfADamagedRow takes one repair, and calls nobody's run lost.
func TestRepairOfADamagedRow(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 4)
		for i, id := range ids[:3] {
			k, err := keysOf(id)
			if err != nil {
				t.Fatal(err)
			}
			table, err := a.store.get(t.Context(), k.row)
			if err != nil {
				t.Fatal(err)
			}
			replace(t, a, k.row, [][]byte{table[:len(table)/2], nil, []byte("not Parquet")}[i])
		}
		for _, repair := range []bool{false, true} {
			v, err := a.Verify(t.Context(), repair, func(Verified) {})
			if err != nil || len(v.Findings) != 6 { // three runs, and their rows
				t.Errorf("%v, %+v", err, v.Findings)
			}
			for _, f := range v.Findings {
				if f.Repaired != repair {
					t.Errorf("repair %v: %+v", repair, f)
				}
			}
		}
		wantListed(t, a, ids)
		wantWhole(t, a, len(ids))
	})
}

// TestRepairOfManyRuns finds what one merged object held.
func TestRepairOfManyRuns(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 3*parallel)
		if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
			t.Fatal(err)
		}
		m, err := a.readMonth(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		replace(t, a, m.merged[0], []byte("not Parquet"))
		v, err := a.Verify(t.Context(), true, func(Verified) {})
		if err != nil || len(v.Findings) != len(ids)+1 {
			t.Errorf("%v, %d findings, want %d", err, len(v.Findings), len(ids)+1)
		}
		wantListed(t, a, ids)
		wantWhole(t, a, len(ids))
		if left, err := a.store.list(t.Context(), leaseFolder); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// slow calls act when an object has been read the given number of times, as somebody
// else would who comes then.
type slow struct {
	store
	key   string
	reads int
	act   func()
}

func (s *slow) get(ctx context.Context, key string) ([]byte, error) {
	data, err := s.store.get(ctx, key)
	if key == s.key {
		if s.reads--; s.reads == 0 {
			s.act()
		}
	}
	return data, err
}

// TestARepairThatLostItsLeaseBringsNothingBack: its lease had run out, and somebody
// deleted the run.
func TestARepairThatLostItsLeaseBringsNothingBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 2)
		k, err := keysOf(ids[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := a.store.remove(t.Context(), k.row); err != nil {
			t.Fatal(err)
		}
		real := a.store
		other := newArchive(a.options, real)
		deleted := false
		// Read when it is found, when it is looked at again, and to be put back.
		a.store = &slow{store: real, key: k.result, reads: 3, act: func() {
			expire(t, other, "2026-03")
			if err := other.Delete(t.Context(), ids[0]); err != nil {
				t.Error(err)
			}
			deleted = true
		}}
		v, err := a.Verify(t.Context(), true, func(Verified) {})
		a.store = real
		if !deleted || !errors.Is(err, errLost) || slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Repaired }) {
			t.Errorf("deleted %v, %v, %+v", deleted, err, v.Findings)
		}
		wantListed(t, a, ids[1:])
		if left, err := real.list(t.Context(), k.folder); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// watchedRemovals calls act before an object is removed.
type watchedRemovals struct {
	store
	key string
	act func()
}

func (s *watchedRemovals) remove(ctx context.Context, key string) error {
	if key == s.key {
		s.act()
	}
	return s.store.remove(ctx, key)
}

// TestADeleteHoldsItsLeaseToTheEnd: who repaired meanwhile would bring the run back.
func TestADeleteHoldsItsLeaseToTheEnd(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 2)
		k, err := keysOf(ids[0])
		if err != nil {
			t.Fatal(err)
		}
		real, looked := a.store, 0
		for _, key := range []string{k.manifest, k.result} {
			a.store = &watchedRemovals{store: a.store, key: key, act: func() {
				looked++
				if _, err := newArchive(a.options, real).lease(t.Context(), k.month); !errors.Is(err, errHeld) {
					t.Errorf("before %s is removed the lease can be had: %v", key, err)
				}
			}}
		}
		err = a.Delete(t.Context(), ids[0])
		a.store = real
		if err != nil || looked != 2 {
			t.Errorf("%v, %d objects removed", err, looked)
		}
		wantListed(t, a, ids[1:])
	})
}

// TestARepairThatLostItsLeaseRemovesNothing either.
func TestARepairThatLostItsLeaseRemovesNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		putMany(t, a, march, 1)
		key := tableOf("2026-03") + "merged-000000000001-2-0000000000000000.parquet"
		if err := a.store.putIfAbsent(t.Context(), key, []byte("not Parquet"), mediaParquet); err != nil {
			t.Fatal(err)
		}
		real := a.store
		a.store = &slow{store: real, key: key, reads: 2, act: func() { expire(t, newArchive(a.options, real), "2026-03") }}
		_, err := a.Verify(t.Context(), true, func(Verified) {})
		a.store = real
		if !errors.Is(err, errLost) {
			t.Error(err)
		}
		if _, err := real.get(t.Context(), key); err != nil {
			t.Error(err)
		}
	})
}
