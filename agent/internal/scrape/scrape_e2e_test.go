//go:build e2e

package scrape

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/meshery/kubectl-meshery/internal/queries"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// nodeExporter starts a real node-exporter, the program NODE_EXPORTER or the one
// of the test cluster, with the collectors that are off by default and wanted.
func nodeExporter(t *testing.T) string {
	t.Helper()
	program := os.Getenv("NODE_EXPORTER")
	if program == "" {
		out, err := exec.CommandContext(t.Context(), "go", "run", "-C", "../../../test/cluster", ".", "bin", "node_exporter").Output()
		if err != nil {
			t.Fatalf("no node-exporter: set NODE_EXPORTER to the program: %v", err)
		}
		program = strings.TrimSpace(string(out))
	}
	cmd := exec.CommandContext(t.Context(), program, "--web.listen-address=127.0.0.1:0", "--collector.tcpstat")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(stderr)
	t.Cleanup(func() { _ = cmd.Process.Kill(); _, _ = io.Copy(io.Discard, stderr); _ = cmd.Wait() })
	for log.Scan() {
		if _, address, ok := strings.Cut(log.Text(), "address=127.0.0.1:"); ok {
			go io.Copy(io.Discard, stderr)
			return "http://127.0.0.1:" + strings.Fields(address)[0] + "/metrics"
		}
	}
	t.Fatal("node-exporter ended before it listened")
	return ""
}

// collect runs the scraper for n readings and answers the values of every series.
func collect(t *testing.T, s *Scraper, n int) (known map[uint32]*agentv1.Series, got map[uint32][]float64, stamps map[uint32][]int64) {
	t.Helper()
	known, got, stamps = map[uint32]*agentv1.Series{}, map[uint32][]float64{}, map[uint32][]int64{}
	for _, one := range runUntil(t, s, values(n)) {
		// A tick that a busy machine lets pass is named, as it should be, and no
		// failure: what counts here are the readings that were made.
		if e := one.GetError(); e != "" && !strings.HasPrefix(e, "reading skipped") {
			t.Errorf("reading failed: %s", one.GetError())
		}
		for _, series := range one.GetNewSeries() {
			known[series.GetId()] = series
		}
		for i, id := range one.GetSeriesIds() {
			got[id] = append(got[id], one.GetValues()[i])
			if len(one.GetSampleUnixMilli()) > 0 {
				stamps[id] = append(stamps[id], one.GetSampleUnixMilli()[i])
			}
		}
	}
	return known, got, stamps
}

