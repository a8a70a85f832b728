package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// refusalTime is how long a server that has asked for a certificate may take to
// refuse the client.
const refusalTime = 300 * time.Millisecond

// refusedError tells that a server refused the client for its certificate or,
// where none was shown, for the lack of one.
type refusedError struct {
	err   error
	shown bool
}

func (r *refusedError) Error() string { return "the server refused the client: " + r.err.Error() }

func (r *refusedError) Unwrap() error { return r.err }

// tryTLS makes a connection with a handshake and closes it.
//
// Over TLS 1.3 the client's side of the handshake is over before the server has
// seen the client's certificate (RFC 8446, section 2), so a server that refuses
// it, or wants one and gets none, says so afterwards: who has asked is given a
// moment for that.
func (c *Clients) tryTLS(ctx context.Context, d *net.Dialer, addr string) error {
	asked, shown := false, false
	config := c.tls.Clone()
	config.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		for i := range c.tls.Certificates {
			if r.SupportsCertificate(&c.tls.Certificates[i]) == nil {
				shown = true
				return &c.tls.Certificates[i], nil
			}
		}
		return &tls.Certificate{}, nil
	}
	conn, err := (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", addr)
	if err == nil {
		defer func() { _ = conn.Close() }()
		if !asked {
			return nil
		}
		_ = conn.SetReadDeadline(time.Now().Add(refusalTime))
		// That nothing comes is as it should be, and there may be other reasons for
		// an end: no ALPN was offered.
		if _, err = conn.Read(make([]byte, 1)); !isAlert(err) {
			return nil
		}
	}
	if asked && isAlert(err) { // older versions refuse within the handshake
		err = &refusedError{err, shown}
	}
	return fmt.Errorf("TLS: %w", err)
}

// isAlert tells whether the other side has ended TLS, saying why.
func isAlert(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error"
}
