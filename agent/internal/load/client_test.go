package load

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// Every kind of target that a Test may name goes through a client that is right
// for it, and each request arrives once and whole.
func TestClients(t *testing.T) {
	for _, c := range []struct {
		name, network, address string
		tls                    bool
		method, body, kind     string
		host                   string
	}{
		{name: "GET", network: "tcp4", address: "127.0.0.1:0", method: "GET", kind: "fast"},
		{name: "GET over IPv6", network: "tcp6", address: "[::1]:0", method: "GET", kind: "fast"},
		{name: "GET over TLS", network: "tcp4", address: "127.0.0.1:0", tls: true, method: "GET", kind: "fast"},
		{name: "PUT", network: "tcp4", address: "127.0.0.1:0", method: "PUT", body: "put", kind: "std"},
		{name: "POST", network: "tcp4", address: "127.0.0.1:0", method: "POST", body: "a body", kind: "std"},
		{name: "POST over IPv6", network: "tcp6", address: "[::1]:0", method: "POST", body: "a body", kind: "std"},
		{name: "POST over TLS", network: "tcp4", address: "127.0.0.1:0", tls: true, method: "POST", body: "a body", kind: "std"},
		{name: "HEAD", network: "tcp4", address: "127.0.0.1:0", method: "HEAD", kind: "std"},
		{name: "by name", network: "tcp4", address: "127.0.0.1:0", host: "localhost", method: "GET", kind: "fast"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var served, wrong atomic.Int64
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				served.Add(1)
				b, err := io.ReadAll(r.Body)
				if err != nil || string(b) != c.body || r.Method != c.method || r.URL.RequestURI() != "/a%20b?x=%2F" ||
					r.Header.Get("X-One") != "1" || r.Host != "shop.example" || r.Header.Get("User-Agent") != "kubectl-meshery" {
					wrong.Add(1)
				}
				_, _ = io.WriteString(w, "ok")
			}))
			l, err := net.Listen(c.network, c.address)
			if err != nil {
				t.Fatal(err)
			}
			_ = srv.Listener.Close()
			srv.Listener = l
			if c.tls {
				srv.StartTLS()
			} else {
				srv.Start()
			}
			defer srv.Close()
			url := srv.URL
			if c.host != "" {
				url = strings.Replace(url, "127.0.0.1", c.host, 1)
			}
			clients, err := client.Reach(t.Context(), client.Target{URL: url + "/a%20b?x=%2F", Method: c.method, Body: []byte(c.body),
				Header:  []client.Header{{Name: "X-One", Value: "1"}, {Name: "Host", Value: "shop.example"}},
				Timeout: 5 * time.Second, TLS: client.TLS{InsecureSkipVerify: true}})
			if err != nil {
				t.Fatal(err)
			}
			if clients.Kind != c.kind || (c.kind == "std") != (clients.Reason != "") {
				t.Errorf("client %q because %q, want %q", clients.Kind, clients.Reason, c.kind)
			}
			var got Counts
			_, err = NewEngine(Plan{Rate: 50, Agents: 1, Connections: 3, Duration: 400 * time.Millisecond}, only(clients), time.Now()).
				Run(t.Context(), func(s *Snapshot) { got.add(&s.Counts) })
			if err != nil {
				t.Fatal(err)
			}
			want := int64(20)
			if c.kind == client.Fast {
				want++ // the probe
			}
			// What a busy machine was too late for was not sent.
			if got.Planned() != want || got.Succeeded != got.Sent || served.Load() != got.Sent || wrong.Load() != 0 {
				t.Errorf("%+v; the server got %d requests, %d of them wrong", got, served.Load(), wrong.Load())
			}
		})
	}
}

func TestUnknownCertificateIsSaidBeforeAnyLoad(t *testing.T) {
	var served atomic.Int64
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	defer srv.Close()
	_, err := client.Reach(t.Context(), client.Target{URL: srv.URL, Method: "GET", Timeout: time.Second})
	if err == nil || !strings.Contains(err.Error(), "certificate") || served.Load() != 0 {
		t.Errorf("%v after %d requests", err, served.Load())
	}
}
