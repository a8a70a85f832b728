package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/kube"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/netns"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/pki"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

const (
	pollEvery   = 150 * time.Millisecond
	tooManyEnds = 4 // a program that ended this often while starting will not come up
)

// errEnded means that a process which keeps others alive is gone.
var errEnded = errors.New("ended")

// waitReady returns when the API server, every node, DNS and the DaemonSet
// answer, or with the reason why one does not.
func (o Options) waitReady(ctx context.Context, s *State) error {
	client, err := o.client(s)
	if err != nil {
		return err
	}
	if err := o.until(ctx, s, "API server", client.Ready); err != nil {
		return err
	}
	objects, err := render.Manifests(len(s.Nodes))
	if err != nil {
		return err
	}
	if err := o.until(ctx, s, "system objects", func(ctx context.Context) error {
		// Retried from where it failed: right after the API server's start a
		// namespace may not be there yet.
		for len(objects) > 0 {
			if err := client.Apply(ctx, objects[0].Path, []byte(objects[0].Body)); err != nil {
				return fmt.Errorf("%s: %w", objects[0].Path, err)
			}
			objects = objects[1:]
		}
		return nil
	}); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return o.until(ctx, s, "nodes", func(ctx context.Context) error { return nodesReady(ctx, client, s) })
	})
	g.Go(func() error {
		return o.until(ctx, s, "DaemonSet node-exporter", func(ctx context.Context) error { return exporterReady(ctx, client, len(s.Nodes)) })
	})
	for _, n := range s.Nodes {
		g.Go(func() error {
			return o.until(ctx, s, "DNS on node "+n.Name, func(ctx context.Context) error { return o.resolves(ctx, n.Name) })
		})
	}
	return g.Wait()
}

func (l Layout) client(s *State) (*kube.Client, error) {
	ca, err := pki.LoadAuthority(l.Path("pki"), "ca")
	if err != nil {
		return nil, err
	}
	admin, err := ca.Client("test-cluster", "system:masters")
	if err != nil {
		return nil, err
	}
	return kube.New("https://"+s.API, ca.PEM, admin.Cert, admin.Key)
}

// until polls a condition. It gives up early if a program cannot be kept alive.
func (o Options) until(ctx context.Context, s *State, what string, holds func(context.Context) error) error {
	began := time.Now()
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := holds(attempt)
		cancel()
		if err == nil {
			o.Say("%5.1f s  %s", time.Since(began).Seconds(), what)
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		if err := o.broken(s); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return fmt.Errorf("%s not ready in time: %w%s", what, last, o.unwell(s))
		case <-time.After(pollEvery):
		}
	}
}

// broken returns an error with the last log lines of a supervisor that is gone or
// of a program that ended again and again.
func (l Layout) broken(s *State) error {
	if !s.Forwarder.Alive() {
		return fmt.Errorf("%s %w:\n%s", forwarderGroup, errEnded, lastLines(l.daemonLog(forwarderGroup), 10))
	}
	for group, alive := range s.groups() {
		if !alive {
			return fmt.Errorf("%s %w:\n%s", group, errEnded, lastLines(l.daemonLog(group), 10))
		}
		units, err := supervise.ReadStatus(l.unitStatus(group))
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(units)) {
			if u := units[name]; u.Restarts >= tooManyEnds && u.PID == 0 && time.Since(u.Since) < time.Minute {
				return fmt.Errorf("%s on %s ends again and again (%s):\n%s",
					name, group, u.LastExit, lastLines(l.unitLog(group, name), 10))
			}
		}
	}
	return nil
}

// unwell names the programs that ended at least once, for the error of a wait
// that took too long.
func (l Layout) unwell(s *State) string {
	var b strings.Builder
	for group := range s.groups() {
		units, _ := supervise.ReadStatus(l.unitStatus(group))
		for _, name := range slices.Sorted(maps.Keys(units)) {
			if u := units[name]; u.Restarts > 0 {
				fmt.Fprintf(&b, "\n%s on %s ended %d times, last with %s:\n%s",
					name, group, u.Restarts, u.LastExit, lastLines(l.unitLog(group, name), 5))
			}
		}
	}
	return b.String()
}

// groups says of each supervisor whether it runs. A node that was never started
// or was stopped on purpose is left out.
func (s *State) groups() map[string]bool {
	groups := map[string]bool{controlPlaneGroup: s.ControlPlane.Alive()}
	for _, n := range s.Nodes {
		if n.Process.PID != 0 {
			groups[n.Name] = n.Process.Alive()
		}
	}
	return groups
}

func nodesReady(ctx context.Context, client *kube.Client, s *State) error {
	var list kube.NodeList
	if err := client.Get(ctx, "/api/v1/nodes", &list); err != nil {
		return err
	}
	known := map[string]kube.Node{}
	for _, n := range list.Items {
		known[n.Metadata.Name] = n
	}
	for _, n := range s.Nodes {
		node, registered := known[n.Name]
		if !registered {
			return fmt.Errorf("node %q has not registered", n.Name)
		}
		if ready, why := node.Ready(n.Started); !ready {
			return fmt.Errorf("node %q: %s", n.Name, why)
		}
	}
	return nil
}

// exporterReady counts: right after nodes register, a DaemonSet is complete with
// no pod at all.
func exporterReady(ctx context.Context, client *kube.Client, nodes int) error {
	var ds kube.DaemonSet
	if err := client.Get(ctx, "/apis/apps/v1/namespaces/monitoring/daemonsets/node-exporter", &ds); err != nil {
		return err
	}
	if ds.Status.ObservedGeneration != ds.Metadata.Generation || ds.Status.Desired != nodes || ds.Status.Ready != nodes {
		return fmt.Errorf("%d of %d pods ready, want %d", ds.Status.Ready, ds.Status.Desired, nodes)
	}
	return nil
}

// resolves asks the cluster's DNS from a node's network namespace, through the
// Service, so kube-proxy's rules and the way to the pod are tried as well.
func (l Layout) resolves(ctx context.Context, node string) error {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return netns.Dial(ctx, l.nodeNamespace(node), network, net.JoinHostPort(render.DNSServiceIP, "53"))
	}}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	addresses, err := r.LookupHost(ctx, "kubernetes.default.svc."+render.Domain+".")
	if err != nil {
		return err
	}
	if !slices.Contains(addresses, render.APIServiceIP) {
		return fmt.Errorf("name of the API server resolves to %v", addresses)
	}
	return nil
}
