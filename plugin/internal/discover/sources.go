package discover

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/meshery/kubectl-meshery/manifests"
)

// NodeExporter is a node-exporter on a node.
type NodeExporter struct {
	Node, Namespace, Pod string
	// URL of its metrics, as seen from the agents.
	URL string
	// Ours tells that kubectl meshery deployed it.
	Ours bool
	// Unusable is why agents cannot read it; empty where they can.
	Unusable string
}

// Prometheus is a Service that looks like a Prometheus server.
type Prometheus struct {
	Namespace, Service string
	// URL as seen from the agents. The cluster's domain is not assumed.
	URL string
}

var exporterNames = []string{"node-exporter", "prometheus-node-exporter", "node_exporter"}

// NodeExporters finds the node-exporters, at most one per node (one that can be
// used before one that cannot), sorted by node. It needs the right to list
// daemonsets and pods in all namespaces.
func NodeExporters(ctx context.Context, client kubernetes.Interface) ([]NodeExporter, error) {
	all, err := client.AppsV1().DaemonSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("look for node-exporter: %w", err)
	}
	byNode := map[string]NodeExporter{}
	add := func(namespace, selector string) error {
		pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return fmt.Errorf("look for node-exporter: %w", err)
		}
		for i := range pods.Items {
			e, ok := exporter(&pods.Items[i])
			if have, found := byNode[e.Node]; ok && (!found || have.Unusable != "" && e.Unusable == "") {
				byNode[e.Node] = e
			}
		}
		return nil
	}
	for _, ds := range all.Items {
		if !namesExporter(ds.Labels) && !namesExporter(ds.Spec.Template.Labels) && exporterContainer(&ds.Spec.Template.Spec) == nil {
			continue
		}
		if err := add(ds.Namespace, metav1.FormatLabelSelector(ds.Spec.Selector)); err != nil {
			return nil, err
		}
	}
	// Pods that no DaemonSet owns.
	for _, key := range []string{"app.kubernetes.io/name", "app", "k8s-app"} {
		if err := add("", key+" in ("+strings.Join(exporterNames[:2], ",")+")"); err != nil {
			return nil, err
		}
	}
	found := make([]NodeExporter, 0, len(byNode))
	for _, e := range byNode {
		found = append(found, e)
	}
	slices.SortFunc(found, func(a, b NodeExporter) int { return cmp.Compare(a.Node, b.Node) })
	return found, nil
}

func namesExporter(l map[string]string) bool {
	return slices.Contains(exporterNames, l["app.kubernetes.io/name"]) || slices.Contains(exporterNames, l["app"]) || slices.Contains(exporterNames, l["k8s-app"])
}

// exporterContainer is the container that runs node-exporter: by its image, or
// by its name.
func exporterContainer(pod *corev1.PodSpec) *corev1.Container {
	for i := range pod.Containers {
		c := &pod.Containers[i]
		image, _, _ := strings.Cut(path.Base(c.Image), ":")
		image, _, _ = strings.Cut(image, "@")
		if slices.Contains(exporterNames, image) || slices.Contains(exporterNames, c.Name) {
			return c
		}
	}
	return nil
}

func exporter(p *corev1.Pod) (NodeExporter, bool) {
	if p.Spec.NodeName == "" || p.DeletionTimestamp != nil || len(p.Spec.Containers) == 0 {
		return NodeExporter{}, false
	}
	c := exporterContainer(&p.Spec)
	if c == nil {
		c = &p.Spec.Containers[0]
	}
	host, port := listenAddress(c)
	address := p.Status.PodIP
	e := NodeExporter{
		Node: p.Spec.NodeName, Namespace: p.Namespace, Pod: p.Name,
		Ours: p.Namespace == manifests.NodeExporterNamespace && p.Labels["app.kubernetes.io/managed-by"] == "kubectl-meshery",
	}
	switch ip := net.ParseIP(host); {
	case host == "localhost" || ip != nil && ip.IsLoopback():
		// kube-prometheus: a proxy that wants a token stands before it.
		e.Unusable = fmt.Sprintf("pod %s/%s listens on %s only, behind a proxy that asks for a token", p.Namespace, p.Name, host)
	case !ready(p):
		e.Unusable = fmt.Sprintf("pod %s/%s is not ready", p.Namespace, p.Name)
	case ip != nil && !ip.IsUnspecified():
		address = host
	}
	e.URL = (&url.URL{Scheme: "http", Host: net.JoinHostPort(address, strconv.Itoa(port)), Path: cmp.Or(flagOf(c, "web.telemetry-path"), "/metrics")}).String()
	return e, true
}

