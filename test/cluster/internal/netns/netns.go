// Package netns makes, enters and removes named network namespaces, the kind
// that `ip netns` shows.
package netns

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const dir = "/run/netns"

// Path is the file that stands for the namespace.
func Path(name string) string { return filepath.Join(dir, name) }

// Exists says whether the name is taken.
func Exists(name string) bool {
	_, err := os.Stat(Path(name))
	return err == nil
}

// List returns the names of all namespaces of this machine.
func List() ([]string, error) {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// DirExists says whether the directory of names is there. The ip command makes
// it, a mount, for the machine's first named namespace.
func DirExists() bool {
	_, err := os.Stat(dir)
	return err == nil
}

// RemoveDir removes the directory and its mount if no name is left in it.
func RemoveDir() error {
	names, err := List()
	if err != nil || len(names) > 0 {
		return err
	}
	for unix.Unmount(dir, unix.MNT_DETACH) == nil {
		// ip mounts it on itself, more than once if several start at a time
	}
	if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// Add creates the namespace and brings its loopback up.
func Add(name string) error {
	if err := IP("netns", "add", name); err != nil {
		return err
	}
	return IP("-n", name, "link", "set", "lo", "up")
}

// Delete removes the name. The namespace itself, its links and its rules go as
// soon as no process is in it.
func Delete(name string) error { return IP("netns", "delete", name) }

// PIDs lists the processes inside.
func PIDs(name string) ([]int, error) {
	out, err := exec.Command("ip", "netns", "pids", name).Output()
	if err != nil {
		return nil, fmt.Errorf("processes of network namespace %q: %w", name, err)
	}
	var pids []int
	for _, f := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(f)
		if err != nil {
			return nil, fmt.Errorf("processes of network namespace %q: %w", name, err)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// IP runs the ip command; what it complains about is in the error.
func IP(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Batch runs many ip commands inside the named namespace in one process.
func Batch(name string, lines []string) error {
	cmd := exec.Command("ip", "-n", name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip -n %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Run calls f on a thread that is inside the namespace. What f starts or opens
// on its own goroutine (processes, sockets) belongs to the namespace for good.
func Run(name string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		// Never unlocked: the thread is in a foreign namespace and must end
		// with this goroutine instead of being handed to another.
		runtime.LockOSThread()
		done <- func() error {
			ns, err := os.Open(Path(name))
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("enter network namespace %q: %w", name, err)
			}
			return f()
		}()
	}()
	return <-done
}

// Dial connects from inside the namespace. The host part of address is an IP
// address, so that no resolver of this machine is asked.
func Dial(ctx context.Context, name, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := Run(name, func() (err error) {
		// For a literal address the dialer makes its socket on the calling
		// goroutine, thus inside the namespace.
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}
