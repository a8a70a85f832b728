//go:build e2e

package tunnel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/streaming/pkg/httpstream"
)

// image of the agent on the cluster's nodes; its reference workload answers.
func image() string {
	if i := os.Getenv("MESHERY_IMAGE"); i != "" {
		return i
	}
	return "ghcr.io/meshery/meshery-agent:dev"
}

func clusterConfig(t *testing.T) *rest.Config {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("KUBECONFIG is not set: these tests need a cluster")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// workload is a ready pod of the reference workload in a namespace of its own.
func workload(t *testing.T, config *rest.Config) (namespace, pod string) {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ns, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tunnel-e2e-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{})
	})
	none := int64(0)
	p, err := client.CoreV1().Pods(ns.Name).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "echo-"},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: &none,
			Containers:                    []corev1.Container{{Name: "echo", Image: image(), ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"echo"}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for p.Status.Phase != corev1.PodRunning {
		select {
		case <-ctx.Done():
			t.Fatalf("pod is %s: %v", p.Status.Phase, p.Status.ContainerStatuses)
		case <-time.After(200 * time.Millisecond):
		}
		if p, err = client.CoreV1().Pods(ns.Name).Get(ctx, p.Name, metav1.GetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return ns.Name, p.Name
}

func get(t *testing.T, conn net.Conn) {
	t.Helper()
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("status %s", r.Status)
	}
}

func TestCluster(t *testing.T) {
	config := clusterConfig(t)
	namespace, pod := workload(t, config)
	d, err := NewDialer(config, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("as DialContext chooses", func(t *testing.T) {
		// The process may listen a moment after the pod is called running.
		var conn net.Conn
		for range 50 {
			if conn, err = d.DialContext(t.Context(), namespace, pod, 8080); err != nil {
				t.Fatal(err)
			}
			if _, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n")); err == nil {
				if _, err = conn.Read(make([]byte, 1)); err == nil {
					break
				}
			}
			_ = conn.Close()
			time.Sleep(100 * time.Millisecond)
		}
		_ = conn.Close()
		if err != nil {
			t.Fatal(err)
		}
	})
	target := d.client.Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	ways := map[string]func() (httpstream.Connection, error){
		"WebSocket": func() (httpstream.Connection, error) { return d.webSocket(t.Context(), target) },
		"SPDY":      func() (httpstream.Connection, error) { return d.spdy(t.Context(), target) },
	}
	for name, dial := range ways {
		t.Run(name, func(t *testing.T) {
			streams, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			conn, err := pair(t.Context(), streams, namespace+"/"+pod, 8080)
			if err != nil {
				t.Fatal(err)
			}
			get(t, conn)
		})
		t.Run(name+", port closed", func(t *testing.T) {
			streams, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			conn, err := pair(t.Context(), streams, namespace+"/"+pod, 9)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := conn.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "refused") {
				t.Errorf("read error %v does not say that the port is closed", err)
			}
		})
	}
	t.Run("no right", func(t *testing.T) {
		nobody := rest.CopyConfig(config)
		nobody.Impersonate.UserName = "nobody-in-particular"
		d, err := NewDialer(nobody, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.DialContext(t.Context(), namespace, pod, 8080)
		var failure *Error
		if !errors.As(err, &failure) || !failure.Forbidden() || !strings.Contains(err.Error(), "grant the verbs create and get on pods/portforward") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no pod", func(t *testing.T) {
		_, err := d.DialContext(t.Context(), namespace, "no-such-pod", 8080)
		var failure *Error
		if !errors.As(err, &failure) || !failure.NotFound() {
			t.Errorf("error %v", err)
		}
	})
}