// listenAddress is where node-exporter listens: by its flag, by a port the
// container names, or where it does by default. The host is empty when it is any.
func listenAddress(c *corev1.Container) (host string, port int) {
	if a := flagOf(c, "web.listen-address"); a != "" {
		if h, p, err := net.SplitHostPort(a); err == nil {
			if n, err := strconv.Atoi(p); err == nil {
				return h, n
			}
		}
	}
	for _, p := range c.Ports {
		if p.ContainerPort == manifests.NodeExporterPort || slices.Contains([]string{"metrics", "http-metrics", "http"}, p.Name) {
			return "", int(p.ContainerPort)
		}
	}
	return "", manifests.NodeExporterPort
}

// flagOf is the value of --name=value or --name value.
func flagOf(c *corev1.Container, name string) string {
	args := append(slices.Clone(c.Command), c.Args...)
	for i, a := range args {
		a, isFlag := strings.CutPrefix(strings.TrimLeft(a, "-"), name)
		if !isFlag || !strings.HasPrefix(args[i], "-") {
			continue
		}
		if value, ok := strings.CutPrefix(a, "="); ok {
			return value
		}
		if a == "" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// Prometheuses finds Prometheus servers by the usual labels and names of their
// Services, likeliest first. It needs the right to list services in all namespaces.
func Prometheuses(ctx context.Context, client kubernetes.Interface) ([]Prometheus, error) {
	services, err := client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("look for Prometheus: %w", err)
	}
	type candidate struct {
		Prometheus
		rank int
	}
	var found []candidate
	for _, s := range services.Items {
		rank := prometheusRank(&s)
		port := prometheusPort(&s)
		if rank == 0 || port == 0 {
			continue
		}
		found = append(found, candidate{Prometheus{
			Namespace: s.Namespace, Service: s.Name,
			URL: fmt.Sprintf("http://%s.%s.svc:%d", s.Name, s.Namespace, port),
		}, rank})
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Service, b.Service))
	})
	all := make([]Prometheus, len(found))
	for i, c := range found {
		all[i] = c.Prometheus
	}
	return all, nil
}

// prometheusRank is how much a Service looks like a Prometheus server; 0: not at all.
func prometheusRank(s *corev1.Service) int {
	l := labels.Set(s.Labels)
	for _, key := range []string{"app.kubernetes.io/component", "component"} {
		// Older charts label everything they bring app=prometheus.
		if c := l[key]; c != "" && c != "prometheus" && c != "server" {
			return 0
		}
	}
	rank := 0
	if l["app.kubernetes.io/name"] == "prometheus" || l["app"] == "prometheus" || l["k8s-app"] == "prometheus" {
		rank += 4
	}
	switch {
	case slices.Contains([]string{"prometheus", "prometheus-server", "prometheus-k8s"}, s.Name):
		rank += 2
	case strings.HasSuffix(s.Name, "-prometheus"), l["operated-prometheus"] == "true":
		rank++
	}
	if rank > 0 && s.Spec.ClusterIP != corev1.ClusterIPNone {
		rank += 2 // a headless Service names one pod after the other
	}
	return rank
}

func prometheusPort(s *corev1.Service) int32 {
	for _, name := range []string{"web", "http", "http-web"} {
		for _, p := range s.Spec.Ports {
			if p.Name == name {
				return p.Port
			}
		}
	}
	for _, p := range s.Spec.Ports {
		if p.Port == 9090 {
			return p.Port
		}
	}
	return 0
}
