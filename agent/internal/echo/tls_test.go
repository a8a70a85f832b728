package echo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{}
	a.certificate, a.key = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// sign signs with the new key itself where the authority has none yet.
func (a authority) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.certificate, a.key
	if signer == nil {
		parent, signer = template, key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	template.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func (a authority) client(t *testing.T) tls.Certificate {
	t.Helper()
	c, key := a.sign(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

// write makes PEM files of a certificate and its key.
func write(t *testing.T, c *x509.Certificate, key *ecdsa.PrivateKey) (certFile, keyFile string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: c.Raw}, keyFile: {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestMutualTLS(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	c := Config{HTTPSListen: anyPort, GRPCTLSListen: anyPort}
	certificate, key := ca.sign(t, &x509.Certificate{
		DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	c.TLSCert, c.TLSKey = write(t, certificate, key)
	c.TLSClientCA, _ = write(t, ca.certificate, ca.key)
	w := startWith(t, c)
	_, port, err := net.SplitHostPort(w.HTTPSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate)
	for _, p := range []struct {
		name   string
		shown  []tls.Certificate
		passes bool
	}{
		{"signed by the authority", []tls.Certificate{ca.client(t)}, true},
		{"signed by another", []tls.Certificate{stranger.client(t)}, false},
		{"none", nil, false},
	} {
		// Shown whatever the server says it accepts.
		config := &tls.Config{RootCAs: roots, ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
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
	a, b := newAuthority(t), newAuthority(t)
	certFile, keyFile := write(t, a.certificate, a.key)
	_, otherKey := write(t, b.certificate, b.key)
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
