package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/flock"
)

// Cache is the directory of built programs.
type Cache struct {
	dir    string                           // holds one directory per set
	source string                           // holds one module per set
	say    func(format string, args ...any) // progress for people
	goVer  string
	keys   map[string]string // set → its directory's name
}

// Open prepares the cache below the user's cache directory. source is the
// directory "binaries" of this module.
func Open(source string, say func(string, ...any)) (*Cache, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("%w: set XDG_CACHE_HOME or HOME", err)
	}
	dir := filepath.Join(base, "kubectl-meshery", "cluster")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOVERSION: %w: the programs are built with Go, put it in PATH", err)
	}
	c := &Cache{dir: dir, source: source, say: say, goVer: strings.TrimSpace(string(out)), keys: map[string]string{}}
	for _, s := range sets {
		if c.keys[s.name], err = s.key(source, c.goVer); err != nil {
			return nil, fmt.Errorf("program set %q: %w", s.name, err)
		}
	}
	return c, nil
}

// Dir is the directory with all sets.
func (c *Cache) Dir() string { return c.dir }

// Rel is a program's path relative to Dir. The name must be known.
func (c *Cache) Rel(program string) string {
	s, ok := find(program)
	if !ok {
		panic("no such program: " + program)
	}
	return filepath.Join(c.keys[s.name], program)
}

// Path is a program's place. The name must be known.
func (c *Cache) Path(program string) string { return filepath.Join(c.dir, c.Rel(program)) }

// Names lists all programs.
func Names() []string {
	var names []string
	for _, s := range sets {
		names = append(names, s.programs()...)
	}
	slices.Sort(names)
	return names
}

func find(program string) (set, bool) {
	for _, s := range sets {
		if slices.Contains(s.programs(), program) {
			return s, true
		}
	}
	return set{}, false
}

// Ensure builds what is missing. With names, only the sets of those programs.
func (c *Cache) Ensure(ctx context.Context, names ...string) error {
	want := map[string]bool{}
	for _, n := range names {
		s, ok := find(n)
		if !ok {
			return fmt.Errorf("no program %q", n)
		}
		want[s.name] = true
	}
	for _, s := range sets {
		if len(names) > 0 && !want[s.name] {
			continue
		}
		if err := c.ensure(ctx, s); err != nil {
			return fmt.Errorf("build %s: %w", s.name, err)
		}
	}
	return nil
}

func (c *Cache) ensure(ctx context.Context, s set) error {
	final := filepath.Join(c.dir, c.keys[s.name])
	if isDir(final) {
		return nil
	}
	return c.Fill(c.keys[s.name], func(tmp string) error {
		c.say("building %s: %s", c.keys[s.name], strings.Join(s.programs(), " "))
		began := time.Now()
		build := s.build
		if s.debian != nil {
			build = s.extract
		}
		if err := build(ctx, filepath.Join(c.source, s.name), tmp); err != nil {
			return err
		}
		c.say("built %s in %s", c.keys[s.name], time.Since(began).Round(100*time.Millisecond))
		return nil
	})
}

// Missing names the Debian packages without which what is not yet in the cache
// cannot be built.
func (c *Cache) Missing() []string {
	var packages []string
	for _, s := range sets {
		if isDir(filepath.Join(c.dir, c.keys[s.name])) {
			continue
		}
		for _, n := range s.needs {
			if !slices.Contains(packages, n.pkg) && exec.Command(n.probe[0], n.probe[1:]...).Run() != nil {
				packages = append(packages, n.pkg)
			}
		}
	}
	return packages
}

// Fill makes the cache directory name by calling fill with an empty directory
// that takes its place only when fill succeeded. Others wait meanwhile.
func (c *Cache) Fill(name string, fill func(tmp string) error) error {
	final := filepath.Join(c.dir, name)
	if isDir(final) {
		return nil
	}
	lock, err := flock.Acquire(filepath.Join(c.dir, ".lock"), func() { c.say("waiting for another process that is building") })
	if err != nil {
		return err
	}
	defer lock.Release()
	if isDir(final) { // the other one built it
		return nil
	}
	// The lock's holder is the only one with such directories: any other is
	// left from a build that was interrupted.
	stale, _ := filepath.Glob(filepath.Join(c.dir, ".new-*"))
	for _, d := range stale {
		os.RemoveAll(d)
	}
	tmp, err := os.MkdirTemp(c.dir, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := fill(tmp); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, final)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Source finds the directory "binaries" of this module: from each of the given
// directories upwards, in the checkout or in the module itself.
func Source(starts ...string) (string, error) {
	for _, start := range starts {
		start, err := filepath.Abs(start)
		if err != nil {
			return "", err
		}
		for dir := start; ; dir = filepath.Dir(dir) {
			for _, sub := range []string{"binaries", "test/cluster/binaries"} {
				if p := filepath.Join(dir, sub); isDir(filepath.Join(p, "kubernetes")) {
					return p, nil
				}
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", errors.New("cannot find test/cluster/binaries from here: run inside the checkout, or give --source")
}
