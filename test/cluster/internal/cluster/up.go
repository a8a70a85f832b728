package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/binaries"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/flock"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
)

// MaxNodes is the most that one cluster's network has addresses for.
const MaxNodes = render.MaxNodes

// Options are what `up` is asked for.
type Options struct {
	Layout
	Nodes   int // how many nodes there shall be at least
	Cache   *binaries.Cache
	Timeout time.Duration        // for everything to become ready, building not counted
	Say     func(string, ...any) // progress for people
}

// Up makes the cluster run: from nothing, from the remains of a crash, or by
// adding what a running one lacks. It returns once everything answers.
func Up(ctx context.Context, o Options) (*State, error) {
	if err := o.Cache.Ensure(ctx); err != nil {
		return nil, err
	}
	images, err := systemImages(o.Cache)
	if err != nil {
		return nil, err
	}
	lock, err := o.acquire(o.Say)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	began := time.Now()
	s, resumed, err := o.startOrResume(images)
	if err != nil {
		return nil, err
	}
	err = o.waitReady(ctx, s)
	if resumed && errors.Is(err, errEnded) {
		// It was ending already while it was looked at: a process that was
		// killed may take a second to go.
		if s, _, err = o.startOrResume(images); err != nil {
			return nil, err
		}
		err = o.waitReady(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("%w\nlogs are below %s; 'cluster down --name %s' cleans up", err, o.Dir(), o.Name)
	}
	o.Say("cluster %q is ready after %.1f s", o.Name, time.Since(began).Seconds())
	return s, nil
}

func (l Layout) acquire(say func(string, ...any)) (*flock.Lock, error) {
	if err := os.MkdirAll(l.Base, 0o755); err != nil {
		return nil, err
	}
	return flock.Acquire(l.lock(), func() { say("waiting for another command on cluster %q", l.Name) })
}

// startOrResume also says whether it built on what was running.
func (o Options) startOrResume(images string) (s *State, resumed bool, err error) {
	s, err = o.loadState()
	if err == nil && s.ControlPlane.Alive() && s.usable(o.Layout) {
		return s, true, o.resume(s, images)
	}
	if err == nil {
		o.Say("cluster %q did not end well: cleaning up before starting anew", o.Name)
	} else if !errors.Is(err, ErrNoCluster) {
		o.Say("%v: cleaning up before starting anew", err)
	}
	// Also with no state: an `up` may have been killed before it wrote any.
	if err := o.destroy(s); err != nil {
		return nil, false, err
	}
	s, err = o.start(images)
	return s, false, err
}

// start brings up a new cluster.
func (o Options) start(images string) (*State, error) {
	for _, d := range []string{"logs", "specs", "nodes"} {
		if err := os.MkdirAll(o.Path(d), 0o755); err != nil {
			return nil, err
		}
	}
	// Keys and etcd's data lie below.
	if err := os.Chmod(o.Dir(), 0o711); err != nil {
		return nil, err
	}
	s := &State{Name: o.Name, Kubectl: o.Cache.Path("kubectl"), Ctr: o.Cache.Path("ctr")}
	if err := s.chooseAddresses(); err != nil {
		return nil, err
	}
	if err := o.saveState(s); err != nil {
		return nil, err
	}
	if err := o.installProgram(); err != nil {
		return nil, err
	}
	if err := o.credentials(s.API); err != nil {
		return nil, err
	}
	if err := o.makeLan(); err != nil {
		return nil, err
	}
	var err error
	if s.ControlPlane, err = o.startControlPlane(o.Cache); err != nil {
		return nil, err
	}
	if s.Forwarder, err = o.startForwarding(s); err != nil {
		return nil, err
	}
	if err := o.saveState(s); err != nil {
		return nil, err
	}
	return s, o.addNodes(s, images)
}

// resume starts what a running cluster lacks.
func (o Options) resume(s *State, images string) error {
	if !s.Forwarder.Alive() {
		o.Say("restarting the forwarder")
		if err := o.keepAddresses(s); err != nil {
			return err
		}
		id, err := o.startForwarding(s)
		if err != nil {
			return err
		}
		s.Forwarder = id
		if err := o.saveState(s); err != nil {
			return err
		}
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Cut {
			if err := o.join(n); err != nil {
				return err
			}
		}
		if !n.Process.Alive() {
			o.Say("starting node %q", n.Name)
			if n.Started.IsZero() { // the `up` that made it did not get that far
				if err := o.prepareNode(*n, o.Cache, images); err != nil {
					return err
				}
			}
			if err := o.restartNode(n, o.Cache, images); err != nil {
				return err
			}
		}
	}
	if err := o.saveState(s); err != nil {
		return err
	}
	if err := o.addNodes(s, images); err != nil {
		return err
	}
	return o.routePods(s.Nodes)
}

// addNodes creates and starts nodes until there are as many as asked for.
func (o Options) addNodes(s *State, images string) error {
	first := len(s.Nodes)
	for i := first + 1; i <= o.Nodes; i++ {
		s.Nodes = append(s.Nodes, NodeState{Name: render.NodeName(i), Index: i})
	}
	if first == len(s.Nodes) {
		return nil
	}
	if err := o.saveState(s); err != nil {
		return err
	}
	var g errgroup.Group
	for i := first; i < len(s.Nodes); i++ {
		g.Go(func() error {
			n := &s.Nodes[i]
			if err := o.makeNodeNamespace(*n); err != nil {
				return err
			}
			if err := o.prepareNode(*n, o.Cache, images); err != nil {
				return err
			}
			return o.startNode(n, o.Cache, images)
		})
	}
	err := g.Wait()
	if saveErr := o.saveState(s); err == nil {
		err = saveErr
	}
	if err != nil {
		return err
	}
	return o.routePods(s.Nodes)
}
