package load

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// fickle is a server that closes connections as it likes, and counts what it
// read and what it answered.
type fickle struct {
	url            string
	read, answered atomic.Int64
	conns          sync.WaitGroup
	listener       net.Listener
}

// newFickle starts one: after each request that was read to its end, serve says
// whether it is answered, and after how long the connection is closed; negative
// is never.
func newFickle(t *testing.T, serve func() (answer bool, closing time.Duration)) *fickle {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fickle{url: "http://" + l.Addr().String(), listener: l}
	f.conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.conns.Go(func() { f.talk(conn, serve) })
		}
	})
	t.Cleanup(f.close)
	return f
}

// close waits until the clients' last connection is closed.
func (f *fickle) close() {
	_ = f.listener.Close()
	f.conns.Wait()
}

func (f *fickle) talk(conn net.Conn, serve func() (bool, time.Duration)) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		f.read.Add(1)
		answer, closing := serve()
		if answer {
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
				return
			}
			f.answered.Add(1)
		}
		if closing >= 0 {
			time.AfterFunc(closing, func() { _ = conn.Close() })
		}
	}
}

// A request that changes something is sent once, however its connection ends: a
// server that read it and hung up may well have done what it asked for.
func TestNoPostIsSentTwice(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(1, 9))
	chance := func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Float64()
	}
	for name, serve := range map[string]func() (bool, time.Duration){
		// One request in five is read, and the connection closed without an answer.
		"hangs up on requests": func() (bool, time.Duration) {
			if chance() < 0.2 {
				return false, 0
			}
			return true, -1
		},
		// Every connection is closed at a random moment of the time it is idle, so
		// that some requests meet a connection that is just being closed.
		"closes idle connections": func() (bool, time.Duration) {
			return true, time.Duration(chance() * float64(30*time.Millisecond))
		},
	} {
		for _, body := range []string{"", "an order"} {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				f := newFickle(t, serve)
				clients, err := client.Reach(t.Context(), client.Target{URL: f.url, Method: http.MethodPost, Body: []byte(body), Timeout: 5 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				m := measure(t, t.Context(), soon(), Plan{Rate: 500, Agents: 1, Connections: 10, Duration: 1500 * time.Millisecond}, only(clients)...)
				f.close()
				read, answered := f.read.Load(), f.answered.Load()
				got := m.whole
				t.Logf("%+v; the server read %d and answered %d", got.Counts, read, answered)
				if read > got.Sent {
					t.Errorf("%d requests were sent, and the server read %d", got.Sent, read)
				}
				// What was read and not answered failed, and so did what was not read.
				if got.Succeeded != answered || got.Failed != got.Sent-answered || got.Failed < read-answered {
					t.Errorf("%+v; the server read %d and answered %d", got.Counts, read, answered)
				}
				if strings.HasPrefix(name, "hangs up") && (read != got.Sent || read == answered) {
					t.Errorf("%d sent, the server read %d and answered %d", got.Sent, read, answered)
				}
			})
		}
	}
}
