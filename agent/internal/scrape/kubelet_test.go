package scrape

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// kubeletServer answers like a kubelet, to bearers of the token only, and counts
// what reaches it.
func kubeletServer(t *testing.T, token *atomic.Value) (server *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer "+token.Load().(string) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintln(w, `container_cpu_usage_seconds_total{container="c",namespace="n",pod="p"} 1 1700000000000`)
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKubeletCertificate(t *testing.T) {
	var token atomic.Value
	token.Store("secret")
	server, asked := kubeletServer(t, &token)
	own := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	tokenFile := writeFile(t, "token", "secret\n")
	for name, c := range map[string]struct {
		hostIP, ca string
		available  bool
		detail     string
	}{
		"signed by the cluster's CA":       {"127.0.0.1", own, true, "/metrics/resource"},
		"the same on another node":         {"127.0.0.2", own, true, "/metrics/resource"},
		"signed by itself on the own node": {"127.0.0.1", "", true, "certificate not verified (cluster CA: no certificate in "},
		"signed by itself on another node": {"127.0.0.2", "", false, "accepted from the agent's own node only"},
		"signed by itself on no node":      {"", "", false, "accepted from the agent's own node only"},
	} {
		t.Run(name, func(t *testing.T) {
			before := asked.Load()
			s := newScraper(t, Config{Kubelet: true, Node: Node{
				HostIP: c.hostIP, KubeletURL: server.URL + "/metrics/resource",
				TokenFile: tokenFile, CAFile: writeFile(t, "ca.crt", c.ca),
			}})
			st := s.Probe(t.Context())[0]
			if st.GetAvailable() != c.available || !strings.Contains(st.GetDetail(), c.detail) {
				t.Errorf("status %v, want available %v and %q", st, c.available, c.detail)
			}
			if c.ca != "" && strings.Contains(st.GetDetail(), "verified") {
				t.Errorf("a verified certificate is remarked on: %q", st.GetDetail())
			}
			if got := asked.Load() - before; (got > 0) != c.available {
				t.Errorf("%d requests reached the server", got)
			}
		})
	}
}

func TestKubeletTokenIsReadEachTime(t *testing.T) {
	var token atomic.Value
	token.Store("first")
	server, _ := kubeletServer(t, &token)
	file := writeFile(t, "token", "first\n")
	s := newScraper(t, Config{Kubelet: true, Node: Node{HostIP: "127.0.0.1", KubeletURL: server.URL, TokenFile: file}})
	probe := func() *agentv1.SourceStatus { return s.Probe(t.Context())[0] }
	if st := probe(); !st.GetAvailable() {
		t.Fatalf("status %v", st)
	}
	token.Store("second")
	if st := probe(); st.GetAvailable() || !strings.Contains(st.GetDetail(), "401 Unauthorized: the kubelet does not know the agent's token") {
		t.Errorf("status %v with an expired token", st)
	}
	if err := os.WriteFile(file, []byte("second\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if st := probe(); !st.GetAvailable() {
		t.Errorf("status %v with the renewed token", st)
	}
}

func TestKubeletWithoutTokenIsAbsent(t *testing.T) {
	s := newScraper(t, Config{Kubelet: true, Node: Node{HostIP: "127.0.0.1", TokenFile: filepath.Join(t.TempDir(), "none")}})
	st := s.Probe(t.Context())[0]
	if st.GetAvailable() || !strings.Contains(st.GetDetail(), "agents were deployed without --kubelet-metrics") {
		t.Errorf("status %v", st)
	}
}