// TestNodeExporter holds the table against the real thing: the kinds agree, and
// the figures that every Linux machine has are there.
func TestNodeExporter(t *testing.T) {
	url := nodeExporter(t)
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page := bufio.NewScanner(resp.Body)
	for page.Scan() {
		fields := strings.Fields(page.Text())
		if len(fields) != 4 || fields[1] != "TYPE" {
			continue
		}
		name, kind := fields[2], fields[3]
		rule, ok := nodeExporterTable[name]
		if !ok || kind == "untyped" || strings.HasPrefix(name, "node_nf_conntrack_stat_") {
			continue
		}
		if rule.counter != (kind == "counter") {
			t.Errorf("%s is a %s, the table says counter: %v", name, kind, rule.counter)
		}
	}

	s := newScraper(t, Config{Interval: 100 * time.Millisecond, NodeExporterURL: url})
	st := s.Probe(t.Context())[0]
	if !st.GetAvailable() || st.GetDetail() != url {
		t.Fatalf("status %v", st)
	}
	known, got, _ := collect(t, s, 10)
	seen := map[string]int{}
	for id, series := range known {
		seen[series.GetName()]++
		// There is no series for a state that no connection is in.
		if len(got[id]) < 10 && series.GetName() != "node_tcp_connection_states" {
			t.Errorf("%v has %d samples, want at least 10", series, len(got[id]))
		}
		if series.GetCounter() && !slices.IsSorted(got[id]) {
			t.Errorf("the counter %v falls: %v", series, got[id])
		}
		if _, ok := series.GetLabels()["cpu"]; ok {
			t.Errorf("%v is there for each CPU", series)
		}
	}
	for _, name := range []string{
		CoresSeries, "node_load1", "node_memory_MemAvailable_bytes", "node_network_receive_bytes_total",
		"node_netstat_Tcp_RetransSegs", "node_sockstat_TCP_tw", "node_softnet_dropped_total", "node_context_switches_total",
		"node_boot_time_seconds", "node_uname_info", "node_tcp_connection_states",
	} {
		if seen[name] == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if modes := seen["node_cpu_seconds_total"]; modes != 8 {
		t.Errorf("CPU time in %d modes, want 8", modes)
	}
	t.Logf("%d series of %d metrics", len(known), len(seen))
}

// cluster is the API server named by KUBECONFIG.
func cluster(t *testing.T) (kubernetes.Interface, string, string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil || os.Getenv("KUBECONFIG") == "" {
		t.Fatalf("no cluster: set KUBECONFIG: %v", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ca := config.CAData
	if len(ca) == 0 {
		if ca, err = os.ReadFile(config.CAFile); err != nil {
			t.Fatal(err)
		}
	}
	return client, config.Host, writeFile(t, "ca.crt", string(ca))
}

// TestKubelet reads a real kubelet, through the API server, which hands the page
// on unchanged: the nodes' own addresses need not be reachable from here.
func TestKubelet(t *testing.T) {
	client, host, ca := cluster(t)
	ctx := t.Context()
	ns, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "meshery-scrape-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	meta := metav1.ObjectMeta{Name: ns.Name}
	t.Cleanup(func() {
		ctx := context.Background()
		_ = client.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{})
		_ = client.RbacV1().ClusterRoles().Delete(ctx, ns.Name, metav1.DeleteOptions{})
		_ = client.RbacV1().ClusterRoleBindings().Delete(ctx, ns.Name, metav1.DeleteOptions{})
	})
	if _, err := client.CoreV1().ServiceAccounts(ns.Name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := client.CoreV1().ServiceAccounts(ns.Name).CreateToken(ctx, ns.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil || len(nodes.Items) == 0 {
		t.Fatalf("nodes: %v", err)
	}
	s := newScraper(t, Config{Interval: 500 * time.Millisecond, Kubelet: true, Node: Node{
		Name: nodes.Items[0].Name, KubeletURL: host + "/api/v1/nodes/$(NODE_NAME)/proxy/metrics/resource",
		TokenFile: writeFile(t, "token", token.Status.Token), CAFile: ca,
	}})
	if st := s.Probe(ctx)[0]; st.GetAvailable() || !strings.Contains(st.GetDetail(), "403 Forbidden: the agent may not get nodes/metrics: deploy it again with --kubelet-metrics") {
		t.Errorf("without the role: %v", st)
	}

	role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"nodes/proxy", "nodes/metrics"}, Verbs: []string{"get"}}}}
	if _, err := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: meta,
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: ns.Name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: ns.Name, Namespace: ns.Name}}}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second) // the authorizer learns of it by a watch
	for {
		st := s.Probe(ctx)[0]
		if st.GetAvailable() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("with the role: %v", st)
		}
		time.Sleep(100 * time.Millisecond)
	}

	known, got, stamps := collect(t, s, 30)
	byName := map[string]int{}
	for id, series := range known {
		byName[series.GetName()]++
		if series.GetName() == "container_start_time_seconds" {
			continue
		}
		if slices.Contains(stamps[id], 0) || !slices.IsSorted(stamps[id]) || len(slices.Compact(slices.Clone(stamps[id]))) != len(got[id]) {
			t.Errorf("%v: timestamps %v are not each new", series, stamps[id])
		}
		// Pods of other tests end in the meantime, and their counters with them.
		stays := slices.Contains([]string{"", "kube-system", "monitoring"}, series.GetLabels()["namespace"])
		if series.GetCounter() && stays && !slices.IsSorted(got[id]) {
			t.Errorf("the counter %v falls: %v", series, got[id])
		}
	}
	for name := range kubeletTable {
		if byName[name] == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	t.Logf("%v", byName)
}

// TestPrometheus asks a real Prometheus the default queries.
func TestPrometheus(t *testing.T) {
	url := os.Getenv("PROMETHEUS_URL")
	if url == "" {
		t.Fatal("no Prometheus: set PROMETHEUS_URL")
	}
	all := append(queries.Default(), queries.Query{Name: "wrong", Query: "rate(x[$window]"}, queries.Query{Name: "none", Query: "no_such_metric"})
	s := newScraper(t, Config{Prometheus: &Prometheus{URL: url, Queries: all}})
	if st := s.Probe(t.Context())[0]; !st.GetAvailable() {
		t.Fatalf("status %v", st)
	}
	end := time.Now()
	start := end.Add(-time.Minute) // the kubelet looks at containers every 10 s or so
	s.Query(t.Context(), start, end, func(r *agentv1.RangeResult) {
		want := map[string]string{
			"wrong": "bad_data: ",
			"none":  "no series: Prometheus does not have the metrics",
		}[r.GetName()]
		if (want == "") != (r.GetError() == "") || !strings.HasPrefix(r.GetError(), want) {
			t.Errorf("%s: error %q, want %q", r.GetName(), r.GetError(), want)
		}
		if want != "" {
			return
		}
		last := int64(0)
		for _, series := range r.GetSeries() {
			last = max(last, series.GetUnixMilli()[len(series.GetUnixMilli())-1])
		}
		if len(r.GetSeries()) == 0 || last != end.UnixMilli() {
			t.Errorf("%s: %d series up to %d, want some up to %d", r.GetName(), len(r.GetSeries()), last, end.UnixMilli())
		}
	})
}
