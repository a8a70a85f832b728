package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// stdCaller is net/http with one connection. Fortio's own wrapper of it counts
// an answer that breaks off in its body as a 204, so this one is ours.
type stdCaller struct {
	client  *http.Client
	request *http.Request
	body    []byte
	buffer  []byte
	check   *checker
	kept    []byte // of the body, for the check
	// connect is what connecting took, of a connection no call has reported yet.
	connect atomic.Int64
	// latest is the connection that was made last, nil after a call that failed.
	latest atomic.Pointer[stdConn]
}

// stdConn notes whether the call under way has sent anything.
type stdConn struct {
	net.Conn
	sent atomic.Bool
}

// Write implements net.Conn.
func (c *stdConn) Write(p []byte) (int, error) {
	c.sent.Store(true)
	return c.Conn.Write(p)
}

// errRepeat refuses the connection over which net/http would send a request again
// whose first connection broke: the server may have acted on it, and it was one
// request that got no answer.
var errRepeat = errors.New("the connection broke, and no request is sent twice")

func (c *Clients) newStd(i int) (Caller, error) {
	t := c.target
	req, err := http.NewRequest(t.Method, t.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("request to %q: %w", t.URL, err)
	}
	req.Header.Set("User-Agent", userAgent)
	for _, h := range t.Header {
		switch strings.ToLower(h.Name) {
		case "host":
			req.Host = h.Value
		case "user-agent":
			req.Header.Set("User-Agent", h.Value)
		default:
			req.Header.Add(h.Name, h.Value)
		}
	}
	if len(t.Body) > 0 && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	s := &stdCaller{request: req, body: t.Body, buffer: make([]byte, 16<<10), check: t.Check.checker()}
	address := c.address(i)
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		// There is one connection, so a second one in a call is for a repetition. What
		// has a body is not repeated, and an answer may come before all of it is sent.
		if l := s.latest.Load(); l != nil && l.sent.Load() && len(s.body) == 0 {
			return nil, errRepeat
		}
		// net/http connects on behalf of all calls to come, without the deadline of
		// this one.
		ctx, cancel := context.WithTimeout(ctx, t.Timeout)
		defer cancel()
		start := time.Now()
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil && c.tls != nil {
			secure := tls.Client(conn, c.tls)
			if err = secure.HandshakeContext(ctx); err != nil {
				err = errors.Join(err, conn.Close())
			}
			conn = secure
		}
		if err != nil {
			return nil, err
		}
		s.connect.Add(int64(time.Since(start)))
		made := &stdConn{Conn: conn}
		s.latest.Store(made)
		return made, nil
	}
	transport := &http.Transport{
		DialContext:           dial,
		DialTLSContext:        dial,
		MaxConnsPerHost:       1,
		MaxIdleConnsPerHost:   1,
		DisableCompression:    true,
		ResponseHeaderTimeout: t.Timeout,
		IdleConnTimeout:       5 * time.Minute,
	}
	s.client = &http.Client{Transport: transport, Timeout: t.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s, nil
}

// Call implements Caller.
func (s *stdCaller) Call(ctx context.Context) Answer {
	req := s.request.WithContext(ctx)
	if len(s.body) > 0 {
		// No GetBody: a request with a body is never sent a second time.
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(s.body)), int64(len(s.body))
	}
	if l := s.latest.Load(); l != nil {
		l.sent.Store(false)
	}
	resp, err := s.client.Do(req)
	a := Answer{Length: -1, Connect: time.Duration(s.connect.Swap(0))}
	if err != nil {
		// What is still being written there is not of the next call.
		s.latest.Store(nil)
		a.Failure = kindOf(ctx, err, FailConnection)
		return a
	}
	defer resp.Body.Close()
	a.Code, a.Length = resp.StatusCode, resp.ContentLength
	a.Unwanted = !s.check.status(a.Code)
	s.kept = s.kept[:0]
	if a.Code == http.StatusSwitchingProtocols {
		// What follows is no body, may never end, and is under no deadline. To close it
		// closes the connection, which speaks another protocol now.
		s.latest.Store(nil)
		if !a.Unwanted {
			s.check.look(&a, nil)
		}
		return a
	}
	// Not io.Copy: the buffer is reused from call to call.
	for {
		n, err := resp.Body.Read(s.buffer)
		a.Bytes += int64(n)
		s.kept = s.check.keep(s.kept, s.buffer[:n])
		if errors.Is(err, io.EOF) {
			if !a.Unwanted {
				s.check.look(&a, s.kept)
			}
			return a
		}
		if err != nil {
			s.latest.Store(nil)
			a.Failure = kindOf(ctx, err, FailBody)
			return a
		}
	}
}

// Close implements Caller.
func (s *stdCaller) Close() { s.client.CloseIdleConnections() }

// kindOf names a failure; other is what it is when it is neither a timeout nor
// our own doing.
func kindOf(ctx context.Context, err error, other string) string {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return FailCancelled
	case errors.As(err, &timeout) && timeout.Timeout():
		return FailTimeout
	}
	return other
}
