//go:build unix

package client

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// doubled is a UDP server that answers after delay, and once more apart later. What
// is sent to doubled.sent is one pair of answers.
func doubled(t *testing.T, delay, apart time.Duration) (address string, sent chan struct{}) {
	t.Helper()
	sent = make(chan struct{}, 1000)
	var pairs sync.WaitGroup
	t.Cleanup(pairs.Wait)
	return udpServer(t, func(conn net.PacketConn, b []byte, from net.Addr) {
		answer := append([]byte{}, b...)
		pairs.Go(func() {
			time.Sleep(delay)
			_, _ = conn.WriteTo(answer, from)
			time.Sleep(apart)
			_, _ = conn.WriteTo(answer, from)
			sent <- struct{}{}
		})
	}), sent
}

// The second of two answers, which is the same byte for byte, is not taken for that
// of the next call: none can be faster than the server is.
func TestUDPEchoThatComesTwice(t *testing.T) {
	const delay = 5 * time.Millisecond
	address, sent := doubled(t, delay, 0)
	w := worker(t, echoTarget(UDP, address, "kubectl-meshery\n"))
	for i := range 40 {
		switch e := w.(*echoCaller); i {
		case 2:
			if e.apart != callsApart-1 {
				t.Errorf("%d calls are still to have a port each", e.apart)
			}
			e.apart = 10 // not to wait for all
		case 11, 12, 13: // a port again that is kept, and given up
			if (e.conn != nil) != (i == 13) {
				t.Errorf("before call %d the socket is %v", i, e.conn)
			}
		}
		start := time.Now()
		a := w.Call(t.Context())
		if took := time.Since(start); !a.OK() || took < delay {
			t.Errorf("call %d took %v: %+v", i, took, a)
		}
		<-sent
		time.Sleep(time.Millisecond) // as the kernel may still have it
	}
}

// Where the second comes while the next call waits, nothing tells it from that
// one's, until there are more answers than calls.
func TestUDPEchoThatComesTwiceAndLate(t *testing.T) {
	const delay, calls = 5 * time.Millisecond, 200
	address, _ := doubled(t, delay, delay/2)
	w := worker(t, echoTarget(UDP, address, "kubectl-meshery\n"))
	wrong := 0
	for range calls {
		start := time.Now()
		if a := w.Call(t.Context()); !a.OK() {
			t.Errorf("%+v", a)
		}
		if time.Since(start) < delay {
			wrong++
		}
	}
	if wrong > calls/4 {
		t.Errorf("%d of %d calls were faster than the server", wrong, calls)
	}
}

// What a TCP server sends after an answer makes that answer wrong, and the next
// call is the first that can say so. It sends nothing.
func TestTCPEchoThatSendsMoreLater(t *testing.T) {
	const body = "kubectl-meshery\n"
	var requests atomic.Int64
	more, sent := make(chan string), make(chan struct{})
	address := serve(t, func(conn net.Conn) {
		b := make([]byte, len(body))
		for {
			if _, err := io.ReadFull(conn, b); err != nil {
				return
			}
			requests.Add(1)
			_, _ = conn.Write(b)
			_, _ = conn.Write([]byte(<-more))
			sent <- struct{}{}
		}
	})
	w := worker(t, echoTarget(TCP, address, body))
	for _, c := range []struct {
		want, more string
		connects   bool
	}{
		{"OK", body, true},
		{FailCheck, "", false},
		{"OK", "", true},
		{"OK", strings.Repeat("x", 100), false},
		{FailCheck, "", false},
		{"OK", "", true},
	} {
		before := requests.Load()
		a := w.Call(t.Context())
		if a.Text() != c.want || (a.Connect > 0) != c.connects {
			t.Errorf("%+v, want %s", a, c.want)
		}
		if !a.OK() {
			if a.Bytes == 0 || requests.Load() != before {
				t.Errorf("%+v, and %d requests were sent", a, requests.Load()-before)
			}
			continue
		}
		more <- c.more
		<-sent
		time.Sleep(time.Millisecond) // as the kernel may still have it
	}
}

// A connection that the server closed while it was idle is no failure: nothing of
// the call was sent on it.
func TestTCPEchoWhoseServerClosesWhatIsIdle(t *testing.T) {
	const body = "kubectl-meshery\n"
	for name, linger := range map[string]int{"closed": -1, "reset": 0} {
		t.Run(name, func(t *testing.T) {
			answered, closed := make(chan struct{}), make(chan struct{})
			address := serve(t, func(conn net.Conn) {
				b := make([]byte, len(body))
				if _, err := io.ReadFull(conn, b); err != nil {
					return // Reach's own
				}
				_, _ = conn.Write(b)
				<-answered // or else a reset would take the answer with it
				_ = conn.(*net.TCPConn).SetLinger(linger)
				conn.Close()
				closed <- struct{}{}
			})
			w := worker(t, echoTarget(TCP, address, body))
			for i := range 5 {
				if a := w.Call(t.Context()); !a.OK() || a.Connect == 0 {
					t.Errorf("call %d: %+v", i, a)
				}
				answered <- struct{}{}
				<-closed
				time.Sleep(time.Millisecond) // as the kernel may still have it
			}
		})
	}
}

// Looking costs a system call and leaves no garbage.
func TestLookingBackAllocatesNothing(t *testing.T) {
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
	w := worker(t, echoTarget(TCP, address, "x"))
	if a := w.Call(t.Context()); !a.OK() {
		t.Fatalf("%+v", a)
	}
	e := w.(*echoCaller)
	if n := testing.AllocsPerRun(100, func() { e.lookBack() }); n != 0 || e.conn == nil {
		t.Errorf("%g allocations, connected %v", n, e.conn != nil)
	}
}
