package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cgroup"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/netns"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
)

const endTimeout = 15 * time.Second

// Down ends the cluster and removes all of it. What is not there is no error, so
// it may be repeated. It says whether there was anything.
func Down(l Layout, say func(string, ...any)) (bool, error) {
	lock, err := l.acquire(say)
	if err != nil {
		return false, err
	}
	s, err := l.loadState()
	if err != nil && !errors.Is(err, ErrNoCluster) {
		say("%v", err) // its names are enough
	}
	found := l.traces()
	if err := l.destroy(s); err != nil {
		lock.Release()
		return found, err
	}
	err = l.leaveMachine()
	lock.Remove()
	os.Remove(l.Base) // if this was the last cluster
	return found, err
}

// leaveMachine removes what clusters share, once none is left.
func (l Layout) leaveMachine() error {
	boot, err := os.ReadFile(l.netnsMark())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if string(boot) == proc.BootID() {
		if err := netns.RemoveDir(); err != nil {
			return err
		}
		if netns.DirExists() {
			return nil // others use it still
		}
	}
	return os.Remove(l.netnsMark())
}

func (l Layout) traces() bool {
	if _, err := os.Stat(l.Dir()); err == nil {
		return true
	}
	return len(l.namespaces()) > 0 || cgroup.Exists(l.cgroup())
}

// destroy removes everything that the state, which may be nil, or the names say
// is this cluster's.
func (l Layout) destroy(s *State) error {
	if s != nil {
		for _, id := range s.processes() {
			if err := id.Kill(); err != nil {
				return err
			}
		}
	}
	if err := l.endProcesses(); err != nil {
		return err
	}
	for _, ns := range l.namespaces() {
		if err := netns.Delete(ns); err != nil {
			return err
		}
	}
	if err := cgroup.Remove(l.cgroup(), endTimeout); err != nil {
		return err
	}
	return l.removeFiles()
}

// endProcesses ends whatever runs in the cluster's control groups and network
// namespaces, which is all it ever started. A supervisor's end takes the
// processes below it along.
func (l Layout) endProcesses() error {
	deadline := time.Now().Add(endTimeout)
	for {
		ids := l.inside()
		if len(ids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("cluster %q: processes %v do not end", l.Name, ids)
		}
		for _, id := range ids {
			if err := id.Kill(); err != nil {
				return err
			}
		}
		proc.WaitGone(ids, time.Second)
	}
}

func (l Layout) inside() []proc.Identity {
	pids := cgroup.PIDs(l.cgroup())
	for _, ns := range l.namespaces() {
		more, err := netns.PIDs(ns)
		if err == nil {
			pids = append(pids, more...)
		}
	}
	slices.Sort(pids)
	var ids []proc.Identity
	for _, pid := range slices.Compact(pids) {
		if id, err := proc.Of(pid); err == nil && id.Alive() && pid != os.Getpid() {
			ids = append(ids, id)
		}
	}
	return ids
}

func (l Layout) namespaces() []string {
	all, _ := netns.List()
	return slices.DeleteFunc(all, func(name string) bool { return !l.ownsNamespace(name) })
}

func (l Layout) removeFiles() error {
	// Removing a directory tree goes through mounts. None is ever made in this
	// mount namespace, and if one is there after all, it is not ours to empty.
	points, err := mountsBelow(l.Dir())
	if err != nil {
		return err
	}
	if len(points) > 0 {
		return fmt.Errorf("something is mounted at %q: unmount it, then repeat", points)
	}
	return os.RemoveAll(l.Dir())
}

func mountsBelow(dir string) ([]string, error) {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	var points []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) > 1 && (f[1] == dir || strings.HasPrefix(f[1], dir+"/")) {
			points = append(points, f[1])
		}
	}
	return points, nil
}
