package cluster

import (
	"os"
	"path/filepath"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/binaries"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/cgroup"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/noderoot"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// startControlPlane writes the control plane's files and starts it.
func (l Layout) startControlPlane(cache *binaries.Cache) (proc.Identity, error) {
	cp := render.ControlPlane{Dir: l.Dir(), Program: cache.Path, Self: l.program()}
	config, err := cp.Prometheus()
	if err != nil {
		return proc.Identity{}, err
	}
	if err := os.WriteFile(cp.PrometheusConfig(), []byte(config), 0o600); err != nil {
		return proc.Identity{}, err
	}
	// To the S3 server a directory is a bucket.
	if err := os.MkdirAll(filepath.Join(cp.S3Dir(), render.S3Bucket), 0o755); err != nil {
		return proc.Identity{}, err
	}
	if err := os.MkdirAll(l.Path("etcd"), 0o700); err != nil {
		return proc.Identity{}, err
	}
	// Prometheus watches the directory for target files from its start.
	if err := os.MkdirAll(cp.Targets(), 0o755); err != nil {
		return proc.Identity{}, err
	}
	if err := cgroup.Create(l.systemCgroup(controlPlaneGroup)); err != nil {
		return proc.Identity{}, err
	}
	return l.startSupervisor(controlPlaneGroup, l.lanNamespace(), supervise.Spec{
		Hostname: l.Name + "-" + controlPlaneGroup,
		Cgroup:   l.systemCgroup(controlPlaneGroup),
		LogDir:   l.logDir(controlPlaneGroup),
		Status:   l.unitStatus(controlPlaneGroup),
		Units:    cp.Units(),
	})
}

// prepareNode makes a node's root directory and files; done once per node.
func (l Layout) prepareNode(n NodeState, cache *binaries.Cache, images string) error {
	root := l.nodeRoot(n.Name)
	id, err := newMachineID()
	if err != nil {
		return err
	}
	if err := noderoot.Prepare(root, n.Name, id, render.ResolvConf()); err != nil {
		return err
	}
	files, err := l.renderNode(n, cache, images).Files()
	if err != nil {
		return err
	}
	for path, content := range files {
		at := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			return err
		}
	}
	for _, plugin := range render.CNIPlugins {
		// Copies, since a mesh's own installer may put plugins beside them.
		b, err := os.ReadFile(cache.Path(plugin))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, "opt/cni/bin", plugin), b, 0o755); err != nil {
			return err
		}
	}
	return l.nodeCredentials(n)
}

func (l Layout) renderNode(n NodeState, cache *binaries.Cache, images string) render.Node {
	onNode := func(program string) string { return filepath.Join(noderoot.ProgramDir, cache.Rel(program)) }
	return render.Node{
		Index: n.Index, CgroupRoot: l.podCgroup(n.Name), Program: onNode,
		Images: filepath.Join(noderoot.ProgramDir, images),
	}
}

// startNode starts a prepared node. images is the archive's path below the cache.
func (l Layout) startNode(n *NodeState, cache *binaries.Cache, images string) error {
	for _, group := range []string{l.podCgroup(n.Name), l.systemCgroup(n.Name)} {
		if err := cgroup.Create(group); err != nil {
			return err
		}
	}
	os.Remove(l.unitStatus(n.Name)) // of an earlier run
	began := time.Now()
	id, err := l.startSupervisor(n.Name, l.nodeNamespace(n.Name), supervise.Spec{
		Hostname: n.Name,
		Cgroup:   l.systemCgroup(n.Name),
		Root:     l.nodeRoot(n.Name),
		Programs: cache.Dir(),
		LogDir:   nodeLogDir,
		Status:   nodeStatusFile,
		Units:    l.renderNode(*n, cache, images).Units(),
	})
	if err != nil {
		return err
	}
	n.Process, n.Started = id, began
	return nil
}
