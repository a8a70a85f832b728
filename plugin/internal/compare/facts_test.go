package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// differ are the differences of two kinds of runs, allowed or not.
func differ(t *testing.T, a, b func(int, *document.Result)) []string {
	t.Helper()
	var said []string
	for _, d := range compared(t, results(6, 0, a), results(6, 1, b), Options{Force: true}).Differences {
		if d.What != "pods" {
			said = append(said, fmt.Sprintf("%s %s %q %q %v", d.What, d.Field, d.A, d.B, d.Warning))
		}
	}
	return said
}

// onNodes has agents on the first two of the nodes with these kernels, of which there
// are three or more, and the target's pods on the second.
func onNodes(kernels ...string) func(int, *document.Result) {
	return func(_ int, r *document.Result) {
		r.Status.Agents = []document.AgentResult{{Node: "worker-1", Pod: "agent-1"}, {Node: "worker-2", Pod: "agent-2"}}
		env := &r.Status.Environment
		env.Nodes, env.TargetNodes = nil, []string{"worker-2"}
		for i, k := range kernels {
			env.Nodes = append(env.Nodes, document.NodeInfo{Name: fmt.Sprintf("worker-%d", i+1), Kernel: k, CPU: "4"})
		}
	}
}

// In the middle of an upgrade other nodes may have the new kernel, and the kernels as a
// whole are the same. Of nodes with neither agent nor target it is only said.
func TestNodesAreComparedOneByOne(t *testing.T) {
	for name, c := range map[string]struct {
		a, b func(int, *document.Result)
		want []string
	}{
		"the same":     {onNodes("6.1", "6.6", "6.6"), onNodes("6.1", "6.6", "6.6"), nil},
		"swapped":      {onNodes("6.1", "6.6", "6.6"), onNodes("6.6", "6.1", "6.6"), []string{`kernel  ["worker-1=6.1, worker-2=6.6"] ["worker-1=6.6, worker-2=6.1"] false`}},
		"one upgraded": {onNodes("6.1", "6.1", "6.1"), onNodes("6.1", "6.6", "6.1"), []string{`kernel  ["6.1"] ["worker-1=6.1, worker-2=6.6"] false`}},
		"another node": {onNodes("6.1", "6.1"), onNodes("6.1", "6.1", "6.6"), []string{`otherNodes names ["(none)"] ["worker-3"] true`}},
		"one of others upgraded": {onNodes("6.1", "6.1", "6.1", "6.1"), onNodes("6.1", "6.1", "6.6", "6.1"),
			[]string{`otherNodes kernel ["6.1"] ["worker-3=6.6, worker-4=6.1"] true`}},
	} {
		if got := differ(t, c.a, c.b); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	// Where the pods are is known from the containers that were read as well, or else
	// they may be on any node.
	unknown := func(read bool, kernels ...string) func(int, *document.Result) {
		return func(i int, r *document.Result) {
			onNodes(kernels...)(i, r)
			r.Status.Environment.TargetNodes = nil
			for i := range r.Status.Resources.Containers {
				r.Status.Resources.Containers[i].Node = "worker-2"
			}
			if !read {
				r.Status.Resources.Containers = nil
			}
		}
	}
	if got := differ(t, unknown(true, "6.1", "6.1", "6.1"), unknown(true, "6.1", "6.1", "6.6")); len(got) != 1 || !strings.HasPrefix(got[0], "otherNodes kernel") {
		t.Errorf("known from containers: %q", got)
	}
	if got := differ(t, unknown(false, "6.1", "6.1", "6.1"), unknown(false, "6.1", "6.1", "6.6")); len(got) != 1 || !strings.HasPrefix(got[0], "kernel ") {
		t.Errorf("not known: %q", got)
	}
}

// Where no pod of the target is known, it may be on any node if it may be in the cluster.
func TestNodesOfATargetWithoutPods(t *testing.T) {
	for url, inside := range map[string]bool{
		"http://checkout.shop:8080/": true, "http://checkout/": true, "grpc://checkout.shop.svc.cluster.local:9000": true,
		"tcp://10.0.3.7:6379": true, "http://100.64.1.2/": true, "http://[fd00::7]:80/": true, "http://[::ffff:192.168.1.1]/": true,
		"https://shop.example.com/": false, "http://203.0.113.9/": false, "http://[2001:db8::1]/": false, "http://localhost:8080/": false, "http://127.0.0.1/": false,
	} {
		with := func(kernels ...string) func(int, *document.Result) {
			return func(i int, r *document.Result) {
				onNodes(kernels...)(i, r)
				r.Spec.Target.URL = url
				r.Status.Environment.TargetPods, r.Status.Environment.TargetNodes = nil, nil
			}
		}
		want := "otherNodes kernel "
		if inside {
			want = "kernel "
		}
		if got := differ(t, with("6.1", "6.1", "6.1"), with("6.1", "6.1", "6.6")); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	// Of several targets, one such is enough.
	several := func(second string, kernels ...string) func(int, *document.Result) {
		return func(i int, r *document.Result) {
			onNodes(kernels...)(i, r)
			env := &r.Status.Environment
			env.PodsByTarget = map[string][]string{"checkout": env.TargetPods}
			r.Spec.Targets = []document.Target{{Name: "checkout", URL: r.Spec.Target.URL}, {Name: "other", URL: second}}
			r.Spec.Target = document.Target{}
		}
	}
	for url, want := range map[string]string{"http://cart.shop/": "kernel ", "https://cart.example.com/": "otherNodes kernel "} {
		if got := differ(t, several(url, "6.1", "6.1", "6.1"), several(url, "6.1", "6.1", "6.6")); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("beside %s: %q, want %q", url, got, want)
		}
	}
}

// A tag is what the digest says; how far a rollout is, is a difference; where nothing is
// known of one container, there is none.
func TestImagesAreComparedByDigest(t *testing.T) {
	with := func(all ...document.TargetContainer) func(int, *document.Result) {
		return func(_ int, r *document.Result) { r.Status.Environment.TargetContainers = all }
	}
	one := func(id string, pods int) document.TargetContainer {
		return document.TargetContainer{Name: "app", Image: "shop/app:latest", ImageID: id, Pods: pods}
	}
	proxy := document.TargetContainer{Name: "istio-proxy", Image: "docker.io/istio/proxyv2:1", ImageID: "x@sha256:1", Pods: 3}
	old, other := "registry/app@sha256:0123456789abcdef", "mirror/app@sha256:9876543210abcdef"
	for name, c := range map[string]struct {
		a, b func(int, *document.Result)
		want []string
	}{
		"more pods, another registry, a mesh": {with(one(old, 2)), with(one("mirror/app@sha256:0123456789abcdef", 3), proxy), nil},
		"not known":                           {with(one(old, 2)), with(one("", 1), one(other, 1)), nil},
		"pushed again":                        {with(one(old, 2)), with(one(other, 2)), []string{`images digests ["app: sha256:0123456789ab"] ["app: sha256:9876543210ab"] false`}},
		"rollout": {with(one(old, 3), one(other, 1)), with(one(old, 1), one(other, 3)),
			[]string{`images digests ["app: sha256:0123456789ab in 3 of 4 pods, app: sha256:9876543210ab in 1 of 4 pods"] ["app: sha256:0123456789ab in 1 of 4 pods, app: sha256:9876543210ab in 3 of 4 pods"] false`}},
		"an id that is none": {with(one("local", 1)), with(one("other", 1)), []string{`images digests ["app: local"] ["app: other"] false`}},
	} {
		if got := differ(t, c.a, c.b); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatAnotherToolMeasuredIsFromThere(t *testing.T) {
	for want, env := range map[string]document.Environment{"in a cluster": {Namespace: "perf"}, "on the user's machine": {Local: true}, "imported": {}} {
		if got := location(&env); got != want {
			t.Errorf("%+v is %s, want %s", env, got, want)
		}
	}
}
