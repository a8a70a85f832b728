package client

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A target that speaks no HTTP/2 is refused before the run, in one line and
// without a request.
func TestReachRefusesWhatSpeaksNoHTTP2(t *testing.T) {
	var requests atomic.Int64
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != "PRI" { // how HTTP/2 begins, and what net/http takes for a request
			requests.Add(1)
		}
	})
	plain, secure := httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	plain.Config.ErrorLog, secure.Config.ErrorLog = quiet, quiet
	plain.Start()
	secure.StartTLS()
	defer plain.Close()
	defer secure.Close()
	for name, c := range map[string]struct{ url, want string }{
		"HTTP/1.1":          {plain.URL, "does not speak HTTP/2 over plain TCP (h2c): use http/1.1, or https"},
		"HTTP/1.1 over TLS": {secure.URL, "does not speak HTTP/2 over TLS: use http/1.1"},
		"closes":            {"http://" + serve(t, func(net.Conn) {}), "(h2c)"},
		"another":           {"http://" + serve(t, func(c net.Conn) { _, _ = io.WriteString(c, "220 mail ready\r\n") }), "(h2c)"},
	} {
		_, err := Reach(t.Context(), Target{URL: c.url, Protocol: HTTP2, Method: "GET", Timeout: time.Second, TLS: TLS{InsecureSkipVerify: true}})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	silent := serve(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	if _, err := Reach(ctx, Target{URL: "http://" + silent, Protocol: HTTP2, Method: "GET"}); err == nil || !strings.Contains(err.Error(), "(h2c)") {
		t.Errorf("silent: %v", err)
	}
	if _, err := Reach(t.Context(), Target{URL: http2Server(t, false, handler), Protocol: HTTP2, Method: "GET"}); err != nil || requests.Load() > 0 {
		t.Errorf("%v; %d requests", err, requests.Load())
	}
}

func TestReachRefusesHeadersThatFollowFromTheBody(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer srv.Close()
	for _, protocol := range []string{"", HTTP1, HTTP2} {
		for _, name := range []string{"Content-Length", "transfer-encoding"} {
			_, err := Reach(t.Context(), Target{URL: srv.URL, Protocol: protocol, Method: "GET", Timeout: time.Second, Header: []Header{{name, "5"}}})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s over %q: %v", name, protocol, err)
			}
		}
	}
	// It is acted on, so that connections are what the server thinks of them.
	if c := reach(t, Target{URL: srv.URL, Method: "GET", Timeout: time.Second, Header: []Header{{"connection", "close"}}}); c.Kind != Std {
		t.Errorf("client %q", c.Kind)
	}
}

func TestReachWantsAPort(t *testing.T) {
	for _, c := range []struct{ protocol, url, port string }{
		{GRPC, "grpc://127.0.0.1", ""}, {TCP, "tcp://127.0.0.1", ""}, {UDP, "udp://127.0.0.1", ""},
		{GRPC, "grpcs://127.0.0.1", "127.0.0.1:443"}, {HTTP1, "https://127.0.0.1", "127.0.0.1:443"}, {HTTP1, "http://127.0.0.1", "127.0.0.1:80"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing is to be connected to
		_, err := Reach(ctx, Target{URL: c.url, Protocol: c.protocol, Body: []byte("x"), Timeout: time.Second})
		if refused := err != nil && strings.Contains(err.Error(), "has no port"); refused != (c.port == "") || c.port != "" && !strings.Contains(err.Error(), c.port) {
			t.Errorf("%s: %v", c.url, err)
		}
	}
}
