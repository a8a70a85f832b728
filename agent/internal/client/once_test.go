package client

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

// A server may close a connection that was idle just when a request leaves on
// it, or break it. Nothing is repeated then, also what is safe to repeat: the
// server has had it.
func TestStdSendsNothingTwice(t *testing.T) {
	for name, c := range map[string]Target{
		"POST":             {Method: "POST", Body: []byte("buy one")},
		"POST without":     {Method: "POST"},
		"POST with a key":  {Method: "POST", Header: []Header{{"Idempotency-Key", "1"}}},
		"GET":              {Method: "GET", Check: Check{Status: []string{"200"}}},
		"HEAD":             {Method: "HEAD"},
		"PUT with another": {Method: "PUT", Header: []Header{{"X-Idempotency-Key", "1"}}},
	} {
		for _, reset := range []bool{false, true} {
			var requests atomic.Int64
			address := serve(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				for answered := false; ; answered = true {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					if _, err := io.Copy(io.Discard, req.Body); err != nil {
						return
					}
					requests.Add(1)
					if answered { // as if it had closed before the request came
						if reset {
							_ = conn.(*net.TCPConn).SetLinger(0)
						}
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			c.URL, c.Timeout = "http://"+address, 5*time.Second
			w := worker(t, c)
			for i, want := range []string{"200", FailConnection, "200", FailConnection} {
				if a := w.Call(t.Context()); a.Text() != want || (a.Connect > 0) != (want == "200") {
					t.Errorf("%s, call %d: %+v, want %s", name, i, a, want)
				}
				if int(requests.Load()) != i+1 {
					t.Errorf("%s, call %d: %d requests arrived", name, i, requests.Load())
				}
			}
		}
	}
}

// The fast client sends a request again when its connection ends: that is seen,
// counted, and the connection goes on with the client that does not. A server that
// has said that it closes, or closes what was long unused, has dropped nothing.
func TestFastRequestsThatAreRepeated(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, c := range map[string]struct {
		answers []string // of each connection, which then ends with or before a request
		reset   bool
		late    bool // it ends after an answer, unasked
		pause   time.Duration
		slow    time.Duration // each answer takes so long
		poor    bool          // no connection after its first brings an answer
		want    []string
		changed bool
	}{
		"reset":              {answers: []string{ok, ok}, reset: true, want: []string{"200", "200", FailConnection, "200", "200", FailConnection}, changed: true},
		"closed":             {answers: []string{ok}, want: []string{"200", FailConnection, "200", FailConnection}, changed: true},
		"unused":             {answers: []string{ok}, late: true, pause: leastIdle, want: []string{"200", "200", "200"}, changed: true},
		"slow, and reset":    {answers: []string{ok, ok}, reset: true, slow: leastIdle, want: []string{"200", "200", FailConnection}, changed: true},
		"reset twice":        {answers: []string{ok}, reset: true, poor: true, want: []string{"200", FailConnection}, changed: true},
		"said so, in a list": {answers: []string{ok, strings.Replace(ok, "\r\n\r\n", "\r\nConnection:keep-alive, Close\r\n\r\n", 1)}, late: true, want: []string{"200", "200", "200", "200", "200"}},
		"said so":            {answers: []string{ok, strings.Replace(ok, "\r\n\r\n", "\r\nCONNECTION: close\r\n\r\n", 1)}, late: true, want: []string{"200", "200", "200", "200", "200"}},
		"HTTP/1.0":           {answers: []string{strings.Replace(ok, "1.1", "1.0", 1)}, late: true, want: []string{"200", "200", "200"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests, conns atomic.Int64
			address := serve(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				none := conns.Add(1) > 3 && c.poor // after the one to try it, the one to choose the client, and this one
				for i := 0; i < len(c.answers) || !c.late; i++ {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					requests.Add(1)
					time.Sleep(c.slow)
					if i == len(c.answers) || none {
						if c.reset {
							_ = conn.(*net.TCPConn).SetLinger(0)
						}
						return
					}
					_, _ = io.WriteString(conn, c.answers[i])
				}
			})
			w := worker(t, Target{URL: "http://" + address, Method: "GET", Timeout: 5 * time.Second})
			if _, fast := w.(*fastCaller); !fast {
				t.Fatalf("it is a %T", w)
			}
			for i, want := range c.want {
				a := w.Call(t.Context())
				if a.Text() != want || want != "200" && a.Connect > 0 {
					t.Errorf("call %d: %+v, want %s", i, a, want)
				}
				time.Sleep(c.pause)
			}
			if Changed(w) != c.changed {
				t.Errorf("changed is %v", Changed(w))
			}
			// The probe, and what the fast client repeated once.
			if extra := int(requests.Load()) - len(c.want); extra != 1 && !(extra == 2 && c.changed && !c.late) {
				t.Errorf("%d requests more than calls arrived", extra)
			}
		})
	}
}

// Of connections that were not made there is no time to connect.
func TestFastConnectTimeIsOfConnections(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })}
	go func() { _ = s.Serve(l) }()
	w := worker(t, Target{URL: "http://" + l.Addr().String(), Method: "GET", Timeout: 5 * time.Second})
	if a := w.Call(t.Context()); !a.OK() || a.Connect == 0 {
		t.Errorf("the first call: %+v", a)
	}
	_ = s.Close()
	for i := range 5 {
		if a := w.Call(t.Context()); a.Failure != FailConnection || a.Connect != 0 {
			t.Errorf("call %d of a target that is gone: %+v", i, a)
		}
	}
}

