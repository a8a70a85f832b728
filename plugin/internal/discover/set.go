package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/meshery/kubectl-meshery/manifests"
)

// ErrNotDeployed is what Agents returns where there is no agent set.
var ErrNotDeployed = errors.New("no agents are deployed")

// Agent is one agent pod.
type Agent struct {
	Node    string
	Pod     string
	IP      string // empty until the pod has one
	Image   string
	Ready   bool
	Created time.Time
	// Reason says why the agent is not ready, Hint what to do; both are empty
	// where there is nothing to say.
	Reason, Hint string
}

// Missing is a node without an agent.
type Missing struct {
	Node string
	// Eligible tells that the node should have an agent by selector and taints.
	Eligible     bool
	Reason, Hint string
}

// Set is an agent set (or another DaemonSet) as it is now.
type Set struct {
	Namespace string
	DaemonSet *appsv1.DaemonSet
	// Agents are sorted by node.
	Agents []Agent
	// Missing are the nodes without an agent, sorted by name.
	Missing []Missing
	// NodesUnknown is why the nodes could not be listed (often a missing right,
	// for nodes are cluster-wide); then Missing is empty.
	NodesUnknown error
}

// Agents tells of the agents in a namespace and of the nodes without one. The
// error is ErrNotDeployed (wrapped) where there is no agent set at all.
func Agents(ctx context.Context, client kubernetes.Interface, namespace string) (*Set, error) {
	set, err := Daemon(ctx, client, namespace, manifests.AgentName)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w in namespace %q: run 'kubectl meshery deploy', or name the agents' namespace with -n", ErrNotDeployed, namespace)
	}
	return set, err
}

// Daemon is Agents for any DaemonSet. The error is the API's NotFound where
// there is none.
func Daemon(ctx context.Context, client kubernetes.Interface, namespace, name string) (*Set, error) {
	ds, err := client.AppsV1().DaemonSets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read daemonset %q in namespace %q: %w", name, namespace, err)
	}
	selector, err := metav1.LabelSelectorAsSelector(ds.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("daemonset %q in namespace %q: %w", name, namespace, err)
	}
	pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, fmt.Errorf("list the pods of daemonset %q in namespace %q: %w", name, namespace, err)
	}
	set := &Set{Namespace: namespace, DaemonSet: ds}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		set.NodesUnknown = fmt.Errorf("list nodes: %w", err)
		nodes = &corev1.NodeList{}
	}
	set.fill(ds, pods.Items, nodes.Items, &eventReader{ctx: ctx, client: client, namespace: namespace})
	return set, nil
}

func (s *Set) fill(ds *appsv1.DaemonSet, pods []corev1.Pod, nodes []corev1.Node, events *eventReader) {
	byNode := map[string]*corev1.Pod{}
	for i := range pods {
		p := &pods[i]
		node := nodeOf(p)
		if !metav1.IsControlledBy(p, ds) || node == "" || p.Status.Phase == corev1.PodFailed && p.DeletionTimestamp != nil {
			continue
		}
		if other := byNode[node]; other == nil || newer(p, other) {
			byNode[node] = p
		}
	}
	known := map[string]*corev1.Node{}
	for i := range nodes {
		known[nodes[i].Name] = &nodes[i]
	}
	for node, p := range byNode {
		a := Agent{
			Node: node, Pod: p.Name, IP: p.Status.PodIP, Image: p.Spec.Containers[0].Image,
			Created: p.CreationTimestamp.Time, Ready: ready(p),
		}
		if !a.Ready {
			a.Reason, a.Hint = podReason(p, known[node], events)
		}
		s.Agents = append(s.Agents, a)
	}
	for i := range nodes {
		if byNode[nodes[i].Name] != nil {
			continue
		}
		m := Missing{Node: nodes[i].Name}
		m.Eligible, m.Reason, m.Hint = CanTake(&nodes[i], &ds.Spec.Template.Spec)
		if m.Eligible {
			m.Reason, m.Hint = refusal(ds, events)
		}
		s.Missing = append(s.Missing, m)
	}
	slices.SortFunc(s.Agents, func(a, b Agent) int { return cmp.Compare(a.Node, b.Node) })
	slices.SortFunc(s.Missing, func(a, b Missing) int { return cmp.Compare(a.Node, b.Node) })
}

// newer prefers, of two pods of one node, the one that stays.
func newer(p, other *corev1.Pod) bool {
	if going, otherGoing := p.DeletionTimestamp != nil, other.DeletionTimestamp != nil; going != otherGoing {
		return otherGoing
	}
	return other.CreationTimestamp.Before(&p.CreationTimestamp)
}

// Eligible is how many nodes should have an agent. It is what the nodes say
// and not what the DaemonSet's status does, which is 0 right after creation.
func (s *Set) Eligible() int {
	n := len(s.Agents)
	for _, m := range s.Missing {
		if m.Eligible {
			n++
		}
	}
	return n
}

// Ready are the agents that can be talked to.
func (s *Set) Ready() []Agent {
	var r []Agent
	for _, a := range s.Agents {
		if a.Ready {
			r = append(r, a)
		}
	}
	return r
}

// Complete tells whether every node that should have an agent has a ready one
// of the newest version. Where the nodes are unknown, the DaemonSet's word counts.
func (s *Set) Complete() bool {
	st := s.DaemonSet.Status
	desired := int(st.DesiredNumberScheduled)
	return s.Observed() && desired > 0 &&
		(s.NodesUnknown != nil || desired == s.Eligible()) &&
		int(st.UpdatedNumberScheduled) == desired && int(st.NumberReady) == desired &&
		len(s.Ready()) == desired
}

// Observed tells whether the controller has seen the newest DaemonSet.
func (s *Set) Observed() bool {
	return s.DaemonSet.Status.ObservedGeneration >= s.DaemonSet.Generation
}

// KubeletMetrics tells whether the agents may read the kubelets' metrics.
func (s *Set) KubeletMetrics() bool {
	return slices.Contains(s.DaemonSet.Spec.Template.Spec.Containers[0].Args, manifests.KubeletFlag)
}
