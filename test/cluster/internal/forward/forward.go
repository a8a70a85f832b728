// Package forward is the one way into a sealed cluster: listeners on the
// machine's loopback whose connections are dialled inside a network namespace.
package forward

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"
)

const dialTimeout = 5 * time.Second

// Route joins a listener on the machine to an address inside a namespace.
type Route struct {
	Listen string `json:"listen"` // 127.0.0.1:PORT
	Target string `json:"target"` // IP:PORT inside
}

// Dial connects from inside. It must respect the context.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Serve forwards until ctx ends, or a listener cannot be opened.
func Serve(ctx context.Context, dial Dial, routes []Route) error {
	var listeners []net.Listener
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	for _, r := range routes {
		l, err := net.Listen("tcp", r.Listen)
		if err != nil {
			return fmt.Errorf("forward to %s: %w", r.Target, err)
		}
		listeners = append(listeners, l)
	}
	var running sync.WaitGroup
	for i, l := range listeners {
		running.Go(func() { accept(ctx, l, dial, routes[i].Target) })
	}
	<-ctx.Done()
	for _, l := range listeners {
		l.Close()
	}
	running.Wait()
	return nil
}

func accept(ctx context.Context, l net.Listener, dial Dial, target string) {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return
		}
		if err != nil { // out of file descriptors, for one: give it time
			log.Printf("accept for %s: %v", target, err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		open.Go(func() { join(ctx, conn, dial, target) })
	}
}

func join(ctx context.Context, near net.Conn, dial Dial, target string) {
	defer near.Close()
	dialCtx, cancel := context.WithTimeout(ctx, dialTimeout)
	far, err := dial(dialCtx, "tcp", target)
	cancel()
	if err != nil {
		return // the caller sees its connection closed, as with any proxy
	}
	defer far.Close()
	stop := context.AfterFunc(ctx, func() { near.Close(); far.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { pour(far, near) })
	both.Go(func() { pour(near, far) })
	both.Wait()
}

// pour copies one direction and passes on its end; the other may go on, as HTTP
// upgrades and half-closed streams need.
func pour(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if tcp, ok := to.(*net.TCPConn); ok && err == nil {
		tcp.CloseWrite()
		return
	}
	to.Close()
	from.Close()
}

// FreeAddress finds a free port on loopback. It is free at that moment only: the
// caller must expect the listener to fail.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
