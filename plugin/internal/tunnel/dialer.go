// Package tunnel turns the port-forward of the Kubernetes API into a net.Conn:
// one connection to the API server, with one pair of streams in it, per call of
// DialContext. There is no local TCP port. It does not redial and does not know
// what is spoken over the connection.
package tunnel

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	portforwardconst "k8s.io/apimachinery/pkg/util/portforward"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	streamspdy "k8s.io/streaming/pkg/httpstream/spdy"
)

// DefaultConcurrency is how many connections are made at the same time when
// nothing else is asked for. Connections that stand do not count.
const DefaultConcurrency = 16

// Dialer makes connections to ports of pods. It is safe for concurrent use.
type Dialer struct {
	config *rest.Config
	client rest.Interface
	slots  chan struct{}
}

// NewDialer makes a Dialer for the cluster of config, which it copies and never
// changes. Neither QPS nor Timeout of the config apply to port-forward, so at
// most concurrency connections are made at a time (0: DefaultConcurrency).
func NewDialer(config *rest.Config, concurrency int) (*Dialer, error) {
	if concurrency <= 0 {
		concurrency = DefaultConcurrency
	}
	config = rest.CopyConfig(config)
	client, err := typedcorev1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("prepare port-forward: %w; check the kubeconfig", err)
	}
	return &Dialer{config: config, client: client.RESTClient(), slots: make(chan struct{}, concurrency)}, nil
}

// DialContext connects to a port of a pod, by WebSocket or, where that is
// refused, by SPDY. ctx bounds the dialling only, not the life of the
// connection. A failure is an *Error that tells of both ways.
func (d *Dialer) DialContext(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result)
	// Parts of the dialling cannot be cancelled (reading the answer to the SPDY
	// upgrade), so the caller does not wait for them and what comes too late is
	// closed. The slot is kept until then: the bound is on real connections.
	go func() {
		defer func() { <-d.slots }()
		conn, err := d.dial(ctx, namespace, pod, port)
		select {
		case results <- result{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				_ = conn.Close()
			}
		}
	}()
	select {
	case r := <-results:
		return r.conn, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *Dialer) dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	// The client's own URL keeps a path prefix of the kubeconfig's server.
	target := d.client.Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	failure := &Error{Namespace: namespace, Pod: pod, Port: port}
	var streams httpstream.Connection
	if streams, failure.WebSocket = d.webSocket(ctx, target); failure.WebSocket != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// Whatever went wrong: some proxies refuse WebSocket with a status, others
		// just hang up.
		if streams, failure.SPDY = d.spdy(ctx, target); failure.SPDY != nil {
			return nil, failure
		}
	}
	conn, err := pair(ctx, streams, fmt.Sprintf("%s/%s", namespace, pod), port)
	if err != nil {
		return nil, fmt.Errorf("port-forward to pod %q: %w", namespace+"/"+pod, err)
	}
	return conn, nil
}

// webSocket makes a SPDY connection inside a WebSocket. The round tripper is
// made anew because it holds the connection and must not be used twice.
func (d *Dialer) webSocket(ctx context.Context, target *url.URL) (httpstream.Connection, error) {
	transport, holder, err := websocket.RoundTripperFor(d.config)
	if err != nil {
		return nil, err
	}
	// A WebSocket begins with GET (RFC 6455, section 4.1), which RBAC sees as "get".
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	ws, err := websocket.Negotiate(transport, holder, req, portforwardconst.WebsocketsSPDYTunnelingPortForwardV1)
	if err != nil {
		return nil, err
	}
	tunnelled := portforward.NewTunnelingConnectionWithLogger(klog.FromContext(ctx), ws)
	return streamspdy.NewClientConnectionWithPings(tunnelled, portforward.PingPeriod)
}

// spdy makes a SPDY connection by POST, which RBAC sees as "create".
func (d *Dialer) spdy(ctx context.Context, target *url.URL) (httpstream.Connection, error) {
	transport, upgrader, err := spdy.RoundTripperFor(d.config)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return nil, err
	}
	streams, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, req, portforward.PortForwardProtocolV1Name)
	return streams, err
}

// pair opens the one pair of streams of a connection, or closes it.
func pair(ctx context.Context, streams httpstream.Connection, pod string, port int) (net.Conn, error) {
	// Waiting for the answer to a new stream knows no context; a closed
	// connection ends it.
	stop := context.AfterFunc(ctx, func() { _ = streams.Close() })
	defer stop()
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	failures, err := streams.CreateStream(headers)
	if err == nil {
		// Nothing is ever sent on the error stream.
		err = failures.Close()
	}
	var data httpstream.Stream
	if err == nil {
		headers.Set(corev1.StreamType, corev1.StreamTypeData)
		data, err = streams.CreateStream(headers)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = streams.Close()
		return nil, err
	}
	return newConn(streams, data, failures, address{pod: pod, port: port}), nil
}
