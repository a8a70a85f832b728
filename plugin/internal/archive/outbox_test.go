package archive

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// brokenArchive cannot be put to, for a file is where its directory should be.
func brokenArchive(t *testing.T) *Archive {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), Options{Dir: filepath.Join(file, "archive")})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKeepArchives(t *testing.T) {
	a, o := openFile(t), Outbox{filepath.Join(t.TempDir(), "state", "outbox")}
	id, raw := resultAt(t, march, nil)
	url, err := Keep(t.Context(), a, o, raw)
	if err != nil || !strings.HasSuffix(url, id) {
		t.Errorf("%q, %v", url, err)
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an outbox nobody needs was made: %v", err)
	}
	if waiting, err := o.List(); err != nil || len(waiting) != 0 {
		t.Errorf("waiting: %v, %v", waiting, err)
	}
}

func TestKeepInOutboxAndDeliver(t *testing.T) {
	broken, o := brokenArchive(t), Outbox{filepath.Join(t.TempDir(), "state", "outbox")}
	id, raw := resultAt(t, march, nil)
	for range 2 { // the second time it is there already
		_, err := Keep(t.Context(), broken, o, raw)
		var kept *NotArchived
		if !errors.As(err, &kept) || !strings.Contains(err.Error(), "a file is where a directory is wanted") ||
			!strings.Contains(err.Error(), "'archive sync' delivers it") || strings.Contains(err.Error(), "\n") {
			t.Fatalf("keep: %v", err)
		}
		if got, err := os.ReadFile(kept.Path); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%s: %v", kept.Path, err)
		}
	}
	other := bytes.Replace(raw, []byte(`"checkout"`), []byte(`"another"`), 1)
	if _, err := Keep(t.Context(), broken, o, other); !errors.Is(err, ErrNotKept) || !errors.Is(err, ErrConflict) {
		t.Errorf("other bytes with the same id: %v", err)
	}
	if info, err := os.Stat(o.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("outbox: %v, %v", info.Mode(), err)
	}
	waiting, err := o.List()
	if err != nil || len(waiting) != 1 || waiting[0].RunID != id || waiting[0].Destination != broken.URL() || waiting[0].Size != int64(len(raw)) {
		t.Fatalf("waiting: %+v, %v", waiting, err)
	}
	if _, err := o.Deliver(t.Context(), waiting[0], broken); err == nil {
		t.Error("delivered to a broken archive")
	}
	onEachStore(t, func(t *testing.T, a *Archive) {
		copied := Outbox{filepath.Join(t.TempDir(), "outbox")}
		if _, err := Keep(t.Context(), broken, copied, raw); err == nil {
			t.Fatal("not broken")
		}
		waiting, _ := copied.List()
		if url, err := copied.Deliver(t.Context(), waiting[0], a); err != nil || !strings.HasSuffix(url, id) {
			t.Errorf("deliver: %q, %v", url, err)
		}
		if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("get: %v", err)
		}
		if waiting, err := copied.List(); err != nil || len(waiting) != 0 {
			t.Errorf("still waiting: %v, %v", waiting, err)
		}
	})
}

// What can never be delivered is not left to wait.
func TestKeepAnotherResultOfAnArchivedRun(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		o := Outbox{filepath.Join(t.TempDir(), "outbox")}
		id, raw := resultAt(t, march, nil)
		mustPut(t, a, raw)
		other := bytes.Replace(raw, []byte(`"checkout"`), []byte(`"another"`), 1)
		_, err := Keep(t.Context(), a, o, other)
		var kept *NotArchived
		if !errors.Is(err, ErrConflict) || errors.Is(err, ErrNotKept) || errors.As(err, &kept) {
			t.Errorf("keep: %v", err)
		}
		if waiting, err := o.List(); err != nil || len(waiting) != 0 {
			t.Errorf("waiting: %v, %v", waiting, err)
		}
		if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("the archived one: %v", err)
		}
	})
}

func TestKeepWhenCanceledUsesTheOutbox(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := Outbox{t.TempDir()}
	_, raw := resultAt(t, march, nil)
	_, err := Keep(ctx, openFile(t), o, raw)
	var kept *NotArchived
	if !errors.As(err, &kept) || !errors.Is(err, context.Canceled) {
		t.Errorf("keep: %v", err)
	}
}

func TestKeepNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, raw := resultAt(t, march, nil)
	_, err := Keep(t.Context(), brokenArchive(t), Outbox{filepath.Join(file, "outbox")}, raw)
	var kept *NotArchived
	if !errors.Is(err, ErrNotKept) || errors.As(err, &kept) || !strings.Contains(err.Error(), "outbox") {
		t.Errorf("keep: %v", err)
	}
}

func TestOutboxPassesOverWhatIsNotIts(t *testing.T) {
	o := Outbox{t.TempDir()}
	for _, name := range []string{".tmp-123", "notes", idAt(march)} { // the last without a Result
		if err := os.Mkdir(filepath.Join(o.Dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if waiting, err := o.List(); err != nil || len(waiting) != 0 {
		t.Errorf("waiting: %v, %v", waiting, err)
	}
}
