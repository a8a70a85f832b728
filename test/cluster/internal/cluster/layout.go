// Package cluster brings one named cluster up, changes it and takes it down.
package cluster

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// DefaultBase is where clusters keep their state. It must be a real file system
// (containers' layers cannot lie on overlayfs) and it must be short (paths of
// unix sockets have at most 107 bytes).
const DefaultBase = "/var/lib/kubectl-meshery-cluster"

// Layout derives every name a cluster uses on the machine from its own, so that
// what belongs to it is known even when its state file is lost.
type Layout struct {
	Name string
	Base string
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Validate checks the name.
func (l Layout) Validate() error {
	if !nameForm.MatchString(l.Name) {
		return fmt.Errorf("cluster name %q: use 1 to 20 lower-case letters, digits and inner hyphens", l.Name)
	}
	if !filepath.IsAbs(l.Base) {
		return fmt.Errorf("state directory %q: give an absolute path", l.Base)
	}
	return nil
}

// Dir holds all state of the cluster.
func (l Layout) Dir() string { return filepath.Join(l.Base, l.Name) }

// Path is a file below Dir.
func (l Layout) Path(elem ...string) string {
	return filepath.Join(append([]string{l.Dir()}, elem...)...)
}

func (l Layout) lock() string             { return filepath.Join(l.Base, "."+l.Name+".lock") }
func (l Layout) stateFile() string        { return l.Path("state.json") }
func (l Layout) program() string          { return l.Path("cluster") }
func (l Layout) nodeRoot(n string) string { return l.Path("nodes", n) }

// netnsMark holds the boot in which a cluster made the machine's directory of
// network namespaces: the last cluster then removes it.
func (l Layout) netnsMark() string { return filepath.Join(l.Base, ".netns") }

// Kubeconfig is the administrator's access, through the machine's loopback.
func (l Layout) Kubeconfig() string { return l.Path("kubeconfig") }

func (l Layout) lanNamespace() string          { return "km-" + l.Name + "-lan" }
func (l Layout) nodeNamespace(n string) string { return "km-" + l.Name + "-" + n }

// ownsNamespace says whether a network namespace is this cluster's, going by its
// name. A cluster whose name begins with this one's has others.
func (l Layout) ownsNamespace(name string) bool {
	return name == l.lanNamespace() ||
		regexp.MustCompile(`^km-`+regexp.QuoteMeta(l.Name)+`-worker-[0-9]+$`).MatchString(name)
}

func (l Layout) cgroup() string { return "km-" + l.Name }

// podCgroup is the root below which a node's kubelet keeps its pods.
func (l Layout) podCgroup(n string) string { return l.cgroup() + "/" + n }

// systemCgroup holds the programs of a node or of the control plane.
func (l Layout) systemCgroup(group string) string { return l.cgroup() + "/system/" + group }
