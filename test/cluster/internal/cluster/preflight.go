package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// tools are the programs of the machine that a cluster uses, with the Debian
// package of each.
var tools = []struct{ program, pkg string }{
	{"ip", "iproute2"},
	{"iptables", "iptables"},
	{"iptables-restore", "iptables"},
	{"mount", "mount"},
	{"umount", "mount"},
}

// ErrNotRoot is what commands that change a cluster say to other users.
var ErrNotRoot = errors.New("a test cluster needs root, to make namespaces and mounts: " +
	"run with sudo, or use a cluster of your own through KUBECONFIG")

// RequireRoot refuses other users.
func RequireRoot() error {
	if os.Geteuid() != 0 {
		return ErrNotRoot
	}
	return nil
}

// Preflight says in one line what this machine lacks. more are Debian packages
// known to be missing already.
func Preflight(l Layout, more ...string) error {
	missing := more
	for _, t := range tools {
		if _, err := lookPath(t.program); err != nil && !slices.Contains(missing, t.pkg) {
			missing = append(missing, t.pkg)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("programs are missing on this machine: apt-get install %s", strings.Join(missing, " "))
	}
	return checkFileSystem(l.Base)
}

// lookPath also looks where root's programs are: a PATH made by su lacks that.
func lookPath(program string) (string, error) {
	if p, err := exec.LookPath(program); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return p, nil
		}
	}
	return "", exec.ErrNotFound
}

// checkFileSystem refuses a state directory whose file system cannot hold
// containers' layers.
func checkFileSystem(base string) error {
	dir := base
	for {
		var st unix.Statfs_t
		err := unix.Statfs(dir, &st)
		if err == nil {
			if st.Type == unix.OVERLAYFS_SUPER_MAGIC {
				return fmt.Errorf("%q lies on overlayfs, which cannot hold containers: give --state-dir on a real file system", base)
			}
			return nil
		}
		if dir == filepath.Dir(dir) {
			return err
		}
		dir = filepath.Dir(dir)
	}
}
