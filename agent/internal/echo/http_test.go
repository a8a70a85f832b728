package echo

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// client speaks one version of HTTP only.
func client(t *testing.T, config *tls.Config, versions ...func(*http.Protocols, bool)) *http.Client {
	t.Helper()
	var p http.Protocols
	for _, set := range versions {
		set(&p, true)
	}
	transport := &http.Transport{Protocols: &p, TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

var (
	http1 = (*http.Protocols).SetHTTP1
	http2 = (*http.Protocols).SetHTTP2
	h2c   = (*http.Protocols).SetUnencryptedHTTP2
)

func TestVersionsOfHTTP(t *testing.T) {
	w := startWith(t, Config{Listen: anyPort, HTTPSListen: anyPort, BodyBytes: 128})
	secure, trust := "https://"+w.HTTPSAddr().String(), &tls.Config{RootCAs: w.roots()}
	for _, c := range []struct {
		name, url, proto string
		client           *http.Client
	}{
		{"http/1.1", w.url, "HTTP/1.1", client(t, nil, http1)},
		{"h2c", w.url, "HTTP/2.0", client(t, nil, h2c)},
		{"https, http/1.1", secure, "HTTP/1.1", client(t, trust, http1)},
		{"https, http/2", secure, "HTTP/2.0", client(t, trust, http2)},
		{"https, best of both", secure, "HTTP/2.0", client(t, trust, http1, http2)},
		{"https, not verified", secure, "HTTP/2.0", client(t, &tls.Config{InsecureSkipVerify: true}, http2)},
	} {
		for _, r := range []struct {
			method, path, body string
			status, size       int
		}{
			{"GET", "/", "", 200, 128},
			{"POST", "/", strings.Repeat("x", 1<<20), 200, 128},
			{"GET", "/?size=200000&delay=1ms", "", 200, 200_000},
			{"GET", "/?status=404", "", 404, 128},
			{"GET", "/?sise=1", "", 400, 64},
		} {
			resp, body := callWith(t, c.client, r.method, c.url+r.path, strings.NewReader(r.body))
			if resp.Proto != c.proto || resp.StatusCode != r.status || len(body) != r.size || resp.ContentLength != int64(r.size) {
				t.Errorf("%s: %s %s: %s %s with %d bytes, want %s %d with %d", c.name, r.method, r.path,
					resp.Proto, resp.Status, len(body), c.proto, r.status, r.size)
			}
		}
	}
	w.expectCounted(t, `total{code="200"} 18`, `total{code="400"} 6`, `total{code="404"} 6`)
}

func TestManyStreamsOnOneConnection(t *testing.T) {
	w := start(t, 128)
	c := client(t, nil, h2c)
	var dials atomic.Int32
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	callWith(t, c, http.MethodGet, w.url, nil) // makes the connection
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if resp, body := callWith(t, c, http.MethodGet, w.url+"/?delay=50ms", nil); resp.StatusCode != 200 || len(body) != 128 {
				t.Errorf("%s, %d bytes", resp.Status, len(body))
			}
		})
	}
	wg.Wait()
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	w.expectCounted(t, `total{code="200"} 201`)
}

func TestStopEndsEveryProtocol(t *testing.T) {
	w := startWith(t, Config{
		Listen: anyPort, HTTPSListen: anyPort, GRPCListen: anyPort, GRPCTLSListen: anyPort, TCPListen: anyPort, UDPListen: anyPort,
	})
	trust := &tls.Config{RootCAs: w.roots()}
	// Connections that are kept: idle ones must not hold the end up.
	callWith(t, client(t, trust, http2), http.MethodGet, "https://"+w.HTTPSAddr().String(), nil)
	callWith(t, client(t, nil, h2c), http.MethodGet, w.url, nil)
	idle, err := net.Dial("tcp", w.TCPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	addresses := []string{
		w.Addr().String(), w.HTTPSAddr().String(), w.GRPCAddr().String(),
		w.GRPCTLSAddr().String(), w.TCPAddr().String(), w.MetricsAddr().String(),
	}
	began := time.Now()
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took >= grace {
		t.Errorf("the end took %v: something was waited for that was idle", took)
	}
	for _, a := range addresses {
		if c, err := net.Dial("tcp", a); err == nil {
			c.Close()
			t.Errorf("%s still listens", a)
		}
	}
}

func TestWhatIsNotServedHasNoAddress(t *testing.T) {
	s, err := Listen(Config{TCPListen: anyPort})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	for name, a := range map[string]net.Addr{
		"http": s.Addr(), "https": s.HTTPSAddr(), "grpc": s.GRPCAddr(), "grpc over tls": s.GRPCTLSAddr(),
		"udp": s.UDPAddr(), "metrics": s.MetricsAddr(),
	} {
		if a != nil {
			t.Errorf("%s is at %v", name, a)
		}
	}
	if s.TCPAddr() == nil {
		t.Error("tcp has no address")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
