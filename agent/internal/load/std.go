package load

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
	"time"
)

// stdCaller is net/http with one connection. Fortio's own wrapper of it counts
// an answer that breaks off in its body as a 204, so this one is ours.
type stdCaller struct {
	client  *http.Client
	request *http.Request
	body    []byte
	buffer  []byte
}

func (c *Clients) newStd(i int) (caller, error) {
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
	dialer := &net.Dialer{Timeout: t.Timeout}
	address := net.JoinHostPort(c.ips[i%len(c.ips)], portOf(req.URL))
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: t.InsecureSkipVerify}, //nolint:gosec // the user's own choice
		MaxConnsPerHost:       1,
		MaxIdleConnsPerHost:   1,
		DisableCompression:    true,
		TLSHandshakeTimeout:   t.Timeout,
		ResponseHeaderTimeout: t.Timeout,
		IdleConnTimeout:       5 * time.Minute,
	}
	return &stdCaller{
		client: &http.Client{Transport: transport, Timeout: t.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		request: req, body: t.Body, buffer: make([]byte, 16<<10),
	}, nil
}

func (s *stdCaller) call(ctx context.Context) answer {
	req := s.request.WithContext(ctx)
	if len(s.body) > 0 {
		// No GetBody: a request with a body is never sent a second time.
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(s.body)), int64(len(s.body))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{failure: kindOf(ctx, err, failConnection), length: -1}
	}
	defer resp.Body.Close()
	a := answer{code: resp.StatusCode, length: resp.ContentLength}
	// Not io.Copy: the buffer is reused from call to call.
	for {
		n, err := resp.Body.Read(s.buffer)
		a.bytes += int64(n)
		if errors.Is(err, io.EOF) {
			return a
		}
		if err != nil {
			a.failure = kindOf(ctx, err, failBody)
			return a
		}
	}
}

func (s *stdCaller) close() { s.client.CloseIdleConnections() }

// kindOf names a failure; other is what it is when it is neither a timeout nor
// our own doing.
func kindOf(ctx context.Context, err error, other string) string {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return failTimeout
	case ctx.Err() != nil:
		return failCancelled
	}
	return other
}
