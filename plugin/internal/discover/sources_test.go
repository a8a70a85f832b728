package discover

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestExporter(t *testing.T) {
	port := func(name string, p int32) []corev1.ContainerPort {
		return []corev1.ContainerPort{{Name: name, ContainerPort: p}}
	}
	cases := []struct {
		name      string
		container corev1.Container
		ip        string
		url       string
		unusable  string
	}{
		{"by default", corev1.Container{Image: "quay.io/prometheus/node-exporter:v1.12.1"}, "10.0.0.1", "http://10.0.0.1:9100/metrics", ""},
		{"a named port", corev1.Container{Image: "x", Ports: port("http-metrics", 9101)}, "10.0.0.1", "http://10.0.0.1:9101/metrics", ""},
		{"the flag wins", corev1.Container{Name: "node-exporter", Args: []string{"--web.listen-address=:9200"}, Ports: port("metrics", 9100)}, "10.0.0.1", "http://10.0.0.1:9200/metrics", ""},
		{"host's address", corev1.Container{Name: "node-exporter", Args: []string{"--web.listen-address=[$(HOST_IP)]:9100"}}, "10.0.0.1", "http://10.0.0.1:9100/metrics", ""},
		{"another address", corev1.Container{Name: "node-exporter", Command: []string{"node_exporter", "--web.listen-address", "10.9.9.9:9100"}}, "10.0.0.1", "http://10.9.9.9:9100/metrics", ""},
		{"any address", corev1.Container{Name: "node-exporter", Args: []string{"--web.listen-address=0.0.0.0:9100"}}, "10.0.0.1", "http://10.0.0.1:9100/metrics", ""},
		{"IPv6", corev1.Container{Name: "node-exporter"}, "fd00::1", "http://[fd00::1]:9100/metrics", ""},
		{"path", corev1.Container{Name: "node-exporter", Args: []string{"--web.telemetry-path=/node"}}, "10.0.0.1", "http://10.0.0.1:9100/node", ""},
		{"behind a proxy", corev1.Container{Name: "node-exporter", Args: []string{"--web.listen-address=127.0.0.1:9100"}}, "10.0.0.1", "", "listens on 127.0.0.1 only"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e, ok := exporter(&corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n"},
				Spec:       corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{c.container}},
				Status:     corev1.PodStatus{PodIP: c.ip, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
			})
			if !ok || e.Node != "node" {
				t.Fatalf("found %v: %+v", ok, e)
			}
			if c.unusable == "" && (e.URL != c.url || e.Unusable != "") || !strings.Contains(e.Unusable, c.unusable) {
				t.Errorf("%+v, want %q %q", e, c.url, c.unusable)
			}
		})
	}
}

func TestPrometheusService(t *testing.T) {
	service := func(name string, labels map[string]string, ports ...corev1.ServicePort) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.9", Ports: ports}}
	}
	port := func(name string, p int32) corev1.ServicePort { return corev1.ServicePort{Name: name, Port: p} }
	name := func(s string) map[string]string { return map[string]string{"app.kubernetes.io/name": s} }
	cases := []struct {
		title string
		s     *corev1.Service
		port  int32 // 0: not a Prometheus
	}{
		{"istio sample", service("prometheus", name("prometheus"), port("http", 9090)), 9090},
		{"community chart", service("prometheus-server", map[string]string{"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/component": "server"}, port("http", 80)), 80},
		{"kube-prometheus", service("prometheus-k8s", map[string]string{"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/component": "prometheus"}, port("web", 9090), port("reloader-web", 8080)), 9090},
		{"stack chart", service("kps-kube-prometheus-stack-prometheus", map[string]string{"app": "kube-prometheus-stack-prometheus"}, port("http-web", 9090)), 9090},
		{"a name and a port", service("prometheus", nil, port("", 9090)), 9090},
		{"old chart's alertmanager", service("prometheus-alertmanager", map[string]string{"app": "prometheus", "component": "alertmanager"}, port("http", 80)), 0},
		{"operator", service("prometheus-operator", name("prometheus-operator"), port("http", 8080)), 0},
		{"exporter", service("prometheus-node-exporter", name("prometheus-node-exporter"), port("http-metrics", 9100)), 0},
		{"no port", service("prometheus", name("prometheus"), port("grpc", 10901)), 0},
		{"something else", service("shop", nil, port("http", 9090)), 0},
	}
	for _, c := range cases {
		t.Run(c.title, func(t *testing.T) {
			rank, port := prometheusRank(c.s), prometheusPort(c.s)
			if found := rank > 0 && port > 0; found != (c.port > 0) || found && port != c.port {
				t.Errorf("rank %d, port %d; want port %d", rank, port, c.port)
			}
		})
	}
	headless := service("prometheus-operated", map[string]string{"operated-prometheus": "true"}, port("web", 9090))
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	if prometheusRank(headless) >= prometheusRank(cases[3].s) {
		t.Error("a headless Service comes before one with an address")
	}
}
