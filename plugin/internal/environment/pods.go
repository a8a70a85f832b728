package environment

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// gone tells that a pod takes no requests any more, though Kubernetes still lists it:
// it has ended, was evicted, or is being deleted. Nothing can be read of such a pod.
func gone(p corev1.Pod) bool {
	return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

func name(p *corev1.Pod) string { return p.Namespace + "/" + p.Name }

// once are the pods, each once, sorted by their names: one may be behind two targets.
func once(pods []corev1.Pod) []corev1.Pod {
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(name(&a), name(&b)) })
	return slices.CompactFunc(pods, func(a, b corev1.Pod) bool { return name(&a) == name(&b) })
}

// names are namespace/name of pods, sorted, each once.
func names(pods []corev1.Pod) []string {
	var all []string
	for i := range pods {
		all = append(all, name(&pods[i]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nodesOf are those that pods are on, sorted, each once.
func nodesOf(pods []corev1.Pod) []string {
	var all []string
	for i := range pods {
		if node := pods[i].Spec.NodeName; node != "" {
			all = append(all, node)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// images are those of pods, sorted, each once.
func images(pods []corev1.Pod) []string {
	var all []string
	for i := range pods {
		for _, c := range slices.Concat(pods[i].Spec.InitContainers, pods[i].Spec.Containers) {
			all = append(all, c.Image)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// containers are what pods, each once, are made of, sorted.
func containers(pods []corev1.Pod) []document.TargetContainer {
	count := map[document.TargetContainer]int{}
	for i := range pods {
		p := &pods[i]
		ids := map[string]string{}
		for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			ids[s.Name] = s.ImageID
		}
		for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
			count[document.TargetContainer{Name: c.Name, Image: c.Image, ImageID: ids[c.Name]}]++
		}
	}
	var all []document.TargetContainer
	for c, n := range count {
		c.Pods = n
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b document.TargetContainer) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Image, b.Image), strings.Compare(a.ImageID, b.ImageID))
	})
	return all
}
