package echo

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// tcpBuffer is held by every connection, also by one that is idle.
const tcpBuffer = 16 << 10

// tcpEndpoint sends back all it gets, as it comes.
type tcpEndpoint struct {
	listener net.Listener
	counts   *counts
	serving  sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	ending bool
}

func listenTCP(address string, c *counts) (endpoint, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &tcpEndpoint{listener: l, counts: c, conns: map[net.Conn]struct{}{}}, nil
}

func (e *tcpEndpoint) addr() net.Addr { return e.listener.Addr() }

func (e *tcpEndpoint) serve() error {
	var pause time.Duration
	for {
		conn, err := e.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			if e.add(conn) {
				go e.echo(conn)
			}
		case errors.Is(err, net.ErrClosed):
			return nil
		default: // too many open files, for one; as net/http does
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
		}
	}
}

func (e *tcpEndpoint) add(conn net.Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ending {
		conn.Close()
		return false
	}
	e.counts.tcpConns.Add(1)
	e.conns[conn] = struct{}{}
	e.serving.Add(1)
	return true
}

// echo ends when the client has closed its side and has got everything back.
func (e *tcpEndpoint) echo(conn net.Conn) {
	defer func() {
		conn.Close()
		e.mu.Lock()
		delete(e.conns, conn)
		e.mu.Unlock()
		e.serving.Done()
	}()
	buffer := make([]byte, tcpBuffer)
	for {
		n, err := conn.Read(buffer)
		// Counted first: who has the answer can rely on having been counted.
		e.counts.tcpBytes.Add(uint64(n))
		if n > 0 {
			if _, err := conn.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// shutdown stops reading, and lets what was read leave.
func (e *tcpEndpoint) shutdown(ctx context.Context) error {
	err := e.listener.Close()
	e.each(func(c net.Conn) { _ = c.SetReadDeadline(time.Now()) })
	ended := make(chan struct{})
	go func() {
		e.serving.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		e.each(func(c net.Conn) { c.Close() })
		<-ended
	}
	return err
}

func (e *tcpEndpoint) each(do func(net.Conn)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ending = true
	for c := range e.conns {
		do(c)
	}
}
