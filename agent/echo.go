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
		Long: `Serve the reference workload: HTTP/1.1 and HTTP/2, with and without TLS, with a
body of a fixed size; gRPC with health, reflection and Fortio's ping; TCP and UDP
echo. An empty address leaves a protocol out.

Query parameters of an HTTP request:
  delay=5ms                     wait before the answer, at most 1m
  delay=lognormal(2ms,0.5)      ... for times with this median and sigma
  delay=bimodal(1ms,20ms,0.05)  ... 1ms, and for this share of answers 20ms
  error=0.01                    answer this share of requests with status=503
  status=500                    that status; without error, for every request
  size=N                        size of the body in bytes

Metadata of a gRPC call: delay and error with the same meaning, and code, by name,
for status.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return echo.Run(cmd.Context(), c) },
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", ":8080", "Address of HTTP/1.1 and h2c (HTTP/2 with prior knowledge)")
	f.StringVar(&c.HTTPSListen, "https-listen", ":8443", "Address of HTTPS: HTTP/1.1 and HTTP/2")
	f.StringVar(&c.GRPCListen, "grpc-listen", ":8079", "Address of gRPC")
	f.StringVar(&c.GRPCTLSListen, "grpc-tls-listen", "", "Address of gRPC over TLS (default none)")
	f.StringVar(&c.TCPListen, "tcp-listen", ":8078", "Address of the TCP echo")
	f.StringVar(&c.UDPListen, "udp-listen", ":8078", "Address of the UDP echo")
	f.StringVar(&c.MetricsListen, "metrics-listen", ":8081", "Address of /metrics with the workload's own counters")
	f.StringVar(&c.TLSCert, "tls-cert", "", "Certificate of the server, a PEM file (default one made at the start, which nobody has signed)")
	f.StringVar(&c.TLSKey, "tls-key", "", "Key of --tls-cert, a PEM file")
	f.StringVar(&c.TLSClientCA, "tls-client-ca", "", "Authorities of clients, a PEM file: every client over TLS must show a certificate that one of them signed")
	f.IntVar(&c.BodyBytes, "body-bytes", 128, "Size of the body of an HTTP answer")
	return cmd
}
