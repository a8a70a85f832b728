package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/meshery/kubectl-meshery/agent/internal/http2"
)

// KindHTTP2 is the client of HTTP/2.
const KindHTTP2 = "http2"

// prepareHTTP2 tries HTTP/2 without a request, and makes the connections, which
// Streams workers share.
//
// Fortio's client for it is net/http's, with one stream in flight on each
// connection; see docs/benchmarks.md for what that costs.
func (c *Clients) prepareHTTP2(ctx context.Context) error {
	t := &c.target
	conns := map[int]*http2.Conn{}
	c.Kind = KindHTTP2
	c.make = func(worker int) (Caller, error) {
		n := worker / t.Streams
		conn := conns[n]
		if conn == nil {
			var err error
			if conn, err = http2.NewConn(c.http2Config(n)); err != nil {
				return nil, err
			}
			conns[n] = conn
			c.shared = append(c.shared, closer(conn.Close))
		}
		return &http2Caller{conn: conn, slot: worker % t.Streams, check: t.Check.checker()}, nil
	}
	// What cannot be right is said before the run.
	conn, err := http2.NewConn(c.http2Config(0))
	if err != nil {
		return planError{err}
	}
	defer conn.Close()
	err = conn.Connect(ctx)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	over, instead := "plain TCP (h2c)", HTTP1+", or https"
	if c.tls != nil {
		over, instead = "TLS", HTTP1
	}
	what := fmt.Errorf("target %q does not speak HTTP/2 over %s: use %s", c.url.Host, over, instead)
	if errors.Is(err, http2.ErrNotHTTP2) {
		return what
	}
	return fmt.Errorf("%w (%w)", what, err)
}

// closer is a Close that cannot fail.
type closer func()

// Close implements io.Closer.
func (c closer) Close() error { c(); return nil }

func (c *Clients) http2Config(connection int) http2.Config {
	t := &c.target
	config := http2.Config{Address: c.address(connection), Authority: c.url.Host, Path: c.url.RequestURI(), Method: t.Method,
		Body: t.Body, TLS: c.tls, Timeout: t.Timeout, Streams: t.Streams}
	agent, typed := userAgent, len(t.Body) == 0
	for _, h := range t.Header {
		switch strings.ToLower(h.Name) {
		case "host":
			config.Authority = h.Value
		case "user-agent":
			agent = h.Value
		default:
			typed = typed || strings.EqualFold(h.Name, "content-type")
			config.Header = append(config.Header, http2.Field{Name: h.Name, Value: h.Value})
		}
	}
	config.Header = append(config.Header, http2.Field{Name: "User-Agent", Value: agent})
	if !typed {
		config.Header = append(config.Header, http2.Field{Name: "Content-Type", Value: "application/octet-stream"})
	}
	if t.Check.checker().wantsBody() {
		config.Capture = largestChecked
	}
	return config
}

// http2Caller is one stream of a connection.
type http2Caller struct {
	conn     *http2.Conn
	slot     int
	check    *checker
	response http2.Response
}

// Call implements Caller.
func (h *http2Caller) Call(ctx context.Context) Answer {
	r := &h.response
	err := h.conn.Do(ctx, h.slot, r)
	a := Answer{Code: r.Status, Bytes: r.HeaderBytes + r.BodyBytes, Length: r.Length, Connect: r.Connect, Waited: r.Waited}
	switch {
	case err != nil:
		a.Failure = http2.KindOf(err).String() // its words are ours
	case !h.check.status(r.Status):
		a.Unwanted = true
	default:
		h.check.look(&a, r.Body)
	}
	return a
}

// Close implements Caller; the connection is shared.
func (h *http2Caller) Close() {}
