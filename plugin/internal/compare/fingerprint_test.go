package compare

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Everything that should be the same is missed where it is not, on one side as well as
// between both.
func TestWhatDiffersIsRefused(t *testing.T) {
	for what, change := range map[string]func(r *document.Result){
		"nodes cpu":             func(r *document.Result) { r.Status.Environment.Nodes[0].CPU = "8" },
		"nodes memory":          func(r *document.Result) { r.Status.Environment.Nodes[0].Memory = "8Gi" },
		"nodes instanceType":    func(r *document.Result) { r.Status.Environment.Nodes[0].InstanceType = "m5.large" },
		"kernel":                func(r *document.Result) { r.Status.Environment.Nodes[0].Kernel = "6.2.0" },
		"os":                    func(r *document.Result) { r.Status.Environment.Nodes[0].OSImage = "other" },
		"architecture":          func(r *document.Result) { r.Status.Environment.Nodes[0].Architecture = "arm64" },
		"runtime":               func(r *document.Result) { r.Status.Environment.Nodes[0].ContainerRuntime = "containerd://3" },
		"kubernetes kubelet":    func(r *document.Result) { r.Status.Environment.Nodes[0].Kubelet = "v1.35.0" },
		"kubernetes version":    func(r *document.Result) { r.Status.Environment.Kubernetes = "v1.35.0" },
		"cni":                   func(r *document.Result) { r.Status.Environment.CNI = "cilium" },
		"location":              func(r *document.Result) { r.Status.Environment.Local = true },
		"images digests":        func(r *document.Result) { r.Status.Environment.TargetContainers[0].ImageID = "x@sha256:fedcba" },
		"images":                func(r *document.Result) { r.Status.Environment.TargetImages = []string{"shop/checkout:2"} },
		"agents number":         func(r *document.Result) { r.Status.Agents = append(r.Status.Agents, r.Status.Agents[0]) },
		"agents nodes":          func(r *document.Result) { r.Status.Agents[0].Node = "worker-2" },
		"test load.rate":        func(r *document.Result) { r.Spec.Load.Rate = 2000 },
		"test load.connections": func(r *document.Result) { r.Spec.Load.Connections = 32 },
		"test load.warmup":      func(r *document.Result) { r.Spec.Load.Warmup = document.Duration(time.Second) },
		"test load.duration":    func(r *document.Result) { r.Spec.Load.Duration = document.Duration(time.Minute) },
		"test load.stages[0].rate": func(r *document.Result) {
			r.Spec.Load.Stages = []document.Stage{{Rate: 7}}
		},
		"test target.protocol": func(r *document.Result) { r.Spec.Target.Protocol = document.HTTP2 },
		"test target.method":   func(r *document.Result) { r.Spec.Target.Method = "POST" },
		"test target.path":     func(r *document.Result) { r.Spec.Target.URL = "http://checkout.shop:8080/?size=1" },
		"test target.scheme":   func(r *document.Result) { r.Spec.Target.URL = "https://checkout.shop:8080/" },
		"test target.timeout":  func(r *document.Result) { r.Spec.Target.Timeout = document.Duration(time.Second) },
		"test target.body":     func(r *document.Result) { r.Spec.Target.Body = "text" },
		"test target.headers": func(r *document.Result) {
			r.Spec.Target.Headers = []document.Header{{Name: "Accept", Value: "text/html"}}
		},
		"test target.check.status[0]": func(r *document.Result) { r.Spec.Target.Check = &document.Check{Status: []string{"404"}} },
		"test target.grpc.method":     func(r *document.Result) { r.Spec.Target.GRPC = &document.GRPCCall{Method: "a.B/C"} },
	} {
		// Images are a set, and a run in which nothing is known says nothing.
		set := func(r *document.Result) {
			n, env := &r.Status.Environment.Nodes[0], &r.Status.Environment
			env.TargetContainers = []document.TargetContainer{{Name: "checkout", Image: "shop/checkout:1", ImageID: "x@sha256:abcdef", Pods: 1}}
			n.InstanceType, n.OSImage, n.Architecture, n.ContainerRuntime, n.Kubelet, env.CNI = "m5", "Debian", "amd64", "containerd://2", "v1.34.1", "flannel"
		}
		kind, field, _ := strings.Cut(what, " ")
		for name, at := range map[string]func(i int) bool{"all of one side": func(int) bool { return true }, "one run": func(i int) bool { return i == 3 }} {
			a := group("a", results(6, 0, func(_ int, r *document.Result) { set(r) }))
			b := group("b", results(6, 1, func(i int, r *document.Result) {
				if set(r); at(i) {
					change(r)
				}
			}))
			_, err := Compare(a, b, Options{})
			var different *DifferentError
			if !errors.As(err, &different) {
				t.Errorf("%s of %s: %v", what, name, err)
				continue
			}
			is := func(d document.EnvironmentDifference) bool {
				return d.What == kind && d.Field == field && !d.Warning && !d.Allowed
			}
			if !slices.ContainsFunc(different.Differences, is) || !strings.Contains(err.Error(), what+" (") || name != "one run" && !strings.HasSuffix(err.Error(), "allow differences of "+kind) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
			allow := Options{Allow: []string{kind}}
			if name == "one run" {
				// It is not between the sides only, which is what may be meant.
				if _, err := Compare(a, b, allow); !errors.As(err, &different) || different.Kinds() != nil || !strings.Contains(err.Error(), "within b") {
					t.Errorf("%s of %s is allowed: %v", what, name, err)
				}
				allow = Options{Force: true}
			} else if !slices.Equal(different.Kinds(), []string{kind}) {
				t.Errorf("%s of %s: kinds %q", what, name, different.Kinds())
			}
			for _, o := range []Options{{Force: true}, allow} {
				c, err := Compare(a, b, o)
				if err != nil || len(c.Differences) == 0 || !c.Differences[0].Allowed || len(c.Differences[0].A) == 0 || len(c.Differences[0].B) == 0 {
					t.Errorf("%s of %s with %+v: %v", what, name, o, err)
				}
			}
		}
	}
}

