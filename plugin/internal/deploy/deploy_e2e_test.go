//go:build e2e

package deploy

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/meshery/kubectl-meshery/manifests"
)

func onCluster(t *testing.T) *Client {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("KUBECONFIG is not set: these tests need a cluster")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// record is a Removal that remembers what it was told.
func record() (r Removal, notes *[]string) {
	notes = &[]string{}
	return Removal{Report: func(Change) {}, Note: func(s string) { *notes = append(*notes, s) }}, notes
}

// agentSet applies an agent set with node-exporter, and removes it with the test.
func agentSet(t *testing.T, c *Client, suffix string) Options {
	t.Helper()
	o := Options{
		Namespace: fmt.Sprintf("sets-e2e-%s-%d", suffix, time.Now().UnixNano()%1e9), Image: DefaultImage("dev"), Version: "dev",
		// No pods: this is about the objects.
		NodeSelector: map[string]string{"no-such-label": "x"}, NodeExporter: true, KubeletMetrics: true,
	}
	objects, err := Render(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		r, _ := record()
		if _, err := c.Remove(ctx, o.Namespace, r); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	if err := c.Apply(t.Context(), objects, false, func(Change) {}, nil); err != nil {
		t.Fatal(err)
	}
	return o
}

func exporterIsThere(t *testing.T, c *Client) bool {
	t.Helper()
	_, err := c.Kubernetes.AppsV1().DaemonSets(manifests.NodeExporterNamespace).Get(t.Context(), manifests.NodeExporterName, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

func TestNodeExporterIsShared(t *testing.T) {
	c := onCluster(t)
	a, b := agentSet(t, c, "a"), agentSet(t, c, "b")
	if !exporterIsThere(t, c) {
		t.Fatal("node-exporter is not deployed")
	}
	r, notes := record()
	if found, err := c.Remove(t.Context(), a.Namespace, r); err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	if !exporterIsThere(t, c) || !strings.Contains(strings.Join(*notes, "\n"), b.Namespace) {
		t.Errorf("node-exporter went with the first set; notes %q", *notes)
	}
	// The other set no longer wants it, nor the kubelets' metrics.
	b.NodeExporter, b.KubeletMetrics = false, false
	objects, err := Render(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), objects, false, func(Change) {}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Prune(t.Context(), b, objects, r); err != nil {
		t.Fatal(err)
	}
	if exporterIsThere(t, c) {
		t.Error("node-exporter stays although nobody wants it")
	}
	_, err = c.Kubernetes.CoreV1().Namespaces().Get(t.Context(), manifests.NodeExporterNamespace, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the namespace of node-exporter: %v", err)
	}
	found, err := c.Find(t.Context(), b.Namespace)
	if err != nil || len(found) != len(objects) {
		t.Errorf("%d objects, want %d: %v", len(found), len(objects), err)
	}
}

func TestNodeExporterNamespaceOfOthers(t *testing.T) {
	c := onCluster(t)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: manifests.NodeExporterNamespace, Labels: map[string]string{
		labelManagedBy: FieldManager, labelInstance: manifests.NodeExporterNamespace, // labels alone do not make it ours
	}}}
	if _, err := c.Kubernetes.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		made, err := c.Dynamic.Resource(kinds[len(kinds)-1].resource).Get(ctx, ns.Name, metav1.GetOptions{})
		if err != nil {
			t.Errorf("a namespace of somebody else is gone: %v", err)
			return
		}
		if err := c.Kubernetes.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		for {
			now, err := c.Kubernetes.CoreV1().Namespaces().Get(ctx, ns.Name, metav1.GetOptions{})
			if err != nil || now.UID != made.GetUID() {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	o := everything()
	o.Namespace = fmt.Sprintf("sets-e2e-c-%d", time.Now().UnixNano()%1e9)
	objects, err := Render(o)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := record()
	t.Cleanup(func() { _, _ = c.Remove(context.Background(), o.Namespace, r) })
	err = c.Apply(t.Context(), objects, false, func(Change) {}, nil)
	if err == nil || !strings.Contains(err.Error(), "was not made by kubectl meshery") {
		t.Errorf("error %v", err)
	}
	// A deploy that failed half way is removed like any other.
	if found, err := c.Remove(t.Context(), o.Namespace, r); err != nil || !found {
		t.Errorf("found %v, %v", found, err)
	}
	if left, err := c.Find(t.Context(), o.Namespace); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
