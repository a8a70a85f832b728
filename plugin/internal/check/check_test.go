package check

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
)

// versionServer is an API server as far as its version goes: an old one cannot
// be had otherwise.
func versionServer(t *testing.T, body string, status int) Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	client, err := deploy.NewClient(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return Config{Client: client, Options: deploy.Options{Namespace: "meshery", Image: "example.org/agent:1"}}
}

func TestVersion(t *testing.T) {
	cases := []struct {
		body   string
		status int
		want   Status
		hint   string
	}{
		{`{"gitVersion":"v1.37.2"}`, 200, OK, ""},
		{`{"gitVersion":"v1.30.0-eks-abc"}`, 200, OK, ""},
		{`{"gitVersion":"v1.29.9"}`, 200, Fail, "1.30 or newer"},
		{`{"gitVersion":"main"}`, 200, Warn, "cannot be read"},
		{`who are you`, 401, Fail, "kubectl version"},
		{`<html>a login page</html>`, 200, Fail, "kubectl version"},
	}
	for _, c := range cases {
		r := versionServer(t, c.body, c.status).api(t.Context())
		if r.Status != c.want || !strings.Contains(r.Hint, c.hint) {
			t.Errorf("%s: %+v, want %s and %q", c.body, r, c.want, c.hint)
		}
	}
}

// Without an API server nothing else of the cluster is asked, but the archive is.
func TestUnreachable(t *testing.T) {
	c := versionServer(t, "", 500)
	c.Archive = func(context.Context) (string, error) { return "s3://perf", errors.New("no such bucket") }
	var names []string
	if err := Run(t.Context(), c, func(r Result) { names = append(names, r.Name+" "+string(r.Status)) }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"API server fail", "archive fail"}; !slices.Equal(names, want) {
		t.Errorf("checks %q, want %q", names, want)
	}
}

func TestImage(t *testing.T) {
	node := func(name string, images ...string) corev1.Node {
		return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Images: []corev1.ContainerImage{{Names: images}}}}
	}
	c := Config{Options: deploy.Options{Image: "example.org/agent:1"}}
	if r := c.image([]corev1.Node{node("a", "example.org/agent@sha256:0", "example.org/agent:1")}); r.Status != OK {
		t.Errorf("%+v", r)
	}
	r := c.image([]corev1.Node{node("a", "example.org/agent:1"), node("b", "example.org/agent:2"), node("c")})
	if r.Status != Warn || !strings.Contains(r.Detail, "on b, c;") {
		t.Errorf("%+v", r)
	}
}

// The rights asked for depend on what is meant to be deployed.
func TestNeededRights(t *testing.T) {
	lookup := func(c Config, foreign bool, name, namespace string) []string {
		for _, r := range c.needed(foreign) {
			if r.name() == name && r.namespace == namespace {
				return r.verbs
			}
		}
		return nil
	}
	c := Config{Options: deploy.Options{Namespace: "meshery"}}
	if v := lookup(c, false, "pods/portforward", "meshery"); !slices.Equal(v, []string{"get", "create"}) {
		t.Errorf("pods/portforward: %v; WebSocket needs get and, since 1.35, create; SPDY needs create", v)
	}
	if v := lookup(c, true, "namespaces", ""); slices.Contains(v, "create") || slices.Contains(v, "delete") {
		t.Errorf("namespaces: %v; one of somebody else is neither made nor removed", v)
	}
	if v := lookup(c, false, "clusterroles.rbac.authorization.k8s.io", ""); !slices.Equal(v, []string{"list"}) {
		t.Errorf("clusterroles: %v", v)
	}
	if v := lookup(c, false, "nodes/metrics", ""); v != nil {
		t.Errorf("nodes/metrics: %v without --kubelet-metrics", v)
	}
	c.Options.KubeletMetrics, c.Options.NodeExporter = true, true
	for _, name := range []string{"clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"} {
		if v := lookup(c, false, name, ""); !slices.Contains(v, "create") {
			t.Errorf("%s: %v", name, v)
		}
	}
	if lookup(c, false, "nodes/metrics", "") == nil || lookup(c, false, "daemonsets.apps", "meshery-node-exporter") == nil {
		t.Error("the rights of the options are not asked for")
	}
}