// A connection that was found dead before anything was sent on it is made anew.
func TestStdConnectsAnew(t *testing.T) {
	address := serve(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	w := worker(t, Target{URL: "http://" + address, Method: "GET", Timeout: 5 * time.Second, Check: Check{Status: []string{"200"}}})
	// It takes a moment until the end of the connection has been seen.
	for i, before := 0, false; ; i++ {
		a := w.Call(t.Context())
		if a.OK() && before {
			return
		}
		if before = a.OK(); !before && a.Failure != FailConnection || i == 100 {
			t.Fatalf("call %d: %+v", i, a)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
	}
}

// A handshake that hangs costs the calls that wait for it, and no more.
func TestStdLeavesAHandshakeThatHangs(t *testing.T) {
	ca := testcert.New(t)
	config := ca.Server(t, false, "127.0.0.1")
	var connections atomic.Int64
	address := serve(t, func(conn net.Conn) {
		if connections.Add(1) == 2 { // the first is that of Reach
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		secure := tls.Server(conn, config)
		r := bufio.NewReader(secure)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(secure, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	w := worker(t, Target{URL: "https://" + address, Method: "POST", Timeout: time.Second, TLS: TLS{CA: ca.PEM}})
	if a := w.Call(t.Context()); a.Text() != FailTimeout {
		t.Errorf("a handshake that hangs: %+v", a)
	}
	// The connection may be given up a moment after the call.
	var a Answer
	for range 3 {
		if a = w.Call(t.Context()); a.OK() {
			return
		}
	}
	t.Errorf("after it: %+v", a)
}

// Fortio's client asks a server that stalls twice, and takes its timeout for each
// of both. That happens once to a connection.
func TestFastIsLeftWhereTheServerStalls(t *testing.T) {
	var requests atomic.Int64
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) > 2 { // that of Reach, and the first
			<-release
		}
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
	}))
	defer srv.Close()
	defer close(release)
	c := reach(t, Target{URL: srv.URL, Method: "GET", Timeout: 300 * time.Millisecond})
	w, err := c.New(0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if c.Kind != Fast || c.LongestCall() != 900*time.Millisecond || w.Call(t.Context()).Code != 200 || Changed(w) {
		t.Fatalf("%s: %+v", c.Kind, c)
	}
	for i, want := range []int64{2 + 2, 4 + 1, 5 + 1} {
		a := w.Call(t.Context())
		if a.OK() || requests.Load() != want || !Changed(w) {
			t.Errorf("call %d: %+v, %d requests arrived, want %d", i, a, requests.Load(), want)
		}
	}
	if c := reach(t, Target{URL: srv.URL, Method: "PUT", Timeout: time.Second}); c.LongestCall() != time.Second {
		t.Errorf("%s: %s", c.Kind, c.LongestCall())
	}
}
