package supervise

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"time"
)

const checkEvery = 100 * time.Millisecond

// await returns true once the condition holds, false if ctx ended first.
func (s *supervisor) await(ctx context.Context, c Check) bool {
	for ctx.Err() == nil {
		if s.holds(ctx, c) {
			return true
		}
		sleep(ctx, checkEvery)
	}
	return false
}

func (s *supervisor) holds(ctx context.Context, c Check) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	switch {
	case c.Unit != "":
		return s.done(c.Unit)
	case c.Socket != "":
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", c.Socket)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	default:
		return answers(ctx, c)
	}
}

func answers(ctx context.Context, c Check) bool {
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return false
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool},
		DisableKeepAlives: true,
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return false
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
