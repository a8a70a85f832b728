package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// http2Server is net/http's, with h2c or HTTP/2 over TLS.
func http2Server(t *testing.T, secure bool, handler http.HandlerFunc) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL
}

func TestHTTP2(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure %v", secure), func(t *testing.T) {
			var served, wrong atomic.Int64
			url := http2Server(t, secure, func(w http.ResponseWriter, r *http.Request) {
				served.Add(1)
				b, err := io.ReadAll(r.Body)
				if err != nil || string(b) != "a body" || r.ProtoMajor != 2 || r.Method != "POST" || r.URL.RequestURI() != "/a%20b?x=%2F" || r.Host != "shop.example" ||
					r.Header.Get("X-One") != "1" || r.Header.Get("User-Agent") != "kubectl-meshery" || r.Header.Get("Content-Type") != "application/octet-stream" {
					wrong.Add(1)
				}
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, `{"ready": true}`)
			})
			c, err := Reach(t.Context(), Target{URL: url + "/a%20b?x=%2F", Protocol: HTTP2, Method: "POST", Body: []byte("a body"), Streams: 3, Timeout: 10 * time.Second,
				Header: []Header{{Name: "X-One", Value: "1"}, {Name: "host", Value: "shop.example"}}, TLS: TLS{InsecureSkipVerify: true},
				Check: Check{Status: []string{"201"}, BodyContains: "ready", JSON: []JSONCheck{{Path: "{.ready}", Equals: new("true")}}}})
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind != KindHTTP2 || len(c.Probes) != 0 {
				t.Errorf("client %q, %d probes", c.Kind, len(c.Probes))
			}
			var connects atomic.Int64
			var all sync.WaitGroup
			for worker := range 6 { // on two connections
				caller, err := c.New(worker)
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					for range 20 {
						a := caller.Call(t.Context())
						if !a.OK() || a.Code != 201 || a.Bytes < 15 {
							t.Errorf("%+v", a)
						}
						if a.Connect > 0 {
							connects.Add(1)
						}
					}
					caller.Close()
				})
			}
			all.Wait()
			c.Close()
			if served.Load() != 120 || wrong.Load() != 0 || connects.Load() != 2 {
				t.Errorf("%d served, %d of them wrong, over %d connections; want 120 over 2", served.Load(), wrong.Load(), connects.Load())
			}
		})
	}
}

func TestHTTP2Failures(t *testing.T) {
	hang := make(chan struct{})
	url := http2Server(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/reset":
			panic(http.ErrAbortHandler)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/hang":
			<-hang
		}
	})
	defer close(hang)
	for path, want := range map[string]string{"/missing": "404", "/reset": FailStream, "/cut": FailBody, "/hang": FailTimeout, "/check": FailCheck} {
		t.Run(path, func(t *testing.T) {
			c, err := Reach(t.Context(), Target{URL: url + path, Protocol: HTTP2, Method: "GET", Timeout: time.Second, Check: Check{BodyContains: "x"}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			caller, err := c.New(0)
			if err != nil {
				t.Fatal(err)
			}
			if a := caller.Call(t.Context()); a.OK() || a.Text() != want {
				t.Errorf("%q: %+v, want %q", a.Text(), a, want)
			}
		})
	}
	if _, err := Reach(t.Context(), Target{URL: url, Protocol: HTTP2, Method: "GET", Header: []Header{{Name: "Upgrade", Value: "x"}}}); !errors.Is(err, ErrPlan) {
		t.Error("a header that HTTP/2 does not know was taken")
	}
}
