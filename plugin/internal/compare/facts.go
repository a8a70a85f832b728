package compare

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
)

// fact is one thing about a run that should be the same in all of them. Of what is
// not known there is none.
type fact struct{ what, field, value string }

// facts of a run.
func facts(r *document.Result) []fact {
	env := &r.Status.Environment
	all := testFacts(r)
	add := func(what, field, value string) {
		if value != "" {
			all = append(all, fact{what, field, value})
		}
	}
	add("agents", "number", strconv.Itoa(len(r.Status.Agents)))
	add("agents", "nodes", list(layer.AgentNodes(r)))
	var images, proxies []string
	for _, image := range env.TargetImages {
		if layer.ProxyImage(image) {
			proxies = append(proxies, image)
		} else {
			images = append(images, image)
		}
	}
	add("images", "", list(images))
	add("images", "digests", digests(env.TargetContainers))
	add("proxies", "", list(proxies))
	add("location", "", location(env))
	add("kubernetes", "version", env.Kubernetes)
	used, others := nodes(r)
	for _, f := range nodeFacts {
		add(f.what, f.field, ofNodes(used, f.of))
		add("otherNodes", strings.TrimSpace(f.what+" "+f.field), ofNodes(others, f.of))
	}
	var names []string
	for _, n := range others {
		names = append(names, n.Name)
	}
	if len(env.Nodes) > 0 {
		add("otherNodes", "names", cmp.Or(list(names), absent))
	}
	add("cni", "", env.CNI)
	var meshes []string
	for name, version := range env.Meshes {
		meshes = append(meshes, strings.TrimSpace(name+" "+version))
	}
	add("meshes", "", list(meshes))
	if n := len(layer.TargetPods(r)); n > 0 {
		add("pods", "number", strconv.Itoa(n))
	}
	add("pods", "nodes", list(slices.Clone(env.TargetNodes)))
	add("versions", "plugin", env.Plugin)
	add("versions", "agent", env.Agent)
	return all
}

// nodeFacts are what is compared of the nodes that a run uses.
var nodeFacts = []struct {
	what, field string
	of          func(document.NodeInfo) string
}{
	{"nodes", "cpu", func(n document.NodeInfo) string { return n.CPU }},
	{"nodes", "memory", func(n document.NodeInfo) string { return gibibytes(n.Memory) }},
	{"nodes", "instanceType", func(n document.NodeInfo) string { return n.InstanceType }},
	{"architecture", "", func(n document.NodeInfo) string { return n.Architecture }},
	{"os", "", func(n document.NodeInfo) string { return n.OSImage }},
	{"kernel", "", func(n document.NodeInfo) string { return n.Kernel }},
	{"runtime", "", func(n document.NodeInfo) string { return n.ContainerRuntime }},
	{"kubernetes", "kubelet", func(n document.NodeInfo) string { return n.Kubelet }},
}

// nodes are those that a run uses, for there are agents or pods behind the target on
// them, and the others of the cluster. Where pods may be on any node, all are used.
func nodes(r *document.Result) (used, others []document.NodeInfo) {
	names := slices.Concat(layer.AgentNodes(r), r.Status.Environment.TargetNodes)
	pods, found := layer.TargetPods(r), map[string]bool{}
	for i := range r.Status.Resources.Containers {
		c := &r.Status.Resources.Containers[i]
		if pod := c.Namespace + "/" + c.Pod; slices.Contains(pods, pod) {
			names, found[pod] = append(names, c.Node), true
		}
	}
	env := &r.Status.Environment
	known := podsAreKnown(r) && (len(env.TargetNodes) > 0 || len(found) == len(pods))
	for _, n := range env.Nodes {
		if !known || slices.Contains(names, n.Name) {
			used = append(used, n)
		} else {
			others = append(others, n)
		}
	}
	return used, others
}

// podsAreKnown tells that the pods of every target are known that has some. A Service
// may have none that could be read, for want of rights or of a selector.
func podsAreKnown(r *document.Result) bool {
	env, targets := &r.Status.Environment, r.Spec.AllTargets()
	return !slices.ContainsFunc(targets, func(t document.Target) bool {
		pods := env.TargetPods
		if len(targets) > 1 {
			pods = env.PodsByTarget[t.Name]
		}
		return len(pods) == 0 && mayHavePods(t.URL)
	})
}

// shared are the addresses of RFC 6598, which some networks give to pods.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// mayHavePods tells that a URL has the name of a Service (see package environment), or an
// address that a pod or a Service may have. Any other name is taken for one outside the
// cluster, where its nodes do not matter; an Ingress cannot be told from that.
func mayHavePods(target string) bool {
	u, err := url.Parse(target)
	if err != nil || u.Hostname() == "" {
		return false
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return a.IsPrivate() || shared.Contains(a.Unmap())
	}
	parts := strings.Split(u.Hostname(), ".")
	return u.Hostname() != "localhost" && (len(parts) <= 2 || parts[2] == "svc")
}

// ofNodes is what nodes have in common; where they differ, which of them has what: that
// two of three have a kernel is another thing if they are other two.
func ofNodes(nodes []document.NodeInfo, of func(document.NodeInfo) string) string {
	var values, each []string
	for _, n := range nodes {
		if v := of(n); v != "" {
			values, each = append(values, v), append(each, n.Name+"="+v)
		}
	}
	slices.Sort(values)
	if values = slices.Compact(values); len(values) > 1 {
		return list(each)
	}
	return list(values)
}

// digests are the images of the application's containers by what is really run; "" where
// that is not known of one. Where pods differ, as in the middle of a rollout, it says how
// many have which.
func digests(containers []document.TargetContainer) string {
	kinds, pods := map[string]int{}, map[string]int{}
	for _, c := range containers {
		kinds[c.Name]++
		pods[c.Name] += c.Pods
	}
	var all []string
	for _, c := range containers {
		if layer.ProxyImage(c.Image) {
			continue
		}
		if c.ImageID == "" {
			return ""
		}
		text := c.Name + ": " + digest(c.ImageID)
		if kinds[c.Name] > 1 {
			text += fmt.Sprintf(" in %d of %d pods", c.Pods, pods[c.Name])
		}
		all = append(all, text)
	}
	return list(all)
}

// digest of an image's id, without the registry it came from.
func digest(id string) string {
	if i := strings.LastIndex(id, "sha256:"); i >= 0 {
		id = id[i:]
		return id[:min(len(id), len("sha256:")+12)]
	}
	return id
}

// list is a set of values as one.
func list(values []string) string {
	slices.Sort(values)
	return strings.Join(slices.Compact(values), ", ")
}

// location is where the load came from. What another tool measured is of another
// generator too, so that is a difference to all of ours.
func location(env *document.Environment) string {
	switch {
	case env.Local:
		return "on the user's machine"
	case env.Unknown():
		return "imported"
	}
	return "in a cluster"
}

// gibibytes rounds a node's memory, which is a little different after each boot.
func gibibytes(quantity string) string {
	q, err := resource.ParseQuantity(quantity)
	if err != nil {
		return quantity
	}
	return fmt.Sprintf("%.1f GiB", float64(q.Value())/(1<<30))
}
