// Package binaries builds the programs a cluster consists of, once, and keeps
// them in a cache outside the checkout.
package binaries

import "slices"

// set is a group of programs built together from one place.
type set struct {
	name    string
	module  string            // module whose required version names the set; empty: own source only
	main    map[string]string // program → package to build
	ldflags string
	tags    string
	cgo     bool
	needs   []need
	debian  *debianPackage // instead of building
}

// need is a command that succeeds where a Debian package is installed.
type need struct {
	probe []string
	pkg   string
}

type debianPackage struct {
	name  string
	files map[string]string // program → path inside the package
}

// stripped is for every set: symbols would double the size, and nobody debugs
// these programs.
const stripped = "-s -w"

const kubernetesVersion = "v1.37.2"

func kubernetes(names ...string) map[string]string {
	m := map[string]string{}
	for _, n := range names {
		m[n] = "k8s.io/kubernetes/cmd/" + n
	}
	return m
}

var sets = []set{
	{
		name: "kubernetes", module: "k8s.io/kubernetes",
		main: kubernetes("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"),
		// Without the stamp every component calls itself v0.0.0-master.
		ldflags: " -X k8s.io/component-base/version.gitVersion=" + kubernetesVersion +
			" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37",
	},
	{
		name: "containerd", module: "github.com/containerd/containerd/v2",
		main: map[string]string{
			"containerd":              "github.com/containerd/containerd/v2/cmd/containerd",
			"containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"ctr":                     "github.com/containerd/containerd/v2/cmd/ctr",
		},
	},
	{
		name: "runc", module: "github.com/opencontainers/runc", cgo: true,
		// Kubernetes gives every pod a seccomp profile; without the tag none starts.
		tags: "seccomp",
		needs: []need{
			{[]string{"gcc", "--version"}, "gcc"},
			{[]string{"pkg-config", "--version"}, "pkg-config"},
			{[]string{"pkg-config", "--exists", "libseccomp"}, "libseccomp-dev"},
		},
		main: map[string]string{"runc": "github.com/opencontainers/runc"},
	},
	{
		name: "cni", module: "github.com/containernetworking/plugins",
		main: map[string]string{
			"host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
			"loopback":   "github.com/containernetworking/plugins/plugins/main/loopback",
			"portmap":    "github.com/containernetworking/plugins/plugins/meta/portmap",
			"ptp":        "github.com/containernetworking/plugins/plugins/main/ptp",
		},
	},
	{
		name: "etcd", module: "go.etcd.io/etcd/server/v3",
		main: map[string]string{"etcd": "go.etcd.io/etcd/server/v3"},
	},
	{
		name: "coredns", module: "github.com/coredns/coredns",
		main: map[string]string{"coredns": "."},
	},
	{
		name: "node-exporter", module: "github.com/prometheus/node_exporter",
		main: map[string]string{"node_exporter": "github.com/prometheus/node_exporter"},
	},
	{
		name: "versitygw", module: "github.com/versity/versitygw",
		main: map[string]string{"versitygw": "github.com/versity/versitygw/cmd/versitygw"},
	},
	{
		name: "pause",
		main: map[string]string{"pause": "."},
	},
	{
		// Its module cannot be built by version: it wants generated web assets.
		name: "prometheus",
		debian: &debianPackage{
			name:  "prometheus",
			files: map[string]string{"prometheus": "usr/bin/prometheus"},
		},
	},
}

// programs lists what the set holds, sorted.
func (s set) programs() []string {
	var names []string
	for n := range s.main {
		names = append(names, n)
	}
	if s.debian != nil {
		for n := range s.debian.files {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}
