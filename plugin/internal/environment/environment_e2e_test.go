//go:build e2e

package environment

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func cluster(t *testing.T) kubernetes.Interface {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("KUBECONFIG is not set: these tests need a cluster")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestDescribeFindsThePodsBehindTheTarget(t *testing.T) {
	client := cluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ns, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "environment-e2e-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{})
	})
	for _, name := range []string{"shop-b", "other", "shop-a"} {
		// No node takes these pods: that they exist is enough.
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name[:4]}},
			Spec: corev1.PodSpec{NodeSelector: map[string]string{"no": "node"},
				Containers: []corev1.Container{{Name: "app", Image: "example.test/app:1"}, {Name: "sidecar", Image: "example.test/" + name[:4] + "-proxy:1"}}}}
		if _, err := client.CoreV1().Pods(ns.Name).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, selector := range map[string]map[string]string{"checkout": {"app": "shop"}, "by-hand": nil} {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{Port: 80}}}}
		if _, err := client.CoreV1().Services(ns.Name).Create(ctx, service, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	evicted := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "shop-c", Labels: map[string]string{"app": "shop"}},
		Spec: corev1.PodSpec{NodeSelector: map[string]string{"no": "node"}, Containers: []corev1.Container{{Name: "app", Image: "example.test/old:1"}}}}
	if _, err := client.CoreV1().Pods(ns.Name).Create(ctx, evicted, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The scheduler writes into the status as well.
	if _, err := client.CoreV1().Pods(ns.Name).Patch(ctx, evicted.Name, types.MergePatchType, []byte(`{"status":{"phase":"Failed","reason":"Evicted"}}`), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	pods := []string{ns.Name + "/shop-a", ns.Name + "/shop-b"}
	images := []string{"example.test/app:1", "example.test/shop-proxy:1"}
	for _, c := range []struct {
		namespace, target string
		found             bool
	}{
		{ns.Name, "http://checkout/", true},
		{"default", "http://checkout." + ns.Name + ":8080/path", true},
		{"default", "https://checkout." + ns.Name + ".svc.cluster.local", true},
		{"default", "http://checkout/", false},
		{ns.Name, "http://by-hand/", false},
		{ns.Name, "http://checkout." + ns.Name + ".example.com/", false},
		{ns.Name, "http://10.0.0.1/", false},
		{ns.Name, "http://[fd00::1]/", false},
	} {
		e := Describe(ctx, client, c.namespace, document.Target{Name: "it", URL: c.target}, document.Target{Name: "again", URL: c.target}, document.Target{Name: "none", URL: "http://10.0.0.1/"})
		wantPods, wantImages := pods, images
		if !c.found {
			wantPods, wantImages = nil, nil
		}
		if !slices.Equal(e.TargetPods, wantPods) || !slices.Equal(e.TargetImages, wantImages) {
			t.Errorf("%s from namespace %s: pods %q, images %q", c.target, c.namespace, e.TargetPods, e.TargetImages)
		}
		by := e.PodsByTarget
		if !slices.Equal(by["it"], wantPods) || !slices.Equal(by["again"], wantPods) || by["none"] != nil {
			t.Errorf("%s: pods by target %q", c.target, by)
		}
		if one := Describe(ctx, client, c.namespace, document.Target{Name: "it", URL: c.target}); one.PodsByTarget != nil || !slices.Equal(one.TargetPods, wantPods) {
			t.Errorf("%s alone: pods %q, by target %q", c.target, one.TargetPods, one.PodsByTarget)
		}
		if e.Kubernetes == "" || len(e.Nodes) == 0 || e.Nodes[0].Kubelet == "" {
			t.Errorf("the cluster is not described: %+v", e)
		}
	}
}
