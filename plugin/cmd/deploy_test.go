package cmd

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// A client-side dry run needs no cluster, not even a kubeconfig.
func TestDeployDryRunClient(t *testing.T) {
	home(t)
	stdout, stderr, err := execute(t, "deploy", "--dry-run=client", "-n", "mesh-a", "--image", "example.org/agent:1")
	if err != nil || stderr != "" {
		t.Fatalf("%v, stderr %q", err, stderr)
	}
	var kinds []string
	for _, document := range strings.Split(stdout, "---\n") {
		var o struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		if o.Kind != "" {
			kinds = append(kinds, o.Kind)
		}
	}
	if want := []string{"Namespace", "PriorityClass", "ServiceAccount", "NetworkPolicy", "DaemonSet"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	if !strings.Contains(stdout, "image: example.org/agent:1") {
		t.Error("the image is not the one given")
	}
}

func TestDeployDryRunFormats(t *testing.T) {
	home(t)
	stdout, _, err := execute(t, "deploy", "--dry-run=client", "-o", "name", "--kubelet-metrics")
	if err != nil || !strings.Contains(stdout, "daemonset.apps/meshery-agent\n") || !strings.Contains(stdout, "clusterrole.rbac.authorization.k8s.io/meshery-agent-meshery\n") {
		t.Errorf("%v: %q", err, stdout)
	}
	for _, format := range []string{"wide", "table"} {
		stdout, _, err := execute(t, "deploy", "--dry-run=client", "-o", format)
		if err != nil || !strings.Contains(stdout, "namespace/meshery created (dry run)\n") || !strings.HasSuffix(stdout, "daemonset.apps/meshery-agent created (dry run)\n") {
			t.Errorf("-o %s: %v: %q", format, err, stdout)
		}
	}
	stdout, _, err = execute(t, "deploy", "--dry-run=client", "-o", "json")
	var list struct {
		Kind  string
		Items []map[string]any
	}
	if err != nil || json.Unmarshal([]byte(stdout), &list) != nil || list.Kind != "List" || len(list.Items) != 5 {
		t.Errorf("%v: %.200q", err, stdout)
	}
	stdout, _, err = execute(t, "deploy", "--dry-run=client", "-o", "jsonpath={.items[4].spec.template.spec.nodeSelector}", "--node-selector", "pool=load")
	if err != nil || !strings.Contains(stdout, `"pool":"load"`) || !strings.Contains(stdout, `"kubernetes.io/os":"linux"`) {
		t.Errorf("%v: %q", err, stdout)
	}
}

func TestDeployUsageErrors(t *testing.T) {
	home(t)
	cases := map[string]struct {
		args []string
		want string
	}{
		"dry run":            {[]string{"deploy", "--dry-run=maybe"}, "use none, client or server"},
		"timeout":            {[]string{"deploy", "--timeout=0s"}, "--timeout 0s is not positive"},
		"namespace":          {[]string{"deploy", "-n", "Mesh"}, `namespace "Mesh" is not a name: use lower-case letters`},
		"selector key":       {[]string{"deploy", "--node-selector", "a b=c"}, `node selector key "a b" is not a label's`},
		"names of checks":    {[]string{"check", "-o", "name"}, "has no name"},
		"name of a version":  {[]string{"version", "-o", "name"}, "has no name"},
		"reserved namespace": {[]string{"deploy", "-n", "meshery-node-exporter"}, "is kept for node-exporter"},
		"selector":           {[]string{"deploy", "--node-selector", "pool"}, "must be formatted as key=value"},
		"format":             {[]string{"deploy", "-o", "xml"}, `output format "xml" is unknown`},
		"image":              {[]string{"check", "--image", ""}, "is not an image reference"},
		"argument":           {[]string{"undeploy", "mesh-a"}, "unknown command"},
		"undeploy's timeout": {[]string{"undeploy", "--timeout=-1s"}, "is not positive"},
		"status format":      {[]string{"status", "-o", "jsonpath={"}, "cannot be parsed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			stdout, _, err := execute(t, c.args...)
			if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "regex") {
				t.Errorf("code %d, error %v; want 2 and %q", exit.Code(err), err, c.want)
			}
			if stdout != "" {
				t.Errorf("stdout %q", stdout)
			}
		})
	}
}

