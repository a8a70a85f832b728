package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
)

func TestArchiveSync(t *testing.T) {
	dir := home(t)
	if _, stderr, err := execute(t, "archive", "sync"); err != nil || stderr != "No results wait to be archived.\n" {
		t.Errorf("nothing waits: %q, %v", stderr, err)
	}
	// A file stands where the archive's directory should be.
	blocked := filepath.Join(dir, "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	raw := archived(t, "file://"+dir+"/source", firstRun, nil)
	a, err := archive.Open(t.Context(), archive.Options{Dir: filepath.Join(blocked, "archive")})
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox()
	if err != nil {
		t.Fatal(err)
	}
	var kept *archive.NotArchived
	if _, err := archive.Keep(t.Context(), a, box, raw); !errors.As(err, &kept) {
		t.Fatal(err)
	}
	_, stderr, err := execute(t, "results", "list")
	if err != nil || !strings.Contains(stderr, "1 result waits to be archived: 'archive sync' delivers it") {
		t.Errorf("list: %q, %v", stderr, err)
	}
	_, _, err = execute(t, "archive", "sync")
	if err == nil || !strings.Contains(err.Error(), "1 of the results still wait") || !strings.Contains(err.Error(), "a file is where a directory is wanted") {
		t.Errorf("sync to a broken archive: %v", err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	stdout, _, err := execute(t, "archive", "sync")
	want := "result/" + firstRun + " archived in file://" + dir + "/blocked/archive/runs/2024/12/07/" + firstRun + "\n"
	if err != nil || stdout != want {
		t.Errorf("sync: %q, %v; want %q", stdout, err, want)
	}
	stdout, _, err = execute(t, "results", "get", firstRun, "--archive", "file://"+dir+"/blocked/archive")
	if err != nil || stdout != string(raw) {
		t.Errorf("get: %d bytes, %v", len(stdout), err)
	}
	// Again, to another archive than the one meant.
	a, err = archive.Open(t.Context(), archive.Options{Dir: filepath.Join(kept.Path, "no directory")})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(kept.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept.Path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(kept.Path), "destination"), []byte(a.URL()), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, _, err = execute(t, "archive", "sync", "--archive", "file://"+dir+"/other")
	if err != nil || !strings.Contains(stdout, "archived in file://"+dir+"/other/runs/") {
		t.Errorf("sync elsewhere: %q, %v", stdout, err)
	}
}
