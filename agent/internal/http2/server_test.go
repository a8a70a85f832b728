package http2

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// workload is a handler that does what the path asks for.
func workload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch path, arg, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); path {
	case "status":
		code, _ := strconv.Atoi(arg)
		w.WriteHeader(code)
	case "bytes":
		n, _ := strconv.Atoi(arg)
		w.Header().Set("Content-Length", arg)
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		for ; n > 0; n -= len(chunk) {
			_, _ = w.Write(chunk[:min(n, len(chunk))])
		}
	case "early": // interim answers, and trailers after the body
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-After")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-After", "trailer")
	case "abort":
		_, _ = io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	default:
		w.Header().Set("X-Padding", strings.Repeat("p", 20<<10)) // more than a frame
		fmt.Fprintf(w, "%s %s %s %s %s %d", r.Proto, r.Method, r.Host, r.URL.RequestURI(), r.Header.Get("X-One"), len(body))
	}
}

// served starts net/http's server, with or without TLS.
func served(t *testing.T, secure bool, h http.HandlerFunc) (address string, config *tls.Config, srv *httptest.Server) {
	t.Helper()
	srv = httptest.NewUnstartedServer(h)
	if secure {
		srv.EnableHTTP2 = true
		srv.StartTLS()
		config = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.ServerName = "example.com"
	} else {
		srv.Config.Protocols = new(http.Protocols)
		srv.Config.Protocols.SetUnencryptedHTTP2(true)
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), config, srv
}

// Every sort of request arrives whole at net/http's server, and its answer here.
func TestServer(t *testing.T) {
	for _, secure := range []bool{false, true} {
		address, config, _ := served(t, secure, workload)
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			length, bytes            int64
			kind                     Kind
			captured                 string
		}{
			{name: "GET", path: "/a%20b?x=%2F", status: 200, length: -1, bytes: -1,
				captured: "HTTP/2.0 GET shop.example /a%20b?x=%2F 1 0"},
			{name: "PUT", method: "PUT", path: "/p", body: "a body", status: 200, length: -1, bytes: -1,
				captured: "HTTP/2.0 PUT shop.example /p 1 6"},
			{name: "large body", method: "POST", path: "/p", body: strings.Repeat("b", 3<<20), status: 200, length: -1, bytes: -1,
				captured: "HTTP/2.0 POST shop.example /p 1 3145728"},
			{name: "HEAD", method: "HEAD", path: "/bytes/100", status: 200, length: 100},
			{name: "empty", path: "/bytes/0", status: 200},
			{name: "large answer", path: "/bytes/30000000", status: 200, length: 30000000, bytes: 30000000, captured: strings.Repeat("x", 100)},
			{name: "no content", path: "/status/204", status: 204, length: -1},
			{name: "error", path: "/status/503", status: 503},
			{name: "interim and trailers", path: "/early", status: 200, length: 4, bytes: 4, captured: "body"},
			{name: "aborted", path: "/abort", status: 200, length: -1, bytes: 4, captured: "part", kind: Body},
		} {
			t.Run(fmt.Sprintf("%s tls=%v", c.name, secure), func(t *testing.T) {
				conn := connTo(t, address, func(f *Config) {
					f.Authority, f.TLS, f.Method, f.Path, f.Body = "shop.example", config, c.method, c.path, []byte(c.body)
					f.Header = []Field{{"X-One", "1"}, {"Content-Length", "7"}}
					f.Capture = 100
				})
				for i := range 3 {
					var r Response
					err := conn.Do(t.Context(), 0, &r)
					if KindOf(err) != c.kind {
						t.Fatalf("call %d: %v", i, err)
					}
					if c.bytes < 0 {
						c.bytes, c.length = r.BodyBytes, r.Length
					}
					if r.Status != c.status || r.Length != c.length || r.BodyBytes != c.bytes || !strings.HasPrefix(string(r.Body), c.captured) || len(r.Body) > 100 {
						t.Errorf("call %d: status %d, length %d, %d bytes: %.100q", i, r.Status, r.Length, r.BodyBytes, r.Body)
					}
					if r.HeaderBytes == 0 || (r.Connect > 0) != (i == 0) || r.Waited != 0 {
						t.Errorf("call %d: header bytes %d, connect %v, waited %v", i, r.HeaderBytes, r.Connect, r.Waited)
					}
				}
			})
		}
	}
}

