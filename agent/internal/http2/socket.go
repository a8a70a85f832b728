package http2

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// socket is a TCP connection whose writes do not wait for the peer: what it does
// not take at once is kept, and somebody has to call drain. Below TLS it also
// reads ahead.
type socket struct {
	net.Conn
	raw syscall.RawConn
	// beforeRead is called by the reader before it may have to wait.
	beforeRead func()
	ahead      []byte // read, and not yet asked for
	buffer     []byte // ahead's memory, nil without TLS

	eager  atomic.Bool // writes do not wait
	behind atomic.Bool // there is a backlog

	mu      sync.Mutex // guards all below
	backlog []byte
	try     tryWrite
}

func newSocket(c net.Conn, readAhead bool) *socket {
	k := &socket{Conn: c}
	if s, ok := c.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			k.raw = raw
		}
	}
	if readAhead {
		k.buffer = make([]byte, smallestFrame)
	}
	return k
}

// Read implements net.Conn.
func (k *socket) Read(p []byte) (int, error) {
	if len(k.ahead) == 0 {
		if k.beforeRead != nil {
			k.beforeRead()
		}
		if len(p) >= len(k.buffer) {
			return k.Conn.Read(p)
		}
		n, err := k.Conn.Read(k.buffer)
		if err != nil {
			return 0, err
		}
		k.ahead = k.buffer[:n]
	}
	n := copy(p, k.ahead)
	k.ahead = k.ahead[n:]
	return n, nil
}

// Write implements net.Conn. Once eager is set it takes everything, and whoever
// finds behind set afterwards sees to it that drain is called.
func (k *socket) Write(p []byte) (int, error) {
	if !k.eager.Load() {
		return k.Conn.Write(p)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	if !k.behind.Load() {
		var err error
		if n, err = k.try.write(k.raw, p); err != nil {
			return n, err
		}
	}
	if n < len(p) {
		k.backlog = append(k.backlog, p[n:]...)
		k.behind.Store(true)
	}
	return len(p), nil
}

// drain writes the backlog, waiting for the peer; an error where it takes nothing
// for as long as patience, 0 being for ever.
func (k *socket) drain(patience time.Duration) error {
	var mine []byte
	for {
		k.mu.Lock()
		if len(k.backlog) == 0 {
			k.behind.Store(false)
			k.mu.Unlock()
			if patience > 0 {
				return k.SetWriteDeadline(time.Time{})
			}
			return nil
		}
		mine, k.backlog = k.backlog, mine[:0]
		k.mu.Unlock()
		for rest := mine; len(rest) > 0; {
			if patience > 0 {
				_ = k.SetWriteDeadline(time.Now().Add(patience)) // the write tells
			}
			n, err := k.Conn.Write(rest[:min(len(rest), smallestFrame)])
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
}
