//go:build e2e

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/manifests"
	"github.com/meshery/kubectl-meshery/plugin/internal/check"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// onCluster is a name for a namespace that no other test has, so that they run
// beside each other; what is deployed in it goes with the test.
func onCluster(t *testing.T) (namespace string, c *cluster) {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("KUBECONFIG is not set: these tests need a cluster")
	}
	t.Parallel()
	f := &factory{IOStreams: genericiooptions.NewTestIOStreamsDiscard(), config: genericclioptions.NewConfigFlags(true)}
	namespace = fmt.Sprintf("deploy-e2e-%d", time.Now().UnixNano()%1e9)
	f.config.Namespace = &namespace
	c, err := f.cluster()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := c.Remove(ctx, namespace, deploy.Removal{Report: func(deploy.Change) {}, Note: func(string) {}}); err != nil {
			t.Errorf("clean up: %v", err)
		}
		err := c.Kubernetes.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("clean up: %v", err)
		}
	})
	return namespace, c
}

// agentImage is the agent's image on the cluster's nodes.
func agentImage() string {
	if i := os.Getenv("MESHERY_IMAGE"); i != "" {
		return i
	}
	return deploy.DefaultImage("dev")
}

// must runs a command line that must succeed.
func must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, err := execute(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, stdout, stderr)
	}
	return stdout, stderr
}

func contains(t *testing.T, what, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q:\n%s", what, w, text)
		}
	}
}

func TestDeployLifecycle(t *testing.T) {
	ns, c := onCluster(t)
	out, talk := must(t, "status", "-n", ns)
	contains(t, "status of nothing", talk, "no agents are deployed in namespace", "kubectl meshery deploy")
	if out != "" {
		t.Errorf("stdout %q", out)
	}

	out, talk = must(t, "deploy", "-n", ns, "--image", agentImage(), "--kubelet-metrics")
	contains(t, "deploy", out, "namespace/"+ns+" created", "daemonset.apps/meshery-agent serverside-applied",
		"clusterrole.rbac.authorization.k8s.io/meshery-agent-"+ns+" serverside-applied")
	contains(t, "progress", talk, "ready on ")

	out, _ = must(t, "status", "-n", ns, "-o", "json")
	var status agentsStatus
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Fatal(err)
	}
	ready := slices.ContainsFunc(status.Nodes, func(n nodeStatus) bool { return n.Ready && n.Version != "" })
	if !status.Deployed || !status.KubeletMetrics || !ready {
		t.Errorf("status %s", out)
	}

	out, _ = must(t, "deploy", "-n", ns, "--image", agentImage(), "--kubelet-metrics")
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasSuffix(line, " unchanged") {
			t.Errorf("second deploy: %s", line)
		}
	}

	out, _ = must(t, "deploy", "-n", ns, "--image", agentImage())
	contains(t, "deploy with fewer options", out, "clusterrole.rbac.authorization.k8s.io/meshery-agent-"+ns+" deleted",
		"clusterrolebinding.rbac.authorization.k8s.io/meshery-agent-"+ns+" deleted")

	found, err := c.Find(t.Context(), ns)
	if err != nil || len(found) != 5 {
		t.Fatalf("%d objects, %v", len(found), err)
	}
	out, _ = must(t, "undeploy", "-n", ns, "--dry-run=server")
	contains(t, "dry run", out, "daemonset.apps/meshery-agent deleted (server dry run)", "namespace/"+ns+" deleted (server dry run)")
	if now, _ := c.Find(t.Context(), ns); len(now) != len(found) {
		t.Errorf("a dry run removed %d objects", len(found)-len(now))
	}
	must(t, "undeploy", "-n", ns)
	if left, err := c.Find(t.Context(), ns); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := c.Kubernetes.CoreV1().Namespaces().Get(t.Context(), ns, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the namespace is still there: %v", err)
	}
	_, talk = must(t, "undeploy", "-n", ns)
	contains(t, "undeploy of nothing", talk, "nothing is deployed")
}

