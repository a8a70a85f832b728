//go:build linux

package target

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Log is how long a server took for each of its answers: from when the request
// had come to its socket until the answer lay in the client's. What a client
// measures beyond it is the client's own.
type Log struct {
	mu      sync.Mutex
	samples []time.Duration
}

func (l *Log) add(d time.Duration) {
	l.mu.Lock()
	l.samples = append(l.samples, d)
	l.mu.Unlock()
}

// Take returns what was logged since the last call, sorted.
func (l *Log) Take() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.samples
	l.samples = nil
	slices.Sort(s)
	return s
}

// listener accepts connections that log.
type listener struct {
	net.Listener
	log *Log
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, read: raw.Read, log: l.log}, nil
}

// conn logs the time from a request's arrival to the end of the answer's write.
// The kernel notes the arrival (SO_TIMESTAMPNS, socket(7)), so it counts also
// while the server is busy with others. On the loopback a write delivers: when it
// returns, the answer is in the other socket.
type conn struct {
	net.Conn
	read func(func(fd uintptr) bool) error
	log  *Log

	mu      sync.Mutex
	arrived time.Time
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	var n, m int
	var failed error
	control := make([]byte, 64)
	err := c.read(func(fd uintptr) bool {
		n, m, _, _, failed = unix.Recvmsg(int(fd), p, control, 0)
		return failed != unix.EAGAIN
	})
	if err == nil {
		err = failed
	}
	switch {
	case err != nil:
		return 0, err
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	c.mu.Lock()
	if c.arrived.IsZero() {
		c.arrived = timestamp(control[:m])
	}
	c.mu.Unlock()
	return n, nil
}

// timestamp is when the kernel received what was read; now where it did not say.
func timestamp(control []byte) time.Time {
	messages, _ := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			sec, nsec := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
			return time.Unix(int64(sec), int64(nsec))
		}
	}
	return time.Now()
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	arrived := c.arrived
	// Cleared before the write: the next request may follow it at once.
	c.arrived = time.Time{}
	c.mu.Unlock()
	n, err := c.Conn.Write(p)
	if err == nil && !arrived.IsZero() {
		// The kernel's stamp is of the wall clock, so that is what is compared.
		c.log.add(time.Now().Round(0).Sub(arrived))
	}
	return n, err
}
