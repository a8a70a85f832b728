package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHandshake uses the certificates for what they are for.
func TestHandshake(t *testing.T) {
	dir := t.TempDir()
	made, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Pair().Write(dir, "ca"); err != nil {
		t.Fatal(err)
	}
	ca, err := LoadAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	if string(ca.PEM) != string(made.PEM) {
		t.Error("the authority changed on its way through a file")
	}
	if info, err := os.Stat(filepath.Join(dir, "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
	serving, err := ca.Server("server", "127.0.0.1", "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	client, err := made.Client("system:node:worker-1", "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := r.TLS.PeerCertificates[0].Subject
		w.Write([]byte(s.CommonName + " " + strings.Join(s.Organization, ",")))
	}))
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{load(t, serving)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	server.StartTLS()
	defer server.Close()
	get := func(c *tls.Config) (string, error) {
		resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: c}}).Get(server.URL)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b := make([]byte, 100)
		n, _ := resp.Body.Read(b)
		return string(b[:n]), nil
	}
	who, err := get(&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{load(t, client)}})
	if err != nil || who != "system:node:worker-1 system:nodes" {
		t.Errorf("%q, %v", who, err)
	}
	for what, c := range map[string]*tls.Config{
		"no client certificate":           {RootCAs: pool},
		"serving certificate as client's": {RootCAs: pool, Certificates: []tls.Certificate{load(t, serving)}},
		"a name the server does not have": {RootCAs: pool, ServerName: "other", Certificates: []tls.Certificate{load(t, client)}},
		"an authority that nobody trusts": {Certificates: []tls.Certificate{load(t, client)}},
	} {
		if _, err := get(c); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func load(t *testing.T, p Pair) tls.Certificate {
	t.Helper()
	c, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKubeconfig(t *testing.T) {
	b, err := Kubeconfig("a", "https://127.0.0.1:1", []byte("authority"), Pair{Cert: []byte("cert"), Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		CurrentContext string `json:"current-context"`
		Clusters       []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	if c.CurrentContext != "a" || c.Clusters[0].Cluster.Server != "https://127.0.0.1:1" || string(c.Clusters[0].Cluster.CA) != "authority" {
		t.Errorf("%+v", c)
	}
}
