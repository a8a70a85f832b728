package cluster

import (
	"fmt"
	"os"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/netns"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
)

const bridge = "bridge"

// makeLan creates the namespace that holds the bridge and the control plane. It
// has no way out: no uplink, no default route, no forwarding.
func (l Layout) makeLan() error {
	ns := l.lanNamespace()
	if !netns.DirExists() {
		if err := os.WriteFile(l.netnsMark(), []byte(proc.BootID()), 0o600); err != nil {
			return err
		}
	}
	if err := netns.Add(ns); err != nil {
		return err
	}
	if err := setForwarding(ns, "0"); err != nil {
		return err
	}
	return netns.Batch(ns, []string{
		"link add " + bridge + " type bridge",
		fmt.Sprintf("address add %s/%d dev %s", render.ControlPlaneIP, render.LanBits, bridge),
		"link set " + bridge + " up",
	})
}

// makeNodeNamespace plugs a node into the bridge. In the lan namespace the
// cable's end is named after the node; on the node it is eth0.
func (l Layout) makeNodeNamespace(n NodeState) error {
	ns := l.nodeNamespace(n.Name)
	if err := netns.Add(ns); err != nil {
		return err
	}
	if err := setForwarding(ns, "1"); err != nil {
		return err
	}
	if err := netns.Batch(l.lanNamespace(), []string{
		fmt.Sprintf("link add %s type veth peer name eth0 netns %s", n.Name, ns),
		fmt.Sprintf("link set %s master %s", n.Name, bridge),
		fmt.Sprintf("link set %s up", n.Name),
		fmt.Sprintf("route add %s via %s", render.NodePodCIDR(n.Index), render.NodeIP(n.Index)),
	}); err != nil {
		return err
	}
	return netns.Batch(ns, []string{
		fmt.Sprintf("address add %s/%d dev eth0", render.NodeIP(n.Index), render.LanBits),
		"link set eth0 up",
		// It ends at the lan namespace; programs that look for the machine's
		// own address by its default route find the node's.
		"route add default via " + render.ControlPlaneIP,
		// Addresses of pods that are gone must not leave by the default route.
		"route add unreachable " + render.NodePodCIDR(n.Index),
	})
}

// routePods tells every node where the others' pods are.
func (l Layout) routePods(nodes []NodeState) error {
	for _, at := range nodes {
		var lines []string
		for _, to := range nodes {
			if to.Index != at.Index {
				lines = append(lines, fmt.Sprintf("route replace %s via %s", render.NodePodCIDR(to.Index), render.NodeIP(to.Index)))
			}
		}
		if len(lines) == 0 {
			continue
		}
		if err := netns.Batch(l.nodeNamespace(at.Name), lines); err != nil {
			return err
		}
	}
	return nil
}

// setLink connects or disconnects a node.
func (l Layout) setLink(node string, up bool) error {
	direction := "down"
	if up {
		direction = "up"
	}
	return netns.IP("-n", l.lanNamespace(), "link", "set", node, direction)
}

func setForwarding(ns, value string) error {
	return netns.Run(ns, func() error {
		// Opened by a thread inside, the file is the namespace's setting.
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte(value), 0)
	})
}
