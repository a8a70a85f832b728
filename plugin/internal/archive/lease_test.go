package archive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestALeaseKeepsOthersOut(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		first, err := a.lease(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.lease(t.Context(), "2026-03"); !errors.Is(err, errHeld) {
			t.Errorf("a second lease: %v", err)
		}
		if other, err := a.lease(t.Context(), "2026-04"); err != nil {
			t.Errorf("of another month: %v", err)
		} else {
			other.release(t.Context())
		}
		if err := first.check(t.Context()); err != nil {
			t.Error(err)
		}
		// The holder slept: somebody took it over, and keeps it.
		expire(t, a, "2026-03")
		second, err := a.lease(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		if err := first.check(t.Context()); !errors.Is(err, errLost) {
			t.Errorf("the first one still believes to hold it: %v", err)
		}
		first.release(t.Context())
		if err := second.check(t.Context()); err != nil {
			t.Errorf("the first one gave back what is not its own: %v", err)
		}
		// One that is old is made new, and stays the holder's.
		second.since = second.since.Add(-leaseLife / 2)
		before := second.content
		if err := second.check(t.Context()); err != nil || second.content == before {
			t.Errorf("renewed: %v", err)
		}
		second.release(t.Context())
		if left, err := a.store.list(t.Context(), ""); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// TestALeaseIsMadeNewOnce when many look after it.
func TestALeaseIsMadeNewOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		l, err := a.lease(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			l.since = l.since.Add(-leaseLife / 2)
			before := l.content
			if err := each(t.Context(), parallel, func(ctx context.Context, _ int) error { return l.check(ctx) }); err != nil {
				t.Error(err)
			}
			if l.content == before {
				t.Error("it is the old one")
			}
		}
		l.release(t.Context())
	})
}

// taken is a store where somebody else is always first.
type taken struct{ store }

func (taken) putIfAbsent(context.Context, string, []byte, string) error { return errExists }

// TestALeaseThatCannotBeMadeNewIsLost to all that look after it.
func TestALeaseThatCannotBeMadeNewIsLost(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		l, err := a.lease(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		l.since = l.since.Add(-leaseLife / 2)
		real := a.store
		a.store = taken{real}
		for range 2 {
			if err := l.renew(t.Context()); !errors.Is(err, errLost) {
				t.Errorf("%v", err)
			}
		}
		a.store = real
	})
}

// thief takes the lease over right before the first table is written.
type thief struct {
	store
	archive *Archive
	t       *testing.T
	done    bool
}

func (s *thief) putIfAbsent(ctx context.Context, key string, data []byte, mediaType string) error {
	err := s.store.putIfAbsent(ctx, key, data, mediaType)
	if strings.HasPrefix(key, tableFolder) && !s.done {
		s.done = true
		expire(s.t, &Archive{store: s.store}, "2026-03")
	}
	return err
}

// TestAMergeThatLostItsLeaseRemovesNothing: what it wrote are the rows twice.
func TestAMergeThatLostItsLeaseRemovesNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 4)
		real := a.store
		a.store = &thief{store: real, archive: a, t: t}
		_, err := a.merge(t.Context(), "2026-03", true)
		a.store = real
		if !errors.Is(err, errLost) {
			t.Errorf("merged without a lease: %v", err)
		}
		if single, merged := tables(t, a, "2026-03"); single != 4 || merged != 1 {
			t.Errorf("%d single rows and %d merged objects", single, merged)
		}
		wantListed(t, a, ids)
	})
}

// TestARowOfALaterVersionIsNotLeftBehind: a run is not half deleted.
func TestARowOfALaterVersionIsNotLeftBehind(t *testing.T) {
	a := openFile(t)
	ids := putMany(t, a, march, 2)
	k, _ := keysOf(ids[0])
	list, err := a.List(t.Context(), Filter{IDs: ids[:1]})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.store.remove(t.Context(), k.row); err != nil {
		t.Fatal(err)
	}
	key := tableOf("2026-03") + "merged-000000000001-1-0000000000000000.parquet"
	if err := a.store.putIfAbsent(t.Context(), key, laterTable(t, rowOf(&list[0])), mediaParquet); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(t.Context(), ids[0]); err == nil || !strings.Contains(err.Error(), "a later version has written") {
		t.Errorf("%v", err)
	}
	if _, err := a.Get(t.Context(), ids[0]); err != nil {
		t.Errorf("it is half deleted: %v", err)
	}
}

// unremovable lets no object of others be removed, as a folder with the sticky bit.
type unremovable struct {
	store
	mine []string
}

func (s *unremovable) putIfAbsent(ctx context.Context, key string, data []byte, mediaType string) error {
	s.mine = append(s.mine, key)
	return s.store.putIfAbsent(ctx, key, data, mediaType)
}

func (s *unremovable) remove(ctx context.Context, key string) error {
	if !slices.Contains(s.mine, key) && !strings.HasSuffix(key, "may-remove") {
		return syscall.EPERM
	}
	return s.store.remove(ctx, key)
}

func TestRowsThatCannotBeRemovedAreNotCopied(t *testing.T) {
	a := openFile(t)
	ids := putMany(t, a, march, 4)
	real := a.store
	a.store = &unremovable{store: real}
	for range 3 {
		if _, err := a.merge(t.Context(), "2026-03", true); !errors.Is(err, syscall.EPERM) {
			t.Errorf("%v", err)
		}
	}
	a.store = real
	if single, merged := tables(t, a, "2026-03"); single != 4 || merged != 0 {
		t.Errorf("%d single rows and %d merged objects", single, merged)
	}
	wantListed(t, a, ids)
}

// TestRunsThatAreDeletedWhileReadAreNoDamage holds for compare and report.
func TestRunsThatAreDeletedWhileReadAreNoDamage(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 3)
		list, err := a.List(t.Context(), Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Delete(t.Context(), ids[1]); err != nil {
			t.Fatal(err)
		}
		var read []string
		err = a.Each(t.Context(), list, func(e *Entry, raw []byte) error {
			read = append(read, e.RunID)
			return nil
		})
		if err != nil || !slices.Equal(read, []string{ids[0], ids[2]}) {
			t.Errorf("%v, %v", read, err)
		}
		k, _ := keysOf(ids[2])
		if err := a.store.remove(t.Context(), k.result); err != nil {
			t.Fatal(err)
		}
		if err := a.Each(t.Context(), list, func(*Entry, []byte) error { return nil }); !errors.Is(err, ErrDamaged) {
			t.Errorf("a Result that is gone: %v", err)
		}
	})
}

func TestFarTimes(t *testing.T) {
	a := openFile(t)
	ids := putMany(t, a, march, 1)
	list, err := a.List(t.Context(), Filter{Until: time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)})
	if err != nil || len(list) != 1 || list[0].RunID != ids[0] {
		t.Errorf("%v, %v", list, err)
	}
}
