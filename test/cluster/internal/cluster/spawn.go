package cluster

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/netns"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// installProgram copies the running program into the state directory: what runs
// for days must not be a file that `go run` deletes or a rebuild replaces.
func (l Layout) installProgram() error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	tmp := l.program() + ".new"
	to, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err = io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, l.program())
}

// startSupervisor starts a group of programs as its own little machine: new
// process, mount, host name and IPC namespaces, in the given network namespace.
func (l Layout) startSupervisor(group, namespace string, spec supervise.Spec) (proc.Identity, error) {
	specFile := l.Path("specs", group+".json")
	if err := supervise.WriteFile(specFile, spec); err != nil {
		return proc.Identity{}, err
	}
	cmd, err := l.daemon(group, "supervise", specFile)
	if err != nil {
		return proc.Identity{}, err
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
	if err := netns.Run(namespace, cmd.Start); err != nil {
		return proc.Identity{}, fmt.Errorf("start %s: %w", group, err)
	}
	return l.started(cmd)
}

// startForwarder starts the process with the loopback listeners.
func (l Layout) startForwarder(spec ForwardSpec) (proc.Identity, error) {
	specFile := l.Path("specs", forwarderGroup+".json")
	if err := supervise.WriteFile(specFile, spec); err != nil {
		return proc.Identity{}, err
	}
	cmd, err := l.daemon(forwarderGroup, "forward", specFile)
	if err != nil {
		return proc.Identity{}, err
	}
	if err := cmd.Start(); err != nil {
		return proc.Identity{}, fmt.Errorf("start %s: %w", forwarderGroup, err)
	}
	return l.started(cmd)
}

// daemon prepares one of this program's internal commands to outlive the caller.
func (l Layout) daemon(group, command, specFile string) (*exec.Cmd, error) {
	log, err := os.OpenFile(l.daemonLog(group), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(l.program(), "internal", command, specFile)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	// The caller's environment may hold secrets and proxies: not for them.
	cmd.Env = []string{"HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

func (l Layout) started(cmd *exec.Cmd) (proc.Identity, error) {
	if log, ok := cmd.Stdout.(*os.File); ok {
		log.Close()
	}
	id, err := proc.Of(cmd.Process.Pid)
	if err != nil {
		return id, err
	}
	go cmd.Wait() // if it ends while this command still runs
	return id, nil
}

func (l Layout) daemonLog(group string) string { return l.Path("logs", group+".log") }

// unitLog is a program's log file as seen on the machine.
func (l Layout) unitLog(group, unit string) string {
	return filepath.Join(l.logDir(group), unit+".log")
}

func (l Layout) logDir(group string) string {
	if group == controlPlaneGroup {
		return l.Path("logs")
	}
	return filepath.Join(l.nodeRoot(group), nodeLogDir)
}

func (l Layout) unitStatus(group string) string {
	if group == controlPlaneGroup {
		return l.Path("specs", "units.json")
	}
	return filepath.Join(l.nodeRoot(group), nodeStatusFile)
}

// Groups other than nodes, and where a node keeps what a supervisor writes.
const (
	controlPlaneGroup = "control-plane"
	forwarderGroup    = "forwarder"
	nodeLogDir        = "/var/log/cluster"
	nodeStatusFile    = "/var/lib/cluster-units.json"
)

// lastLines returns the end of a log, at most n lines.
func lastLines(path string, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const enough = 64 << 10
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		f.Seek(-enough, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