// makeNamespace makes a namespace as somebody else's.
func makeNamespace(t *testing.T, c *cluster, name string) {
	t.Helper()
	_, err := c.Kubernetes.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNamespacesOfOthersStay(t *testing.T) {
	t.Run("made by somebody else", func(t *testing.T) {
		ns, c := onCluster(t)
		makeNamespace(t, c, ns)
		out, _ := must(t, "deploy", "-n", ns, "--image", agentImage(), "--wait=false")
		if strings.Contains(out, "namespace/") {
			t.Errorf("the namespace was taken over: %s", out)
		}
		must(t, "undeploy", "-n", ns)
		now, err := c.Kubernetes.CoreV1().Namespaces().Get(t.Context(), ns, metav1.GetOptions{})
		if err != nil || now.DeletionTimestamp != nil || deploy.Owns(now) {
			t.Errorf("namespace %+v, %v", now, err)
		}
	})
	t.Run("with something of somebody else", func(t *testing.T) {
		ns, c := onCluster(t)
		must(t, "deploy", "-n", ns, "--image", agentImage(), "--wait=false")
		_, err := c.Kubernetes.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "mine"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out, talk := must(t, "undeploy", "-n", ns)
		contains(t, "undeploy", talk, "stays", "configmap/mine")
		contains(t, "undeploy", out, "daemonset.apps/meshery-agent deleted")
		if _, err := c.Kubernetes.CoreV1().ConfigMaps(ns).Get(t.Context(), "mine", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
		if err := c.Kubernetes.CoreV1().ConfigMaps(ns).Delete(t.Context(), "mine", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		out, _ = must(t, "undeploy", "-n", ns)
		contains(t, "second undeploy", out, "namespace/"+ns+" deleted")
	})
}

func TestDeployTellsWhyPerNode(t *testing.T) {
	ns, c := onCluster(t)
	makeNamespace(t, c, ns)
	nodes, err := c.Kubernetes.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node := nodes.Items[len(nodes.Items)-1]
	one := "kubernetes.io/hostname=" + node.Labels["kubernetes.io/hostname"]

	t.Run("image", func(t *testing.T) {
		_, talk, err := execute(t, "deploy", "-n", ns, "--image", "registry.invalid/meshery-agent:none", "--node-selector", one, "--timeout", "10s")
		if exit.Code(err) != exit.Timeout {
			t.Errorf("code %d, error %v", exit.Code(err), err)
		}
		contains(t, "stderr", talk, "no meshery-agent on node "+node.Name+": image \"registry.invalid/meshery-agent:none\" cannot be pulled", "--image")
		if len(nodes.Items) > 1 {
			contains(t, "stderr", talk, "no meshery-agent on node "+nodes.Items[0].Name+": the node has no label "+one)
		}
		_, talk = must(t, "status", "-n", ns)
		contains(t, "status", talk, node.Name+": image \"registry.invalid/meshery-agent:none\" cannot be pulled")
	})
	t.Run("no node", func(t *testing.T) {
		start := time.Now()
		_, talk, err := execute(t, "deploy", "-n", ns, "--image", agentImage(), "--node-selector", "no-such-label=x", "--timeout", "1m")
		if exit.Code(err) != exit.Failure || time.Since(start) > 30*time.Second {
			t.Errorf("code %d after %s, error %v", exit.Code(err), time.Since(start), err)
		}
		contains(t, "stderr", talk, "the node has no label no-such-label=x")
	})
	t.Run("refused", func(t *testing.T) {
		must(t, "undeploy", "-n", ns)
		_, err := c.Kubernetes.CoreV1().ResourceQuotas(ns).Create(t.Context(), &corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Name: "none"},
			Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, talk, err := execute(t, "deploy", "-n", ns, "--image", agentImage(), "--timeout", "6s")
		if exit.Code(err) != exit.Timeout {
			t.Errorf("code %d, error %v", exit.Code(err), err)
		}
		contains(t, "stderr", talk, "the pod was refused: ", "exceeded quota", "raise the namespace's resource quota")
		out, _, err := execute(t, "check", "-o", "wide", "-n", ns, "--image", agentImage())
		if exit.Code(err) != exit.Failure {
			t.Errorf("check: code %d, error %v", exit.Code(err), err)
		}
		contains(t, "check", out, "fail  Pod Security: ", "exceeded quota")
	})
}

// hold takes the run slot of one agent.
func hold(t *testing.T, c *cluster) (runID string) {
	t.Helper()
	set, err := discover.Agents(t.Context(), c.Kubernetes, c.namespace)
	if err != nil || len(set.Ready()) == 0 {
		t.Fatalf("agents: %+v, %v", set, err)
	}
	a := set.Ready()[0]
	conn, err := grpc.NewClient("passthrough:///"+a.Pod, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, pod string) (net.Conn, error) { return c.dial(ctx, pod) }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	runID = "0193a1c4-7c1e-7000-8000-0000000000ff"
	_, err = agentv1.NewAgentServiceClient(conn).PrepareRun(ctx, &agentv1.PrepareRunRequest{
		RunId: runID, StartDeadline: durationpb.New(2 * time.Minute),
		Plan: &agentv1.Plan{
			Name: "held", Owner: "tester", AgentCount: 1,
			Targets: []*agentv1.Target{{Name: "target", Protocol: agentv1.Protocol_PROTOCOL_HTTP1, Weight: 1, Url: fmt.Sprintf("http://%s/metrics", net.JoinHostPort(a.IP, fmt.Sprint(manifests.AgentMetricsPort))), Method: "GET", Timeout: durationpb.New(time.Second)}},
			Load:    &agentv1.Load{Rate: 1, Connections: 1, Duration: durationpb.New(time.Second)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return runID
}

func TestActiveRunIsNotEnded(t *testing.T) {
	ns, c := onCluster(t)
	must(t, "deploy", "-n", ns, "--image", agentImage())
	run := hold(t, c)
	for _, args := range [][]string{{"deploy", "--image", agentImage()}, {"undeploy"}} {
		out, _, err := execute(t, append(args, "-n", ns)...)
		if exit.Code(err) != exit.Failure || out != "" {
			t.Errorf("%v: code %d, stdout %q", args, exit.Code(err), out)
		} else {
			contains(t, args[0], err.Error(), run, "held", "started by tester", "--force")
		}
	}
	out, _ := must(t, "status", "-n", ns, "-o", "jsonpath={.nodes[*].activeRun.id}")
	if out != run {
		t.Errorf("active run %q, want %q", out, run)
	}
	must(t, "undeploy", "-n", ns, "--force")
}

// notice is an output that does something when something is said.
type notice struct {
	wanted string
	then   func()
	said   strings.Builder
}

func (n *notice) Write(p []byte) (int, error) {
	n.said.Write(p)
	if strings.Contains(n.said.String(), n.wanted) {
		n.then()
	}
	return len(p), nil
}

func TestInterruptedDeploy(t *testing.T) {
	ns, _ := onCluster(t)
	ctx, cancel := context.WithCancel(t.Context())
	streams, _, _, errOut := genericiooptions.NewTestIOStreams()
	streams.Out = &notice{wanted: "daemonset.apps/meshery-agent", then: cancel}
	root := NewRoot(streams)
	root.SetArgs([]string{"deploy", "-n", ns, "--image", "registry.invalid/none:1"})
	err := root.ExecuteContext(ctx)
	if exit.Code(err) != exit.Interrupted || !strings.Contains(err.Error(), "undeploy") {
		t.Errorf("code %d, error %v, stderr %s", exit.Code(err), err, errOut)
	}
	// What a deploy that did not end has left is found all the same.
	out, _ := must(t, "undeploy", "-n", ns)
	contains(t, "undeploy", out, "daemonset.apps/meshery-agent deleted", "namespace/"+ns+" deleted")
}

func TestWithoutRights(t *testing.T) {
	ns, _ := onCluster(t)
	out, _, err := execute(t, "check", "-n", ns, "--as", "nobody-in-particular", "-o", "json")
	if exit.Code(err) != exit.Failure {
		t.Errorf("code %d, error %v", exit.Code(err), err)
	}
	var results []check.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(results, func(r check.Result) bool { return r.Name == "right: pods/portforward" })
	if i < 0 || results[i].Status != check.Fail || !strings.Contains(results[i].Detail, "lacks get, create") || results[i].Hint == "" {
		t.Errorf("results %s", out)
	}
	for _, args := range [][]string{{"deploy"}, {"undeploy"}} {
		_, _, err = execute(t, append(args, "-n", ns, "--as", "nobody-in-particular")...)
		if exit.Code(err) != exit.Failure || !strings.Contains(fmt.Sprint(err), "forbidden") {
			t.Errorf("%v: code %d, error %v", args, exit.Code(err), err)
		}
	}
}

func TestCheckOnCluster(t *testing.T) {
	ns, _ := onCluster(t)
	archive := "file://" + t.TempDir()
	out, _ := must(t, "check", "-o", "wide", "-n", ns, "--image", agentImage(), "--kubelet-metrics", "--archive", archive)
	contains(t, "check", out, "ok    API server: v", "ok    right: daemonsets.apps: get, list, create, patch, delete",
		"ok    right: nodes/metrics: get", "ok    Pod Security: namespace", "ok    nodes: ", "  image: ", "  node-exporter: ",
		"ok    kubelet metrics: ", "  Prometheus: ", "ok    archive: "+archive)
	if strings.Contains(out, "fail") {
		t.Errorf("a check fails:\n%s", out)
	}
}

func TestServerDryRun(t *testing.T) {
	ns, c := onCluster(t)
	out, talk := must(t, "deploy", "-n", ns, "--image", agentImage(), "--dry-run=server", "--kubelet-metrics")
	contains(t, "stdout", out, "namespace/"+ns+" created (server dry run)", "priorityclass.scheduling.k8s.io/meshery-agent-"+ns+" serverside-applied (server dry run)")
	contains(t, "stderr", talk, "daemonset.apps/meshery-agent is not checked by the server")
	if found, err := c.Find(t.Context(), ns); err != nil || len(found) > 0 {
		t.Errorf("a dry run left %v, %v", found, err)
	}
}
