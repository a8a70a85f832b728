package tunnel

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
)

func noWebSocket(w http.ResponseWriter, r *http.Request) bool {
	if isWebSocket(r) {
		http.Error(w, "this proxy knows no WebSocket", http.StatusBadRequest)
		return true
	}
	return false
}

func hangUp(w http.ResponseWriter, r *http.Request) bool {
	if isWebSocket(r) {
		panic(http.ErrAbortHandler)
	}
	return false
}

func TestBytesPassBothWays(t *testing.T) {
	cases := map[string]struct {
		refuse  func(http.ResponseWriter, *http.Request) bool
		methods []string
	}{
		"WebSocket":                          {nil, []string{"GET"}},
		"SPDY where WebSocket is refused":    {noWebSocket, []string{"GET", "POST"}},
		"SPDY where WebSocket is hung up on": {hangUp, []string{"GET", "POST"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.refuse = c.refuse
			conn, err := s.dialer(t).DialContext(t.Context(), "meshery", "agent", 8910)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			sent := make([]byte, 3*maxFrame+17) // more than one frame
			_, _ = rand.Read(sent)
			go func() { _, _ = conn.Write(sent) }()
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(conn, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(sent, got) {
				t.Error("what came back is not what was sent")
			}
			if !reflect.DeepEqual(s.methods, c.methods) {
				t.Errorf("methods %v, want %v", s.methods, c.methods)
			}
			want := "/k8s/clusters/c-1/api/v1/namespaces/meshery/pods/agent/portforward"
			for _, p := range s.paths {
				if p != want {
					t.Errorf("path %q, want %q: the prefix of the kubeconfig must stay", p, want)
				}
			}
			if n := s.streams.Load(); n != 2 {
				t.Errorf("%d streams in the connection, want one pair", n)
			}
			if got := conn.RemoteAddr().String(); got != "pod meshery/agent:8910" {
				t.Errorf("remote address %q", got)
			}
		})
	}
}

func TestConfigIsNotChanged(t *testing.T) {
	s := newServer(t)
	config := s.config()
	config.Timeout = time.Minute
	before := rest.CopyConfig(config)
	d, err := NewDialer(config, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		conn, err := d.DialContext(t.Context(), "meshery", "agent", 1)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	if !reflect.DeepEqual(before, config) {
		t.Errorf("config became %v", config)
	}
}

func TestDialFailures(t *testing.T) {
	closed := newServer(t)
	closed.Close()
	cases := []struct {
		name   string
		host   string
		refuse func(http.ResponseWriter, *http.Request) bool
		want   []string
		lines  string
	}{
		{name: "both fail", refuse: func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "no "+r.Method, http.StatusBadGateway)
			return true
		}, want: []string{`pod "meshery/agent"`, "by WebSocket: ", "no GET", "by SPDY: ", "no POST"}},
		{name: "forbidden", refuse: forbidden, want: []string{
			`is not allowed`, `User "eve" cannot create resource "pods/portforward"`,
			`grant the verbs create and get on pods/portforward in namespace "meshery"`,
		}},
		{name: "no pod", refuse: func(w http.ResponseWriter, _ *http.Request) bool {
			status(w, http.StatusNotFound, metav1.StatusReasonNotFound, `pods "agent" not found`)
			return true
		}, want: []string{"there is no such pod any more", "kubectl meshery status"}},
		{name: "no API server", host: closed.URL, want: []string{"connection refused"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			s.refuse = c.refuse
			config := s.config()
			if c.host != "" {
				config.Host = c.host
			}
			d, err := NewDialer(config, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.DialContext(t.Context(), "meshery", "agent", 8910)
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("error is %T (%v), want *Error", err, err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error lacks %q:\n%v", w, err)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			if failure.Forbidden() != (c.name == "forbidden") || failure.NotFound() != (c.name == "no pod") {
				t.Errorf("forbidden %v, not found %v", failure.Forbidden(), failure.NotFound())
			}
		})
	}
}

func TestCloseUnblocksRead(t *testing.T) {
	for name, refuse := range map[string]func(http.ResponseWriter, *http.Request) bool{"WebSocket": nil, "SPDY": noWebSocket} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.refuse = refuse
			conn, err := s.dialer(t).DialContext(t.Context(), "meshery", "agent", 1)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := conn.Read(make([]byte, 1))
				ended <- err
			}()
			for range 3 {
				if err := conn.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}
			select {
			case err := <-ended:
				if err == nil {
					t.Error("read returned no error")
				}
			case <-time.After(10 * time.Second):
				t.Fatal("read is still blocked")
			}
			if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("write after close: %v", err)
			}
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("read after close: %v", err)
			}
		})
	}
}

