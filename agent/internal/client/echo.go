package client

import (
	"bytes"
	"context"
	"io"
	"net"
	"syscall"
	"time"
)

// largestDatagram is what a UDP datagram over IPv4 can hold.
const largestDatagram = 65507

// writeAhead is how much is written before anything is read back. An echo that
// can send no more reads no more: of more, both sides could wait for each other.
const writeAhead = 16 << 10

// callsApart is for how many calls a port is taken for each, after one had more
// datagrams than requests. Of two answers to a request the second may also come
// while the next call waits, which then cannot be told from a quick answer. With a
// server that sends all twice, that is a few calls until it shows, of so many; and
// a single datagram that the network doubled does not cost sockets to the end.
const callsApart = 1000

// chooseEcho checks that there is something to be echoed.
func (c *Clients) chooseEcho() error {
	switch size := len(c.target.Body); {
	case size == 0:
		return planErrorf("target %q has no body to be echoed: give one", c.target.URL)
	case c.target.Protocol == UDP && size > largestDatagram:
		return planErrorf("target %q: the body is larger than the %d bytes of a datagram: shorten it", c.target.URL, largestDatagram)
	}
	c.Kind, c.make = c.target.Protocol, c.newEcho
	return nil
}

// echoCaller sends the body as it is, and wants it back. After a call that
// failed the socket is given up, for what comes back late would be taken for the
// answer to the next call: over TCP it is in the stream; over UDP, where the
// bodies of all calls are the same, only a port of its own tells it apart. For the
// same reason nothing may lie in the socket when a call begins.
type echoCaller struct {
	network, address string
	body             []byte
	buffer           []byte // a byte longer, to see an echo that is too long
	timeout          time.Duration
	conn             net.Conn
	raw              syscall.RawConn // of conn
	unasked          unasked
	apart            int // calls that are still to have a port each
	// parent is the context that can abort calls on conn, unless forget is called.
	parent context.Context
	forget func() bool
}

func (c *Clients) newEcho(i int) (Caller, error) {
	return &echoCaller{network: c.target.Protocol, address: c.address(i), timeout: c.target.Timeout,
		body: c.target.Body, buffer: make([]byte, len(c.target.Body)+1)}, nil
}

// Call implements Caller.
func (e *echoCaller) Call(ctx context.Context) Answer {
	deadline := time.Now().Add(e.timeout)
	a := Answer{Length: -1}
	if n := e.lookBack(); n > 0 {
		a.Failure, a.Bytes = FailCheck, int64(n)
		return a
	}
	if e.conn == nil {
		start := time.Now()
		if err := e.connect(ctx, deadline); err != nil {
			a.Failure = kindOf(ctx, err, FailConnection)
			return a
		}
		if e.network == TCP {
			a.Connect = time.Since(start)
		}
	}
	e.watch(ctx)
	// A context that ends after this is noticed by the watch.
	err := e.conn.SetDeadline(deadline)
	if err == nil {
		err = ctx.Err()
	}
	n := 0
	if err == nil {
		n, err = e.exchange()
	}
	a.Bytes = int64(n)
	switch {
	case err == nil && bytes.Equal(e.buffer[:n], e.body):
		a.Name = "OK"
		if e.apart > 0 {
			e.apart--
			e.Close()
		}
		return a
	case err == nil:
		a.Failure = FailCheck
	default:
		a.Failure = kindOf(ctx, err, FailConnection)
		if n > 0 && a.Failure == FailConnection {
			a.Failure = FailBody
		}
	}
	e.Close()
	return a
}

func (e *echoCaller) connect(ctx context.Context, deadline time.Time) (err error) {
	conn, err := (&net.Dialer{Deadline: deadline}).DialContext(ctx, e.network, e.address)
	if err != nil {
		return err
	}
	e.conn = conn
	if s, ok := conn.(syscall.Conn); ok {
		e.raw, _ = s.SyscallConn() // without it nothing is looked for
	}
	return nil
}

// lookBack gives the socket up where something lies in it before this call's
// request is sent. It returns how many bytes a TCP server has sent that nobody asked
// for: its last answer was longer than it seemed, which fails this call, as the
// last one has been counted. A connection that the server closed meanwhile, and
// datagrams that came twice, are no failure: nothing of this call was sent yet.
func (e *echoCaller) lookBack() int {
	if e.raw == nil {
		return 0
	}
	n, some := e.unasked.read(e.raw, e.buffer)
	if !some {
		return 0
	}
	e.Close()
	if e.network == UDP {
		e.apart = callsApart
		return 0
	}
	return n
}

// watch lets the end of the context abort what is under way, once for all calls
// that come with it.
func (e *echoCaller) watch(ctx context.Context) {
	if ctx == e.parent {
		return
	}
	if e.forget != nil {
		e.forget()
	}
	conn := e.conn
	e.parent = ctx
	e.forget = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// exchange sends the body and reads as much, or one datagram.
func (e *echoCaller) exchange() (int, error) {
	if e.network == UDP || len(e.body) <= writeAhead {
		if _, err := e.conn.Write(e.body); err != nil {
			return 0, err
		}
		return e.read()
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = e.conn.Write(e.body) // reading tells why it failed
	}()
	n, err := e.read()
	if err != nil || n != len(e.body) {
		_ = e.conn.SetDeadline(time.Unix(1, 0)) // ends the writing
	}
	<-written
	return n, err
}

func (e *echoCaller) read() (int, error) {
	if e.network == UDP {
		return e.conn.Read(e.buffer)
	}
	return io.ReadAtLeast(e.conn, e.buffer, len(e.body))
}

// Close implements Caller.
func (e *echoCaller) Close() {
	if e.conn == nil {
		return
	}
	if e.forget != nil {
		e.forget()
	}
	_ = e.conn.Close() // of a socket nobody uses any more
	e.conn, e.raw, e.parent, e.forget = nil, nil, nil, nil
}
