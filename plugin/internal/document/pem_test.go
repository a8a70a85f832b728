package document

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

// identity is a certificate and its key, each in PEM.
func identity(t *testing.T) (cert, key string) {
	t.Helper()
	a := testcert.New(t)
	return string(a.PEM), string(testcert.SEC1(t, a.KeyPEM))
}

// lines are those inside a PEM block: what must be found nowhere.
func lines(block string) []string {
	all := strings.Split(strings.TrimSpace(block), "\n")
	return all[1 : len(all)-1]
}

func TestPartsOfPEM(t *testing.T) {
	cert, key := identity(t)
	other := testcert.New(t)
	second, pkcs8 := string(other.PEM), string(other.KeyPEM)
	parameters := string(testcert.Block("EC PARAMETERS", []byte{6, 8, 42}))
	mixed := "a title\n" + key + cert + parameters + "# between\n" + second + pkcs8 + "the end"
	for _, c := range []struct{ in, certificates, keys string }{
		{"", "", ""}, {"nothing", "", ""}, {cert, cert, ""}, {key, "", key}, {mixed, cert + second, key + pkcs8},
		{strings.ReplaceAll(cert+key, "\n", "\r\n"), cert, key},
		// What only says that it is a certificate, and what stands beside one.
		{string(testcert.Block("CERTIFICATE", []byte("no certificate, a key"))), "", ""},
		{strings.Replace(cert, "-----\n", "-----\nsecret: key\n\n", 1), cert, ""},
		{strings.TrimSuffix(key, "KEY-----\n") + "\n" + cert, cert, ""},
	} {
		if got := Certificates(c.in); got != c.certificates {
			t.Errorf("certificates of\n%s\nare\n%s", c.in, got)
		}
		if got := PrivateKeys(c.in); got != c.keys {
			t.Errorf("keys of\n%s\nare\n%s", c.in, got)
		}
	}
	if _, err := tls.X509KeyPair([]byte(Certificates(cert+key)), []byte(PrivateKeys(cert+key))); err != nil {
		t.Error(err)
	}
}

// A certificate is kept in the Result, so nothing else may stand with it.
func TestValidateTLS(t *testing.T) {
	cert, key := identity(t)
	parameters := string(testcert.Block("EC PARAMETERS", []byte{6, 8, 42}))
	damaged := strings.TrimSuffix(key, "KEY-----\n")
	indented := strings.ReplaceAll(key, "\n", "\n  ")
	for name, c := range map[string]struct {
		tls  TLS
		want string
	}{
		"pair":                   {TLS{Cert: cert, Key: key, CA: cert}, ""},
		"titles":                 {TLS{CA: "# my authority\n" + cert + "\n# and again\n" + cert}, ""},
		"the key's file is both": {TLS{Cert: cert, Key: cert + key}, ""},
		"key with the cert":      {TLS{Cert: cert + key, Key: key}, "target.tls.cert holds a private key: give the certificate alone"},
		"key before the cert":    {TLS{Cert: key + cert, Key: key}, "target.tls.cert holds a private key"},
		"key with the CA":        {TLS{CA: cert + key}, "target.tls.ca holds a private key: give the certificate alone"},
		"a damaged one":          {TLS{CA: damaged + "\n" + cert}, "target.tls.ca holds a private key"},
		"an indented one":        {TLS{CA: cert + " " + indented}, "target.tls.ca holds a private key"},
		"something else":         {TLS{CA: cert + parameters}, "target.tls.ca holds something else than certificates: give the certificate alone"},
	} {
		test := valid()
		test.Spec.Target.URL, test.Spec.Target.TLS = "https://checkout.shop:8443/", &c.tls
		err := test.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		// Whatever was said of it: what is kept, and what is said, has no key.
		kept, marshalErr := json.Marshal(test.Redacted())
		if marshalErr != nil {
			t.Fatal(marshalErr)
		}
		said := ""
		if err != nil {
			said = err.Error()
		}
		for _, line := range lines(key) {
			if escaped, _ := json.Marshal(line); bytes.Contains(kept, bytes.Trim(escaped, `"`)) || strings.Contains(said, line) {
				t.Errorf("%s: the key is kept or said: %s, %s", name, kept, said)
			}
		}
		if bytes.Contains(kept, []byte("PRIVATE KEY")) || bytes.Contains(kept, []byte("PARAMETERS")) {
			t.Errorf("%s: kept is %s", name, kept)
		}
		// Certificates are kept.
		if c.want == "" {
			line, _ := json.Marshal(lines(cert)[0])
			if !bytes.Contains(kept, bytes.Trim(line, `"`)) {
				t.Errorf("%s: the certificate is not kept: %s", name, kept)
			}
		}
	}
}