func TestErrorStreamBecomesReadError(t *testing.T) {
	cases := map[string]func(string, httpstream.Stream, httpstream.Stream){
		"ends both streams": func(port string, data, failures httpstream.Stream) {
			_, _ = fmt.Fprintf(failures, "cannot connect to port %s", port)
			_ = failures.Close()
			_ = data.Close()
		},
		"resets both streams": func(port string, data, failures httpstream.Stream) {
			_, _ = fmt.Fprintf(failures, "cannot connect to port %s", port)
			time.Sleep(50 * time.Millisecond) // a reset overtakes what is not read yet
			_ = data.Reset()
			_ = failures.Reset()
		},
		"ends nothing": func(port string, _, failures httpstream.Stream) {
			_, _ = fmt.Fprintf(failures, "cannot connect to port %s", port)
		},
		"floods": func(port string, data, failures httpstream.Stream) {
			_, _ = fmt.Fprintf(failures, "cannot connect to port %s", port)
			for range 200 {
				_, _ = failures.Write(make([]byte, 4096))
			}
			_ = failures.Close()
			_ = data.Close()
		},
	}
	for name, forward := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.forward = forward
			conn, err := s.dialer(t).DialContext(t.Context(), "meshery", "agent", 8910)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, err = conn.Read(make([]byte, 1))
			if err == nil || !strings.Contains(err.Error(), "port-forward to pod meshery/agent:8910: cannot connect to port 8910") {
				t.Errorf("read error: %v", err)
			}
			if len(fmt.Sprint(err)) > maxErrorText+200 {
				t.Errorf("read error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestDataBeforeFailureIsRead(t *testing.T) {
	s := newServer(t)
	s.forward = func(_ string, data, failures httpstream.Stream) {
		_, _ = data.Write([]byte("last words"))
		_, _ = failures.Write([]byte("the process died"))
		_ = failures.Close()
		_ = data.Close()
	}
	conn, err := s.dialer(t).DialContext(t.Context(), "meshery", "agent", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	all, err := io.ReadAll(conn)
	if string(all) != "last words" || err == nil || !strings.Contains(err.Error(), "the process died") {
		t.Errorf("read %q, %v", all, err)
	}
}

func TestEndIsEOF(t *testing.T) {
	s := newServer(t)
	s.forward = func(_ string, data, failures httpstream.Stream) {
		_ = failures.Close()
		_ = data.Close()
	}
	conn, err := s.dialer(t).DialContext(t.Context(), "meshery", "agent", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read: %v, want EOF", err)
	}
}

func TestLostConnectionEndsRead(t *testing.T) {
	s := newServer(t)
	cut := make(chan struct{})
	s.lost = cut
	conn, err := s.dialer(t).DialContext(t.Context(), "meshery", "agent", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	close(cut)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("read returned no error")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("read is still blocked")
	}
}

func TestContextEndsDial(t *testing.T) {
	d, err := NewDialer(&rest.Config{Host: blackHole(t)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err = d.DialContext(ctx, "meshery", "agent", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v", err)
	}
}

// The server answers the upgrade only after the caller has gone: what comes
// then must be closed.
func TestLateConnectionIsClosed(t *testing.T) {
	s := newServer(t)
	release := make(chan struct{})
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if isWebSocket(r) {
			http.Error(w, "no", http.StatusBadRequest)
			return true
		}
		<-release
		return false
	}
	d := s.dialer(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.requests.Load() < 2 {
			runtime.Gosched()
		}
		cancel()
	}()
	if _, err := d.DialContext(ctx, "meshery", "agent", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v", err)
	}
	close(release)
	for deadline := time.Now().Add(10 * time.Second); s.open.Load() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the late connection is still open")
		}
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	s := newServer(t)
	s.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		time.Sleep(10 * time.Millisecond)
		http.Error(w, "no", http.StatusBadGateway)
		return true
	}
	d, err := NewDialer(s.config(), 3)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() { _, _ = d.DialContext(t.Context(), "meshery", "agent", 1) })
	}
	all.Wait()
	if most := s.mostAtOnce.Load(); most > 3 {
		t.Errorf("%d at once, want at most 3", most)
	}
}
