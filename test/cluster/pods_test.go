//go:build linux && cluster

package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

const probeRef = "example.test/probe:1"

const probeManifest = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: probe, namespace: default}
spec:
  selector: {matchLabels: {app: probe}}
  template:
    metadata:
      labels: {app: probe}
      annotations: {prometheus.io/scrape: "true", prometheus.io/port: "8080"}
    spec:
      containers: [{name: probe, image: "example.test/probe:1", imagePullPolicy: Never, args: [serve]}]
---
apiVersion: v1
kind: Service
metadata: {name: probe, namespace: default}
spec:
  selector: {app: probe}
  ports: [{port: 80, targetPort: 8080}]
`

func testPods(f fixture) {
	if out := f.must("load-image", "--name", name, f.probeImage(probeRef)); strings.TrimSpace(out) != probeRef {
		f.Errorf("load-image printed %q", out)
	}
	if _, code := f.run("load-image", "--name", name, "/no/such/file"); code != 2 {
		f.Errorf("loading a file that does not exist: exit code %d", code)
	}
	s := f.status(name)
	apply := exec.Command(s.Kubectl, "--kubeconfig", s.Kubeconfig, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(probeManifest)
	if out, err := apply.CombinedOutput(); err != nil {
		f.Fatalf("apply: %v: %s", err, out)
	}
	time.Sleep(time.Second) // until the controller has seen it: see exporterReady
	f.mustKubectl("rollout", "status", "daemonset/probe", "--timeout=60s")
	out := f.mustKubectl("exec", "daemonset/probe", "--", "/probe", "try",
		"http://probe.default.svc.cluster.local/",
		"http://prometheus.monitoring.svc:9090/-/ready",
		"http://s3.storage:7070/",
		"kubernetes.default.svc.cluster.local",
		"example.com",
		"192.0.2.1:80", "8.8.8.8:53", machineAddress(f)+":22",
	)
	f.Log(out)
	for _, want := range []string{
		`probe.default.svc.cluster.local/: 200 "probe-`,
		"-/ready: 200",
		"s3.storage:7070/: 403",
		"kubernetes.default.svc.cluster.local: [10.96.0.1]",
		"example.com: lookup example.com on 10.96.0.10:53: no such host",
	} {
		if !strings.Contains(out, want) {
			f.Errorf("no %q in that", want)
		}
	}
	if strings.Contains(out, ": connected") {
		f.Error("a pod reached something outside the cluster")
	}
	testPaths(f)
	if out := f.mustKubectl("logs", "-n", "kube-system", "deployment/coredns"); !strings.Contains(out, "CoreDNS") {
		f.Errorf("logs of CoreDNS: %q", out)
	}
}

// machineAddress is one of the machine's own addresses, other than loopback.
func machineAddress(f fixture) string {
	for _, l := range lines(f.T, "ip", "-o", "-4", "address", "show", "scope", "global") {
		if fields := strings.Fields(l); len(fields) > 3 {
			address, _, _ := strings.Cut(fields[3], "/")
			return address
		}
	}
	return "192.0.2.2" // none: nothing to reach
}

// testPaths has every pod call the Service until every pod, itself included, has
// answered: same node, other node, and hairpin.
func testPaths(f fixture) {
	pods := strings.Fields(f.mustKubectl("get", "pods", "-l", "app=probe", "-o", "jsonpath={.items[*].metadata.name}"))
	for _, from := range pods {
		var urls []string
		for range 20 {
			urls = append(urls, "http://probe.default/")
		}
		out := f.mustKubectl(append([]string{"exec", from, "--", "/probe", "try"}, urls...)...)
		for _, to := range pods {
			if !strings.Contains(out, to) {
				f.Errorf("pod %s was never answered by %s:\n%s", from, to, out)
			}
		}
		if n := strings.Count(out, ": 200"); n != len(urls) {
			f.Errorf("pod %s: %d of %d requests answered:\n%s", from, n, len(urls), out)
		}
	}
}

func testPrometheus(f fixture) {
	query := func(q string) int {
		resp, err := http.Get(f.status(name).Prometheus + "/api/v1/query?query=" + q)
		if err != nil {
			f.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct{ Data struct{ Result []any } }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			f.Fatal(err)
		}
		return len(answer.Data.Result)
	}
	for q, want := range map[string]int{
		`up{job="kubelet"}==1`:       4, // two nodes, two paths
		`up{job="node-exporter"}==1`: 2,
		`probe_up`:                   2,
		`container_cpu_usage_seconds_total{container="probe",metrics_path!=""}`:   4, // cadvisor and resource
		`container_memory_working_set_bytes{container="probe",image!="",pod!=""}`: 2,
		`count(node_cpu_seconds_total)by(node)`:                                   2,
	} {
		deadline := time.Now().Add(time.Minute)
		for query(strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", "=", "%3D").Replace(q)) != want {
			if time.Now().After(deadline) {
				f.Errorf("%s never has %d series", q, want)
				break
			}
			time.Sleep(time.Second)
		}
	}
}

// testS3 writes, reads and lists with the credentials that status gives.
func testS3(f fixture) {
	s := f.status(name).S3
	curl := func(args ...string) string {
		cmd := exec.Command("curl", append([]string{
			"-sS", "--aws-sigv4", "aws:amz:" + s.Region + ":s3", "--user", s.AccessKey + ":" + s.SecretKey,
			"-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
		}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			f.Fatalf("curl: %v: %s", err, out)
		}
		return string(out)
	}
	object := s.Endpoint + "/" + s.Bucket + "/a/b.txt"
	curl("-X", "PUT", "--data-binary", "hello", object)
	if got := curl(object); got != "hello" {
		f.Errorf("object holds %q", got)
	}
	if got := curl(s.Endpoint + "/" + s.Bucket + "?list-type=2"); !strings.Contains(got, "<Key>a/b.txt</Key>") {
		f.Errorf("listing: %s", got)
	}
	resp, err := http.Get(object)
	if err != nil {
		f.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusForbidden {
		f.Errorf("without credentials: %s", fmt.Sprint(resp.StatusCode, string(b)))
	}
}
