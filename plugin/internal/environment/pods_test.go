package environment

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// pod as Kubernetes has it, on a node, whose application runs the image with a digest.
func pod(name, node, digest string) corev1.Pod {
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: corev1.PodSpec{NodeName: node, InitContainers: []corev1.Container{{Name: "init", Image: "shop/init:1"}}, Containers: []corev1.Container{{Name: "app", Image: "shop/app:latest"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, InitContainerStatuses: []corev1.ContainerStatus{{Name: "init", ImageID: "shop/init@sha256:1"}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "app", ImageID: digest}}}}
}

func TestPodsThatAreGone(t *testing.T) {
	for want, p := range map[string]corev1.Pod{
		"serves": pod("a", "n", "x"), "waits": {Status: corev1.PodStatus{Phase: corev1.PodPending}},
		"gone, evicted": {Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted"}}, "gone, completed": {Status: corev1.PodStatus{Phase: corev1.PodSucceeded}},
		"gone, terminating": {ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{}}, Status: corev1.PodStatus{Phase: corev1.PodRunning}},
	} {
		if gone(p) != (want[:4] == "gone") {
			t.Errorf("%s: %v", want, gone(p))
		}
	}
}

// Pods behind two targets count once, and containers say what is really run.
func TestWhatPodsAreMadeOf(t *testing.T) {
	pods := once([]corev1.Pod{pod("b", "worker-2", "shop/app@sha256:2"), pod("a", "worker-1", "shop/app@sha256:1"), pod("c", "worker-1", "shop/app@sha256:1"), pod("b", "worker-2", "shop/app@sha256:2"), pod("d", "", "")})
	if got := names(pods); !slices.Equal(got, []string{"shop/a", "shop/b", "shop/c", "shop/d"}) {
		t.Errorf("%q", got)
	}
	if got := nodesOf(pods); !slices.Equal(got, []string{"worker-1", "worker-2"}) {
		t.Errorf("%q", got)
	}
	want := []document.TargetContainer{{Name: "app", Image: "shop/app:latest", Pods: 1}, {Name: "app", Image: "shop/app:latest", ImageID: "shop/app@sha256:1", Pods: 2},
		{Name: "app", Image: "shop/app:latest", ImageID: "shop/app@sha256:2", Pods: 1}, {Name: "init", Image: "shop/init:1", ImageID: "shop/init@sha256:1", Pods: 4}}
	if got := containers(pods); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
