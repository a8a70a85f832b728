package discover

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestKubelets(t *testing.T) {
	var list nodeList
	decode(t, `{"items":[{"metadata":{"name":"worker-1"},"status":{"addresses":[
		{"type":"Hostname","address":"worker-1"},{"type":"InternalIP","address":"10.99.0.11"}]}},
		{"metadata":{"name":"no-address"}}]}`, &list)
	got := kubelets(list)
	if len(got) != 2 {
		t.Fatalf("%d groups, want one per path: %+v", len(got), got)
	}
	for i, path := range []string{"/metrics/cadvisor", "/metrics/resource"} {
		want := group{[]string{"10.99.0.11:10250"}, map[string]string{
			"job": "kubelet", "node": "worker-1", "metrics_path": path, "__metrics_path__": path,
		}}
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("%+v, want %+v", got[i], want)
		}
	}
}

func TestPods(t *testing.T) {
	const ports = `"spec":{"nodeName":"worker-1","containers":[{"ports":[{"name":"http","containerPort":80},{"name":"metrics","containerPort":9999}]}]}`
	for _, tc := range []struct {
		name, pod string
		targets   []string
		labels    map[string]string // those that must be there
	}{
		{"agent by its name", `{"metadata":{"name":"p","namespace":"n","labels":{"app.kubernetes.io/name":"meshery-agent"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`,
			[]string{"10.244.1.2:9999"}, map[string]string{"job": "meshery-agent", "pod": "p", "namespace": "n", "node": "worker-1"}},
		{"annotated with port", `{"metadata":{"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"8080"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`,
			[]string{"10.244.1.2:8080"}, map[string]string{"job": "pods"}},
		{"annotated without port", `{"metadata":{"labels":{"app.kubernetes.io/name":"web"},"annotations":{"prometheus.io/scrape":"true"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`,
			[]string{"10.244.1.2:9999"}, map[string]string{"job": "web"}},
		{"annotated with path and scheme", `{"metadata":{"annotations":{"prometheus.io/scrape":"true","prometheus.io/path":"/m","prometheus.io/scheme":"https"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`,
			[]string{"10.244.1.2:9999"}, map[string]string{"__metrics_path__": "/m", "__scheme__": "https"}},
		{"agent and annotated: once", `{"metadata":{"labels":{"app.kubernetes.io/name":"meshery-agent"},"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"9999"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`,
			[]string{"10.244.1.2:9999"}, nil},
		{"annotated false", `{"metadata":{"annotations":{"prometheus.io/scrape":"false"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`, nil, nil},
		{"unknown", `{"metadata":{"labels":{"app.kubernetes.io/name":"web"}},` + ports + `,"status":{"podIP":"10.244.1.2"}}`, nil, nil},
		{"no address yet", `{"metadata":{"labels":{"app.kubernetes.io/name":"meshery-agent"}},` + ports + `}`, nil, nil},
		{"finished", `{"metadata":{"annotations":{"prometheus.io/scrape":"true"}},` + ports + `,"status":{"podIP":"10.244.1.2","phase":"Succeeded"}}`, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var list podList
			decode(t, `{"items":[`+tc.pod+`]}`, &list)
			var targets []string
			for _, g := range pods(list) {
				targets = append(targets, g.Targets...)
				for name, want := range tc.labels {
					if g.Labels[name] != want {
						t.Errorf("label %s is %q, want %q", name, g.Labels[name], want)
					}
				}
			}
			if !reflect.DeepEqual(targets, tc.targets) {
				t.Errorf("%q, want %q", targets, tc.targets)
			}
		})
	}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}

func TestTargetFileChangesOnlyWithItsContent(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	path := filepath.Join(c.Dir, PodFile)
	old := time.Unix(1, 0)
	if err := c.write(PodFile, []group{}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "[]" {
		t.Errorf("no targets: %q, %v", b, err) // null is no list to Prometheus
	}
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		groups  []group
		changed bool
	}{
		{[]group{}, false},
		{[]group{{Targets: []string{"a:1"}}}, true},
	} {
		if err := c.write(PodFile, step.groups); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.ModTime().Equal(old) == step.changed {
			t.Errorf("%v: file of %v, %v", step.groups, info.ModTime(), err)
		}
	}
}