func TestNoCluster(t *testing.T) {
	home(t)
	for _, args := range [][]string{{"status"}, {"deploy"}, {"undeploy"}} {
		args = append(args, "--server", "http://127.0.0.1:9")
		_, _, err := execute(t, args...)
		if exit.Code(err) != exit.Failure || !strings.HasPrefix(err.Error(), "the API server http://127.0.0.1:9 cannot be reached: ") ||
			!strings.Contains(err.Error(), "refused; see whether 'kubectl version' works") {
			t.Errorf("%v: code %d, error %q", args, exit.Code(err), err)
		}
	}
	stdout, _, err := execute(t, "check", "-o", "wide", "--server", "http://127.0.0.1:9")
	if exit.Code(err) != exit.Failure || !strings.HasPrefix(stdout, "fail  API server: ") {
		t.Errorf("code %d, %q", exit.Code(err), stdout)
	}
	// The archive is not the cluster's and is checked all the same.
	if !strings.Contains(stdout, "ok    archive: file://") {
		t.Errorf("no line about the archive: %q", stdout)
	}
}

func TestStatusTable(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ended := &agentv1.RunStatus{RunId: "0193a1c4-0000-7000-8000-000000000002", Phase: agentv1.RunPhase_RUN_PHASE_SUCCEEDED}
	set := &discover.Set{
		DaemonSet: &appsv1.DaemonSet{},
		Agents: []discover.Agent{
			{Node: "worker-1", Pod: "meshery-agent-aaaaa", Ready: true, Created: now.Add(-3 * time.Hour)},
			{Node: "worker-2", Pod: "meshery-agent-bbbbb", Created: now.Add(-time.Minute), Reason: "image cannot be pulled", Hint: "use --image"},
		},
		Missing: []discover.Missing{{Node: "cp-1", Reason: "taint", Hint: "deploy with --tolerate-all"}},
	}
	set.DaemonSet.Spec.Template.Spec.Containers = make([]corev1.Container, 1)
	run := toRunStatus(&agentv1.RunStatus{RunId: "0193a1c4-7c1e-7000-8000-000000000001", Name: "checkout", Phase: agentv1.RunPhase_RUN_PHASE_RUNNING})
	ends := now.Add(90 * time.Second)
	s := agentsStatus{PluginVersion: "v2"}
	s.fill(set, []deploy.Activity{{Agent: set.Agents[0], Info: &agentv1.GetInfoResponse{Version: "v1", SpooledRuns: []*agentv1.RunStatus{ended}}}})
	s.Nodes[1].Run = &run
	s.Nodes[1].Run.Ends = &ends
	var out bytes.Buffer
	if err := s.table(&out, false, now); err != nil {
		t.Fatal(err)
	}
	want := `NODE       POD                   READY   VERSION   RUN             ENDS     AGE
cp-1       <none>                no      -         -               -        -
worker-1   meshery-agent-aaaaa   yes     v1        0193a1c4-7c1e   in 90s   3h
worker-2   meshery-agent-bbbbb   no      -         -               -        60s
`
	if out.String() != want {
		t.Errorf("table:\n%s\nwant:\n%s", out.String(), want)
	}
	notes := strings.Join(s.notes(), "\n")
	for _, w := range []string{
		"node cp-1: taint; deploy with --tolerate-all", "node worker-2: image cannot be pulled; use --image",
		"versions differ: this plugin is v2, agents are v1", "is still on 1 agent; fetch it with 'kubectl meshery attach " + ended.RunId,
	} {
		if !strings.Contains(notes, w) {
			t.Errorf("notes lack %q:\n%s", w, notes)
		}
	}
}
