// Package kube is the little of the Kubernetes API that bringing up a cluster
// needs: get and server-side apply. client-go would cost every user of this
// program a minute of compiling.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client talks to one API server.
type Client struct {
	server string
	http   *http.Client
}

// New makes a client from PEM material.
func New(server string, ca, cert, key []byte) (*Client, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("no certificate authority for %s", server)
	}
	return &Client{server: server, http: &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
			// The server is behind a forwarder that accepts before it knows
			// whether anybody is there; idle connections would hide an outage.
			DisableKeepAlives: true,
		},
	}}, nil
}

// StatusError is an answer other than success.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// Get decodes an object or list into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, out)
}

// Apply makes the object at path what body says, creating it if need be.
// body is YAML or JSON.
func (c *Client) Apply(ctx context.Context, path string, body []byte) error {
	return c.do(ctx, http.MethodPatch, path+"?fieldManager=test-cluster&force=true",
		"application/apply-patch+yaml", body, nil)
}

// Ready asks whether the API server says it can serve.
func (c *Client) Ready(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, "/readyz", "", nil, nil)
}

func (c *Client) do(ctx context.Context, method, path, kind string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		var status struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(b, &status) != nil || status.Message == "" {
			status.Message = strings.TrimSpace(string(b))
		}
		return &StatusError{resp.StatusCode, status.Message}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}
