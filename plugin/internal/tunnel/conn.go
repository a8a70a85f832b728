package tunnel

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"k8s.io/streaming/pkg/httpstream"
)

const (
	// maxFrame is the most that goes into one SPDY data frame (their length has 24 bits).
	maxFrame = 1 << 20
	// maxErrorText is the most that is kept of the error stream.
	maxErrorText = 4 << 10
	// closeGrace is how long Close waits for its farewell to be sent; a link
	// that is cut would hold it for minutes.
	closeGrace = time.Second
	// errorGrace is how long the data and the error stream wait for each other's
	// end: the far side ends both, in no fixed order.
	errorGrace = time.Second
)

// conn is a pair of port-forward streams and the connection that holds only them.
//
// Deadlines are accepted and have no effect, for the streams have none. What
// needs a bound closes the connection, which ends a blocked Read. gRPC is content
// with that: it closes the transport when a keepalive is not answered.
type conn struct {
	streams  httpstream.Connection
	data     httpstream.Stream
	failures httpstream.Stream
	remote   address

	closeOnce sync.Once
	closeErr  error
	closed    chan struct{}

	drained chan struct{} // the error stream has ended; remoteErr is set
	// remoteErr is what the far side wrote on the error stream.
	remoteErr error
	done      sync.WaitGroup
}

func newConn(streams httpstream.Connection, data, failures httpstream.Stream, remote address) *conn {
	c := &conn{
		streams: streams, data: data, failures: failures, remote: remote,
		closed: make(chan struct{}), drained: make(chan struct{}),
	}
	c.done.Go(c.drain)
	return c
}

// drain reads the error stream to its end, always: streams share workers in the
// connection, and one that nobody reads stops the others.
func (c *conn) drain() {
	var text strings.Builder
	var end *time.Timer
	buf := make([]byte, 1024)
	for {
		n, err := c.failures.Read(buf)
		if n > 0 && end == nil {
			// Text means that it is over. A far side that does not end the
			// stream after it is helped.
			end = time.AfterFunc(errorGrace, func() { _ = c.failures.Reset() })
		}
		if room := maxErrorText - text.Len(); n > 0 && room > 0 {
			text.Write(buf[:min(n, room)])
		}
		if err != nil {
			break
		}
	}
	if end == nil {
		close(c.drained)
		return
	}
	end.Stop()
	c.remoteErr = fmt.Errorf("port-forward to %s: %s", c.remote, strings.TrimSpace(text.String()))
	close(c.drained)
	// What was sent before the failure may still be on its way to a reader.
	select {
	case <-c.closed:
	case <-time.After(errorGrace):
		_ = c.data.Reset()
	}
}

// Read reads what the pod sent. After its end it returns the text of the error
// stream as an error, or io.EOF where there is none.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.data.Read(p)
	if err == nil || n > 0 {
		return n, nil
	}
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	select {
	case <-c.drained:
		if c.remoteErr != nil {
			return 0, c.remoteErr
		}
	case <-c.closed:
		return 0, net.ErrClosed
	case <-time.After(errorGrace):
	}
	return 0, err
}

func (c *conn) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		if err := c.writable(); err != nil {
			return written, err
		}
		n, err := c.data.Write(p[written:min(len(p), written+maxFrame)])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// writable is why nothing can be written any more, or nil.
func (c *conn) writable() error {
	select {
	case <-c.closed: // first: closing ends the error stream too
		return net.ErrClosed
	default:
	}
	select {
	case <-c.drained:
		return c.remoteErr
	default:
		return nil
	}
}

// Close ends both streams and the connection. A blocked Read returns. Further
// calls do nothing and return the same.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		ended := make(chan error, 1)
		go func() {
			// Reset, not Close: Close ends only this side's half and leaves Read waiting.
			_ = c.data.Reset()
			_ = c.failures.Reset()
			err := c.streams.Close()
			c.done.Wait()
			ended <- err
		}()
		select {
		case c.closeErr = <-ended:
		case <-time.After(closeGrace):
			c.closeErr = errors.New("the link did not take the farewell in time; it is left to end by itself")
		}
	})
	return c.closeErr
}

func (c *conn) LocalAddr() net.Addr  { return address{pod: "local"} }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline has no effect, see conn.
func (c *conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline has no effect, see conn.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline has no effect, see conn.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// address is a port of a pod, "namespace/name:port".
type address struct {
	pod  string
	port int
}

func (a address) Network() string { return "port-forward" }

func (a address) String() string {
	if a.port == 0 {
		return a.pod
	}
	return fmt.Sprintf("pod %s:%d", a.pod, a.port)
}
