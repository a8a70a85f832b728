package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	"github.com/meshery/kubectl-meshery/agent/internal/server"
)

// grpcAddress is loopback only: port-forward reaches it, no other pod does.
const grpcAddress = "127.0.0.1:8910"

type serveOptions struct {
	grpcAddress    string
	metricsAddress string
	spoolDir       string
	spoolBytes     int64
	kubelet        bool
}

func newServeCommand() *cobra.Command {
	o := &serveOptions{}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the plugin on loopback and metrics on the pod's address",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVar(&o.grpcAddress, "grpc-address", grpcAddress, "Address of the gRPC service; loopback, for it has no authentication of its own")
	f.StringVar(&o.metricsAddress, "metrics-address", ":8911", "Address of /metrics")
	f.StringVar(&o.spoolDir, "spool-dir", "/var/spool/meshery-agent", "Directory of the chunks of runs")
	f.Int64Var(&o.spoolBytes, "spool-bytes", 256<<20, "Size of ended runs above which the oldest are given up")
	f.BoolVar(&o.kubelet, "kubelet", false, "Expect the service account token with which the kubelet's metrics are read")
	return c
}

func (o *serveOptions) run(ctx context.Context) error {
	if host, _, err := net.SplitHostPort(o.grpcAddress); err != nil || !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("--grpc-address %q is not a loopback address such as %q", o.grpcAddress, grpcAddress)
	}
	if o.kubelet {
		// A pod that cannot do what it was deployed for must not look ready.
		if _, err := os.Stat(scrape.DefaultTokenFile); err != nil {
			return fmt.Errorf("--kubelet needs the pod's service account token: %w", err)
		}
	}
	metrics := selfmetrics.New()
	srv, err := server.New(server.Config{
		Node:      scrape.Node{Name: os.Getenv("NODE_NAME"), HostIP: os.Getenv("HOST_IP")},
		Pod:       os.Getenv("POD_NAME"),
		Namespace: os.Getenv("POD_NAMESPACE"),
		SpoolDir:  o.spoolDir, SpoolBytes: o.spoolBytes, Metrics: metrics,
	})
	if err != nil {
		return err
	}
	grpcServer := srv.GRPC()
	listener, err := net.Listen("tcp", o.grpcAddress)
	if err != nil {
		return errors.Join(err, srv.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	httpServer := &http.Server{Addr: o.metricsAddress, Handler: mux, ReadHeaderTimeout: 5 * time.Second}

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return grpcServer.Serve(listener) })
	g.Go(func() error {
		if err := httpServer.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("metrics listener: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		// The run ends first, so that its watchers still get the final chunk.
		srv.Stop()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped := make(chan struct{})
		go func() { grpcServer.GracefulStop(); close(stopped) }()
		select {
		case <-stopped:
		case <-grace.Done():
			grpcServer.Stop()
		}
		return errors.Join(httpServer.Shutdown(grace), srv.Close())
	})
	return g.Wait()
}
