package render

import (
	"path/filepath"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/discover"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// Targets is the directory of Prometheus' target files.
func (c ControlPlane) Targets() string { return filepath.Join(c.Dir, "targets") }

// discovery is the unit that finds Prometheus' targets.
func (c ControlPlane) discovery(after ...supervise.Check) supervise.Unit {
	return supervise.Unit{
		Name: "discovery", Path: c.Self, After: after,
		Args: []string{
			"internal", "discover", "--server=" + APIURL(), "--ca=" + c.PKI("ca.crt"),
			"--cert=" + c.PKI("prometheus.crt"), "--key=" + c.PKI("prometheus.key"), "--dir=" + c.Targets(),
		},
	}
}

// Prometheus returns its configuration: everything it scrapes is discovered, so
// nodes and pods may come and go.
func (c ControlPlane) Prometheus() (string, error) {
	return fill("prometheus.yml", map[string]any{
		"IP": ControlPlaneIP, "PrometheusPort": PrometheusPort,
		"CA": c.PKI("ca.crt"), "Cert": c.PKI("prometheus.crt"), "Key": c.PKI("prometheus.key"),
		"KubeletTargets": filepath.Join(c.Targets(), discover.KubeletFile),
		"PodTargets":     filepath.Join(c.Targets(), discover.PodFile),
	})
}
