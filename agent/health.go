package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// newHealthCommand is the exec probe: a probe of the kubelet cannot reach a
// listener on loopback.
func newHealthCommand() *cobra.Command {
	address := grpcAddress
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the agent in this pod for its health; exit 1 if it does not serve",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
			defer cancel()
			conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			if err != nil {
				return err
			}
			if r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
				return fmt.Errorf("agent is %s", r.GetStatus())
			}
			return nil
		},
	}
	c.Flags().StringVar(&address, "grpc-address", address, "Address of the gRPC service")
	return c
}
