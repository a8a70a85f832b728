package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Connect makes no request, and the connection that the first call uses.
func TestConnect(t *testing.T) {
	for _, secure := range []bool{false, true} {
		var requests atomic.Int64
		address, config, _ := served(t, secure, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
		c, err := NewConn(Config{Address: address, TLS: config, Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err != nil || requests.Load() != 0 {
			t.Errorf("TLS %v: %v, %d requests", secure, err, requests.Load())
		}
		var r Response
		if err := c.Do(t.Context(), 0, &r); err != nil || r.Status != 200 || r.Connect != 0 || requests.Load() != 1 {
			t.Errorf("TLS %v: %v, %+v, %d requests", secure, err, r, requests.Load())
		}
		c.Close()
		if err := c.Connect(t.Context()); KindOf(err) != Cancelled {
			t.Errorf("closed: %v", err)
		}
	}
}

// What is no HTTP/2 is told from what says nothing in time.
func TestConnectToAnother(t *testing.T) {
	for _, b := range []struct {
		says string
		kind Kind
		not  bool
	}{{"HTTP/1.1 400 Bad Request\r\n\r\n", Connection, true}, {"", Timeout, false}} {
		c, err := NewConn(Config{Address: play(t, func(p *peer) {
			_, _ = io.WriteString(p, b.says)
			_, _ = io.Copy(io.Discard, p)
		})})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		if err := c.Connect(ctx); KindOf(err) != b.kind || errors.Is(err, ErrNotHTTP2) != b.not || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", b.says, err)
		}
		cancel()
		c.Close()
	}
}
