package layer

// pods are those of meshes, by the beginning of their names. The first that fits
// counts. A namespace is given where the pod's name alone says too little.
var pods = []struct {
	prefix, namespace, container string
	layer                        Layer
}{
	// Istio: istiod's container is discovery. A waypoint is an Envoy or agentgateway
	// of its own; ztunnel is one on every node.
	{"istiod-", "", "discovery", ControlPlane},
	{"istio-cni-node-", "", "install-cni", ControlPlane},
	{"ztunnel-", "", "istio-proxy", DataPlane},
	{"waypoint-", "", "istio-proxy", DataPlane},
	{"waypoint-", "", "agentgateway", DataPlane},
	{"istio-ingressgateway-", "", "istio-proxy", DataPlane},
	{"istio-egressgateway-", "", "istio-proxy", DataPlane},
	// Linkerd: every container of these pods, their own proxies included.
	{"linkerd-destination-", "", "", ControlPlane},
	{"linkerd-identity-", "", "", ControlPlane},
	{"linkerd-proxy-injector-", "", "", ControlPlane},
	{"linkerd-heartbeat-", "", "", ControlPlane},
	{"linkerd-cni-", "", "", ControlPlane},
	// Consul: the release's name stands before it, "consul" unless said otherwise.
	{"consul-server-", "", "consul", ControlPlane},
	{"consul-consul-server-", "", "consul", ControlPlane},
	{"consul-connect-injector-", "", "sidecar-injector", ControlPlane},
	{"consul-consul-connect-injector-", "", "sidecar-injector", ControlPlane},
	{"consul-webhook-cert-manager-", "", "", ControlPlane},
	{"consul-consul-webhook-cert-manager-", "", "", ControlPlane},
	// Kuma.
	{"kuma-control-plane-", "", "control-plane", ControlPlane},
	{"kuma-cni-", "", "", ControlPlane},
	// Cilium is the network as well: its agent is there with and without the mesh, and
	// what eBPF does is in no container but in the node's CPU.
	{"cilium-envoy-", "kube-system", "cilium-envoy", DataPlane},
	{"cilium-operator-", "kube-system", "", ControlPlane},
	{"cilium-", "kube-system", "cilium-agent", ControlPlane},
	// Network Service Mesh.
	{"forwarder-vpp-", "", "forwarder-vpp", DataPlane},
	{"forwarder-ovs-", "", "forwarder-ovs", DataPlane},
	{"forwarder-sriov-", "", "forwarder-sriov", DataPlane},
	{"nsmgr-", "nsm-system", "", ControlPlane},
	{"registry-", "nsm-system", "", ControlPlane},
	{"admission-webhook-", "nsm-system", "", ControlPlane},
	// What has ended, or sleeps, is still found in clusters.
	{"osm-controller-", "", "", ControlPlane},
	{"osm-injector-", "", "", ControlPlane},
	{"osm-bootstrap-", "", "", ControlPlane},
	{"traefik-mesh-controller-", "", "", ControlPlane},
	{"traefik-mesh-proxy-", "", "", DataPlane},
	{"appmesh-controller-", "", "", ControlPlane},
	{"nginx-mesh-controller-", "", "", ControlPlane},
}

// sidecars are the containers that meshes put into pods, with the mesh's name.
var sidecars = map[string]string{
	"istio-proxy":          "Istio",
	"linkerd-proxy":        "Linkerd",
	"consul-dataplane":     "Consul",
	"consul-connect-proxy": "Consul, with its built-in proxy",
	"envoy-sidecar":        "Consul up to 0.49",
	"kuma-sidecar":         "Kuma",
	"cmd-nsc":              "Network Service Mesh",
	"nginx-mesh-sidecar":   "NGINX Service Mesh",
}

// proxyImages are the repositories of sidecars and of the init containers before
// them, without registry, tag and digest.
var proxyImages = []string{
	"istio/proxyv2", "istio-release/proxyv2", "istio-testing/proxyv2", "mosnio/proxyv2-mosn",
	"linkerd/proxy", "linkerd/proxy-init", "linkerd/network-validator",
	"hashicorp/consul-dataplane", "hashicorp/consul-k8s-control-plane",
	"kumahq/kuma-dp", "kumahq/kuma-init",
	"networkservicemesh/cmd-nsc", "networkservicemesh/cmd-nsc-init",
	"nginx-mesh/nginx-mesh-sidecar", "nginx-mesh/nginx-mesh-init",
}
