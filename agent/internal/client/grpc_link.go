package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/grpclog"
)

// grpc-go logs for the whole process, and says to set this before anything uses
// it. What goes wrong here is counted.
func init() {
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
}

const (
	// Fixed windows spare the pings by which grpc-go estimates how large they
	// should be: one with nearly every answer that is small. Nothing is read more
	// slowly than it comes, so they can be large.
	streamWindow     = 1 << 20
	connectionWindow = 4 << 20
	// readBuffer is held by every connection, so it is small; what is larger is read
	// past it. writeBuffer is lent while there is something to write.
	readBuffer, writeBuffer = 8 << 10, 32 << 10
	// A server that was restarted is found within the longest of the pauses
	// between attempts to connect.
	firstPause, longestPause = 50 * time.Millisecond, 500 * time.Millisecond
)

// link is one HTTP/2 connection to one address, made again when it breaks.
type link struct {
	clients *Clients
	conn    *grpc.ClientConn
	// connect is what connecting took, in nanoseconds, of a connection no call
	// has reported yet.
	connect atomic.Int64
	// breaks counts connections that ended, failed is why the last one did.
	breaks atomic.Int64
	failed atomic.Pointer[error]
}

func (c *Clients) newLink(connection int, o *linkOptions) (*link, error) {
	l := &link{clients: c}
	var err error
	l.conn, err = grpc.NewClient("passthrough:///"+c.address(connection),
		grpc.WithContextDialer(l.dial),
		grpc.WithTransportCredentials(&handshake{l}),
		grpc.WithAuthority(o.authority),
		grpc.WithUserAgent(o.userAgent),
		grpc.WithDisableServiceConfig(), grpc.WithDisableHealthCheck(), grpc.WithDisableRetry(),
		grpc.WithIdleTimeout(0),
		grpc.WithStaticStreamWindowSize(streamWindow), grpc.WithStaticConnWindowSize(connectionWindow),
		grpc.WithReadBufferSize(readBuffer), grpc.WithWriteBufferSize(writeBuffer),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: reachTimeout / 2,
			Backoff: backoff.Config{BaseDelay: firstPause, Multiplier: 1.6, Jitter: 0.2, MaxDelay: longestPause}}))
	if err != nil {
		return nil, fmt.Errorf("gRPC client for %q: %w", c.url.Host, err)
	}
	return l, nil
}

// Close ends the connection and the calls on it.
func (l *link) Close() error { return l.conn.Close() }

// took is how long connecting took, if no call has reported it.
func (l *link) took() time.Duration {
	if l.connect.Load() == 0 { // mostly; all workers of the connection look
		return 0
	}
	return time.Duration(l.connect.Swap(0))
}

// ready waits until the server has said that it speaks HTTP/2.
func (l *link) ready(ctx context.Context) error {
	l.conn.Connect()
	for {
		switch s := l.conn.GetState(); s {
		case connectivity.Ready:
			return nil
		case connectivity.TransientFailure:
			return fmt.Errorf("connect to %q: %s", l.clients.url.Host, l.why())
		default:
			if !l.conn.WaitForStateChange(ctx, s) {
				return fmt.Errorf("connect to %q: no HTTP/2 in time; is the port that of gRPC?", l.clients.url.Host)
			}
		}
	}
}

// why says why there is no connection, and what to do.
func (l *link) why() string {
	const not = "it does not answer as HTTP/2; is the port that of gRPC, and "
	var err error
	if p := l.failed.Load(); p != nil {
		err = *p
	}
	// Over TLS 1.3 a server refuses the client after the client's own handshake, and
	// its alert may be lost with the connection.
	certificate := "does it want a certificate of the client?"
	if len(l.clients.target.TLS.Cert) > 0 {
		certificate = "does it accept the client's certificate?"
	}
	var broken *net.OpError
	isBroken := errors.As(err, &broken)
	switch {
	case errors.Is(err, errNoALPN), err != nil && strings.Contains(err.Error(), "no application protocol"):
		return "it agrees to no HTTP/2 in the TLS handshake (ALPN); is the port that of gRPC?"
	case isBroken && broken.Op == "remote error":
		return oneLine(err) + "; " + certificate
	case isBroken && broken.Op != "read":
		return oneLine(err) + "; " + hint(err)
	case l.clients.tls != nil:
		return not + certificate
	}
	return not + "does it want TLS (grpcs://)?"
}

// dialed is a connection before its handshake.
type dialed struct {
	net.Conn
	start time.Time
}

func (l *link) dial(ctx context.Context, address string) (net.Conn, error) {
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		l.failed.Store(&err)
		return nil, err
	}
	return &dialed{conn, start}, nil
}

// watched notices when its connection ends: grpc-go tells it to nobody in a way
// that differs from what a server might say.
type watched struct {
	net.Conn
	link *link
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil {
		w.link.failed.Store(&err)
		w.link.breaks.Add(1)
	}
	return n, err
}

// handshake makes a connection known to its link, with TLS where the target is
// encrypted.
type handshake struct{ link *link }

var errNoALPN = errors.New("tls: h2 was not agreed to")

// ClientHandshake implements credentials.TransportCredentials.
func (h *handshake) ClientHandshake(ctx context.Context, _ string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	d := raw.(*dialed)
	conn := d.Conn
	if config := h.link.clients.tls; config != nil {
		config = config.Clone()
		config.NextProtos = []string{"h2"}
		secure := tls.Client(conn, config)
		err := secure.HandshakeContext(ctx)
		if err == nil && secure.ConnectionState().NegotiatedProtocol != "h2" {
			err = errNoALPN
		}
		if err != nil {
			h.link.failed.Store(&err)
			return nil, nil, err // raw is closed by who made it
		}
		conn = secure
	}
	h.link.connect.Add(int64(time.Since(d.start)))
	return &watched{conn, h.link}, peerInfo{}, nil
}

// peerInfo is what grpc-go may know of the other side: nothing here asks.
type peerInfo struct{}

// AuthType implements credentials.AuthInfo.
func (peerInfo) AuthType() string { return "" }

// ServerHandshake implements credentials.TransportCredentials.
func (h *handshake) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("not a server")
}

// Info implements credentials.TransportCredentials; "tls" makes the scheme https.
func (h *handshake) Info() credentials.ProtocolInfo {
	if h.link.clients.tls == nil {
		return credentials.ProtocolInfo{SecurityProtocol: "insecure"}
	}
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone implements credentials.TransportCredentials: there is one link.
func (h *handshake) Clone() credentials.TransportCredentials { return h }

// OverrideServerName implements credentials.TransportCredentials.
func (h *handshake) OverrideServerName(string) error { return nil }
