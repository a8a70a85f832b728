package client

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

// secured is how a server is secured and called, and what comes of it: nothing,
// or what is said in one line.
type secured struct {
	name   string
	names  []string // of the server's certificate
	mutual bool
	tls    func(ours, others *testcert.Authority, t *testing.T) TLS
	want   []string // of the error
}

func securedCases() []secured {
	plain := func(ours, _ *testcert.Authority, _ *testing.T) TLS { return TLS{CA: ours.PEM} }
	with := func(by func(ours, others *testcert.Authority) *testcert.Authority) func(ours, others *testcert.Authority, t *testing.T) TLS {
		return func(ours, others *testcert.Authority, t *testing.T) TLS {
			cert, key := by(ours, others).Issue(t, "client")
			return TLS{CA: ours.PEM, Cert: cert, Key: key}
		}
	}
	loopback := []string{"127.0.0.1"}
	return []secured{
		{name: "authority of its own", names: loopback, tls: plain},
		{name: "unknown authority", names: loopback, tls: func(_, others *testcert.Authority, _ *testing.T) TLS { return TLS{CA: others.PEM} },
			want: []string{"unknown authority", "CA of your own"}},
		{name: "no authority", names: loopback, tls: func(_, _ *testcert.Authority, _ *testing.T) TLS { return TLS{} },
			want: []string{"unknown authority", "insecure-skip-verify"}},
		{name: "not verified", names: loopback, tls: func(_, _ *testcert.Authority, _ *testing.T) TLS { return TLS{InsecureSkipVerify: true} }},
		{name: "another name", names: []string{"shop.example"}, tls: plain, want: []string{"127.0.0.1", "right host"}},
		{name: "server name", names: []string{"shop.example"}, tls: func(ours, _ *testcert.Authority, _ *testing.T) TLS {
			return TLS{CA: ours.PEM, ServerName: "shop.example"}
		}},
		{name: "client certificate", names: loopback, mutual: true, tls: with(func(ours, _ *testcert.Authority) *testcert.Authority { return ours })},
		{name: "authority that is none", names: loopback, tls: func(_, _ *testcert.Authority, _ *testing.T) TLS { return TLS{CA: []byte("PEM")} },
			want: []string{"no certificate in PEM"}},
		{name: "key of another certificate", names: loopback, tls: func(ours, _ *testcert.Authority, t *testing.T) TLS {
			cert, _ := ours.Issue(t, "client")
			_, key := ours.Issue(t, "client")
			return TLS{CA: ours.PEM, Cert: cert, Key: key}
		}, want: []string{"the client's certificate and key"}},
		{name: "no client certificate", names: loopback, mutual: true, tls: plain,
			want: []string{"connect to", "want a certificate of the client?"}},
		{name: "client certificate of another authority", names: loopback, mutual: true,
			tls:  with(func(_, others *testcert.Authority) *testcert.Authority { return others }),
			want: []string{"connect to", "accept the client's certificate"}},
	}
}

// checkError holds what came of a target against what should have.
func checkError(t *testing.T, err error, want []string) {
	t.Helper()
	if (err != nil) != (len(want) > 0) {
		t.Fatalf("%v, want %q", err, want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q, want %q in it, on one line", err, w)
		}
	}
}

func TestTLSOverStd(t *testing.T) {
	ours, others := testcert.New(t), testcert.New(t)
	for _, c := range securedCases() {
		t.Run(c.name, func(t *testing.T) {
			var shown atomic.Bool
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				shown.Store(len(r.TLS.PeerCertificates) > 0)
			}))
			srv.Config.ErrorLog = quiet
			srv.TLS = ours.Server(t, c.mutual, c.names...)
			srv.StartTLS()
			defer srv.Close()
			clients, err := Reach(t.Context(), Target{URL: srv.URL, Method: "POST", Timeout: 5 * time.Second, TLS: c.tls(ours, others, t)})
			checkError(t, err, c.want)
			if err != nil {
				return
			}
			w, err := clients.New(0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if a := w.Call(t.Context()); clients.Kind != Std || !a.OK() || a.Connect == 0 || shown.Load() != c.mutual {
				t.Errorf("%s: %+v, certificate shown: %v", clients.Kind, a, shown.Load())
			}
		})
	}
}

func TestTLSOverGRPC(t *testing.T) {
	ours, others := testcert.New(t), testcert.New(t)
	for _, c := range securedCases() {
		t.Run(c.name, func(t *testing.T) {
			s := startShop(t, shopOptions{server: []grpc.ServerOption{grpc.Creds(credentials.NewTLS(ours.Server(t, c.mutual, c.names...)))}})
			target := s.target(pingMethod, "")
			target.URL, target.TLS = "grpcs://"+s.address, c.tls(ours, others, t)
			clients, err := Reach(t.Context(), target)
			checkError(t, err, c.want)
			if err != nil {
				return
			}
			defer clients.Close()
			w, err := clients.New(0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			for i := range 2 {
				if a := w.Call(t.Context()); !a.OK() || (a.Connect > 0) != (i == 0) {
					t.Errorf("call %d: %+v", i, a)
				}
			}
			want := s.address
			if target.TLS.ServerName != "" {
				want = target.TLS.ServerName
			}
			if got := s.last.Load().header.Get(":authority"); len(got) != 1 || got[0] != want {
				t.Errorf("authority %q, want %q", got, want)
			}
		})
	}
}

// Encryption on one side only, and TLS without HTTP/2 in it.
func TestGRPCWithTheWrongTLS(t *testing.T) {
	ours := testcert.New(t)
	config := ours.Server(t, false, "127.0.0.1")
	secure := startShop(t, shopOptions{server: []grpc.ServerOption{grpc.Creds(credentials.NewTLS(config))}})
	open := startShop(t, shopOptions{})
	for _, only := range []string{"", "http/1.1"} {
		web := httptest.NewUnstartedServer(http.NotFoundHandler())
		web.Config.ErrorLog = quiet
		web.TLS = config.Clone()
		if only == "" { // a server that knows no ALPN at all
			web.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
		web.StartTLS()
		defer web.Close()
		target := open.target(pingMethod, "")
		target.URL, target.TLS.CA = strings.Replace(web.URL, "https", "grpcs", 1), ours.PEM
		_, err := Reach(t.Context(), target)
		checkError(t, err, []string{"agrees to no HTTP/2", "ALPN", "is the port that of gRPC?"})
	}
	target := secure.target(pingMethod, "")
	_, err := Reach(t.Context(), target)
	checkError(t, err, []string{"does not answer as HTTP/2", "does it want TLS (grpcs://)?"})
	target = open.target(pingMethod, "")
	target.URL = strings.Replace(target.URL, "grpc", "grpcs", 1)
	_, err = Reach(t.Context(), target)
	checkError(t, err, []string{open.address + ": TLS: "})
}
