package echo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// grace is how long answers under way may take when the server is stopped.
const grace = 10 * time.Second

// Server is the reference workload with its listeners open.
type Server struct {
	handler           *handler
	workload, metrics net.Listener
}

// Run serves the reference workload until ctx ends.
func Run(ctx context.Context, c Config) error {
	s, err := Listen(c)
	if err != nil {
		return err
	}
	return s.Serve(ctx)
}

// Listen opens both listeners.
func Listen(c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	workload, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("workload: %w: choose another address", err)
	}
	metrics, err := net.Listen("tcp", c.MetricsListen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("metrics: %w: choose another address", err), workload.Close())
	}
	return &Server{handler: newHandler(c.BodyBytes), workload: workload, metrics: metrics}, nil
}

// Addr is the workload's address.
func (s *Server) Addr() net.Addr { return s.workload.Addr() }

// MetricsAddr is the address of /metrics.
func (s *Server) MetricsAddr() net.Addr { return s.metrics.Addr() }

// Serve serves until ctx ends, and lets the answers under way leave. The
// metrics end last, so that the last requests can still be seen counted.
func (s *Server) Serve(ctx context.Context) error {
	workload, metrics := newHTTPServer(s.handler), newHTTPServer(metrics(&s.handler.counts))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(workload, s.workload) })
	g.Go(func() error { return serve(metrics, s.metrics) })
	g.Go(func() error {
		<-ctx.Done()
		return errors.Join(shutdown(ctx, workload), shutdown(ctx, metrics))
	})
	return g.Wait()
}

func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that break off are no news
	}
}

func serve(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// shutdown waits for the answers under way, then closes what is left.
func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
