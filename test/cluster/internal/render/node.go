package render

import (
	"path/filepath"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// Images of the pods every cluster runs. The first two are made here and named
// so that nobody takes them for the published ones.
const (
	PauseImage        = "localhost/pause:1"
	CoreDNSImage      = "localhost/coredns:1"
	NodeExporterImage = "quay.io/prometheus/node-exporter:v1.12.1"
)

// Node is what a node's files say. Paths are as seen on the node.
type Node struct {
	Index      int
	CgroupRoot string
	Program    func(program string) string
	Images     string // archive of the images above
}

// Paths on the node.
const (
	nodePKI           = "/etc/kubernetes"
	NodeCA            = nodePKI + "/ca.crt"
	NodeKubeletCert   = nodePKI + "/kubelet.crt"
	NodeKubeletKey    = nodePKI + "/kubelet.key"
	NodeKubeletAccess = nodePKI + "/kubelet.kubeconfig"
	NodeProxyAccess   = nodePKI + "/kube-proxy.kubeconfig"

	ContainerdSocket = "/run/containerd/containerd.sock"

	kubeletConfig    = nodePKI + "/kubelet.yaml"
	proxyConfig      = nodePKI + "/kube-proxy.yaml"
	containerdConfig = "/etc/containerd/config.toml"
	cniConfig        = "/etc/cni/net.d/10-pods.conflist"
)

// CNIPlugins are the programs a node has in /opt/cni/bin.
var CNIPlugins = []string{"host-local", "loopback", "portmap", "ptp"}

// Units lists the node's programs.
func (n Node) Units() []supervise.Unit {
	env := []string{
		"HOME=/root",
		// containerd looks its shim up, the shim runc, kubelet mount and
		// kube-proxy iptables.
		"PATH=" + filepath.Dir(n.Program("containerd")) + ":" + filepath.Dir(n.Program("runc")) +
			":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}
	api := supervise.Check{URL: APIURL() + "/readyz", CA: NodeCA}
	containerd := supervise.Check{Socket: ContainerdSocket}
	// A pod that came before its image would try to pull it, then back off.
	images := supervise.Check{Unit: "images"}
	return []supervise.Unit{
		{
			Name: "containerd", Path: n.Program("containerd"), Env: env,
			Args: []string{"--config", containerdConfig},
		},
		{
			Name: "images", Path: n.Program("ctr"), Env: env, Once: true,
			Args:  []string{"--address", ContainerdSocket, "-n", "k8s.io", "images", "import", n.Images},
			After: []supervise.Check{containerd},
		},
		{
			Name: "kubelet", Path: n.Program("kubelet"), Env: env,
			Args: []string{
				"--config=" + kubeletConfig,
				"--kubeconfig=" + NodeKubeletAccess,
				"--hostname-override=" + NodeName(n.Index),
				"--node-ip=" + NodeIP(n.Index),
			},
			After: []supervise.Check{images, api},
		},
		{
			Name: "kube-proxy", Path: n.Program("kube-proxy"), Env: env,
			Args:  []string{"--config=" + proxyConfig},
			After: []supervise.Check{api},
		},
	}
}

// ResolvConf is the node's resolver configuration. Pods in the node's network
// and pods with dnsPolicy Default get it too.
func ResolvConf() string { return "nameserver " + DNSServiceIP + "\noptions ndots:5\n" }

// Files are the node's configuration files by path.
func (n Node) Files() (map[string]string, error) {
	data := map[string]string{
		"Name": NodeName(n.Index), "IP": NodeIP(n.Index), "PodCIDR": NodePodCIDR(n.Index), "ClusterPodCIDR": PodCIDR,
		"CgroupRoot": "/" + n.CgroupRoot, "DNS": DNSServiceIP, "Domain": Domain,
		"CA": NodeCA, "Cert": NodeKubeletCert, "Key": NodeKubeletKey, "ProxyAccess": NodeProxyAccess,
		"Socket": ContainerdSocket, "Runc": n.Program("runc"), "PauseImage": PauseImage,
	}
	files := map[string]string{}
	for path, source := range map[string]string{
		kubeletConfig: "kubelet.yaml", proxyConfig: "kube-proxy.yaml",
		containerdConfig: "containerd.toml", cniConfig: "cni.conflist",
	} {
		text, err := fill(source, data)
		if err != nil {
			return nil, err
		}
		files[path] = text
	}
	return files, nil
}
