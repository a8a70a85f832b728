package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Clients makes the clients of a run for one target.
type Clients struct {
	// Kind names the client, Reason says why it is not the fastest of its protocol.
	Kind, Reason string
	// Addresses are what the target's host resolved to (ip:port). Connections
	// are spread over them in turn, so a headless Service is loaded evenly.
	Addresses []string
	// Unreachable are those that were left out because they could not be connected
	// to, or had no turn, each with its reason ("ip:port: reason").
	Unreachable []string
	// Probes are the calls that were made to choose the client: the target has
	// counted them, so the run has to.
	Probes []Answer

	target Target
	url    *url.URL
	tls    *tls.Config // nil where the target is not encrypted
	ips    []string
	// make makes the client of a worker; shared is closed after the workers'.
	make   func(worker int) (Caller, error)
	shared []interface{ Close() error }
}

const (
	// reachTimeout is how long connecting may take, and choosing the client again.
	reachTimeout = 5 * time.Second
	// reachedAtOnce is how many of a host's addresses are tried at the same time.
	reachedAtOnce = 32
)

// errNotTried is of an address that had no turn.
var errNotTried = fmt.Errorf("not tried: the %s that all addresses have were over", reachTimeout)

// Reach resolves the target, connects to it, and chooses the client, so that
// what cannot work is known before any load is sent. A target that may be
// served by a client that is not right for every answer gets one request.
func Reach(ctx context.Context, t Target) (*Clients, error) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" {
		return nil, planErrorf("target %q is not a URL", t.URL)
	}
	if u.Port() == "" && (t.Protocol == GRPC && u.Scheme != "grpcs" || t.Protocol == TCP || t.Protocol == UDP) {
		return nil, planErrorf("target %q has no port: give one, as in %s://%s:8079", t.URL, u.Scheme, u.Hostname())
	}
	if t.Protocol != GRPC {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
	}
	t.Streams = max(1, t.Streams)
	c := &Clients{target: t, url: u}
	if u.Scheme == "https" || u.Scheme == "grpcs" {
		if c.tls, err = t.TLS.config(u.Hostname()); err != nil {
			return nil, planErrorf("TLS of %q: %w", u.Host, err)
		}
	}
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	choosing, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	switch t.Protocol {
	case HTTP1, "":
		err = c.chooseHTTP1(choosing)
	case GRPC:
		err = c.chooseGRPC(choosing)
	case TCP, UDP:
		err = c.chooseEcho()
	case HTTP2:
		err = c.prepareHTTP2(choosing)
	default:
		err = planErrorf("protocol %q is not known to this agent: plugin and agent are of different versions", t.Protocol)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// checkHeader refuses fields that say where the request ends: the client does, and
// two that do not agree are a request of nobody's choice.
func checkHeader(header []Header) error {
	for _, h := range header {
		if strings.EqualFold(h.Name, "Content-Length") || strings.EqualFold(h.Name, "Transfer-Encoding") {
			return planErrorf("header %q follows from the body: leave it out", h.Name)
		}
	}
	return nil
}

// New makes the client of a worker, which connects at its first call. Workers
// are numbered so that those of one connection follow each other.
func (c *Clients) New(worker int) (Caller, error) { return c.make(worker) }

// Close closes what the workers' clients share, after those are closed.
func (c *Clients) Close() {
	for _, s := range c.shared {
		_ = s.Close() // of a connection nobody uses any more
	}
}

// Target is the target as it was given.
func (c *Clients) Target() Target { return c.target }

// connect resolves the target and tries every address once. One that can be
// connected to is enough.
func (c *Clients) connect(whole context.Context) error {
	ctx, cancel := context.WithTimeout(whole, reachTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", c.url.Hostname())
	if err != nil {
		return resolveError(c.url.Hostname(), err)
	}
	failures := make([]error, len(ips))
	var tries errgroup.Group
	tries.SetLimit(reachedAtOnce)
	for i, ip := range ips {
		tries.Go(func() error {
			if ctx.Err() != nil && whole.Err() == nil {
				failures[i] = errNotTried
				return nil
			}
			failures[i] = c.dial(ctx, net.JoinHostPort(ip.Unmap().String(), portOf(c.url)))
			return nil // the others are tried all the same
		})
	}
	_ = tries.Wait() // failures has them
	for i, ip := range ips {
		addr := net.JoinHostPort(ip.Unmap().String(), portOf(c.url))
		if failures[i] != nil {
			c.Unreachable = append(c.Unreachable, addr+": "+reasonOf(failures[i]))
			continue
		}
		c.Addresses = append(c.Addresses, addr)
		c.ips = append(c.ips, ip.Unmap().String())
	}
	if len(c.ips) == 0 {
		return fmt.Errorf("connect to %q: %s; %s", c.url.Host, someOf(c.Unreachable), hint(errors.Join(failures...)))
	}
	return nil
}

// reasonOf is why an address cannot be connected to, without the address.
func reasonOf(err error) string {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		err = dial.Err
	}
	return oneLine(err)
}

// someOf is a list in one line of a length that is read.
func someOf(list []string) string {
	const most = 3
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s; and %d more", strings.Join(list[:most], "; "), more)
	}
	return strings.Join(list, "; ")
}

// address is where the connections of a number go.
func (c *Clients) address(connection int) string { return c.Addresses[connection%len(c.Addresses)] }

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https" || u.Scheme == "grpcs":
		return "443"
	}
	return "80"
}

func (c *Clients) dial(ctx context.Context, addr string) error {
	d := &net.Dialer{Timeout: reachTimeout / 2}
	network := "tcp"
	if c.target.Protocol == UDP {
		network = "udp" // connects nothing, and still finds what has no route
	}
	if c.tls == nil {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	return c.tryTLS(ctx, d, addr)
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
	var refusal *refusedError
	switch {
	case errors.As(err, &cert):
		return "is it the right host, or does a CA of your own (--target-ca) or --insecure-skip-verify fit?"
	case errors.As(err, &refusal) && refusal.shown:
		return "does it accept the client's certificate (--target-cert)?"
	case errors.As(err, &refusal):
		return "does it want a certificate of the client? (--target-cert, --target-key)"
	}
	return "is the port that of the Service, and are its pods ready?"
}
