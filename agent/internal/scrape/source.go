package scrape

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// source is one page of metrics.
type source struct {
	kind agentv1.Source
	// absent says why the source cannot be read at all, for as long as the
	// agent lives; then nothing else is set.
	absent string

	url     *url.URL
	client  *http.Client
	kubelet *kubelet // for the kubelet
	reader  *reader
	hints   hints
}

// hints end an error with what to do.
type hints struct {
	refused, unauthorized, forbidden, other string
}

var nodeExporterHints = hints{
	refused:      "nothing listens there: run node-exporter on the node (deploy --node-exporter), or name its URL in the Test",
	unauthorized: "it asks for credentials, which the agent does not have: name another URL in the Test",
	forbidden:    "it does not let the agent in: name another URL in the Test",
	other:        "check that the URL is node-exporter's",
}

var kubeletHints = hints{
	refused:      "the kubelet does not listen there: check its address and port",
	unauthorized: "the kubelet does not know the agent's token: it needs --authentication-token-webhook",
	forbidden:    "the agent may not get nodes/metrics: deploy it again with --kubelet-metrics",
	other:        "check the kubelet's log",
}

// newClient makes a client that keeps one connection and follows no redirect:
// a token must reach nobody but whom it is meant for. It uses no proxy, for what
// it reads is on its own node or in the cluster.
func newClient(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// onNode asks for no compression: the node under test would pay for it, and the
// page does not leave the node.
func onNode(tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        1,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
		TLSClientConfig:     tlsConfig,
	}
}

func newNodeExporter(c Config) (*source, error) {
	s := &source{kind: agentv1.Source_SOURCE_NODE_EXPORTER, hints: nodeExporterHints}
	raw, err := Expand(c.NodeExporterURL, c.Node)
	if err != nil {
		s.absent = err.Error()
		return s, nil
	}
	if s.url, err = parseURL(raw); err != nil {
		return nil, fmt.Errorf("node-exporter: %w", err)
	}
	s.client, s.reader = newClient(onNode(nil)), newReader(nodeExporterTable)
	return s, nil
}

func newKubelet(c Config) (*source, error) {
	s := &source{kind: agentv1.Source_SOURCE_KUBELET, hints: kubeletHints}
	k := &kubelet{tokenFile: orDefault(c.Node.TokenFile, DefaultTokenFile), caFile: orDefault(c.Node.CAFile, DefaultCAFile)}
	raw, err := Expand(orDefault(c.Node.KubeletURL, DefaultKubeletURL), c.Node)
	if err == nil {
		// A token cannot come by itself: the agents must be deployed again.
		if _, statErr := os.Stat(k.tokenFile); errors.Is(statErr, os.ErrNotExist) {
			err = errNoToken
		}
	}
	if err != nil {
		s.absent = err.Error()
		return s, nil
	}
	if s.url, err = parseURL(raw); err != nil {
		return nil, fmt.Errorf("kubelet: %w", err)
	}
	if s.url.Scheme != "https" {
		return nil, fmt.Errorf("kubelet: %q: the agent's token is sent over https only", shown(s.url))
	}
	k.own = c.Node.isOwn(s.url)
	s.kubelet = k
	s.client, s.reader = newClient(onNode(k.tls(s.url))), newReader(kubeletTable)
	return s, nil
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// fetch reads the page once, into the reader. The time it answers is the middle
// between asking and the first byte of the answer: node-exporter and the kubelet
// look at the node in between.
func (s *source) fetch(ctx context.Context) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return time.Now(), err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	if s.kubelet != nil {
		if err := s.kubelet.authorize(req); err != nil {
			return time.Now(), err
		}
	}
	asked := time.Now()
	resp, err := s.client.Do(req)
	at := asked.Add(time.Since(asked) / 2)
	if err != nil {
		return at, s.explain(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return at, s.explainStatus(resp.Status, resp.StatusCode)
	}
	body := io.Reader(resp.Body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		// Some do so unasked.
		if body, err = gzip.NewReader(resp.Body); err != nil {
			return at, s.explain(ctx, err)
		}
	}
	if err := s.reader.read(body); err != nil {
		return at, s.explain(ctx, err)
	}
	return at, nil
}

// explain names the URL, says what went wrong and what to do.
func (s *source) explain(ctx context.Context, err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: no complete answer in time: the node or the source is overloaded, or a network policy is in the way", shown(s.url))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: connection refused: %s", shown(s.url), s.hints.refused)
	}
	return fmt.Errorf("%s: %w: %s", shown(s.url), err, s.hints.other)
}

func (s *source) explainStatus(status string, code int) error {
	hint := s.hints.other
	switch code {
	case http.StatusUnauthorized:
		hint = s.hints.unauthorized
	case http.StatusForbidden:
		hint = s.hints.forbidden
	}
	return fmt.Errorf("%s: answered %s: %s", shown(s.url), status, hint)
}

// status reads the source once and says whether that works.
func (s *source) status(ctx context.Context) *agentv1.SourceStatus {
	st := &agentv1.SourceStatus{Source: s.kind, Detail: s.absent}
	if s.absent != "" {
		return st
	}
	if _, err := s.fetch(ctx); err != nil {
		st.Detail = err.Error()
		return st
	}
	st.Available, st.Detail = true, shown(s.url)
	if s.kubelet != nil {
		if remark := s.kubelet.remark(); remark != "" {
			st.Detail += "; " + remark
		}
	}
	return st
}
