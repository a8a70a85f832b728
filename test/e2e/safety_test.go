//go:build e2e

package e2e

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestAnotherPodCannotReachTheAgentsGRPC(t *testing.T) {
	at := beside(t)
	nodes := nodeNames(t)
	if len(nodes) < 2 {
		t.Fatal("two nodes are needed")
	}
	ip := must(t, "get", "pods", "-n", at.agents, "--field-selector", "spec.nodeName="+nodes[1], "-o", "jsonpath={.items[0].status.podIP}").stdout
	// The other listener of the same pod can be reached, so it is not the network.
	metrics, _ := at.runJSON(t, "http://"+ip+":8911/metrics", "--node", nodes[0], "--rate", "5", "--duration", "2s", "--warmup", "0s")
	if metrics.Status.Requests.Succeeded == 0 {
		t.Errorf("the metrics listener cannot be reached: %+v", metrics.Status.Requests)
	}
	r := kubectl("meshery", "run", "http://"+ip+":8910/", "-n", at.agents, "--node", nodes[0])
	if r.code != 1 || !strings.Contains(r.stderr, "connection refused") {
		t.Errorf("the gRPC port: exit code %d, %s; want the connection refused", r.code, r.stderr)
	}
}

func TestTheAgentPodIsRestrictedAndLight(t *testing.T) {
	at := beside(t)
	if level := must(t, "get", "namespace", at.agents, "-o", `jsonpath={.metadata.labels.pod-security\.kubernetes\.io/enforce}`).stdout; level != "restricted" {
		t.Errorf("the namespace enforces %q, and the agents run in it: want restricted", level)
	}
	// What is asked is what it takes to have agents, not what runs have left.
	must(t, "delete", "pods", "--all", "-n", at.agents)
	must(t, "rollout", "status", "-n", at.agents, "daemonset/meshery-agent", "--timeout=90s")
	for _, pod := range strings.Fields(must(t, "get", "pods", "-n", at.agents, "-o", "jsonpath={.items[*].metadata.name}").stdout) {
		if rss := at.agentMetric(t, pod, "process_resident_memory_bytes"); rss > 30<<20 {
			t.Errorf("pod %s uses %.0f bytes, at most 30 MiB are allowed", pod, rss)
		}
		if info := at.agentMetric(t, pod, `meshery_agent_build_info\{.*\}`); info != 1 {
			t.Errorf("meshery_agent_build_info is %v", info)
		}
	}
}

// agentMetric is the value of a metric of an agent, by a pattern for its name and
// labels.
func (at *site) agentMetric(t *testing.T, pod, metric string) float64 {
	t.Helper()
	page := must(t, "get", "--raw", "/api/v1/namespaces/"+at.agents+"/pods/"+pod+":8911/proxy/metrics").stdout
	m := regexp.MustCompile(`(?m)^` + metric + ` (.*)$`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s in %s", metric, page)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// everything lists every object of the API but those that come and go by
// themselves.
func everything(t *testing.T) []string {
	t.Helper()
	kinds := slices.DeleteFunc(strings.Fields(must(t, "api-resources", "--verbs=list", "-o", "name").stdout), func(k string) bool {
		return slices.Contains([]string{"events", "events.events.k8s.io", "leases.coordination.k8s.io", "componentstatuses", "pods.metrics.k8s.io", "nodes.metrics.k8s.io"}, k)
	})
	out := must(t, "get", strings.Join(kinds, ","), "--all-namespaces", "--ignore-not-found", "-o",
		`jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}{"\n"}{end}`).stdout
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines)
	return lines
}

func TestUndeployLeavesNothingAndANodeWithoutAgentIsNamed(t *testing.T) {
	at := alone(t)
	const namespace = "meshery-e2e-gone"
	nodes := nodeNames(t)
	before := everything(t)
	must(t, "meshery", "deploy", "-n", namespace, "--image", os.Getenv("MESHERY_IMAGE"), "--kubelet-metrics",
		"--node-selector", "kubernetes.io/hostname="+nodes[0])
	if slices.Equal(before, everything(t)) {
		t.Error("the listing does not see what deploy made")
	}
	r := measured(t, "meshery", "run", at.target, "-n", namespace, "--rate", "10", "--duration", "1s", "--warmup", "0s", "-o", "json")
	got := parse(t, r.stdout)
	for _, node := range nodes[1:] {
		if !strings.Contains(r.stderr, node) {
			t.Errorf("node %s has no agent and is not named: %s", node, r.stderr)
		}
		named := false
		for _, n := range got.Status.NodesWithoutAgent {
			named = named || n.Node == node && n.Reason != ""
		}
		if !named {
			t.Errorf("node %s is not in the Result: %+v", node, got.Status.NodesWithoutAgent)
		}
		if one := kubectl("meshery", "run", at.target, "-n", namespace, "--node", node); one.code != 1 || !strings.Contains(one.stderr, node) {
			t.Errorf("--node %s: exit code %d, %s", node, one.code, one.stderr)
		}
	}
	must(t, "meshery", "undeploy", "-n", namespace)
	if after := everything(t); !slices.Equal(before, after) {
		t.Errorf("before deploy:\n%s\nafter undeploy:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}
