package client

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func echoTarget(protocol, address, body string) Target {
	return Target{URL: protocol + "://" + address, Protocol: protocol, Body: []byte(body), Timeout: 5 * time.Second}
}

func TestTCPEcho(t *testing.T) {
	var connections atomic.Int64
	address := serve(t, func(conn net.Conn) {
		first := make([]byte, 1)
		if _, err := conn.Read(first); err != nil {
			return // Reach's own
		}
		connections.Add(1)
		_, _ = conn.Write(first)
		_, _ = io.Copy(conn, conn)
	})
	for _, body := range []string{"x", "kubectl-meshery\n", strings.Repeat("0123456789", 4<<20/10)} {
		target := echoTarget(TCP, address, body)
		target.Timeout = time.Minute
		clients := reach(t, target)
		connections.Store(0)
		w, err := clients.New(0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			a := w.Call(t.Context())
			if !a.OK() || a.Text() != "OK" || a.Bytes != int64(len(body)) || (a.Connect > 0) != (i == 0) {
				t.Errorf("call %d of %d bytes: %+v", i, len(body), a)
			}
		}
		w.Close()
		w.Close() // as an engine may
		if clients.Kind != TCP || connections.Load() != 1 {
			t.Errorf("%s made %d connections", clients.Kind, connections.Load())
		}
	}
}

// What a server may do to an echo. After whatever was wrong the next call has a
// connection of its own, so that nothing of one call is left to the next.
func TestTCPEchoThatIsNotRight(t *testing.T) {
	const body = "kubectl-meshery\n"
	untilGivenUp := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	for _, c := range []struct {
		name, want string
		answer     func(conn net.Conn)
	}{
		{"wrong byte", FailCheck, func(conn net.Conn) { _, _ = conn.Write([]byte("kubectl-Meshery\n")) }},
		{"too much", FailCheck, func(conn net.Conn) { _, _ = conn.Write([]byte(body + body)) }},
		{"half, then nothing", FailTimeout, func(conn net.Conn) { _, _ = conn.Write([]byte(body[:8])); untilGivenUp(conn) }},
		{"half, then the end", FailBody, func(conn net.Conn) { _, _ = conn.Write([]byte(body[:8])); conn.Close() }},
		{"the end", FailConnection, func(conn net.Conn) { conn.Close() }},
		{"reset", FailConnection, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0); conn.Close() }},
		{"late", FailTimeout, func(conn net.Conn) { untilGivenUp(conn); _, _ = conn.Write([]byte(body)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var bad atomic.Bool
			var requests atomic.Int64
			address := serve(t, func(conn net.Conn) {
				b := make([]byte, len(body))
				for {
					if _, err := io.ReadFull(conn, b); err != nil {
						return
					}
					requests.Add(1)
					if bad.Load() {
						c.answer(conn)
					} else if _, err := conn.Write(b); err != nil {
						return
					}
				}
			})
			target := echoTarget(TCP, address, body)
			target.Timeout = 300 * time.Millisecond
			w := worker(t, target)
			connects := 0
			for i, want := range []string{"OK", c.want, c.want, "OK", "OK"} {
				bad.Store(want != "OK")
				a := w.Call(t.Context())
				if a.Text() != want || a.Waited != 0 {
					t.Errorf("call %d: %+v, want %s", i, a, want)
				}
				if a.Connect > 0 {
					connects++
				}
			}
			// The first call's serves the second as well; the third and the fourth
			// have their own, and the fifth that of the fourth.
			if connects != 3 || requests.Load() != 5 {
				t.Errorf("%d connections were reported, %d requests arrived", connects, requests.Load())
			}
		})
	}
}

func TestTCPEchoWhoseServerIsRestarted(t *testing.T) {
	listen := func(address string) (net.Listener, chan net.Conn) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conns := make(chan net.Conn, 10)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conns <- conn
				go func() { _, _ = io.Copy(conn, conn) }()
			}
		}()
		return l, conns
	}
	l, conns := listen("127.0.0.1:0")
	address := l.Addr().String()
	w := worker(t, echoTarget(TCP, address, "hello"))
	<-conns // Reach's
	call := func(want string) {
		t.Helper()
		if a := w.Call(t.Context()); a.Text() != want || (a.Connect > 0) != (want == "OK") {
			t.Errorf("%+v, want %s", a, want)
		}
	}
	call("OK")
	l.Close()
	(<-conns).Close()
	call(FailConnection) // broken
	call(FailConnection) // refused
	l, _ = listen(address)
	defer l.Close()
	call("OK")
}

