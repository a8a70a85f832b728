package kube

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/pki"
)

func TestClient(t *testing.T) {
	var method, path, kind, body string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		method, path, kind, body = r.Method, r.URL.String(), r.Header.Get("Content-Type"), string(b)
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"kind":"Status","message":"no such thing"}`)
			return
		}
		io.WriteString(w, `{"metadata":{"name":"x"}}`)
	}))
	defer server.Close()
	ca, err := pki.NewAuthority("client")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Client("admin")
	if err != nil {
		t.Fatal(err)
	}
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	c, err := New(server.URL, trusted, pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	var n Node
	if err := c.Get(t.Context(), "/api/v1/nodes/x", &n); err != nil || n.Metadata.Name != "x" || method != "GET" {
		t.Errorf("get: %v, %+v, %s", err, n, method)
	}
	if err := c.Apply(t.Context(), "/api/v1/namespaces/x", []byte("kind: Namespace")); err != nil {
		t.Error(err)
	}
	if method != "PATCH" || path != "/api/v1/namespaces/x?fieldManager=test-cluster&force=true" ||
		kind != "application/apply-patch+yaml" || body != "kind: Namespace" {
		t.Errorf("apply sent %s %s %s %q", method, path, kind, body)
	}
	if err := c.Get(t.Context(), "/missing", &n); err == nil || err.Error() != "404: no such thing" {
		t.Errorf("missing: %v", err)
	}
}

func TestNodeReady(t *testing.T) {
	started := time.Date(2026, 1, 1, 0, 0, 10, 999, time.UTC)
	for _, tc := range []struct {
		name, status string
		ready        bool
	}{
		{"ready", `{"conditions":[{"type":"DiskPressure","status":"False"},{"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-01T00:00:10Z"}]}`, true},
		{"not ready", `{"conditions":[{"type":"Ready","status":"False","message":"no network","lastHeartbeatTime":"2026-01-01T00:00:10Z"}]}`, false},
		{"cut off", `{"conditions":[{"type":"Ready","status":"Unknown","lastHeartbeatTime":"2026-01-01T00:00:10Z"}]}`, false},
		{"last word before it was started", `{"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-01T00:00:09Z"}]}`, false},
		{"silent", `{}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var n Node
			if err := json.Unmarshal([]byte(tc.status), &n.Status); err != nil {
				t.Fatal(err)
			}
			if ready, why := n.Ready(started); ready != tc.ready {
				t.Errorf("%v (%s), want %v", ready, why, tc.ready)
			}
		})
	}
}
