// Package environment describes where a run happens, as Kubernetes tells it, so
// that Results can be compared. Everything in it is best effort: a right that is
// missing leaves a blank, never an error.
package environment

import (
	"context"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Describe reads the cluster's version, its nodes, its CNI, and the pods behind
// the targets with their images. namespace is that of the agents, in which short
// names resolve.
func Describe(ctx context.Context, client kubernetes.Interface, namespace string, targets ...document.Target) document.Environment {
	e := document.Environment{Namespace: namespace}
	if v, err := client.Discovery().ServerVersion(); err == nil {
		e.Kubernetes = v.GitVersion
	}
	if nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{}); err == nil {
		for i := range nodes.Items {
			e.Nodes = append(e.Nodes, node(&nodes.Items[i]))
		}
	}
	e.CNI = cni(ctx, client)
	var pods []corev1.Pod
	for _, t := range targets {
		of := behind(ctx, client, namespace, t.URL)
		pods = append(pods, of...)
		if len(targets) > 1 && len(of) > 0 {
			if e.PodsByTarget == nil {
				e.PodsByTarget = map[string][]string{}
			}
			e.PodsByTarget[t.Name] = names(of)
		}
	}
	pods = once(pods)
	e.TargetPods, e.TargetImages, e.TargetContainers, e.TargetNodes = names(pods), images(pods), containers(pods), nodesOf(pods)
	return e
}

func node(n *corev1.Node) document.NodeInfo {
	i, l := n.Status.NodeInfo, n.Labels
	return document.NodeInfo{Name: n.Name, Kernel: i.KernelVersion, OSImage: i.OSImage, Architecture: i.Architecture,
		Kubelet: i.KubeletVersion, ContainerRuntime: i.ContainerRuntimeVersion,
		CPU: n.Status.Capacity.Cpu().String(), Memory: n.Status.Capacity.Memory().String(),
		InstanceType: l[corev1.LabelInstanceTypeStable], Zone: l[corev1.LabelTopologyZone]}
}

// networks are the DaemonSets of the common CNI plugins and what they are
// called, the more particular first: some clusters run two, one chained behind
// the other.
var networks = []struct{ daemonSet, name string }{
	{"cilium", "cilium"}, {"calico-node", "calico"}, {"canal", "canal"}, {"antrea-agent", "antrea"}, {"weave-net", "weave"},
	{"kube-router", "kube-router"}, {"ovnkube-node", "ovn-kubernetes"}, {"kube-flannel-ds", "flannel"}, {"kindnet", "kindnet"},
	{"aws-node", "aws-vpc-cni"}, {"azure-cns", "azure-cni"},
}

func cni(ctx context.Context, client kubernetes.Interface) string {
	sets, err := client.AppsV1().DaemonSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return ""
	}
	for _, n := range networks {
		for i := range sets.Items {
			if sets.Items[i].Name == n.daemonSet {
				return n.name
			}
		}
	}
	return ""
}

// behind are the pods behind the target where it is the name of a Service, but for those
// that take no requests any more.
func behind(ctx context.Context, client kubernetes.Interface, namespace, target string) []corev1.Pod {
	u, err := url.Parse(target)
	if err != nil {
		return nil
	}
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) > 2 && parts[2] != "svc" {
		return nil
	}
	if len(parts) > 1 {
		namespace = parts[1]
	}
	service, err := client.CoreV1().Services(namespace).Get(ctx, parts[0], metav1.GetOptions{})
	if err != nil || len(service.Spec.Selector) == 0 {
		return nil
	}
	pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String()})
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(pods.Items, gone)
}
