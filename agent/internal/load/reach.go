package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fortio.org/log"
)

// Target is what is called over HTTP/1.1.
type Target struct {
	URL                string
	Method             string
	Header             []Header
	Body               []byte
	Timeout            time.Duration
	InsecureSkipVerify bool
}

// Header is one request header; a name may stand several times.
type Header struct{ Name, Value string }

// The clients a run may use.
const (
	Fast = "fast" // Fortio's own HTTP/1.1 client
	Std  = "std"  // net/http
)

// Clients makes the connections of a run, one client each.
type Clients struct {
	// Kind is Fast or Std, Reason says why where it is not Fast.
	Kind, Reason string
	// Addresses are what the target's host resolved to (ip:port). Connections
	// are spread over them in turn, so a headless Service is loaded evenly.
	Addresses []string
	// Probe is the request that was made to choose the client, if one was: the
	// target has counted it, so the run has to.
	Probe Counts

	target Target
	ips    []string
}

const reachTimeout = 5 * time.Second

// Reach resolves the target, connects to it, and chooses the client, so that
// what cannot work is known before any load is sent. A target that the fast
// client may serve gets one request.
func Reach(ctx context.Context, t Target) (*Clients, error) {
	// Fortio logs every failed call; here they are counted.
	log.SetLogLevelQuiet(log.Critical)
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("target %q is not a URL", t.URL)
	}
	c := &Clients{target: t}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, resolveError(u.Hostname(), err)
	}
	var failed error
	for _, a := range addrs {
		addr := net.JoinHostPort(a.Unmap().String(), portOf(u))
		if err := dial(ctx, u, addr, t.InsecureSkipVerify); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		c.Addresses = append(c.Addresses, addr)
		c.ips = append(c.ips, a.Unmap().String())
	}
	if len(c.ips) == 0 {
		return nil, fmt.Errorf("connect to %q: %s; %s", u.Host, oneLine(failed), hint(failed))
	}
	c.choose(ctx)
	return c, nil
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func dial(ctx context.Context, u *url.URL, addr string, insecure bool) error {
	d := &net.Dialer{Timeout: reachTimeout / 2}
	if u.Scheme != "https" {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	config := &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: insecure} //nolint:gosec // the user's own choice
	conn, err := (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("TLS with %s: %w", addr, err)
	}
	return conn.Close()
}

func resolveError(host string, err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return fmt.Errorf("host %q does not resolve; a Service of another namespace is NAME.NAMESPACE", host)
	}
	return fmt.Errorf("resolve %q: %w; does the node's DNS work?", host, err)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// hint says what to do about a target that cannot be connected to.
func hint(err error) string {
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return "is it the right host, or does --insecure-skip-verify fit?"
	}
	return "is the port that of the Service, and are its pods ready?"
}

// largestAnswer is what the fast client is trusted with, headers included; its
// buffer is 128 KiB.
const largestAnswer = 96 << 10

// choose takes the fast client where it is right, and says why where it is not.
//
// Fortio's fast client repeats a request on a reused connection that turned out
// dead, waits for a body after HEAD, closes the connection after every answer
// that is not 2xx, and cannot take answers larger than its buffer: it cuts them,
// or, where they are chunked, may never come back. So it serves small answers of
// known length to GET; one request tells which they are.
func (c *Clients) choose(ctx context.Context) {
	t := c.target
	c.Kind = Std
	switch {
	case t.Method != http.MethodGet || len(t.Body) > 0:
		c.Reason = "the fast client serves GET without a body"
		return
	case strings.Contains(t.URL, "{uuid}"):
		c.Reason = "the fast client replaces {uuid}"
		return
	}
	probe, err := c.newStd(0)
	if err != nil {
		c.Reason = err.Error()
		return
	}
	defer probe.close()
	a := probe.call(ctx)
	c.Probe.count(&a)
	switch {
	case a.failure != "":
		c.Reason = "the first request failed: " + a.failure
	case !a.ok():
		c.Reason = fmt.Sprintf("the target answers %d, and the fast client connects anew after that", a.code)
	case a.length < 0:
		c.Reason = "the fast client is not safe with answers of unknown length"
	case a.bytes > largestAnswer:
		c.Reason = fmt.Sprintf("answers of %d bytes are too large for the fast client", a.bytes)
	default:
		c.Kind = Fast
	}
}

// UseStd leaves the fast client for a reason the caller has.
func (c *Clients) UseStd(reason string) { c.Kind, c.Reason = Std, reason }

// BytesPerConnection is about what one connection takes of memory.
func (c *Clients) BytesPerConnection() int64 {
	if c.Kind == Fast {
		return 160 << 10
	}
	return 64 << 10
}
