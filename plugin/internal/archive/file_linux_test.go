package archive

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// tmpfs mounts a small memory disk. It needs root, as the tests of this
// repository have on CI; elsewhere a user namespace gives it.
func tmpfs(t *testing.T, flags uintptr, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size="+size); err != nil {
		t.Fatalf("mount a tmpfs: %v; run the tests as root, or with 'unshare -rm'", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func large(r *document.Result) {
	r.Status.Validity.Reasons = []string{strings.Repeat("x", 256<<10)}
}

func TestFullDisk(t *testing.T) {
	dir := tmpfs(t, 0, "512k")
	a, err := Open(t.Context(), Options{Dir: filepath.Join(dir, "archive")})
	if err != nil {
		t.Fatal(err)
	}
	o := Outbox{filepath.Join(t.TempDir(), "outbox")}
	small, raw := resultAt(t, march, nil)
	mustPut(t, a, raw)
	id, bigger := resultAt(t, march, large)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Keep(t.Context(), a, o, bigger)
	var kept *NotArchived
	if !errors.As(err, &kept) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("keep: %v", err)
	}
	if list, err := a.List(t.Context(), Filter{}); err != nil || len(list) != 1 || list[0].RunID != small {
		t.Errorf("list on a full disk: %v, %v", list, err)
	}
	_ = os.WriteFile(filler+"2", make([]byte, 512<<10), 0o600) // takes the rest, and fails
	if err := a.Check(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("check of a full disk: %v", err)
	}
	_, err = Keep(t.Context(), a, Outbox{filepath.Join(dir, "outbox")}, bigger)
	if !errors.Is(err, ErrNotKept) {
		t.Errorf("archive and outbox on the same full disk: %v", err)
	}
	if err := errors.Join(os.Remove(filler), os.Remove(filler+"2")); err != nil {
		t.Fatal(err)
	}
	waiting, err := o.List()
	if err != nil || len(waiting) != 1 {
		t.Fatalf("waiting: %v, %v", waiting, err)
	}
	if _, err := o.Deliver(t.Context(), waiting[0], a); err != nil {
		t.Errorf("deliver after making room: %v", err)
	}
	if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, bigger) {
		t.Errorf("get: %v", err)
	}
	hidden, err := filepath.Glob(filepath.Join(dir, "archive", "*", "*", "*", "*", "*", hiddenPrefix+"*"))
	if err != nil || len(hidden) != 0 {
		t.Errorf("left over: %v, %v", hidden, err)
	}
}

// The file system of processes has directories in which nobody can make a file.
func TestUnwritableDirectory(t *testing.T) {
	a, err := Open(t.Context(), Options{Dir: "/proc/archive"})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Check(t.Context())
	want := "archive file:///proc/archive: no file can be made there: write to /proc: no such file or directory; choose a directory that you may write to (--archive)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, raw := resultAt(t, march, nil)
	if _, err := a.Put(t.Context(), raw); err == nil || !strings.Contains(err.Error(), "/proc/archive") || !strings.Contains(err.Error(), "choose a directory") {
		t.Errorf("put: %v", err)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	a, err := Open(t.Context(), Options{Dir: filepath.Join(tmpfs(t, syscall.MS_RDONLY, "64k"), "archive")})
	if err != nil {
		t.Fatal(err)
	}
	_, raw := resultAt(t, march, nil)
	_, putErr := a.Put(t.Context(), raw)
	for _, err := range []error{putErr, a.Check(t.Context())} {
		if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("got %v", err)
		}
	}
}
