//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

func parse(t *testing.T, text string) *resultDoc {
	t.Helper()
	r := &resultDoc{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return r
}

// sent is every request of a run, the warm-up's included.
func sent(r *resultDoc) int64 {
	n := r.Status.Requests.Sent
	if r.Status.Warmup != nil {
		n += r.Status.Warmup.Sent
	}
	return n
}

// The main job: both ends count the same, everything that was to be read was
// read, and what is archived is what was printed.
func TestRun(t *testing.T) {
	at := beside(t)
	before := at.served(t)
	// The kubelet looks at a container every 10 to 20 s: 45 s hold two readings.
	r, printed := at.runJSON(t, at.target, "--rate", "300", "--duration", "45s", "--warmup", "2s", "--name", "main-job", "--label", "build=e2e")
	s := r.Status
	if s.Phase != "Succeeded" || !believable(&s) {
		t.Errorf("phase %s, validity %+v", s.Phase, s.Validity)
	}
	if got := at.served(t) - before; got != sent(r) {
		t.Errorf("agents sent %d requests, the workload counted %d", sent(r), got)
	}
	if s.Requests.Planned != 13500 || s.Requests.Succeeded != 13500 || s.Requests.Codes["200"] != 13500 {
		t.Errorf("requests %+v, want 13500 planned and succeeded", s.Requests)
	}
	nodes := nodeNames(t)
	if len(s.Agents) != len(nodes) {
		t.Fatalf("%d agents on %d nodes", len(s.Agents), len(nodes))
	}
	merged := histogram.New()
	for _, a := range s.Agents {
		h, err := histogram.Decode([]byte(a.Histograms.ResponseTime))
		if err != nil {
			t.Fatal(err)
		}
		merged.Merge(h)
	}
	whole, err := histogram.Decode([]byte(s.Histograms.ResponseTime))
	if err != nil || !whole.Equal(merged) || whole.Count() != s.Requests.Planned {
		t.Errorf("the merged histogram is not the sum of the agents' (%v)", err)
	}
	at.checkResources(t, &s, nodes)
	if got := object(t, r.Metadata.RunID); string(got) != string(printed) {
		t.Error("the object in the bucket differs from what was printed")
	}
	if got := must(t, "meshery", "results", "get", r.Metadata.RunID, "-o", "json").stdout; got != string(printed) {
		t.Error("'results get' differs from what was printed")
	}
	list := must(t, "meshery", "results", "list", "--name", "main-job", "--label", "build=e2e", "-o", "name").stdout
	if !strings.Contains(list, r.Metadata.RunID) {
		t.Errorf("'results list' lacks the run: %s", list)
	}
}

// believable is validity but for the generator's lateness, which is the machine's:
// where many things run at once, it is as it should be that it is found.
func believable(s *resultStatus) bool {
	return !slices.ContainsFunc(s.Validity.Reasons, func(r string) bool { return !strings.HasPrefix(r, "the generator was late") })
}

func (at *site) checkResources(t *testing.T, s *resultStatus, nodes []string) {
	t.Helper()
	for _, node := range nodes {
		i := slices.Index(s.nodesRead(), node)
		if i < 0 {
			t.Errorf("no node-exporter series of node %s", node)
			continue
		}
		n := s.Resources.Nodes[i]
		if n.CPUSeconds["user"] <= 0 || n.Cores < 1 || n.CPUUtilization == nil || n.WindowSeconds < 30 || n.WindowSeconds > 45 {
			t.Errorf("node %s: CPU %v in %v s on %d cores", node, n.CPUSeconds, n.WindowSeconds, n.Cores)
		}
		for _, name := range []string{"node_memory_MemAvailable_bytes", "node_network_receive_bytes_total", "node_netstat_Tcp_RetransSegs", "node_context_switches_total"} {
			few := true
			for _, series := range n.Series {
				few = few && (series.Name != name || series.Samples <= 10)
			}
			if few {
				t.Errorf("node %s: no or few samples of %s", node, name)
			}
		}
	}
	workload := false
	for _, c := range s.Resources.Containers {
		name := c.Namespace + "/" + c.Pod + "/" + c.Container
		if read := c.CPUSamples >= 2; (c.CPUSeconds != nil) != read || (c.WindowSeconds != nil) != read || (c.MeanCores != nil) != read {
			t.Errorf("container %s: figures that %d readings of CPU do not give, or give and that are absent", name, c.CPUSamples)
		}
		if c.Namespace != at.shop || c.Container != "echo" {
			continue
		}
		workload = workload || c.CPUSeconds != nil && *c.CPUSeconds > 0 && c.MemoryMeanBytes != nil && *c.MemoryMeanBytes > 0
		if !slices.Contains(s.Environment.TargetPods, c.Namespace+"/"+c.Pod) {
			t.Errorf("the pod of container %s is not among those behind the target: %q", name, s.Environment.TargetPods)
		}
	}
	if !workload {
		t.Errorf("no CPU of the workload's container: %+v", s.Resources.Containers)
	}
	checkQueries(t, s)
	for _, source := range s.Resources.Sources {
		if !source.Available {
			t.Errorf("source %+v is absent", source)
		}
	}
}

// checkQueries wants of every default query series with points, or the reason
// why it has none: a kernel or an exporter may lack a metric. The three whose
// metrics exist everywhere are to have points.
func checkQueries(t *testing.T, s *resultStatus) {
	t.Helper()
	asked := map[string]bool{}
	for _, q := range s.Resources.Prometheus {
		asked[q.Name] = true
		points := 0
		for _, series := range q.Series {
			points += len(series.Points)
		}
		everywhere := slices.Contains([]string{"container-cpu", "container-memory", "node-cpu-utilization"}, q.Name)
		if points == 0 && (everywhere || q.Error == "") {
			t.Errorf("query %s has no points: %q", q.Name, q.Error)
		}
	}
	for _, name := range []string{"container-cpu", "container-memory", "node-cpu-utilization", "node-kernel-cpu",
		"node-network-received", "node-network-transmitted", "node-tcp-retransmits"} {
		if !asked[name] {
			t.Errorf("query %s was not asked", name)
		}
	}
}

func nodeNames(t *testing.T) []string {
	t.Helper()
	return strings.Fields(must(t, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").stdout)
}

// object reads the Result's object from the bucket with a client of its own.
func object(t *testing.T, runID string) []byte {
	t.Helper()
	endpoint, secure := strings.CutPrefix(os.Getenv("S3_ENDPOINT"), "https://")
	endpoint = strings.TrimPrefix(endpoint, "http://")
	c, err := minio.New(endpoint, &minio.Options{Secure: secure, Region: os.Getenv("S3_REGION"), BucketLookup: minio.BucketLookupPath,
		Creds: credentials.NewStaticV4(os.Getenv("S3_ACCESS_KEY"), os.Getenv("S3_SECRET_KEY"), "")})
	if err != nil {
		t.Fatal(err)
	}
	for o := range c.ListObjects(t.Context(), os.Getenv("S3_BUCKET"), minio.ListObjectsOptions{Prefix: "e2e/runs/", Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if !strings.HasSuffix(o.Key, runID+"/result.json") {
			continue
		}
		body, err := c.GetObject(t.Context(), os.Getenv("S3_BUCKET"), o.Key, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, o.Size)
		for n := 0; n < len(b); {
			m, err := body.Read(b[n:])
			if n += m; err != nil && n < len(b) {
				t.Fatal(err)
			}
		}
		return b
	}
	t.Fatalf("no object of run %s", runID)
	return nil
}

var runLine = regexp.MustCompile(`(?m)^run ([0-9a-f-]{36}) `)

// begin starts a long run and returns once its load is under way.
func (at *site) begin(t *testing.T, args ...string) (id string, interrupt func(os.Signal), wait func() result) {
	t.Helper()
	return at.beginIn(t, nil, args...)
}

// beginIn is begin with more in the environment.
func (at *site) beginIn(t *testing.T, env []string, args ...string) (id string, interrupt func(os.Signal), wait func() result) {
	t.Helper()
	c := command(append([]string{"meshery", "run", at.target, "-n", at.agents, "-o", "json", "--warmup", "0s"}, args...)...)
	c.Env = append(c.Env, env...)
	return at.beginCommand(t, c)
}

// beginCommand starts a command that runs a Test, and returns once its load is
// under way.
func (at *site) beginCommand(t *testing.T, c *exec.Cmd) (id string, interrupt func(os.Signal), wait func() result) {
	t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr := &watched{ids: make(chan string, 1)}
	var stdout strings.Builder
	c.Stdout, c.Stderr = &stdout, stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan result, 1)
	go func() {
		_ = c.Wait()
		done <- result{args: c.Args[1:], stdout: stdout.String(), stderr: stderr.String(), code: c.ProcessState.ExitCode()}
	}()
	select {
	case id = <-stderr.ids:
	case r := <-done:
		t.Fatal(r.err())
	case <-time.After(time.Minute):
		t.Fatalf("no run within a minute: %s", stderr)
	}
	at.waitServed(t)
	return id, func(s os.Signal) { _ = syscall.Kill(-c.Process.Pid, s.(syscall.Signal)) },
		func() result { return <-done }
}

// waitServed returns when the workload counts requests.
func (at *site) waitServed(t *testing.T) {
	t.Helper()
	first := at.served(t)
	for range 100 {
		if at.served(t) > first {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the workload gets no requests")
}

func TestInterruptStopsTheLoadAndKeepsWhatWasMeasured(t *testing.T) {
	at := beside(t)
	before := at.served(t)
	id, interrupt, wait := at.begin(t, "--rate", "100", "--duration", "10m")
	interrupt(syscall.SIGINT)
	r := wait()
	if r.code != 130 {
		t.Errorf("exit code %d, want 130: %s", r.code, r.stderr)
	}
	got := parse(t, r.stdout)
	if got.Status.Phase != "Cancelled" || got.Status.Requests.Sent == 0 || got.Status.Validity.Valid {
		t.Errorf("phase %s, requests %+v, validity %+v", got.Status.Phase, got.Status.Requests, got.Status.Validity)
	}
	if n := at.served(t) - before; n != sent(got) {
		t.Errorf("agents sent %d requests, the workload counted %d", sent(got), n)
	}
	if string(object(t, id)) != r.stdout {
		t.Error("the object in the bucket differs from what was printed")
	}
	if active := must(t, "meshery", "status", "-n", at.agents, "-o", "jsonpath={.nodes[*].activeRun.id}").stdout; strings.TrimSpace(active) != "" {
		t.Errorf("run %s is still active", active)
	}
}

func TestARunOutlivesItsPluginAndAttachFetchesIt(t *testing.T) {
	at := beside(t)
	before := at.served(t)
	id, interrupt, wait := at.begin(t, "--rate", "100", "--duration", "12s")
	interrupt(syscall.SIGKILL)
	wait()
	second := kubectl("meshery", "run", at.target, "-n", at.agents)
	if second.code != 1 || !strings.Contains(second.stderr, id) {
		t.Errorf("a second run: exit code %d, %s; want it refused, naming run %s", second.code, second.stderr, id)
	}
	if refused := kubectl("meshery", "undeploy", "-n", at.agents); refused.code != 1 || !strings.Contains(refused.stderr, id) {
		t.Errorf("undeploy during a run: exit code %d, %s", refused.code, refused.stderr)
	}
	r := measured(t, "meshery", "attach", id, "-n", at.agents, "-o", "json")
	got := parse(t, r.stdout)
	if got.Status.Phase != "Succeeded" || got.Status.Requests.Sent != 1200 {
		t.Errorf("phase %s, requests %+v", got.Status.Phase, got.Status.Requests)
	}
	if n := at.served(t) - before; n != sent(got) {
		t.Errorf("agents sent %d requests, the workload counted %d", sent(got), n)
	}
	// From now on it is the archived Result, for the agents have forgotten the run.
	if again := measured(t, "meshery", "attach", id, "-n", at.agents, "-o", "json"); again.stdout != r.stdout || strings.Contains(again.stderr, "Warning") {
		t.Errorf("attached again: %s\n%s\nfirst\n%s", again.stderr, again.stdout, r.stdout)
	}
	const unknown = "0193a1c4-7c1e-7000-8000-000000000009"
	if none := kubectl("meshery", "attach", unknown, "-n", at.agents); none.code != 1 || !strings.Contains(none.stderr, "no agent has run") {
		t.Errorf("attach to nothing: exit code %d, %s", none.code, none.stderr)
	}
}

func TestALostAgentIsNamedAndItsShareKept(t *testing.T) {
	at := beside(t)
	_, _, wait := at.begin(t, "--rate", "100", "--duration", "15s")
	time.Sleep(2 * time.Second) // some seconds of its load are to be kept
	pod := strings.Fields(must(t, "get", "pods", "-n", at.agents, "-o", "jsonpath={.items[*].metadata.name}").stdout)[0]
	node := must(t, "get", "pod", pod, "-n", at.agents, "-o", "jsonpath={.spec.nodeName}").stdout
	must(t, "delete", "pod", pod, "-n", at.agents, "--grace-period=0", "--force")
	r := wait()
	if r.code != 4 || !strings.Contains(r.stderr, node) {
		t.Errorf("exit code %d, want 4 and node %s named: %s", r.code, node, r.stderr)
	}
	got := parse(t, r.stdout)
	for _, a := range got.Status.Agents {
		if a.Node == node && (a.Phase == "Succeeded" || a.Requests.Sent == 0) {
			t.Errorf("the agent that was lost: %s with %d requests", a.Phase, a.Requests.Sent)
		}
		if a.Node != node && a.Phase != "Succeeded" {
			t.Errorf("agent on %s: %s %s", a.Node, a.Phase, a.Reason)
		}
	}
	if got.Status.Phase != "Partial" {
		t.Errorf("phase %s, want Partial", got.Status.Phase)
	}
	must(t, "rollout", "status", "-n", at.agents, "daemonset/meshery-agent", "--timeout=90s")
}

// watched collects what is written and hands out the run's id.
type watched struct {
	text strings.Builder
	ids  chan string
}

func (w *watched) Write(p []byte) (int, error) {
	w.text.Write(p)
	if m := runLine.FindStringSubmatch(w.text.String()); m != nil {
		select {
		case w.ids <- m[1]:
		default:
		}
	}
	return len(p), nil
}

func (w *watched) String() string { return w.text.String() }
