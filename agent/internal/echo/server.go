package echo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
)

// grace is how long answers under way may take when the server is stopped.
const grace = 10 * time.Second

// Server is the reference workload with its listeners open.
type Server struct {
	counts    *counts
	tls       *tls.Config
	protocols map[string]endpoint
	metrics   endpoint
}

// endpoint is one protocol on one open listener.
type endpoint interface {
	// serve returns nil when it was shut down.
	serve() error
	// shutdown lets the answers under way leave until ctx ends, and then closes
	// what is left. It may be called before serve.
	shutdown(ctx context.Context) error
	addr() net.Addr
}

// The protocols, as in errors.
const (
	protoHTTP    = "workload"
	protoHTTPS   = "https"
	protoGRPC    = "grpc"
	protoGRPCTLS = "grpc over tls"
	protoTCP     = "tcp echo"
	protoUDP     = "udp echo"
)

// Run serves the reference workload until ctx ends.
func Run(ctx context.Context, c Config) error {
	s, err := Listen(c)
	if err != nil {
		return err
	}
	return s.Serve(ctx)
}

// Listen opens all listeners, or none.
func Listen(c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	s := &Server{counts: newCounts(), protocols: map[string]endpoint{}}
	if c.servesTLS() {
		var err error
		if s.tls, err = newTLS(c, time.Now()); err != nil {
			return nil, err
		}
	}
	if err := s.open(c); err != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		return nil, errors.Join(err, s.shutdown(ended))
	}
	return s, nil
}

func (s *Server) open(c Config) error {
	workload := newHandler(c.BodyBytes, s.counts)
	calls := newCalls(s.counts)
	for _, p := range []struct {
		name, address string
		open          func(address string) (endpoint, error)
	}{
		{protoHTTP, c.Listen, func(a string) (endpoint, error) { return listenHTTP(a, workload, nil) }},
		{protoHTTPS, c.HTTPSListen, func(a string) (endpoint, error) { return listenHTTP(a, workload, s.tls) }},
		{protoGRPC, c.GRPCListen, func(a string) (endpoint, error) { return listenGRPC(a, calls, nil) }},
		{protoGRPCTLS, c.GRPCTLSListen, func(a string) (endpoint, error) { return listenGRPC(a, calls, s.tls) }},
		{protoTCP, c.TCPListen, func(a string) (endpoint, error) { return listenTCP(a, s.counts) }},
		{protoUDP, c.UDPListen, func(a string) (endpoint, error) { return listenUDP(a, s.counts) }},
	} {
		if p.address == "" {
			continue
		}
		e, err := p.open(p.address)
		if err != nil {
			return fmt.Errorf("%s: %w: choose another address, or an empty one to leave it out", p.name, err)
		}
		s.protocols[p.name] = e
	}
	if c.MetricsListen != "" {
		e, err := listenHTTP(c.MetricsListen, metrics(s.counts), nil)
		if err != nil {
			return fmt.Errorf("metrics: %w: choose another address, or an empty one to leave them out", err)
		}
		s.metrics = e
	}
	return nil
}

// Addr is the address of HTTP/1.1 and h2c. Like the others', it is nil when that
// is not served.
func (s *Server) Addr() net.Addr { return addrOf(s.protocols[protoHTTP]) }

// HTTPSAddr is the address of HTTP/1.1 and HTTP/2 over TLS.
func (s *Server) HTTPSAddr() net.Addr { return addrOf(s.protocols[protoHTTPS]) }

// GRPCAddr is the address of gRPC without TLS.
func (s *Server) GRPCAddr() net.Addr { return addrOf(s.protocols[protoGRPC]) }

// GRPCTLSAddr is the address of gRPC over TLS.
func (s *Server) GRPCTLSAddr() net.Addr { return addrOf(s.protocols[protoGRPCTLS]) }

// TCPAddr is the address of the TCP echo.
func (s *Server) TCPAddr() net.Addr { return addrOf(s.protocols[protoTCP]) }

// UDPAddr is the address of the UDP echo.
func (s *Server) UDPAddr() net.Addr { return addrOf(s.protocols[protoUDP]) }

// MetricsAddr is the address of /metrics.
func (s *Server) MetricsAddr() net.Addr { return addrOf(s.metrics) }

func addrOf(e endpoint) net.Addr {
	if e == nil {
		return nil
	}
	return e.addr()
}

// Serve serves until ctx ends, and lets the answers under way leave. The
// metrics end last, so that the last requests can still be seen counted.
func (s *Server) Serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for name, e := range s.protocols {
		g.Go(func() error { return named(name, e.serve()) })
	}
	if s.metrics != nil {
		g.Go(func() error { return named("metrics", s.metrics.serve()) })
	}
	g.Go(func() error {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		return s.shutdown(limit)
	})
	return g.Wait()
}

func (s *Server) shutdown(ctx context.Context) error {
	var g errgroup.Group
	for name, e := range s.protocols {
		g.Go(func() error { return named(name, e.shutdown(ctx)) })
	}
	err := g.Wait()
	if s.metrics != nil {
		err = errors.Join(err, named("metrics", s.metrics.shutdown(ctx)))
	}
	return err
}

func named(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
