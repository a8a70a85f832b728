// Package cgroup makes and removes one tree of control groups in every hierarchy
// of the machine, version 1 (many hierarchies) or 2 (one).
package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const root = "/sys/fs/cgroup"

// unified says whether version 2 is the machine's only one.
func unified() bool {
	var st unix.Statfs_t
	return unix.Statfs(root, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// hierarchies returns the mount point of each hierarchy.
func hierarchies() ([]string, error) {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	points := parseMounts(string(b))
	if len(points) == 0 {
		return nil, fmt.Errorf("no control group hierarchy is mounted below %s", root)
	}
	return points, nil
}

func parseMounts(mounts string) []string {
	var points []string
	s := bufio.NewScanner(strings.NewReader(mounts))
	for s.Scan() {
		f := strings.Fields(s.Text())
		if len(f) < 3 || (f[2] != "cgroup" && f[2] != "cgroup2") {
			continue
		}
		if f[1] == root || strings.HasPrefix(f[1], root+"/") {
			points = append(points, f[1])
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// Create makes the group path (like "a/b") in every hierarchy, ready to hold
// processes or further groups.
func Create(path string) error {
	points, err := hierarchies()
	if err != nil {
		return err
	}
	for _, point := range points {
		if err := createIn(point, path); err != nil {
			return err
		}
	}
	return nil
}

func createIn(point, path string) error {
	dir := point
	for _, part := range strings.Split(path, "/") {
		parent := dir
		dir = filepath.Join(dir, part)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("create control group: %w", err)
		}
		// A version 1 cpuset takes no process until it has CPUs and memory
		// nodes of its own; a new one has none.
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(parent, dir, name); err != nil {
				return err
			}
		}
		if unified() {
			if err := delegate(parent); err != nil {
				return err
			}
		}
	}
	return nil
}

func inherit(parent, dir, name string) error {
	if unified() {
		return nil
	}
	have, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || strings.TrimSpace(string(have)) != "" {
		return nil // another hierarchy than cpuset, or set already
	}
	value, err := os.ReadFile(filepath.Join(parent, name))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, name), value, 0); err != nil {
		return fmt.Errorf("set up control group: %w", err)
	}
	return nil
}

// delegate hands every controller of a version 2 group on to its children.
func delegate(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(b)) {
		// One by one: a controller that cannot be delegated (a real-time one,
		// say) must not keep the others back. kubelet names what it misses.
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0)
	}
	return nil
}

// Join moves the calling process into the group.
func Join(path string) error {
	points, err := hierarchies()
	if err != nil {
		return err
	}
	for _, point := range points {
		if err := os.WriteFile(filepath.Join(point, path, "cgroup.procs"), []byte("0"), 0); err != nil {
			return fmt.Errorf("join control group: %w", err)
		}
	}
	return nil
}

// PIDs lists the processes in the group and all below it.
func PIDs(path string) []int {
	points, _ := hierarchies()
	seen := map[int]bool{}
	for _, point := range points {
		for _, dir := range tree(filepath.Join(point, path)) {
			b, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			for _, f := range strings.Fields(string(b)) {
				if pid, err := strconv.Atoi(f); err == nil && pid > 0 {
					seen[pid] = true
				}
			}
		}
	}
	var pids []int
	for pid := range seen {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}

// Exists says whether the group is there in any hierarchy.
func Exists(path string) bool {
	points, _ := hierarchies()
	return slices.ContainsFunc(points, func(point string) bool {
		_, err := os.Stat(filepath.Join(point, path))
		return err == nil
	})
}

// Remove deletes the group and all below it. The processes must have ended; the
// kernel may need a moment to let go of them.
func Remove(path string, timeout time.Duration) error {
	points, err := hierarchies()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(timeout)
	for {
		var failed error
		for _, point := range points {
			for _, dir := range tree(filepath.Join(point, path)) {
				if err := unix.Rmdir(dir); err != nil && err != unix.ENOENT {
					failed = fmt.Errorf("remove control group %q: %w", dir, err)
				}
			}
		}
		if failed == nil || time.Now().After(deadline) {
			return failed
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tree returns dir and every group below it, deepest first.
func tree(dir string) []string {
	var dirs []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, p)
		}
		return nil
	})
	slices.Reverse(dirs)
	return dirs
}
