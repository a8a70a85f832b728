package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// rawServer answers every request with what answer writes, and closes the
// connection when that returns false. The first request, which chooses the
// client, gets a small, whole answer.
func rawServer(t *testing.T, answer func(w *bufio.Writer) (keep bool)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var requests atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r, w := bufio.NewReader(conn), bufio.NewWriter(conn)
				for {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					keep := true
					if requests.Add(1) == 1 {
						_, _ = w.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					} else {
						keep = answer(w)
					}
					if w.Flush() != nil || !keep {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

// What a server may do to an answer, after it looked harmless at first.
func TestAnswersThatAreNotWholeAreNoSuccess(t *testing.T) {
	big := strings.Repeat("x", 300<<10)
	for _, c := range []struct {
		name   string
		answer func(w *bufio.Writer) bool
		codes  []string // all others must not occur
	}{
		{"whole", func(w *bufio.Writer) bool {
			fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
			return true
		}, []string{"200"}},
		{"cut short", func(w *bufio.Writer) bool {
			fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
			return false
		}, []string{client.FailBody}},
		{"broken off in the headers", func(w *bufio.Writer) bool {
			fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Le")
			return false
		}, []string{client.FailBody, client.FailConnection}},
		{"nothing", func(*bufio.Writer) bool { return false }, []string{client.FailConnection}},
		{"larger than the fast client's buffer", func(w *bufio.Writer) bool {
			fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(big), big)
			return true
		}, []string{client.FailOversize, "200"}},
		{"chunked all at once", func(w *bufio.Writer) bool {
			fmt.Fprint(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n")
			return true
		}, []string{"200"}},
		{"not 2xx", func(w *bufio.Writer) bool {
			fmt.Fprint(w, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")
			return true
		}, []string{"404"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _ := run(t, t.Context(), Plan{Rate: 50, Agents: 1, Connections: 2, Duration: time.Second}, rawServer(t, c.answer))
			var known int64
			for _, code := range c.codes {
				known += s.measured.Codes[code]
			}
			if known != s.measured.Sent || s.measured.Planned() != 50 || s.measured.Codes[c.codes[len(c.codes)-1]] == 0 {
				t.Errorf("codes %v, want only %v", s.measured.Codes, c.codes)
			}
			if s.measured.Succeeded != s.measured.Codes["200"] {
				t.Errorf("%d succeeded of %v", s.measured.Succeeded, s.measured.Codes)
			}
		})
	}
}

// The client is chosen for what the target answers, and large answers are read
// to their end.
func TestTheClientSuitsTheAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int
		chunked bool
		status  int
		kind    string
	}{
		{name: "small", size: 1000, kind: client.Fast},
		{name: "just fits", size: 15 << 10, kind: client.Fast},
		{name: "large", size: 17 << 10, kind: client.Std},
		{name: "very large", size: 2 << 20, kind: client.Std},
		{name: "chunked", size: 300 << 10, chunked: true, kind: client.Std},
		{name: "not found", size: 10, status: 404, kind: client.Std},
		{name: "redirect", size: 10, status: 302, kind: client.Std},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !c.chunked {
					w.Header().Set("Content-Length", fmt.Sprint(c.size))
				}
				if c.status != 0 {
					w.WriteHeader(c.status)
				}
				_, _ = w.Write(make([]byte, c.size))
			}))
			defer srv.Close()
			clients, err := client.Reach(t.Context(), client.Target{URL: srv.URL, Method: "GET", Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if clients.Kind != c.kind || (c.kind == client.Std) != (clients.Reason != "") {
				t.Errorf("client %q because %q, want %q", clients.Kind, clients.Reason, c.kind)
			}
			s, _ := run(t, t.Context(), Plan{Rate: 20, Agents: 1, Connections: 2, Duration: time.Second}, srv.URL)
			code := "200"
			if c.status != 0 {
				code = fmt.Sprint(c.status)
			}
			if n := s.measured.Sent; s.measured.Planned() != 20 || n == 0 || s.measured.Codes[code] != n || s.measured.BytesReceived < n*int64(c.size) {
				t.Errorf("codes %v, %d bytes; want only %s and all bytes", s.measured.Codes, s.measured.BytesReceived, code)
			}
		})
	}
}

// A target that never answers holds nobody: a stop ends the run in a moment, and
// what was in flight is counted, for it was sent.
func TestNobodyWaitsForATargetThatHangs(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int64
			hang := make(chan struct{})
			srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				if served.Add(1) > 1 || method == "POST" {
					<-hang
				}
			}))
			defer srv.Close()
			defer close(hang)
			clients, err := client.Reach(t.Context(), client.Target{URL: srv.URL, Method: method, Timeout: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(300*time.Millisecond, cancel)
			var got Counts
			out, err := NewEngine(Plan{Rate: 100, Agents: 1, Connections: 3, Duration: time.Hour}, only(clients), time.Now()).
				Run(ctx, func(s *Snapshot) { got.add(&s.Counts) })
			if err != nil {
				t.Fatal(err)
			}
			if !out.Stopped || got.Codes[client.FailCancelled] != 3 || got.Sent != served.Load() || got.Failed != 3 {
				t.Errorf("%+v, stopped %v; want 3 cancelled, and %d sent", got, out.Stopped, served.Load())
			}
		})
	}
}
