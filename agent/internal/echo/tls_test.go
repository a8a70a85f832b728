package echo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

func TestMutualTLS(t *testing.T) {
	ca, stranger := testcert.New(t), testcert.New(t)
	c := Config{HTTPSListen: anyPort, GRPCTLSListen: anyPort}
	cert, key := ca.Issue(t, "localhost")
	c.TLSCert, c.TLSKey = testcert.Files(t, cert, key)
	c.TLSClientCA, _ = testcert.Files(t, ca.PEM, ca.KeyPEM)
	w := startWith(t, c)
	_, port, err := net.SplitHostPort(w.HTTPSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		name   string
		shown  []tls.Certificate
		passes bool
	}{
		{"signed by the authority", []tls.Certificate{ca.Pair(t, "client")}, true},
		{"signed by another", []tls.Certificate{stranger.Pair(t, "client")}, false},
		{"none", nil, false},
	} {
		// Shown whatever the server says it accepts.
		config := &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if p.shown == nil {
				return new(tls.Certificate), nil
			}
			return &p.shown[0], nil
		}}
		for version, set := range map[string]func(*http.Protocols, bool){"http/1.1": http1, "http/2": http2} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://127.0.0.1:"+port, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client(t, config.Clone(), set).Do(req)
			if err == nil {
				resp.Body.Close()
			}
			if p.passes != (err == nil) {
				t.Errorf("%s over %s: error %v", p.name, version, err)
			}
		}
		conn := dialGRPC(t, w.GRPCTLSAddr(), credentials.NewTLS(config))
		_, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		if p.passes != (err == nil) {
			t.Errorf("%s over gRPC: error %v", p.name, err)
		}
	}
	w.expectCounted(t, `total{code="200"} 2`)
}

func TestCertificateMadeAtTheStart(t *testing.T) {
	w := startWith(t, Config{HTTPSListen: anyPort})
	leaf := w.tls.Certificates[0].Leaf
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", host} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip := a.(*net.IPNet).IP; !ip.IsLinkLocalUnicast() {
			if err := leaf.VerifyHostname(ip.String()); err != nil {
				t.Error(err)
			}
		}
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T, want ECDSA P-256", leaf.PublicKey)
	}
	other := startWith(t, Config{HTTPSListen: anyPort})
	if leaf.Equal(other.tls.Certificates[0].Leaf) {
		t.Error("two servers have the same certificate")
	}
}

func TestTLSRefuses(t *testing.T) {
	a, b := testcert.New(t), testcert.New(t)
	certFile, keyFile := testcert.Files(t, a.PEM, a.KeyPEM)
	_, otherKey := testcert.Files(t, b.PEM, b.KeyPEM)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for want, c := range map[string]Config{
		"certificate and key belong together":                {HTTPSListen: anyPort, TLSCert: certFile},
		"nothing is served over TLS that could check":        {Listen: anyPort, TLSClientCA: certFile},
		"missing.pem: no such file or directory":             {HTTPSListen: anyPort, TLSCert: missing, TLSKey: keyFile},
		"private key does not match public key":              {HTTPSListen: anyPort, TLSCert: certFile, TLSKey: otherKey},
		"authorities of clients: open":                       {HTTPSListen: anyPort, TLSClientCA: missing},
		"authorities of clients: no certificate in":          {GRPCTLSListen: anyPort, TLSClientCA: keyFile},
		"nothing is served: give at least one protocol an a": {MetricsListen: anyPort},
	} {
		if _, err := Listen(c); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line with %q", err, want)
		}
	}
}