// Many workers share connections, and every call is served once.
func TestManyStreams(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			var served_, connections atomic.Int64
			var seen sync.Map
			address, config, _ := served(t, secure, func(w http.ResponseWriter, r *http.Request) {
				served_.Add(1)
				if _, known := seen.LoadOrStore(r.RemoteAddr, true); !known {
					connections.Add(1)
				}
				if n, err := io.Copy(io.Discard, r.Body); n != 1000 || err != nil {
					t.Errorf("a body of %d bytes: %v", n, err)
				}
				_, _ = io.WriteString(w, "answer")
			})
			const conns, streams, calls = 3, 40, 50
			var workers sync.WaitGroup
			var made atomic.Int64
			for range conns {
				c := connTo(t, address, func(f *Config) {
					f.TLS, f.Streams, f.Method, f.Body = config, streams, "POST", make([]byte, 1000)
				})
				for slot := range streams {
					workers.Go(func() {
						var r Response
						for range calls {
							if err := c.Do(t.Context(), slot, &r); err != nil || r.Status != 200 || string(r.Body) != "answer" {
								t.Errorf("%v: %+v", err, r)
							}
							if r.Connect > 0 {
								made.Add(1)
							}
						}
					})
				}
			}
			workers.Wait()
			if n := served_.Load(); n != conns*streams*calls {
				t.Errorf("%d requests served of %d", n, conns*streams*calls)
			}
			if connections.Load() != conns || made.Load() != conns {
				t.Errorf("%d connections, %d said to be made, instead of %d", connections.Load(), made.Load(), conns)
			}
		})
	}
}

// A server that goes away and comes back: calls fail meanwhile, and only then.
func TestReconnect(t *testing.T) {
	address, _, srv := served(t, false, workload)
	conn := connTo(t, address, nil)
	var r Response
	if err := conn.Do(t.Context(), 0, &r); err != nil {
		t.Fatal(err)
	}
	srv.CloseClientConnections()
	srv.Close()
	// The call may meet the old connection while its end is on the way.
	for range 2 {
		if err := conn.Do(t.Context(), 0, &r); KindOf(err) != Connection && KindOf(err) != Refused {
			t.Fatalf("without a server: %v", err)
		}
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	again := httptest.NewUnstartedServer(http.HandlerFunc(workload))
	_ = again.Listener.Close()
	again.Listener = l
	again.Config.Protocols = new(http.Protocols)
	again.Config.Protocols.SetUnencryptedHTTP2(true)
	again.Start()
	t.Cleanup(again.Close)
	if err := conn.Do(t.Context(), 0, &r); err != nil || r.Connect == 0 {
		t.Errorf("with a new server: %v, connect %v", err, r.Connect)
	}
}

// What does not speak HTTP/2 is told apart from what is not there.
func TestNotHTTP2(t *testing.T) {
	start := func(begin func(*httptest.Server)) (string, *httptest.Server) {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(workload))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		begin(srv)
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String(), srv
	}
	plain, _ := start((*httptest.Server).Start)
	older, srv := start((*httptest.Server).StartTLS)
	secure, _ := start(func(srv *httptest.Server) { srv.EnableHTTP2 = true; srv.StartTLS() })
	silent, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: srv.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	go func() {
		for c, err := silent.Accept(); err == nil; c, err = silent.Accept() {
			_ = c.(*tls.Conn).Handshake()
			_ = c.Close()
		}
	}()
	gone, srv2 := start((*httptest.Server).Start)
	srv2.Close()
	trusting := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusting.ServerName = "example.com"
	for _, c := range []struct {
		name, address, text string
		tls                 *tls.Config
	}{
		{name: "HTTP/1.1", address: plain, text: "does not speak HTTP/2"},
		{name: "HTTP/1.1 over TLS", address: older, tls: trusting, text: "does not speak HTTP/2"},
		{name: "TLS without ALPN", address: silent.Addr().String(), tls: trusting, text: "does not speak HTTP/2"},
		{name: "wrong certificate", address: secure, tls: &tls.Config{MinVersion: tls.VersionTLS12}, text: "certificate"},
		{name: "nobody", address: gone, text: "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := connTo(t, c.address, func(f *Config) { f.TLS = c.tls })
			var r Response
			err := conn.Do(t.Context(), 0, &r)
			if KindOf(err) != Connection || !strings.Contains(err.Error(), c.text) || r.Connect != 0 || r.Status != 0 {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}
