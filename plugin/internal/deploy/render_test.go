package deploy

import (
	"bytes"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	psapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/manifests"
)

var update = flag.Bool("update", false, "write the golden files")

func defaults() Options {
	return Options{Namespace: "meshery", Image: DefaultImage("v1.2.3"), Version: "v1.2.3"}
}

func everything() Options {
	return Options{
		Namespace: "mesh-a", Image: "registry.example.org/agent@sha256:00", Version: "v1.2.3",
		NodeSelector: map[string]string{"pool": "load"}, TolerateAll: true, KubeletMetrics: true, NodeExporter: true,
	}
}

func TestRenderGolden(t *testing.T) {
	for name, o := range map[string]Options{"default": defaults(), "everything": everything()} {
		t.Run(name, func(t *testing.T) {
			objects, err := Render(o)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for _, object := range objects {
				y, err := yaml.Marshal(object.Object)
				if err != nil {
					t.Fatal(err)
				}
				got.WriteString("---\n")
				got.Write(y)
			}
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got.Bytes()) {
				t.Errorf("rendered objects differ from %s; see the difference with 'go test ./plugin/internal/deploy -update' and git diff", golden)
			}
		})
	}
}

func TestEveryObjectIsFoundAgain(t *testing.T) {
	objects, err := Render(everything())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		labels := o.GetLabels()
		for _, key := range []string{labelName, labelInstance, "app.kubernetes.io/component", labelPartOf, labelVersion, labelManagedBy} {
			if labels[key] == "" {
				t.Errorf("%s lacks label %s", Name(o), key)
			}
		}
		k, known := kindOf(o.GetKind())
		if !known {
			t.Errorf("%s is of a kind that undeploy does not look for", Name(o))
		}
		if k.namespaced != (o.GetNamespace() != "") {
			t.Errorf("%s has namespace %q", Name(o), o.GetNamespace())
		}
		if !k.namespaced && k.kind != "Namespace" && o.GetName() != "meshery-agent-mesh-a" {
			t.Errorf("%s is cluster-wide and would be shared with other agent sets", Name(o))
		}
	}
}

