package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

// resolveTo has names resolve to addresses, by a DNS server of the test's own.
func resolveTo(t *testing.T, ips func(name string) []net.IP) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, peer, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
			m.Additionals = nil
			if q.Type == dnsmessage.TypeA {
				for _, ip := range ips(q.Name.String()) {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body: &dnsmessage.AResource{A: [4]byte(ip.To4())}})
				}
			}
			if b, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(b, peer)
			}
		}
	})
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = conn.Close()
		serving.Wait()
	})
}

// Addresses that do not answer cost the others nothing, and are told.
func TestUnreachableAddresses(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer srv.Close()
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// Of all but the first the handshake hangs: one after the other would take far
	// longer than there is, and at once so many are not tried.
	const others = 70
	config := testcert.New(t).Server(t, false, "shop.test")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, securePort, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	secure := &http.Server{TLSConfig: config, ErrorLog: quiet, Handler: srv.Config.Handler}
	defer secure.Close()
	go func() { _ = secure.ServeTLS(l, "", "") }()
	for i := range others {
		silent, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:%s", i+2, securePort))
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close() // it accepts nothing, and Linux connects all the same
	}
	resolveTo(t, func(name string) (ips []net.IP) {
		for i := range others + 1 {
			if name != "dead.test." || i > 0 {
				ips = append(ips, net.IPv4(127, 0, 0, byte(i+1)))
			}
		}
		return ips
	})
	for url, inTime := range map[string]bool{"http://shop.test:" + port: true, "https://shop.test:" + securePort: false} {
		c := reach(t, Target{URL: url, Method: "GET", Timeout: 5 * time.Second, TLS: TLS{InsecureSkipVerify: true}})
		if len(c.Addresses) != 1 || !strings.HasPrefix(c.Addresses[0], "127.0.0.1:") || len(c.Unreachable) != others {
			t.Errorf("%s: reached %q, not %q", url, c.Addresses, c.Unreachable)
		}
		for _, u := range c.Unreachable {
			if address, reason, found := strings.Cut(u, ": "); !found || !strings.HasPrefix(address, "127.0.0.") || reason == "" || strings.Contains(reason, "127.0.0.") {
				t.Errorf("%q", u)
			}
		}
		if untried := strings.Count(strings.Join(c.Unreachable, "\n"), ": not tried: "); inTime != (untried == 0) || untried > others-reachedAtOnce+1 {
			t.Errorf("%s: %d were not tried: %q", url, untried, c.Unreachable)
		}
		// The client was chosen by an answer, whatever connecting took.
		if len(c.Probes) != 1 || !c.Probes[0].OK() {
			t.Errorf("%s: %+v, %s", url, c.Probes, c.Reason)
		}
	}
	_, err = Reach(t.Context(), Target{URL: "http://dead.test:" + port, Method: "GET", Timeout: time.Second})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("and %d more", others-3)) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
