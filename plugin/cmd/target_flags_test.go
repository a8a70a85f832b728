package cmd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/meshery/kubectl-meshery/internal/testcert"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// identity is a client's certificate, its own authority, and its key, each in PEM.
func identity(t *testing.T) (cert, key string) {
	t.Helper()
	a := testcert.New(t)
	return string(a.PEM), string(a.KeyPEM)
}

// holdsKey tells whether a line of a key stands in text.
func holdsKey(text, key string) bool {
	lines := strings.Split(strings.TrimSpace(key), "\n")
	for _, line := range lines[1 : len(lines)-1] {
		if strings.Contains(text, line) {
			return true
		}
	}
	return strings.Contains(text, "PRIVATE KEY")
}

// mutual is a real server that wants the client's certificate, and its own
// certificate in PEM.
func mutual(t *testing.T, client string) (url, ca string, count *atomic.Int64) {
	t.Helper()
	count = &atomic.Int64{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		count.Add(1)
		_, _ = io.WriteString(w, `{"ready":true,"error":""}`)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	s.TLS.ClientCAs.AppendCertsFromPEM([]byte(client))
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, string(testcert.Block("CERTIFICATE", s.Certificate().Raw)), count
}

// Certificate and key often stand in one file, and a Result is shown to others.
func TestAKeyBesideACertificateIsNotKept(t *testing.T) {
	home(t)
	cert, key := identity(t)
	url, ca, count := mutual(t, cert)
	both, authority := file(t, "Bag Attributes\n"+key+cert), file(t, ca+key)
	kept := "file://" + t.TempDir()
	stdout, stderr, err := local(t, t.Context(), "", url, "--target-cert", both, "--target-key", both, "--target-ca", authority,
		"--rate", "20", "--duration", "1s", "--warmup", "0s", "--expect-json", "{.error}=", "--expect-json", "{.ready}", "--archive", kept, "-o", "json")
	if err != nil && exit.Code(err) != exit.Invalid { // as on a busy machine
		t.Fatal(err)
	}
	r := result(t, []byte(stdout))
	if r.Status.Requests.Succeeded == 0 || r.Status.Requests.Failed > 0 || count.Load() < r.Status.Requests.Sent {
		t.Errorf("%+v, the target counted %d", r.Status.Requests, count.Load())
	}
	for what, text := range map[string]string{"printed": stdout, "said": stderr, "archived": string(inArchive(t, kept))} {
		if holdsKey(text, key) || strings.Contains(text, "Bag Attributes") {
			t.Errorf("the key is %s:\n%s", what, text)
		}
	}
	if c := r.Spec.Target.TLS; c.Cert != cert || c.CA != ca || c.Key != "<redacted>" {
		t.Errorf("%+v", c)
	}
	// A Test that says it in words is refused, without the key.
	text, err := json.Marshal(cert + key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	for field, tls := range map[string]string{
		"cert": "{cert: " + string(text) + ", key: " + string(secret) + "}",
		"ca":   "{ca: " + string(text) + "}",
	} {
		doc := "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {target: {url: '" + url + "', tls: " + tls + "}}\n"
		stdout, stderr, err := local(t, t.Context(), doc, "-f", "-", "--archive", kept)
		if exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "target.tls."+field+" holds a private key: give the certificate alone") {
			t.Errorf("%s: %d, %v", field, exit.Code(err), err)
		}
		if holdsKey(stdout+stderr+strings.ReplaceAll(err.Error(), "holds a private key", ""), key) {
			t.Errorf("%s: the key is printed: %s%s%v", field, stdout, stderr, err)
		}
	}
}

func TestEmptyIsAValueOfAnAnswer(t *testing.T) {
	test, err := parsed(t, "", "http://a/", "--expect-json", "{.error}=", "--expect-json", "{.ready}")
	if err != nil {
		t.Fatal(err)
	}
	if got := test.Spec.Target.Check.JSON; got[0].Path != "{.error}" || got[0].Equals == nil || *got[0].Equals != "" || got[1].Path != "{.ready}" || got[1].Equals != nil {
		t.Errorf("%+v", got)
	}
	home(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error":"sold out"}`)
	}))
	defer s.Close()
	stdout, _, err := local(t, t.Context(), "", s.URL, "--rate", "20", "--duration", "1s", "--warmup", "0s", "--expect-json", "{.error}=", "-o", "jsonpath={.status.requests.failed}")
	if exit.Code(err) != exit.Invalid || strings.TrimSpace(stdout) == "0" {
		t.Errorf("answers with an error: %q failed, %d, %v", stdout, exit.Code(err), err)
	}
}

// What is typed may be shown to others, or recorded.
func TestAPasswordInAURLIsNotSaid(t *testing.T) {
	home(t)
	doc := file(t, "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {targets: [{url: 'http://a/'}]}\n")
	for _, args := range [][]string{
		{"http://user:hunter2?x@host/"}, {"http://user:hunter2#x@host/"}, {"http://user:hunter2/x@host/"}, {"http://user:hunter2@host/"},
		{"user:hunter2@host"}, {"-f", doc, "http://user:hunter2@host/"}, {"http://a/", "http://user:hunter2@host/"},
	} {
		stdout, stderr, err := local(t, t.Context(), "", args...)
		if exit.Code(err) != exit.Usage || bytes.Contains([]byte(stdout+stderr+err.Error()), []byte("hunter2")) {
			t.Errorf("%q: %d, %v, %s%s", args, exit.Code(err), err, stdout, stderr)
		}
	}
}