// find is the pod spec of a rendered DaemonSet or of a workload as written.
func find(t *testing.T, o Options, name string) *appsv1.DaemonSet {
	t.Helper()
	objects, err := Render(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range objects {
		if u.GetKind() == "DaemonSet" && u.GetName() == name {
			ds := &appsv1.DaemonSet{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, ds); err != nil {
				t.Fatal(err)
			}
			return ds
		}
	}
	t.Fatalf("no DaemonSet %q", name)
	return nil
}

func violations(t *testing.T, level psapi.Level, pod corev1.PodTemplateSpec) []string {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	results := evaluator.EvaluatePod(psapi.LevelVersion{Level: level, Version: psapi.LatestVersion()}, &pod.ObjectMeta, &pod.Spec)
	var found []string
	for _, r := range results {
		if !r.Allowed {
			found = append(found, r.ForbiddenReason+": "+r.ForbiddenDetail)
		}
	}
	return found
}

func TestAgentIsRestricted(t *testing.T) {
	for name, o := range map[string]Options{"default": defaults(), "everything": everything()} {
		if v := violations(t, psapi.LevelRestricted, find(t, o, manifests.AgentName).Spec.Template); len(v) > 0 {
			t.Errorf("%s: the agent's pod breaks restricted: %v", name, v)
		}
	}
	// The check itself: node-exporter cannot be restricted.
	if v := violations(t, psapi.LevelRestricted, find(t, everything(), manifests.NodeExporterName).Spec.Template); len(v) == 0 {
		t.Error("node-exporter passes restricted, so this test checks nothing")
	}
}

func TestReferenceWorkloadIsRestricted(t *testing.T) {
	objects, err := decode("echo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pods := 0
	for _, o := range objects {
		if d, ok := o.(*appsv1.Deployment); ok {
			pods++
			if v := violations(t, psapi.LevelRestricted, d.Spec.Template); len(v) > 0 {
				t.Errorf("the reference workload breaks restricted: %v", v)
			}
		}
	}
	if pods != 1 {
		t.Errorf("%d Deployments in echo.yaml, want 1", pods)
	}
}

func TestAgentPod(t *testing.T) {
	pod := find(t, defaults(), manifests.AgentName).Spec.Template.Spec
	c := pod.Containers[0]
	if !strings.HasPrefix(c.Image, "ghcr.io/meshery/meshery-agent:1.2.3") {
		t.Errorf("image %q", c.Image)
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("a token is mounted")
	}
	if _, limited := c.Resources.Limits[corev1.ResourceCPU]; limited {
		t.Error("a CPU limit would throttle the load")
	}
	for _, p := range c.Ports {
		if p.ContainerPort == manifests.AgentPort {
			t.Error("gRPC is told to be reachable")
		}
	}
	for _, e := range c.Env {
		if e.Name == "GOMEMLIMIT" {
			soft, err := resource.ParseQuantity(strings.TrimSuffix(e.Value, "B"))
			if err != nil || soft.Cmp(*c.Resources.Limits.Memory()) >= 0 {
				t.Errorf("GOMEMLIMIT %s is not below the memory limit: %v", e.Value, err)
			}
		}
	}
	if len(pod.Tolerations) > 0 {
		t.Errorf("tolerations %v without being asked", pod.Tolerations)
	}
	for _, v := range pod.Volumes {
		if v.EmptyDir == nil {
			t.Errorf("volume %q is more than an emptyDir", v.Name)
		}
	}
}

func TestOptionsReachTheAgent(t *testing.T) {
	pod := find(t, everything(), manifests.AgentName).Spec.Template.Spec
	want := map[string]string{"kubernetes.io/os": "linux", "pool": "load"}
	if !maps.Equal(pod.NodeSelector, want) {
		t.Errorf("node selector %v, want %v", pod.NodeSelector, want)
	}
	if a := pod.Containers[0].Args; len(a) != 2 || a[1] != manifests.KubeletFlag {
		t.Errorf("args %v", a)
	}
	exporter := find(t, everything(), manifests.NodeExporterName).Spec.Template.Spec
	for _, m := range exporter.Containers[0].VolumeMounts {
		if !m.ReadOnly {
			t.Errorf("node-exporter may write to %s", m.MountPath)
		}
	}
}

func TestBadOptions(t *testing.T) {
	cases := map[string]struct {
		change func(*Options)
		want   string
	}{
		"namespace":          {func(o *Options) { o.Namespace = "Mesh_A" }, `namespace "Mesh_A"`},
		"reserved namespace": {func(o *Options) { o.Namespace = manifests.NodeExporterNamespace }, "is kept for node-exporter"},
		"image":              {func(o *Options) { o.Image = "" }, "is not an image reference"},
		"selector key":       {func(o *Options) { o.NodeSelector = map[string]string{"a b": "c"} }, `node selector key "a b"`},
		"selector value":     {func(o *Options) { o.NodeSelector = map[string]string{"a": "b c"} }, `node selector value "b c"`},
	}
	for name, c := range cases {
		o := defaults()
		c.change(&o)
		if _, err := Render(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v lacks %q", name, err, c.want)
		}
	}
}

func TestDefaultImage(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":                               repository + ":1.2.3",
		"v1.2.3-rc.1":                          repository + ":1.2.3-rc.1",
		"dev":                                  repository + ":dev",
		"v0.0.0-20260102030405-0123456789ab":   repository + ":dev",
		"v1.2.4-0.20260102030405-0123456789ab": repository + ":dev",
		"v0.0.0-20260102030405-0123456789ab+dirty": repository + ":dev",
		"": repository + ":dev",
	} {
		if got := DefaultImage(version); got != want {
			t.Errorf("image of %q is %q, want %q", version, got, want)
		}
	}
}

func TestLabelValue(t *testing.T) {
	for in, want := range map[string]string{"v1.2.3": "v1.2.3", "v0.0.0+dirty": "v0.0.0_dirty", strings.Repeat("a", 70): strings.Repeat("a", 63), "+": ""} {
		if got := labelValue(in); got != want {
			t.Errorf("label of %q is %q, want %q", in, got, want)
		}
	}
}

// Every manifest is rendered or is the reference workload; every widening says why.
func TestManifestFiles(t *testing.T) {
	files, err := fs.Glob(manifests.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, err := decode(f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		raw, err := manifests.FS.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		widening := []string{"hostNetwork:", "hostPID:", "hostPath:", "hostIPC:", "resources: [nodes", "enforce: privileged", "add:"}
		lines := strings.Split(string(raw), "\n")
		for i, line := range lines {
			for _, w := range widening {
				if !strings.Contains(line, w) || strings.Contains(line, "#") {
					continue
				}
				before := strings.Join(lines[max(0, i-6):i], "\n")
				if !strings.Contains(before, "# Widens: ") {
					t.Errorf("%s:%d widens a permission and does not say why: %s", f, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
}