// A stop ends what is in flight, and what comes after it.
func TestEchoStop(t *testing.T) {
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, target := range []Target{
		echoTarget(TCP, address, "small"), echoTarget(TCP, address, strings.Repeat("large", 1<<20)),
		echoTarget(UDP, silent.LocalAddr().String(), "small"),
	} {
		target.Timeout = time.Hour
		w := worker(t, target)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		for range 2 {
			if a := w.Call(ctx); a.Failure != FailCancelled {
				t.Errorf("%s: %+v", target.Protocol, a)
			}
		}
	}
}

// udpServer answers each datagram with what answer makes of it.
func udpServer(t *testing.T, answer func(conn net.PacketConn, datagram []byte, from net.Addr)) (address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			answer(conn, b[:n], from)
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
	})
	return conn.LocalAddr().String()
}

func TestUDPEcho(t *testing.T) {
	address := udpServer(t, func(conn net.PacketConn, b []byte, from net.Addr) { _, _ = conn.WriteTo(b, from) })
	for _, body := range []string{"x", "kubectl-meshery\n", strings.Repeat("y", 60000)} {
		clients := reach(t, echoTarget(UDP, address, body))
		w, err := clients.New(0)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if a := w.Call(t.Context()); !a.OK() || a.Text() != "OK" || a.Connect != 0 || a.Bytes != int64(len(body)) {
				t.Errorf("%d bytes: %+v", len(body), a)
			}
		}
		w.Close()
		if clients.Kind != UDP {
			t.Errorf("client %q", clients.Kind)
		}
	}
}

// A datagram that comes when its call has been given up is not taken for the
// answer of the next, though it is the same byte for byte.
func TestUDPEchoThatIsLate(t *testing.T) {
	type packet struct {
		from net.Addr
		body string
	}
	var late []packet
	var sent atomic.Int64
	address := udpServer(t, func(conn net.PacketConn, b []byte, from net.Addr) {
		switch sent.Add(1) {
		case 1: // kept back until the second is there, which gets nothing
			late = append(late, packet{from, string(b)})
		case 2:
			for _, p := range late {
				_, _ = conn.WriteTo([]byte(p.body), p.from)
			}
		default:
			_, _ = conn.WriteTo(b, from)
		}
	})
	target := echoTarget(UDP, address, "kubectl-meshery\n")
	target.Timeout = 200 * time.Millisecond
	w := worker(t, target)
	for i, want := range []string{FailTimeout, FailTimeout, "OK", "OK"} {
		if a := w.Call(t.Context()); a.Text() != want {
			t.Errorf("call %d: %+v, want %s", i, a, want)
		}
	}
}

func TestUDPEchoThatIsNotRight(t *testing.T) {
	const body = "kubectl-meshery\n"
	for name, answer := range map[string]string{"wrong byte": "kubectl-Meshery\n", "longer": body + "x", "shorter": body[:8], "empty": ""} {
		address := udpServer(t, func(conn net.PacketConn, _ []byte, from net.Addr) { _, _ = conn.WriteTo([]byte(answer), from) })
		w := worker(t, echoTarget(UDP, address, body))
		for range 2 {
			if a := w.Call(t.Context()); a.Failure != FailCheck {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

// The kernel says that nobody listens, and a server that comes is found.
func TestUDPEchoThatIsRefused(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := conn.LocalAddr().String()
	w := worker(t, echoTarget(UDP, address, "hello"))
	conn.Close()
	for range 3 {
		if a := w.Call(t.Context()); a.Failure != FailConnection {
			t.Errorf("%+v", a)
		}
	}
	if conn, err = net.ListenPacket("udp", address); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		b := make([]byte, 100)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(b[:n], from)
		}
	}()
	if a := w.Call(t.Context()); !a.OK() {
		t.Errorf("%+v", a)
	}
}

func TestEchoNeedsABody(t *testing.T) {
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
	for _, c := range []struct{ protocol, body, want string }{
		{TCP, "", "no body to be echoed: give one"}, {UDP, "", "no body to be echoed: give one"},
		{UDP, strings.Repeat("x", largestDatagram+1), "shorten it"},
	} {
		if _, err := Reach(t.Context(), echoTarget(c.protocol, address, c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.protocol, err, c.want)
		}
	}
}
