package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
)

// IncompleteError is that not every node that should has a ready pod. The set
// says why, node by node.
type IncompleteError struct {
	Set *discover.Set
	// Cause is what ended the wait: a context's error, or nil where no node can
	// take a pod at all.
	Cause error
}

func (e *IncompleteError) Error() string {
	ready, eligible := len(e.Set.Ready()), e.Set.Eligible()
	name := e.Set.DaemonSet.Name
	if e.Cause == nil {
		return fmt.Sprintf("no node can take a pod of %s: see the reason per node, then change --node-selector or use --tolerate-all", name)
	}
	if e.Set.NodesUnknown != nil {
		return fmt.Sprintf("%s has %d ready pods and not all it should; the nodes cannot be seen (%v)", name, ready, e.Set.NodesUnknown)
	}
	if !e.Set.Observed() {
		return fmt.Sprintf("%s: the cluster's controller manager has not seen the change; is it running?", name)
	}
	return fmt.Sprintf("%s is ready on %d of %d nodes", name, ready, eligible)
}

func (e *IncompleteError) Unwrap() error { return e.Cause }

// Wait waits until a DaemonSet has a ready pod of its newest version on every
// node that should have one, and calls progress with what it sees, again and
// again. When ctx ends, or when no node can take a pod, the error is an
// *IncompleteError.
func (c *Client) Wait(ctx context.Context, namespace, name string, progress func(*discover.Set)) (*discover.Set, error) {
	var last *discover.Set
	for {
		set, err := discover.Daemon(ctx, c.Kubernetes, namespace, name)
		switch {
		case err == nil:
			last = set
			progress(set)
			if set.Complete() {
				return set, nil
			}
			if set.NodesUnknown == nil && set.Observed() && set.Eligible() == 0 {
				return set, &IncompleteError{Set: set}
			}
		case ctx.Err() == nil:
			return last, err
		}
		select {
		case <-ctx.Done():
			if last == nil {
				return nil, fmt.Errorf("wait for %s: %w", name, ctx.Err())
			}
			return last, &IncompleteError{Set: last, Cause: ctx.Err()}
		case <-time.After(pollInterval):
		}
	}
}
