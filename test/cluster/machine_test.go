//go:build linux && cluster

package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// machine is what a cluster must leave as it was. Only what the cluster under
// test could have changed is looked at: others may run meanwhile.
type machine struct {
	links, routes, rules, mounts          []string // of the machine's own namespaces
	namespaces, cgroups, processes, files []string // of the cluster
}

func look(t *testing.T, names ...string) machine {
	t.Helper()
	own := func(s string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return strings.Contains(s, "km-"+n+"-") || strings.Contains(s, "/"+n+"/") || strings.HasSuffix(s, "km-"+n)
		})
	}
	m := machine{
		links:  lines(t, "ip", "-o", "link", "show"),
		routes: lines(t, "ip", "route", "show", "table", "all"),
		rules:  lines(t, "iptables-save", "-c"),
	}
	m.rules = slices.DeleteFunc(m.rules, func(l string) bool { return strings.HasPrefix(l, "#") })
	entries, _ := os.ReadDir("/run/netns")
	foreign := false
	for _, e := range entries {
		if own(e.Name()) {
			m.namespaces = append(m.namespaces, e.Name())
		} else {
			foreign = true
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(mounts)) {
		at := strings.Fields(l)[1]
		if (at == "/run/netns" && foreign) || (strings.HasPrefix(at, "/run/netns/") && !own(at)) {
			continue // another cluster's
		}
		m.mounts = append(m.mounts, at)
	}
	groups, _ := filepath.Glob("/sys/fs/cgroup/km-*")
	more, _ := filepath.Glob("/sys/fs/cgroup/*/km-*")
	for _, g := range append(groups, more...) {
		if own(g) {
			m.cgroups = append(m.cgroups, g)
		}
	}
	for _, pid := range pids(t) {
		group, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
		command, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if len(command) == 0 {
			continue // a zombie that waits for its parent, or the kernel's own
		}
		inGroup := slices.ContainsFunc(names, func(n string) bool { return strings.Contains(string(group), "/km-"+n+"/") })
		if inGroup || own(string(command)) {
			m.processes = append(m.processes, strconv.Itoa(pid)+" "+string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		}
	}
	for _, n := range names {
		for _, f := range []string{n, "." + n + ".lock"} {
			if _, err := os.Lstat(filepath.Join(base, f)); err == nil {
				m.files = append(m.files, f)
			}
		}
	}
	return m
}

func pids(t *testing.T) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func lines(t *testing.T, name string, args ...string) []string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// untouched checks the machine's own network while a cluster runs.
func (m machine) untouched(t *testing.T, before machine) {
	t.Helper()
	same(t, "links", m.links, before.links)
	same(t, "routes", m.routes, before.routes)
	same(t, "packet filter rules", m.rules, before.rules)
}

// clean checks that nothing is left.
func (m machine) clean(t *testing.T, before machine) {
	t.Helper()
	m.untouched(t, before)
	same(t, "mounts", m.mounts, before.mounts)
	same(t, "network namespaces", m.namespaces, nil)
	same(t, "control groups", m.cgroups, nil)
	same(t, "processes", m.processes, nil)
	same(t, "files", m.files, nil)
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
