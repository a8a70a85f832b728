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
	"github.com/meshery/kubectl-meshery/test/cluster/internal/pki"
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

// keepAddresses makes sure that a new forwarder can listen where the old one
// did, or else moves the listeners and tells the kubeconfig.
func (l Layout) keepAddresses(s *State) error {
	taken := false
	for _, address := range []string{s.API, s.S3, s.Prometheus} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			taken = true
			continue
		}
		listener.Close()
	}
	if !taken {
		return nil
	}
	if err := s.chooseAddresses(); err != nil {
		return err
	}
	ca, err := pki.LoadAuthority(l.Path("pki"), "ca")
	if err != nil {
		return err
	}
	return l.adminKubeconfig(ca, s.API)
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
