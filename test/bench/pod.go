//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/test/bench/internal/measure"
	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

// Addresses in the pod's own network, where nobody else is.
const (
	podHTTP1 = "127.0.0.1:18080"
	podHTTP2 = "127.0.0.1:18081"
)

// pod measures an agent on a cluster of its own beside wrk. Both call an nginx in
// the pod's network, so their requests go the same way; what the agent has more
// than with --local is that it spools, and streams through a port-forward.
func (b *bench) pod() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("starting a cluster needs root")
	}
	c, err := b.startCluster()
	defer c.stop()
	if err != nil {
		return err
	}
	pid, err := c.deploy()
	if err != nil {
		return err
	}
	if err := measure.Bind(pid, b.clientCPU); err != nil {
		return err
	}
	inside := []string{"nsenter", "--net=/proc/" + strconv.Itoa(pid) + "/ns/net", "--"}
	dir := filepath.Join(b.work, "nginx-pod")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := b.inPod(dir, inside); err != nil {
		return err
	}
	l := b.plain()
	l.Address = podHTTP1
	wrk := b.only("wrk")[0].Within(inside)
	for n := range b.rounds {
		b.measure(report.Pod, n, wrk, l, hooks{})
		b.keep(b.agent(c, pid, n, l))
	}
	return nil
}

// inPod starts nginx in the pod's network. It ends with the other servers.
func (b *bench) inPod(dir string, inside []string) error {
	dial := append(slices.Clone(inside), "bash", "-c", "</dev/tcp/"+strings.Replace(podHTTP1, ":", "/", 1))
	ready := func() error { return exec.CommandContext(b.ctx, dial[0], dial[1:]...).Run() }
	s, err := target.Nginx(b.serverCPU, b.programs["nginx"].Path, dir, podHTTP1, podHTTP2, ready, slices.Clone(inside)...)
	if err != nil {
		return err
	}
	b.servers.running = append(b.servers.running, s)
	return nil
}

// agent is one run of the agent, with what the kernel charged its process.
func (b *bench) agent(c *cluster, pid, round int, l peer.Load) report.Run {
	r := report.Run{Section: report.Pod, Tool: peer.Ours, Round: round, Load: report.Load{Protocol: l.Protocol,
		Connections: l.Connections, Streams: l.Streams, Seconds: l.Duration.Seconds()}}
	others := measure.WatchOthers(b.clientCPU)
	before := measure.ProcessCPU(pid)
	out, err := c.meshery(append([]string{"run"}, peer.MesheryArgs(l)...)...)
	if err == nil {
		var a peer.Answer
		a, err = peer.ParseResult(l, out)
		r.Answer, r.CPUSeconds = &a, (measure.ProcessCPU(pid) - before).Seconds()
		r.PeakBytes = measure.ProcessPeak(pid)
		// The agent is not of this family.
		r.Others = max(0, others.Share()-r.CPUSeconds/l.Duration.Seconds())
	}
	if err != nil {
		r.Error, r.Answer = err.Error(), nil
	}
	return r
}

// cluster is a test cluster of one node.
type cluster struct {
	ctx        context.Context
	bench      *bench
	kubeconfig string
}

const (
	clusterName = "bench"
	namespace   = "bench"
)

func (b *bench) startCluster() (*cluster, error) {
	c := &cluster{ctx: b.ctx, bench: b}
	fmt.Fprintln(os.Stderr, "start a cluster")
	if _, err := c.tool("up", "--nodes", "1"); err != nil {
		return c, err
	}
	out, err := c.tool("kubeconfig")
	c.kubeconfig = strings.TrimSpace(string(out))
	return c, err
}

func (c *cluster) stop() {
	// Also when this was interrupted.
	c.ctx = context.WithoutCancel(c.ctx)
	if _, err := c.tool("down"); err != nil {
		fmt.Fprintln(os.Stderr, "the cluster is still there:", err)
	}
}

// tool runs a command of test/cluster.
func (c *cluster) tool(args ...string) ([]byte, error) {
	args = append([]string{"run", "-C", filepath.Join(c.bench.root, "test", "cluster"), ".", "--name", clusterName}, args...)
	return c.output(10*time.Minute, exec.Command("go", args...))
}

// meshery runs our plugin on the cluster.
func (c *cluster) meshery(args ...string) ([]byte, error) {
	cmd := exec.Command(c.bench.binary, append(args, "-n", namespace)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, "MESHERY_ARCHIVE=file://"+c.bench.work+"/archive")
	out, err := c.output(3*time.Minute, cmd)
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) && failed.ExitCode() == 4 {
		err = nil // measured, and not valid
	}
	return out, err
}

// output runs a command to its end, within bounds.
func (c *cluster) output(limit time.Duration, cmd *exec.Cmd) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	bounded := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	bounded.Env = cmd.Env
	out, err := bounded.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, failed.Stderr)
	}
	return out, err
}

// deploy puts the agent on the node and returns its process: the one that was
// not there before.
func (c *cluster) deploy() (int, error) {
	out, err := c.tool("load-image", filepath.Join(c.bench.root, "dist", "image", "meshery-agent.tar"))
	if err != nil {
		return 0, err
	}
	before := agents()
	if _, err := c.meshery("deploy", "--image", strings.TrimSpace(string(out))); err != nil {
		return 0, err
	}
	for _, pid := range agents() {
		if !slices.Contains(before, pid) {
			return pid, nil
		}
	}
	return 0, errors.New("the agent was deployed, but no process of it is there")
}

func agents() []int {
	return measure.Processes(func(args []string) bool {
		return len(args) > 1 && filepath.Base(args[0]) == "meshery-agent" && args[1] == "serve"
	})
}
