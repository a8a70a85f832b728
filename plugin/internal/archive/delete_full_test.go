package archive

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
)

// fullStore has no room for new objects of more bytes than it has.
type fullStore struct {
	store
	room int
}

func (s fullStore) putIfAbsent(ctx context.Context, key string, data []byte, mediaType string) error {
	if len(data) > s.room {
		return explainFile(syscall.ENOSPC)
	}
	return s.store.putIfAbsent(ctx, key, data, mediaType)
}

// wantDeletedWithoutRoom deletes the first run of an archive that has no room, and then
// again with room.
func wantDeletedWithoutRoom(t *testing.T, a *Archive, ids []string, fill, empty func()) {
	t.Helper()
	fill()
	err := a.Delete(t.Context(), ids[0])
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "the Result is removed") {
		t.Errorf("%v", err)
	}
	empty()
	k, _ := keysOf(ids[0])
	if left, err := a.store.list(t.Context(), k.folder+"/"); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := a.Delete(t.Context(), ids[0]); err != nil {
		t.Errorf("again, with room: %v", err)
	}
	wantListed(t, a, ids[1:])
	wantWhole(t, a, len(ids)-1)
}

// TestDeletingMakesRoom: it must not need any.
func TestDeletingMakesRoom(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		real := a.store
		// There is none for the lease, and there is for that but not for the other rows.
		for _, room := range []int{0, 100} {
			ids := putMany(t, a, march, 3)
			if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
				t.Fatal(err)
			}
			wantDeletedWithoutRoom(t, a, ids, func() { a.store = fullStore{real, room} }, func() { a.store = real })
			for _, id := range ids[1:] {
				if err := a.Delete(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
