// Package noderoot gives a node a file system of its own: the machine's programs
// and libraries read-only, everything else private. Programs on the node find
// the standard paths (/run/containerd, /var/lib/kubelet, /etc/cni), pods that
// mount a host path reach the node's and never the machine's, and when the
// node's last process ends, every mount goes with it.
package noderoot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ProgramDir is where a node finds the directory of cached programs.
const ProgramDir = "/opt/cluster"

// systemDirs are shared with the machine, read-only. On merged-/usr systems most
// are symbolic links, which are repeated.
var systemDirs = []string{"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc/alternatives", "etc/ssl"}

// systemFiles are copied; a program without them misbehaves (dynamic linking,
// names of users and protocols).
var systemFiles = []string{
	"etc/ld.so.cache", "etc/ld.so.conf", "etc/passwd", "etc/group", "etc/nsswitch.conf",
	"etc/protocols", "etc/services", "etc/ethertypes",
}

// sysctls are what kubelet sets for the whole machine. It is shown files that
// hold the wanted values already, so the machine's own stay as they are.
var sysctls = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// Prepare fills the directory that becomes the node's root: no mounts yet.
func Prepare(root, hostname, machineID, resolvConf string) error {
	for _, d := range []string{
		"dev", "proc", "sys", "run", "tmp", "etc", "opt/cni/bin", "root", "home", "mnt", "srv",
		"var/log", "var/tmp", "var/lib", "var/cache", "etc/cni/net.d", "var/lib/kubelet", "var/lib/containerd",
		strings.TrimPrefix(ProgramDir, "/"), oldRoot,
	} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			return err
		}
	}
	for _, d := range []string{"tmp", "var/tmp"} {
		if err := os.Chmod(filepath.Join(root, d), 0o777|os.ModeSticky); err != nil {
			return err
		}
	}
	for _, d := range systemDirs {
		if err := mirror(filepath.Join("/", d), filepath.Join(root, d)); err != nil {
			return err
		}
	}
	for _, f := range systemFiles {
		b, err := os.ReadFile(filepath.Join("/", f))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, f), b, 0o644); err != nil {
			return err
		}
	}
	for name, content := range map[string]string{
		"etc/hostname":    hostname + "\n",
		"etc/hosts":       "127.0.0.1 localhost\n127.0.1.1 " + hostname + "\n",
		"etc/machine-id":  machineID + "\n",
		"etc/resolv.conf": resolvConf,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	for link, target := range map[string]string{"var/run": "/run", "var/lock": "/run/lock", "etc/mtab": "/proc/self/mounts"} {
		if err := symlink(target, filepath.Join(root, link)); err != nil {
			return err
		}
	}
	return nil
}

// mirror makes a mount point, or a link like the machine's, for one of its
// directories; nothing if the machine has none.
func mirror(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return os.MkdirAll(to, 0o755)
	}
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return symlink(target, to)
}

func symlink(target, link string) error {
	if have, err := os.Readlink(link); err == nil && have == target {
		return nil
	}
	return os.Symlink(target, link)
}

const oldRoot = ".machine"

// Enter makes root the calling process's root. The caller must be alone in new
// mount, process and UTS namespaces (clone flags, not unshare), in the node's
// network namespace, and must not have set any of this up before.
func Enter(root, programs, hostname string) error {
	// First of all: nothing mounted from here on may show on the machine.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount(root, root, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	for _, d := range systemDirs {
		if info, err := os.Lstat(filepath.Join(root, d)); err != nil || !info.IsDir() {
			continue
		}
		if err := readOnly(filepath.Join("/", d), filepath.Join(root, d)); err != nil {
			return err
		}
	}
	if err := readOnly(programs, filepath.Join(root, ProgramDir)); err != nil {
		return err
	}
	if err := kernelMounts(root); err != nil {
		return err
	}
	if err := maskSysctls(root); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	return pivot(root)
}

func kernelMounts(root string) error {
	for _, m := range []struct {
		source, target, fstype string
		flags                  uintptr
		data                   string
	}{
		{"proc", "proc", "proc", 0, ""},
		// A new sysfs shows the links of the node's network namespace.
		{"sysfs", "sys", "sysfs", 0, ""},
		{"/sys/fs/cgroup", "sys/fs/cgroup", "", unix.MS_BIND | unix.MS_REC, ""},
		{"/dev", "dev", "", unix.MS_BIND | unix.MS_REC, ""},
		{"shm", "dev/shm", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
		{"run", "run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
	} {
		if err := mount(m.source, filepath.Join(root, m.target), m.fstype, m.flags, m.data); err != nil {
			return err
		}
	}
	return os.Mkdir(filepath.Join(root, "run/lock"), 0o755)
}

func maskSysctls(root string) error {
	dir := filepath.Join(root, "run/sysctl")
	for name, value := range sysctls {
		real := filepath.Join(root, "proc/sys", name)
		if _, err := os.Stat(real); errors.Is(err, fs.ErrNotExist) {
			continue // this kernel has no such setting
		}
		mask := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(mask), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(mask, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(mask, real, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

func pivot(root string) error {
	if err := unix.PivotRoot(root, filepath.Join(root, oldRoot)); err != nil {
		return fmt.Errorf("change root to %q: %w", root, err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/"+oldRoot, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the machine's root: %w", err)
	}
	// kubelet and containerd pass mounts on to pods and back.
	return mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

// EnterPlain is for the control plane, which keeps the machine's file system: it
// only gets a /proc that shows its own processes.
func EnterPlain(hostname string) error {
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	// A copy of the machine's mounts would keep other clusters' network
	// namespaces alive after they were deleted.
	if err := unix.Unmount("/run/netns", unix.MNT_DETACH); err != nil && err != unix.EINVAL && err != unix.ENOENT {
		return fmt.Errorf("let go of network namespaces: %w", err)
	}
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	return mount("proc", "/proc", "proc", 0, "")
}

func readOnly(from, to string) error {
	if err := mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	return mount("", to, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

func mount(source, target, fstype string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, fstype, flags, data); err != nil {
		return fmt.Errorf("mount %q on %q: %w", source, target, err)
	}
	return nil
}
