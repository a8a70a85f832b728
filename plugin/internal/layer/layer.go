// Package layer says whose cost a container is: the application's, the data plane's,
// the control plane's, or none of these. It knows the names that service meshes give
// their containers and pods; it asks no cluster.
//
// It is careful. A name that anybody might give a container ("envoy", "proxy",
// "consul") counts only beside a pod's name that says more, and what is not known is
// Other, or the application's where it is in a pod behind the target.
package layer

import "strings"

// Layer is whose cost a container is.
type Layer string

// The layers.
const (
	Application  Layer = "application"
	DataPlane    Layer = "dataPlane"
	ControlPlane Layer = "controlPlane"
	Other        Layer = "other"
)

// Container is one as the kubelet names it.
type Container struct {
	Namespace, Pod, Name string
	// Target: the pod is behind the target. Agent: it is that of a load generator.
	Target, Agent bool
}

// Of is the layer of a container.
//
// Pods of the mesh itself go first, whatever is in them: linkerd-proxy is also in
// Linkerd's own control plane, and ztunnel's container is called istio-proxy like a
// sidecar. Sidecars count where the requests pass: in pods behind the target and in
// those of the load generators. Those of other pods are Other, for they do other work.
func Of(c Container) Layer {
	for _, p := range pods {
		if strings.HasPrefix(c.Pod, p.prefix) && (p.namespace == "" || p.namespace == c.Namespace) && (p.container == "" || p.container == c.Name) {
			return p.layer
		}
	}
	switch _, sidecar := sidecars[c.Name]; {
	case sidecar && (c.Target || c.Agent):
		return DataPlane
	case c.Target:
		return Application
	}
	return Other
}

// ProxyImage tells whether an image is that of a mesh's sidecar or of what prepares a
// pod for one: a part of the mesh, not of the application whose pod it is in.
func ProxyImage(image string) bool {
	name, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name = name[:i]
	}
	for _, known := range proxyImages {
		if name == known || strings.HasSuffix(name, "/"+known) {
			return true
		}
	}
	return false
}
