package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, dial Dial, target string) string {
	t.Helper()
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, dial, []Route{{Listen: address, Target: target}}) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Error("still forwarding after its context ended")
		}
	})
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no listener")
	return ""
}

// The far side answers only after the near side has said all it has to say, so
// the end of one direction must be passed on while the other stays open.
func TestHalfClose(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() {
		for {
			c, err := far.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b, _ := io.ReadAll(c)
				io.WriteString(c, strings.ToUpper(string(b)))
			}()
		}
	}()
	address := serve(t, (&net.Dialer{}).DialContext, far.Addr().String())
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "hello")
	c.(*net.TCPConn).CloseWrite()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if b, err := io.ReadAll(c); err != nil || string(b) != "HELLO" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestNobodyThere(t *testing.T) {
	address := serve(t, func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("nobody")
	}, "10.0.0.1:1")
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want a closed connection", err)
	}
}

// A connection that is open when the forwarder ends must not keep it: serve's
// clean-up checks that.
func TestEndsWithConnectionsOpen(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	address := serve(t, (&net.Dialer{}).DialContext, far.Addr().String())
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for range 2 { // serve's own try, then this one
		if _, err := far.Accept(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Serve(t.Context(), nil, []Route{{Listen: l.Addr().String(), Target: "10.0.0.1:1"}})
	if err == nil || !strings.Contains(err.Error(), "10.0.0.1:1") {
		t.Errorf("error %v", err)
	}
}
