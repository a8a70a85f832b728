package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cgroup"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/forward"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/netns"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
)

// ForwardSpec is what the forwarder process is told.
type ForwardSpec struct {
	Cgroup    string          `json:"cgroup"`
	Namespace string          `json:"namespace"`
	Routes    []forward.Route `json:"routes"`
}

// RunForwarder is the forwarder process.
func RunForwarder(ctx context.Context, specFile string) error {
	b, err := os.ReadFile(specFile)
	if err != nil {
		return err
	}
	var spec ForwardSpec
	if err := json.Unmarshal(b, &spec); err != nil {
		return err
	}
	// In a group of the cluster's own, it is found even if nobody noted its pid.
	if err := cgroup.Join(spec.Cgroup); err != nil {
		return err
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return netns.Dial(ctx, spec.Namespace, network, address)
	}
	return forward.Serve(ctx, dial, spec.Routes)
}

// chooseAddresses picks the loopback listeners of a new cluster.
func (s *State) chooseAddresses() error {
	for _, a := range []*string{&s.API, &s.S3, &s.Prometheus} {
		address, err := forward.FreeAddress()
		if err != nil {
			return err
		}
		*a = address
	}
	return nil
}

func (l Layout) startForwarding(s *State) (proc.Identity, error) {
	group := l.systemCgroup(forwarderGroup)
	if err := cgroup.Create(group); err != nil {
		return proc.Identity{}, err
	}
	inside := func(port int) string { return fmt.Sprintf("%s:%d", render.ControlPlaneIP, port) }
	return l.startForwarder(ForwardSpec{
		Cgroup:    group,
		Namespace: l.lanNamespace(),
		Routes: []forward.Route{
			{Listen: s.API, Target: inside(render.APIPort)},
			{Listen: s.S3, Target: inside(render.S3Port)},
			{Listen: s.Prometheus, Target: inside(render.PrometheusPort)},
		},
	})
}
