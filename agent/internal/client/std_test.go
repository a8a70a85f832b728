package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// quiet is for servers that would log what a test does to them.
var quiet = log.New(io.Discard, "", 0)

// A stop is told from a timeout, and a broken body from a broken connection.
func TestStdFailures(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		stop   bool
		want   string
	}{
		"no answer in time": {answer: func(http.ResponseWriter) { <-release }, want: FailTimeout},
		"no body in time":   {answer: func(w http.ResponseWriter) { _, _ = io.WriteString(w, "some"); w.(http.Flusher).Flush(); <-release }, want: FailTimeout},
		"stop":              {answer: func(http.ResponseWriter) { <-release }, stop: true, want: FailCancelled},
		"cut in the body": {answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "some")
		}, want: FailBody},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.stop {
					cancel()
				}
				c.answer(w)
			}))
			defer srv.CloseClientConnections()
			target := Target{URL: srv.URL, Method: "PUT", Timeout: 200 * time.Millisecond}
			if c.stop {
				target.Timeout = time.Hour
			}
			if a := worker(t, target).Call(ctx); a.Text() != c.want {
				t.Errorf("%+v, want %s", a, c.want)
			}
		})
	}
}

// The fast client takes the first answer for the only one.
func TestEarlyHintsAreForNetHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
	}))
	defer srv.Close()
	c, err := Reach(t.Context(), Target{URL: srv.URL, Method: "GET", Timeout: 5 * time.Second})
	if err != nil || c.Kind != Std || !strings.Contains(c.Reason, "1xx") {
		t.Fatalf("%+v, %v", c, err)
	}
	caller, err := c.New(0)
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()
	for range 3 {
		if a := caller.Call(t.Context()); a.Code != http.StatusOK || !a.OK() {
			t.Errorf("%+v", a)
		}
	}
}

// The right text is found wherever the reads of the body happen to end.
func TestStdChecksTheWholeBody(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const text = "needle"
		var before int
		if _, err := fmt.Sscan(strings.TrimPrefix(r.URL.Path, "/"), &before); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, strings.Repeat("-", before)+text[:3])
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, text[3:]+strings.Repeat("-", 40<<10))
	}))
	defer srv.Close()
	for before, want := range map[int]string{
		0: "200", 16<<10 - 3: "200", 16<<10 - 1: "200", 100 << 10: "200",
		largestChecked - 6: "200", largestChecked - 5: FailCheck, largestChecked + 5: FailCheck,
	} {
		w := worker(t, Target{URL: fmt.Sprintf("%s/%d", srv.URL, before), Method: "PUT", Timeout: 30 * time.Second, Check: Check{BodyContains: "needle"}})
		for range 2 {
			a := w.Call(t.Context())
			if a.Text() != want || a.Bytes != int64(before+6+40<<10) {
				t.Errorf("after %d bytes: %+v, want %s", before, a, want)
			}
		}
	}
}

func TestStdChecksTheStatus(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		_, _ = io.WriteString(w, `{"error":"sold out"}`)
	}))
	defer srv.Close()
	for _, c := range []struct {
		check Check
		text  string
		ok    bool
	}{
		{Check{}, "404", false},
		{Check{Status: []string{"404"}}, "404", true},
		{Check{Status: []string{"4xx"}, JSON: []JSONCheck{{"{.error}", new("sold out")}}}, "404", true},
		{Check{Status: []string{"4xx"}, JSON: []JSONCheck{{"{.error}", new("gone")}}}, FailCheck, false},
		// A status that is the failure is not looked into.
		{Check{JSON: []JSONCheck{{"{.error}", new("gone")}}}, "404", false},
	} {
		w := worker(t, Target{URL: srv.URL, Method: "GET", Timeout: 5 * time.Second, Check: c.check})
		if a := w.Call(t.Context()); a.Text() != c.text || a.OK() != c.ok {
			t.Errorf("%+v: %+v", c.check, a)
		}
	}
}

// Another protocol is not what was asked for: it is not waited for, whether the
// server closes the connection or not, and not spoken.
func TestStdEndsAtSwitchingProtocols(t *testing.T) {
	for name, head := range map[string]string{"upgrade": "Connection: Upgrade\r\nUpgrade: websocket\r\n", "101 alone": ""} {
		t.Run(name, func(t *testing.T) {
			var closed atomic.Int64
			address := serve(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
					return
				}
				if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n"+head+"\r\nfirst frame"); err != nil {
					t.Error(err)
				}
				_, _ = io.Copy(io.Discard, conn) // until the other end closes it
				closed.Add(1)
			})
			for _, c := range []struct {
				check Check
				text  string
				ok    bool
			}{
				{Check{}, "101", false},
				{Check{BodyContains: "frame"}, "101", false},
				{Check{Status: []string{"101"}}, "101", true}, // somebody may measure the handshake
				{Check{Status: []string{"101"}, BodyContains: "frame"}, FailCheck, false},
			} {
				w := worker(t, Target{URL: "http://" + address, Method: "PUT", Timeout: time.Hour, Check: c.check})
				before := closed.Load()
				for range 3 {
					if a := w.Call(t.Context()); a.Code != 101 || a.Text() != c.text || a.OK() != c.ok || a.Bytes != 0 || a.Connect == 0 {
						t.Errorf("%+v: %+v", c.check, a)
					}
				}
				for closed.Load() < before+3 && t.Context().Err() == nil {
					time.Sleep(time.Millisecond)
				}
			}
			// So is the request that chooses the client.
			if c := reach(t, Target{URL: "http://" + address, Method: "GET", Timeout: time.Hour}); c.Kind != Std || c.Probes[0].Code != 101 {
				t.Errorf("%s, %+v", c.Kind, c.Probes)
			}
		})
	}
}

// Every connection is reported by one call, whichever of HTTP/1.1's clients
// makes it.
func TestConnectIsReportedOnce(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, method := range []string{"GET", "PUT"} {
			var served atomic.Int64
			var peers sync.Map
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				peers.Store(r.RemoteAddr, true)
				if served.Add(1)%5 == 0 {
					w.Header().Set("Connection", "close")
				}
				_, _ = io.WriteString(w, "ok")
			}))
			srv.Config.ErrorLog = quiet
			if secure {
				srv.StartTLS()
			} else {
				srv.Start()
			}
			clients := reach(t, Target{URL: srv.URL, Method: method, Timeout: 5 * time.Second, TLS: TLS{InsecureSkipVerify: true}})
			kind := map[string]string{"GET": Fast, "PUT": Std}[method]
			peers.Clear() // of the request that chose the client
			served.Store(0)
			w, err := clients.New(0)
			if err != nil {
				t.Fatal(err)
			}
			var reported, ok int64
			for range 20 {
				a := w.Call(t.Context())
				if a.Connect > 0 {
					reported++
				}
				if a.OK() {
					ok++
				}
			}
			var connections int64
			peers.Range(func(_, _ any) bool { connections++; return true })
			if clients.Kind != kind || reported != connections || reported < 4 || ok < 16 {
				t.Errorf("%s with TLS %v: %s made %d connections and reported %d, %d calls went well", method, secure, clients.Kind, connections, reported, ok)
			}
			w.Close()
			srv.Close()
		}
	}
}
