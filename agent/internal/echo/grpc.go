package echo

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // for clients that compress
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

// calls answers gRPC, over all listeners together.
type calls struct {
	counts *counts
	shares shares
	delays delays
}

func newCalls(c *counts) *calls { return &calls{counts: c} }

// grpcEndpoint serves gRPC on one listener.
type grpcEndpoint struct {
	server   *grpc.Server
	health   *health.Server
	listener net.Listener
}

// listenGRPC serves over TLS where there is a config.
func listenGRPC(address string, c *calls, config *tls.Config) (endpoint, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name)}),
		grpc.MaxRecvMsgSize(maxBody),
		grpc.UnaryInterceptor(c.unary),
		grpc.StreamInterceptor(c.stream),
		// Known to the interceptor, and so counted.
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			return status.Error(codes.Unimplemented, "the reference workload has no such method: ask its reflection service for those it has")
		}),
		grpc.WaitForHandlers(true),
	}
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	e := &grpcEndpoint{server: grpc.NewServer(options...), health: health.NewServer(), listener: l}
	e.register()
	for service, info := range e.server.GetServiceInfo() {
		for _, m := range info.Methods {
			c.counts.serve("/" + service + "/" + m.Name)
		}
	}
	return e, nil
}

func (e *grpcEndpoint) register() {
	e.server.RegisterService(&pingService, nil)
	grpc_health_v1.RegisterHealthServer(e.server, e.health)
	// Those of the service itself, and the names that Fortio's server has.
	for name, s := range map[string]grpc_health_v1.HealthCheckResponse_ServingStatus{
		pingName:    grpc_health_v1.HealthCheckResponse_SERVING,
		"ping":      grpc_health_v1.HealthCheckResponse_SERVING,
		"ping_down": grpc_health_v1.HealthCheckResponse_NOT_SERVING,
	} {
		e.health.SetServingStatus(name, s)
	}
	about := reflection.ServerOptions{Services: e.server, DescriptorResolver: pingResolver{}}
	grpc_reflection_v1.RegisterServerReflectionServer(e.server, reflection.NewServerV1(about))
	grpc_reflection_v1alpha.RegisterServerReflectionServer(e.server, reflection.NewServer(about))
}

func (e *grpcEndpoint) addr() net.Addr { return e.listener.Addr() }

func (e *grpcEndpoint) serve() error {
	if err := e.server.Serve(e.listener); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

func (e *grpcEndpoint) shutdown(ctx context.Context) error {
	e.health.Shutdown()
	// The server knows its listener only once it serves.
	defer e.listener.Close()
	stopped := make(chan struct{})
	go func() {
		e.server.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		e.server.Stop()
		<-stopped
	}
	return nil
}

// unary counts first, as over HTTP: who has the answer can rely on having been
// counted.
func (c *calls) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	out, err := c.answer(ctx, in, next)
	c.counts.addCall(info.FullMethod, status.Code(err))
	return out, err
}

func (c *calls) answer(ctx context.Context, in any, next grpc.UnaryHandler) (any, error) {
	asked, err := parseMetadata(ctx)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	fails := c.shares.fails(asked.share)
	if !wait(ctx, c.delays.next(asked.delay)) {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if fails {
		return nil, status.Error(asked.code, "the request's metadata asked for this error")
	}
	return next(ctx, in)
}

// stream counts what runs for longer when it ends.
func (c *calls) stream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, s)
	c.counts.addCall(info.FullMethod, status.Code(err))
	return err
}
