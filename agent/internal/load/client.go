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

	"fortio.org/fortio/fhttp"
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

// Clients makes the connections of a run: one Fortio client each.
type Clients struct {
	// Kind is "fast" or "std", Reason says why where it is not the fast one.
	Kind, Reason string
	// Addresses are what the target's host resolved to (ip:port). Connections
	// are spread over them in turn, so a headless Service is loaded evenly.
	Addresses []string

	target Target
	ips    []string
}

// Reach resolves the target and connects to it once, so that what cannot work is
// known before any load is sent. No request is made.
func Reach(ctx context.Context, t Target) (*Clients, error) {
	// Fortio logs every failed call; here they are counted.
	log.SetLogLevelQuiet(log.Critical)
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("target %q is not a URL", t.URL)
	}
	c := &Clients{target: t}
	c.Kind, c.Reason = chooseClient(t)
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, resolveError(u.Hostname(), err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	var failed error
	for _, a := range addrs {
		addr := net.JoinHostPort(a.Unmap().String(), port)
		if err := dial(ctx, u, addr, t.InsecureSkipVerify); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		c.Addresses = append(c.Addresses, addr)
		c.ips = append(c.ips, a.Unmap().String())
	}
	if len(c.ips) == 0 {
		return nil, fmt.Errorf("connect to %q: %w", u.Host, failed)
	}
	return c, nil
}

const reachTimeout = 5 * time.Second

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
		return fmt.Errorf("host %q does not resolve", host)
	}
	return fmt.Errorf("resolve %q: %w", host, err)
}

// chooseClient takes Fortio's fast client where it is right. It repeats a
// request on a reused connection that turned out dead, which only methods
// without effect may suffer, and it waits for a body after HEAD.
func chooseClient(t Target) (kind, reason string) {
	switch t.Method {
	case http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return "fast", ""
	case http.MethodHead:
		return "std", "the fast client waits for a body after HEAD"
	}
	return "std", fmt.Sprintf("the fast client may repeat a %s on a connection the server closed", t.Method)
}

// new makes the i-th connection's client. It connects at its first call.
func (c *Clients) new(i int) (fhttp.Fetcher, error) {
	t := c.target
	o := fhttp.NewHTTPOptions(t.URL)
	o.URL = t.URL // as given: NewHTTPOptions would escape it again
	o.DisableFastClient = c.Kind == "std"
	o.HTTPReqTimeOut = t.Timeout
	o.MethodOverride = t.Method
	o.Payload = t.Body
	o.Insecure = t.InsecureSkipVerify
	o.Resolve = c.ips[i%len(c.ips)]
	if o.DisableFastClient && strings.Contains(o.Resolve, ":") {
		o.Resolve = "[" + o.Resolve + "]"
	}
	o.ID = i
	if err := o.AddAndValidateExtraHeader("User-Agent:kubectl-meshery"); err != nil {
		return nil, err
	}
	for _, h := range t.Header {
		if err := o.AddAndValidateExtraHeader(h.Name + ":" + h.Value); err != nil {
			return nil, err
		}
	}
	f, err := fhttp.NewClient(o)
	if err != nil {
		return nil, fmt.Errorf("client for %q: %w", t.URL, err)
	}
	return f, nil
}
