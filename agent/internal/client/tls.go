package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// custom tells whether a client must be told more than whether to verify.
func (t *TLS) custom() bool {
	return len(t.CA) > 0 || len(t.Cert) > 0 || t.ServerName != ""
}

// config makes the TLS configuration for a host.
func (t *TLS) config(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, InsecureSkipVerify: t.InsecureSkipVerify} //nolint:gosec // the user's own choice
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	if len(t.CA) > 0 {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(t.CA) {
			return nil, errors.New("the CA holds no certificate in PEM")
		}
	}
	if len(t.Cert) > 0 {
		pair, err := tls.X509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("the client's certificate and key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