func TestWhatMayDiffer(t *testing.T) {
	change := func(_ int, r *document.Result) {
		r.Metadata.Name, r.Metadata.Labels = "other", map[string]string{"x": "y"}
		r.Spec.Target.Name, r.Spec.Target.URL = "istio", "http://checkout.shop-istio:80/"
		r.Spec.Target.Headers = []document.Header{{Name: "Host", Value: "shop-istio"}}
		r.Spec.Thresholds, r.Spec.AbortOn, r.Spec.Load.Seed = []string{"errorRate < 1%"}, []string{"hopeless"}, 77
		r.Spec.Agents = document.Agents{Nodes: []string{"worker-1"}}
		r.Spec.Metrics.Interval = document.Duration(time.Second)
		// A node's memory after another boot.
		r.Status.Environment.Nodes[0].Memory = "16393100Ki"
		r.Status.Environment.Namespace = "perf-istio"
		r.Status.Environment.TargetPods = []string{"shop/other-1"}
	}
	if c := compared(t, results(6, 0, nil), results(6, 1, change), Options{}); len(c.Differences) != 0 {
		t.Errorf("%+v", c.Differences)
	}
}

// What comes with a mesh, and versions of this program, are said and let pass.
func TestWarnings(t *testing.T) {
	mesh := func(_ int, r *document.Result) {
		env := &r.Status.Environment
		env.Meshes = map[string]string{"istio": "1.30.1"}
		env.TargetImages = append(env.TargetImages, "docker.io/istio/proxyv2:1.30.1")
		env.TargetPods = append(env.TargetPods, "shop/checkout-2")
		env.Plugin = "v0.2.0"
	}
	c := compared(t, results(6, 0, nil), results(6, 1, mesh), Options{})
	var said []string
	for _, d := range c.Differences {
		if !d.Warning || d.Allowed {
			t.Errorf("%+v", d)
		}
		said = append(said, fmt.Sprintf("%s %s %v %v", d.What, d.Field, d.A, d.B))
	}
	want := []string{"meshes  [(none)] [istio 1.30.1]", "proxies  [(none)] [docker.io/istio/proxyv2:1.30.1]", "pods number [1] [2]", "versions plugin [v0.1.0] [v0.2.0]"}
	if !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
}

// What is not known on one side is no difference.
func TestTheUnknownIsNoDifference(t *testing.T) {
	c := compared(t, results(6, 0, nil), results(6, 1, func(_ int, r *document.Result) {
		env := &r.Status.Environment
		env.Kubernetes, env.TargetImages, env.Plugin, env.Nodes[0].Kernel, env.Nodes[0].CPU = "", nil, "", "", ""
	}), Options{})
	if len(c.Differences) != 0 {
		t.Errorf("%+v", c.Differences)
	}
}

// What may be secret is not in Results, as they are kept, and cannot tell one from
// another; of the rest there is a hash, which does and says nothing else.
func TestSecretsAreNotShown(t *testing.T) {
	secret := func(text string) func(int, *document.Result) {
		return func(_ int, r *document.Result) {
			r.Spec.Target.Headers = []document.Header{{Name: "Authorization", Value: "Bearer " + text}, {Name: "X-Tenant", Value: text}, {Name: "Accept", Value: "text/plain"}}
			r.Spec.Target.Body = `{"password": "` + text + `"}`
			r.Spec.Target.URL = "https://checkout.shop/?token=" + text
			r.Spec.Target.GRPC = &document.GRPCCall{Method: "a.B/C", Message: text}
			r.Spec.Target.TLS = &document.TLS{CA: text, Cert: text, Key: text}
			r.Spec = document.Test{Spec: r.Spec}.Redacted().Spec
		}
	}
	_, err := Compare(group("a", results(6, 0, secret("hunter2"))), group("b", results(6, 1, secret("hunter3"))), Options{})
	var different *DifferentError
	if !errors.As(err, &different) {
		t.Fatal(err)
	}
	said := fmt.Sprint(different.Differences, err)
	if strings.Contains(said, "hunter") {
		t.Error(said)
	}
	var fields []string
	for _, d := range different.Differences {
		fields = append(fields, d.Field)
	}
	if want := []string{"target.body", "target.grpc.message"}; !slices.Equal(fields, want) {
		t.Errorf("differences in %q, want %q", fields, want)
	}
}

// Several targets are compared one by one, whatever they are called.
func TestSeveralTargets(t *testing.T) {
	two := func(path string) func(int, *document.Result) {
		return func(_ int, r *document.Result) {
			r.Spec.Target = document.Target{}
			r.Spec.Targets = []document.Target{{Name: path, URL: "http://x/"}, {Name: "b", URL: "http://x" + path, Weight: new(3.0)}}
		}
	}
	_, err := Compare(group("a", results(6, 0, two("/a"))), group("b", results(6, 1, two("/b"))), Options{})
	if err == nil || !strings.Contains(err.Error(), "test targets[1].path (/a / /b)") || strings.Contains(err.Error(), "name") {
		t.Error(err)
	}
}
