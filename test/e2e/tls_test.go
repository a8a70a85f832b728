//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

// A workload with a certificate of its own, which wants one of every client, is
// called over HTTPS, HTTP/2 and gRPC by agents that show theirs, and refuses
// those that cannot. Nothing of the key is kept.
func TestMutualTLS(t *testing.T) {
	at := beside(t)
	const host = "meshery-echo." + secured
	ours, others := testcert.New(t), testcert.New(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca, otherCA := file("ca.crt", ours.PEM), file("other.crt", others.PEM)
	serverCert, serverKey := ours.Issue(t, host)
	clientCert, clientKey := ours.Issue(t, "agents")
	cert, key := file("client.crt", clientCert), file("client.key", clientKey)

	must(t, "create", "namespace", secured)
	t.Cleanup(func() { must(t, "delete", "namespace", secured, "--wait=false") }) // tearDown waits
	must(t, "create", "secret", "generic", "echo-tls", "-n", secured, "--from-file=ca.crt="+ca,
		"--from-file=tls.crt="+file("tls.crt", serverCert), "--from-file=tls.key="+file("tls.key", serverKey))
	err := applyEcho(secured,
		"          args: [echo]\n", `          args: [echo, --grpc-tls-listen=:8479, --tls-cert=/tls/tls.crt, --tls-key=/tls/tls.key, --tls-client-ca=/tls/ca.crt]
          volumeMounts: [{name: tls, mountPath: /tls, readOnly: true}]
`,
		"      containers:\n", "      volumes: [{name: tls, secret: {secretName: echo-tls}}]\n      containers:\n",
		"    - name: https\n      port: 8443\n", "    - {name: grpcs, port: 8479, targetPort: 8479}\n    - name: https\n      port: 8443\n",
	)
	if err != nil {
		t.Fatal(err)
	}

	if err := at.reach(host); err != nil {
		t.Fatal(err)
	}

	run := spec(t, "load: {rate: 200, duration: 1s, connections: 4}")
	shown := []string{"--target-ca", ca, "--target-cert", cert, "--target-key", key}
	for _, c := range []struct {
		name, counter string
		args          []string
	}{
		{"https", "echo_requests_total", []string{"https://" + host + ":8443/"}},
		{"http2", "echo_requests_total", []string{"https://" + host + ":8443/", "--protocol", "http/2"}},
		{"grpcs", "echo_grpc_requests_total", []string{"grpcs://" + host + ":8479"}},
	} {
		args := append(append(c.args, run...), "--target-ca", ca)
		t.Run(c.name, func(t *testing.T) {
			before := counted(t, secured)
			r, _ := at.runJSON(t, append(args, shown...)...)
			if n := counted(t, secured).since(before).sum(c.counter); n != sent(r) || r.Status.Requests.Succeeded != 200 || !believable(&r.Status) {
				t.Errorf("%d requests sent, %+v, validity %+v; the workload counted %d", sent(r), r.Status.Requests, r.Status.Validity, n)
			}
		})
		if c.name == "http2" {
			continue // refused in the same handshake as https
		}
		t.Run(c.name+" without certificate", func(t *testing.T) {
			before := counted(t, secured)
			r := kubectl(append([]string{"meshery", "run", "-n", at.agents}, args...)...)
			oneLine(t, r, 1, host, "want a certificate of the client?", "--target-cert")
			if d := counted(t, secured).since(before); len(d) > 0 {
				t.Errorf("the workload counted %v", d)
			}
		})
	}
	t.Run("another authority", func(t *testing.T) {
		r := kubectl(append([]string{"meshery", "run", "-n", at.agents, "https://" + host + ":8443/", "--target-ca", otherCA}, run...)...)
		oneLine(t, r, 1, host, "certificate", "--target-ca")
	})
}
