package main

import (
	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/agent/internal/echo"
)

func newEchoCommand() *cobra.Command {
	c := echo.Config{}
	cmd := &cobra.Command{
		Use:   "echo",
		Short: "Serve the reference workload",
		Long: `Serve the reference workload: HTTP/1.1 with a body of a fixed size.

Query parameters of a request: delay=5ms waits before the answer, error=1%
answers that share of requests with status=503 (or the status given), size=N
sets the size of the body.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return echo.Run(cmd.Context(), c) },
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", ":8080", "Address of the workload")
	f.StringVar(&c.MetricsListen, "metrics-listen", ":8081", "Address of /metrics with the workload's own request counter")
	f.IntVar(&c.BodyBytes, "body-bytes", 128, "Size of the body of an answer")
	return cmd
}
