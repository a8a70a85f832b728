package layer

import "testing"

func TestOf(t *testing.T) {
	for _, c := range []struct {
		pod, container string
		target, agent  bool
		want           Layer
	}{
		{"shop/checkout-6d4cf56db6-x2v7q", "checkout", true, false, Application},
		{"shop/checkout-6d4cf56db6-x2v7q", "istio-proxy", true, false, DataPlane},
		{"shop/checkout-6d4cf56db6-x2v7q", "linkerd-proxy", true, false, DataPlane},
		{"shop/checkout-6d4cf56db6-x2v7q", "consul-dataplane", true, false, DataPlane},
		{"shop/checkout-6d4cf56db6-x2v7q", "kuma-sidecar", true, false, DataPlane},
		// The application's own.
		{"shop/checkout-6d4cf56db6-x2v7q", "envoy", true, false, Application},
		{"shop/checkout-6d4cf56db6-x2v7q", "proxy", true, false, Application},
		// Beside the load generator, and in pods that have nothing to do with the run.
		{"perf/meshery-agent-abcde", "istio-proxy", false, true, DataPlane},
		{"perf/meshery-agent-abcde", "agent", false, true, Other},
		{"bank/ledger-0", "istio-proxy", false, false, Other},
		{"bank/ledger-0", "ledger", false, false, Other},
		// The mesh's own pods, also where a container is called like a sidecar.
		{"istio-system/istiod-7f4b8c-abcde", "discovery", false, false, ControlPlane},
		{"istio-1-30/istiod-1-30-7f4b8c-abcde", "discovery", false, false, ControlPlane},
		{"istio-system/ztunnel-abcde", "istio-proxy", false, false, DataPlane},
		{"shop/waypoint-55d-abcde", "istio-proxy", false, false, DataPlane},
		{"linkerd/linkerd-destination-5d-abcde", "linkerd-proxy", false, false, ControlPlane},
		{"linkerd/linkerd-destination-5d-abcde", "policy", false, false, ControlPlane},
		{"consul/consul-server-0", "consul", false, false, ControlPlane},
		{"shop/consul-0", "consul", true, false, Application},
		{"kuma-system/kuma-control-plane-5d-abcde", "control-plane", false, false, ControlPlane},
		{"kube-system/cilium-envoy-abcde", "cilium-envoy", false, false, DataPlane},
		{"kube-system/cilium-abcde", "cilium-agent", false, false, ControlPlane},
		{"kube-system/coredns-5d-abcde", "coredns", false, false, Other},
		{"shop/nsmgr-abcde", "nsmgr", false, false, Other},
		{"nsm-system/forwarder-vpp-abcde", "forwarder-vpp", false, false, DataPlane},
	} {
		namespace, pod := split(c.pod)
		if got := Of(Container{Namespace: namespace, Pod: pod, Name: c.container, Target: c.target, Agent: c.agent}); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.pod, c.container, got, c.want)
		}
	}
}

func split(name string) (namespace, pod string) {
	for i := range name {
		if name[i] == '/' {
			return name[:i], name[i+1:]
		}
	}
	return "", name
}

func TestProxyImage(t *testing.T) {
	for image, want := range map[string]bool{
		"docker.io/istio/proxyv2:1.30.1":                           true,
		"localhost:5000/mirror/istio/proxyv2@sha256:0123456789abc": true,
		"cr.l5d.io/linkerd/proxy:edge-26.6.1":                      true,
		"hashicorp/consul-dataplane:2.0.1":                         true,
		"shop/checkout:1.2":                                        false,
		"acme/linkerd/proxy-of-ours:1":                             false,
		"proxy":                                                    false,
	} {
		if ProxyImage(image) != want {
			t.Errorf("%q is a proxy's image: %v", image, !want)
		}
	}
}
