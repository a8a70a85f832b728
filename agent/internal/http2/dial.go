package http2

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// dial connects and waits for the peer's SETTINGS, so that its limits are known
// before the first request.
func (c *Conn) dial(ctx context.Context, deadline int64) (*session, *Error) {
	end := time.Time{}
	if deadline > 0 {
		end = c.epoch.Add(time.Duration(deadline))
	}
	dialer := net.Dialer{Deadline: end}
	tcp, err := dialer.DialContext(ctx, "tcp", c.config.Address)
	if err != nil {
		return nil, connectError(ctx, c.config.Address, err)
	}
	// From here on the deadline and the context act through the connection.
	_ = tcp.SetDeadline(end)
	undo := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })
	defer undo()

	sock := newSocket(tcp, c.tls != nil)
	var conn net.Conn = sock
	if c.tls != nil {
		secure := tls.Client(sock, c.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = tcp.Close()
			return nil, connectError(ctx, c.config.Address, err)
		}
		if secure.ConnectionState().NegotiatedProtocol != "h2" {
			_ = tcp.Close()
			return nil, connectError(ctx, c.config.Address, ErrNotHTTP2)
		}
		conn = secure
	}
	s := newSession(c, conn, sock)
	if err := s.greet(); err != nil {
		_ = tcp.Close()
		return nil, connectError(ctx, c.config.Address, err)
	}
	if !undo() {
		_ = tcp.Close()
		return nil, connectError(ctx, c.config.Address, ctx.Err())
	}
	_ = tcp.SetDeadline(time.Time{})
	if err := c.run(s); err != nil {
		return nil, err
	}
	return s, nil
}
