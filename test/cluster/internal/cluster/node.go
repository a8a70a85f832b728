package cluster

import (
	"errors"
	"fmt"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/binaries"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/cgroup"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
)

// change runs f on a node under the cluster's lock and stores the outcome.
func change(l Layout, node string, say func(string, ...any), f func(*NodeState) error) error {
	if _, err := l.loadState(); err != nil {
		return err
	}
	lock, err := l.acquire(say)
	if err != nil {
		return err
	}
	defer lock.Release()
	s, err := l.loadState()
	if err != nil {
		return err
	}
	n, err := s.node(node)
	if err != nil {
		return err
	}
	return errors.Join(f(n), l.saveState(s))
}

// StopNode ends everything that runs on a node, at once, like a power failure.
// Its disk stays. A stopped node stays stopped.
func StopNode(l Layout, node string, say func(string, ...any)) error {
	return change(l, node, say, func(n *NodeState) error { return l.stop(n) })
}

// StartNode starts a stopped node again; nothing to do on a running one.
func StartNode(l Layout, node string, cache *binaries.Cache, say func(string, ...any)) error {
	return change(l, node, say, func(n *NodeState) error {
		if n.Process.Alive() {
			return nil
		}
		images, err := systemImages(cache)
		if err != nil {
			return err
		}
		return l.restartNode(n, cache, images)
	})
}

// CutNode unplugs a node's network cable; what runs on it goes on.
func CutNode(l Layout, node string, say func(string, ...any)) error {
	return change(l, node, say, func(n *NodeState) error {
		err := l.setLink(n.Name, false)
		n.Cut = err == nil
		return err
	})
}

// JoinNode plugs it in again.
func JoinNode(l Layout, node string, say func(string, ...any)) error {
	return change(l, node, say, func(n *NodeState) error { return l.join(n) })
}

func (l Layout) join(n *NodeState) error {
	if err := l.setLink(n.Name, true); err != nil {
		return err
	}
	n.Cut = false
	return nil
}

func (l Layout) stop(n *NodeState) error {
	if err := n.Process.Kill(); err != nil {
		return err
	}
	// The supervisor is the first process of its namespace: the kernel ends all
	// others there before it lets go of the supervisor itself.
	if left := proc.WaitGone([]proc.Identity{n.Process}, endTimeout); len(left) > 0 {
		return fmt.Errorf("node %q does not end", n.Name)
	}
	n.Process = proc.Identity{}
	return cgroup.Remove(l.podCgroup(n.Name), endTimeout)
}

func (l Layout) restartNode(n *NodeState, cache *binaries.Cache, images string) error {
	if err := l.stop(n); err != nil {
		return err
	}
	return l.startNode(n, cache, images)
}
