package scrape

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
)

// errNoToken says that the agents may not read the kubelet.
var errNoToken = errors.New("agents were deployed without --kubelet-metrics: deploy them again with it")

// kubelet is what reading the kubelet needs beyond a URL: the service account's
// token and a look at the kubelet's certificate.
type kubelet struct {
	tokenFile string
	caFile    string
	own       bool
	unproven  atomic.Pointer[string] // why the certificate was not verified
}

// authorize adds the token, read anew each time, for Kubernetes renews it.
func (k *kubelet) authorize(req *http.Request) error {
	token, err := os.ReadFile(k.tokenFile)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoToken
	}
	if err != nil {
		return fmt.Errorf("service account token: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return nil
}

// tls is how the kubelet's certificate is checked. Many clusters leave kubelets
// with certificates they signed themselves. Such a one is accepted from the
// agent's own node only, to which the connection does not leave the machine;
// anywhere else the token would be given to whoever answers.
func (k *kubelet) tls(u *url.URL) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Verified below, by the same rules.
		InsecureSkipVerify: true, //nolint:gosec
		VerifyConnection: func(state tls.ConnectionState) error {
			err := k.verify(state, u.Hostname())
			if err == nil {
				k.unproven.Store(nil)
				return nil
			}
			if !k.own {
				return fmt.Errorf("%w; an unverified certificate is accepted from the agent's own node only", err)
			}
			reason := err.Error()
			k.unproven.Store(&reason)
			return nil
		},
	}
}

// verify checks the certificate against the cluster's CA.
func (k *kubelet) verify(state tls.ConnectionState, host string) error {
	pem, err := os.ReadFile(k.caFile)
	if err != nil {
		return fmt.Errorf("cluster CA: %w", err)
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: host}
	if !options.Roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("cluster CA: no certificate in %q", k.caFile)
	}
	for _, cert := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(cert)
	}
	_, err = state.PeerCertificates[0].Verify(options)
	return err
}

// remark is what a Result should know about how the kubelet was read.
func (k *kubelet) remark() string {
	if reason := k.unproven.Load(); reason != nil {
		return "certificate not verified (" + *reason + "), accepted because it is the agent's own node"
	}
	return ""
}
