package discover

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

func ready(p *corev1.Pod) bool {
	if p.DeletionTimestamp != nil {
		return false
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// nodeOf is the node a pod is on or, while it is not placed, the one that the
// DaemonSet controller made it for.
func nodeOf(p *corev1.Pod) string {
	if p.Spec.NodeName != "" {
		return p.Spec.NodeName
	}
	affinity := p.Spec.Affinity
	if affinity == nil || affinity.NodeAffinity == nil || affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == "metadata.name" && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}

// podReason is why a pod is not ready and what to do.
func podReason(p *corev1.Pod, node *corev1.Node, events *eventReader) (reason, hint string) {
	if p.DeletionTimestamp != nil {
		return "the pod is being deleted", "wait for it to end"
	}
	if node != nil && !nodeReady(node) {
		return "the node is not ready", fmt.Sprintf("see 'kubectl describe node %s'", node.Name)
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "the pod cannot be placed: " + unscheduled(c.Message), "free resources on the node, or leave it out with --node-selector"
		}
	}
	for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		if c.Ready {
			continue
		}
		if reason, hint := containerReason(p, c, events); reason != "" {
			return reason, hint
		}
	}
	if p.Status.Phase == corev1.PodFailed {
		return strings.TrimSpace("the pod failed: " + p.Status.Reason + " " + p.Status.Message), describe(p)
	}
	return "the pod is starting", ""
}

func containerReason(p *corev1.Pod, c corev1.ContainerStatus, events *eventReader) (reason, hint string) {
	if w := c.State.Waiting; w != nil {
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
			return fmt.Sprintf("image %q cannot be pulled: %s", c.Image, pullMessage(w, c.Image, p, events)), "give an image that the node can pull, or has, with --image"
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return fmt.Sprintf("container %q cannot be made: %s", c.Name, w.Message), describe(p)
		case "CrashLoopBackOff":
			if t := c.LastTerminationState.Terminated; t != nil {
				return fmt.Sprintf("container %q ends with code %d (%s), restarted %d times", c.Name, t.ExitCode, t.Reason, c.RestartCount), logs(p, c.Name, true)
			}
			return fmt.Sprintf("container %q ends again and again", c.Name), logs(p, c.Name, true)
		case "ContainerCreating", "PodInitializing":
			// What holds it back, such as a volume or the network, is in an event.
			if message := events.pod(p, "FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume"); message != "" {
				return "the pod cannot start: " + message, describe(p)
			}
		}
		return "", ""
	}
	if t := c.State.Terminated; t != nil {
		return fmt.Sprintf("container %q ended with code %d (%s)", c.Name, t.ExitCode, t.Reason), logs(p, c.Name, false)
	}
	if c.State.Running != nil {
		if message := events.pod(p, "Unhealthy"); message != "" {
			return fmt.Sprintf("container %q runs, but a probe fails: %s", c.Name, message), logs(p, c.Name, false)
		}
		return fmt.Sprintf("container %q runs and is not ready yet", c.Name), logs(p, c.Name, false)
	}
	return "", ""
}

// pullMessage prefers the cause, which the status forgets while it backs off.
func pullMessage(w *corev1.ContainerStateWaiting, image string, p *corev1.Pod, events *eventReader) string {
	if w.Reason == "ImagePullBackOff" {
		if message := events.pod(p, "Failed"); strings.Contains(message, "pull") {
			return oneLine(strings.TrimPrefix(message, fmt.Sprintf("Failed to pull image %q: ", image)))
		}
	}
	return oneLine(w.Message)
}

// unscheduled keeps, of "0/3 nodes are available: 1 Insufficient cpu, 2 node(s)
// didn't match ...", what concerns the pod's own node.
func unscheduled(message string) string {
	_, why, found := strings.Cut(message, "are available: ")
	if !found {
		return oneLine(message)
	}
	why, _, _ = strings.Cut(why, " preemption:")
	var own []string
	for _, part := range strings.Split(strings.TrimSuffix(strings.TrimSpace(why), "."), ", ") {
		if !strings.Contains(part, "didn't satisfy plugin") && !strings.Contains(part, "didn't match Pod's node affinity") {
			own = append(own, strings.TrimLeft(part, "0123456789 "))
		}
	}
	if len(own) == 0 {
		return oneLine(message)
	}
	return strings.Join(own, ", ")
}

// CanTake tells whether a node should have a pod of a DaemonSet with this
// template, and if not, why. DaemonSet pods tolerate what the controller adds to
// them.
func CanTake(node *corev1.Node, pod *corev1.PodSpec) (eligible bool, reason, hint string) {
	for _, key := range sorted(pod.NodeSelector) {
		if want := pod.NodeSelector[key]; node.Labels[key] != want {
			return false, fmt.Sprintf("the node has no label %s=%s", key, want), "change --node-selector, or label the node"
		}
	}
	tolerations := append(daemonTolerations(), pod.Tolerations...)
	if pod.HostNetwork {
		tolerations = append(tolerations, corev1.Toleration{Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists})
	}
	for _, taint := range node.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !tolerated(&taint, tolerations) {
			return false, fmt.Sprintf("the node's taint %s is not tolerated", taint.ToString()), "deploy with --tolerate-all to have an agent there too"
		}
	}
	return true, "", ""
}

func tolerated(taint *corev1.Taint, tolerations []corev1.Toleration) bool {
	for i := range tolerations {
		if tolerations[i].ToleratesTaint(klog.Logger{}, taint, false) {
			return true
		}
	}
	return false
}

// daemonTolerations are what the DaemonSet controller adds to every pod
// (kubernetes.io/docs: DaemonSet, "Taints and tolerations").
func daemonTolerations() []corev1.Toleration {
	var all []corev1.Toleration
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeDiskPressure,
		corev1.TaintNodeMemoryPressure, corev1.TaintNodePIDPressure, corev1.TaintNodeUnschedulable} {
		all = append(all, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists})
	}
	return all
}

// refusal is why an eligible node has no pod: somebody refuses to let it in, or
// it is not made yet.
func refusal(ds *appsv1.DaemonSet, events *eventReader) (reason, hint string) {
	message := events.daemonSet(ds, "FailedCreate")
	switch {
	case message == "":
		return "the pod is not made yet", ""
	case strings.Contains(message, "PodSecurity"):
		return "the pod was refused: " + message, "a policy changes or forbids the pod; see the namespace's pod-security labels and the mesh's injection"
	case strings.Contains(message, "exceeded quota"):
		return "the pod was refused: " + message, "raise the namespace's resource quota"
	case strings.Contains(message, "webhook"):
		return "the pod was refused: " + message, "see the webhook's own logs"
	}
	return "the pod was refused: " + message, fmt.Sprintf("see 'kubectl -n %s describe daemonset %s'", ds.Namespace, ds.Name)
}

func nodeReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func describe(p *corev1.Pod) string {
	return fmt.Sprintf("see 'kubectl -n %s describe pod %s'", p.Namespace, p.Name)
}

func logs(p *corev1.Pod, container string, previous bool) string {
	before := ""
	if previous {
		before = " --previous"
	}
	return fmt.Sprintf("see 'kubectl -n %s logs %s -c %s%s'", p.Namespace, p.Name, container, before)
}
