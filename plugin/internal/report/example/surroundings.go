package example

import (
	"math/rand/v2"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// resources are those of three nodes, and of the pod behind the target with its
// sidecar where it has one.
func resources(s Service, noise float64, random *rand.Rand) document.Resources {
	var out document.Resources
	for i := range nodes {
		out.Sources = append(out.Sources,
			document.SourceStatus{Source: "nodeExporter", Node: node(i), Available: true, Detail: "http://10.0.0.1:9100/metrics", Samples: 30},
			document.SourceStatus{Source: "kubelet", Node: node(i), Available: true, Samples: 3})
		used := 0.38 + 0.3*s.Sidecar + 0.02*float64(i) + 0.01*random.Float64()
		out.Nodes = append(out.Nodes, document.NodeResources{Node: node(i), CPUUtilization: Of(used), Cores: 4, WindowSeconds: Of(29), CPUSeconds: map[string]float64{"user": 29 * 4 * used},
			Cost: document.Cost{CoreSecondsPer1000Requests: Of(1.5 * used)}})
	}
	out.Sources = append(out.Sources, document.SourceStatus{Source: "prometheus", Node: node(0), Detail: "no Prometheus is known; give --prometheus-url"})
	container := func(name string, cost, memory float64) {
		cost *= noise * (1 + 0.01*random.NormFloat64())
		out.Containers = append(out.Containers, document.ContainerResource{Node: node(0), Namespace: "shop", Pod: "checkout-7f9c4d-x2vqp", Container: name,
			CPUSeconds: Of(cost * rate * 29 / 1000), WindowSeconds: Of(29), MeanCores: Of(cost * rate / 1000), CPUSamples: 3, Cost: document.Cost{CoreSecondsPer1000Requests: Of(cost)},
			MemoryMeanBytes: Of(memory * (1 + 0.02*random.Float64())), MemoryMaxBytes: Of(memory * 1.1), MemorySamples: 3})
	}
	for i := range nodes {
		out.Containers = append(out.Containers, document.ContainerResource{Node: node(i), Namespace: "meshery", Pod: agentPod(i), Container: "agent", CPUSeconds: Of(2), WindowSeconds: Of(29), MeanCores: Of(0.07), CPUSamples: 3,
			Cost: document.Cost{CoreSecondsPer1000Requests: Of(0.12)}, MemoryMeanBytes: Of(39 << 20), MemoryMaxBytes: Of(40 << 20), MemorySamples: 3})
	}
	container("checkout", s.Application, 118<<20)
	if s.Sidecar > 0 {
		container("envoy-sidecar", s.Sidecar, 47<<20)
	}
	return out
}

func environment(s Service) document.Environment {
	e := document.Environment{Kubernetes: "v1.35.1", Context: "staging", Namespace: "meshery", CNI: "cilium", TargetImages: []string{"registry.example/checkout:3.2.0"},
		TargetPods: []string{"shop/checkout-7f9c4d-x2vqp"}, Plugin: "v0.4.0", Agent: "v0.4.0"}
	for i := range nodes {
		e.Nodes = append(e.Nodes, document.NodeInfo{Name: node(i), Kernel: "6.12.63-cloud", OSImage: "Debian GNU/Linux 13 (trixie)", Architecture: "amd64", Kubelet: "v1.35.1",
			ContainerRuntime: "containerd://2.2.1", CPU: "4", Memory: "16Gi", InstanceType: "c7i.xlarge", Zone: "eu-central-1a"})
	}
	if s.Sidecar > 0 {
		e.Meshes = map[string]string{"example": "1.0.0"}
		e.TargetImages = append(e.TargetImages, "registry.example/proxy:1.0.0")
	}
	return e
}
