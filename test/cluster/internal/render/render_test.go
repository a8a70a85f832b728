package render

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

func TestManifestsGoWhereTheySay(t *testing.T) {
	objects, err := Manifests(3)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, o := range objects {
		paths = append(paths, o.Path)
		name := path.Base(o.Path)
		if !regexp.MustCompile(`name: "?` + regexp.QuoteMeta(name) + `"?[,}\n]`).MatchString(o.Body) {
			t.Errorf("%s: the object has another name", o.Path)
		}
		if _, rest, ok := strings.Cut(o.Path, "/namespaces/"); ok && strings.Contains(rest, "/") {
			namespace, _, _ := strings.Cut(rest, "/")
			if !regexp.MustCompile(`namespace: ` + namespace + `[,}\n]`).MatchString(o.Body) {
				t.Errorf("%s: the object is in another namespace", o.Path)
			}
			own := "/api/v1/namespaces/" + namespace
			if namespace != "kube-system" && !slices.Contains(paths, own) {
				t.Errorf("%s comes before its namespace", o.Path)
			}
		}
		if strings.Contains(o.Body, "<no value>") || strings.Contains(o.Body, "{{") {
			t.Errorf("%s is not filled in:\n%s", o.Path, o.Body)
		}
	}
	for _, want := range []string{
		"/apis/apps/v1/namespaces/kube-system/deployments/coredns",
		"/apis/apps/v1/namespaces/monitoring/daemonsets/node-exporter",
		"/apis/discovery.k8s.io/v1/namespaces/monitoring/endpointslices/prometheus",
	} {
		if !slices.Contains(paths, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestDNSReplicasFitTheNodes(t *testing.T) {
	for nodes, want := range map[int]string{1: "replicas: 1\n", 2: "replicas: 2\n", 5: "replicas: 2\n"} {
		objects, err := Manifests(nodes)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(objects, func(o Object) bool { return strings.Contains(o.Body, want) }) {
			t.Errorf("%d nodes: no %q", nodes, want)
		}
	}
}

func program(name string) string { return "/opt/cluster/" + name + "-v1/" + name }

func TestNodesDifferWhereTheyMust(t *testing.T) {
	var all []map[string]string
	for i := 1; i <= 2; i++ {
		n := Node{Index: i, CgroupRoot: "km-a/" + NodeName(i), Program: program, Images: "/opt/cluster/images.tar"}
		files, err := n.Files()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files)
	}
	for file, want := range map[string][2]string{
		kubeletConfig: {"cgroupRoot: /km-a/worker-1\n", "cgroupRoot: /km-a/worker-2\n"},
		cniConfig:     {`"subnet": "10.244.1.0/24"`, `"subnet": "10.244.2.0/24"`},
		proxyConfig:   {"hostnameOverride: worker-1\n", "hostnameOverride: worker-2\n"},
	} {
		for i, files := range all {
			if !strings.Contains(files[file], want[i]) {
				t.Errorf("%s of node %d lacks %q:\n%s", file, i+1, want[i], files[file])
			}
		}
	}
	if !strings.Contains(all[0][containerdConfig], `BinaryName = "/opt/cluster/runc-v1/runc"`) {
		t.Errorf("containerd does not know runc:\n%s", all[0][containerdConfig])
	}
}

func TestKubeletWaitsForImages(t *testing.T) {
	n := Node{Index: 1, CgroupRoot: "km-a/worker-1", Program: program, Images: "/opt/cluster/images.tar"}
	once := map[string]bool{}
	for _, u := range n.Units() {
		once[u.Name] = u.Once
		for _, c := range u.After {
			if c.Unit != "" && !once[c.Unit] {
				t.Errorf("%s waits for %q, which comes later or never finishes", u.Name, c.Unit)
			}
		}
		if u.Name == "kubelet" && !slices.ContainsFunc(u.After, func(c supervise.Check) bool { return c.Unit == "images" }) {
			t.Error("kubelet does not wait for images")
		}
	}
}

func TestControlPlaneFiles(t *testing.T) {
	c := ControlPlane{Dir: "/state/a", Program: program, Self: "/state/a/cluster"}
	config, err := c.Prometheus()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/state/a/targets/kubelets.json", "/state/a/targets/pods.json", "cert_file: /state/a/pki/prometheus.crt"} {
		if !strings.Contains(config, want) {
			t.Errorf("no %q in\n%s", want, config)
		}
	}
	for _, u := range c.Units() {
		for _, a := range u.Args {
			if strings.Contains(a, "=/") && !strings.Contains(a, "=/state/a/") {
				t.Errorf("%s reaches outside the state directory: %s", u.Name, a)
			}
		}
	}
}
