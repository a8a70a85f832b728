package binaries

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestFillBuildsOnce(t *testing.T) {
	c := &Cache{dir: t.TempDir(), say: t.Logf}
	var builds atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := c.Fill("x-v1", func(tmp string) error {
				builds.Add(1)
				return os.WriteFile(filepath.Join(tmp, "program"), []byte("x"), 0o755)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := builds.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
	if _, err := os.Stat(filepath.Join(c.dir, "x-v1", "program")); err != nil {
		t.Error(err)
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	c := &Cache{dir: t.TempDir(), say: t.Logf}
	if err := os.Mkdir(filepath.Join(c.dir, ".new-interrupted"), 0o755); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := c.Fill("x-v1", func(tmp string) error {
		os.WriteFile(filepath.Join(tmp, "half"), nil, 0o644)
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != ".lock" {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestSourceIsFoundFromBelowAndAbove(t *testing.T) {
	root := t.TempDir()
	want := filepath.Join(root, "test/cluster/binaries")
	for _, d := range []string{"test/cluster/binaries/kubernetes", "test/cluster/internal/x", "plugin/cmd"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{"", "test/cluster", "test/cluster/internal/x", "plugin/cmd"} {
		if got, err := Source("/", filepath.Join(root, from)); got != want || err != nil {
			t.Errorf("from %q: %q, %v", from, got, err)
		}
	}
	if got, err := Source("/"); err == nil {
		t.Errorf("found %q where nothing is", got)
	}
}
