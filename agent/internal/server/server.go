package server

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	"github.com/meshery/kubectl-meshery/agent/internal/spool"
	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// maxPlanBytes is the largest plan taken.
const maxPlanBytes = 64 << 20

// Config says who the agent is and where it keeps things.
type Config struct {
	Node      scrape.Node
	Pod       string
	Namespace string
	SpoolDir  string
	// SpoolBytes is what ended runs may take before the oldest is given up. The
	// run that is under way may take almost as much again.
	SpoolBytes int64
	Metrics    *selfmetrics.Metrics
}

// Server is the agent's gRPC service.
type Server struct {
	agentv1.UnimplementedAgentServiceServer
	config  Config
	store   *spool.Store
	manager *manager
	started time.Time
}

// New opens the spool and recovers the runs in it.
func New(c Config) (*Server, error) {
	store, err := spool.Open(c.SpoolDir, c.SpoolBytes)
	if err != nil {
		return nil, err
	}
	m, err := newManager(store, c)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &Server{config: c, store: store, manager: m, started: time.Now()}, nil
}

// GRPC makes the gRPC server with this service and the standard health service.
func (s *Server) GRPC() *grpc.Server {
	g := grpc.NewServer(
		// A plan holds the body of the requests, twice.
		grpc.MaxRecvMsgSize(maxPlanBytes),
		// A port-forward dies without a word: the client must be allowed to ask
		// often, and the server asks as well.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 15 * time.Second, Timeout: 10 * time.Second}),
	)
	agentv1.RegisterAgentServiceServer(g, s)
	grpc_health_v1.RegisterHealthServer(g, &healthServer{manager: s.manager})
	return g
}

// Stop ends the active run and waits until its final chunk is spooled. Watchers
// still get it.
func (s *Server) Stop() { s.manager.close() }

// Close closes the spool, after Stop.
func (s *Server) Close() error {
	s.Stop()
	return s.store.Close()
}

// GetInfo implements agentv1.AgentServiceServer.
func (s *Server) GetInfo(context.Context, *agentv1.GetInfoRequest) (*agentv1.GetInfoResponse, error) {
	b := buildinfo.Get()
	active, ended := s.manager.list()
	return &agentv1.GetInfoResponse{
		Version: b.Version, GitCommit: b.Commit, GoVersion: b.GoVersion,
		Node: s.config.Node.Name, Pod: s.config.Pod, Namespace: s.config.Namespace,
		Cpus: int32(runtime.GOMAXPROCS(0)), ActiveRun: active, SpooledRuns: ended,
		SpoolBytes: s.store.Bytes(), Started: timestamppb.New(s.started),
	}, nil
}

// Ping implements agentv1.AgentServiceServer.
func (s *Server) Ping(context.Context, *agentv1.PingRequest) (*agentv1.PingResponse, error) {
	received := time.Now().UnixNano()
	return &agentv1.PingResponse{ReceivedUnixNano: received, SentUnixNano: time.Now().UnixNano()}, nil
}

// PrepareRun implements agentv1.AgentServiceServer.
func (s *Server) PrepareRun(ctx context.Context, req *agentv1.PrepareRunRequest) (*agentv1.PrepareRunResponse, error) {
	return s.manager.prepare(ctx, req)
}

// StartRun implements agentv1.AgentServiceServer.
func (s *Server) StartRun(_ context.Context, req *agentv1.StartRunRequest) (*agentv1.StartRunResponse, error) {
	if req.GetT0() == nil {
		return nil, status.Error(codes.InvalidArgument, "t0 is missing")
	}
	t0, err := s.manager.start(req.GetRunId(), req.GetT0().AsTime())
	if err != nil {
		return nil, err
	}
	return &agentv1.StartRunResponse{T0: timestamppb.New(t0)}, nil
}

// StopRun implements agentv1.AgentServiceServer.
func (s *Server) StopRun(_ context.Context, req *agentv1.StopRunRequest) (*agentv1.StopRunResponse, error) {
	phase, err := s.manager.stopRun(req.GetRunId(), req.GetReason())
	if err != nil {
		return nil, err
	}
	return &agentv1.StopRunResponse{Phase: phase}, nil
}

// AcknowledgeRun implements agentv1.AgentServiceServer.
func (s *Server) AcknowledgeRun(_ context.Context, req *agentv1.AcknowledgeRunRequest) (*agentv1.AcknowledgeRunResponse, error) {
	if err := s.manager.acknowledge(req.GetRunId()); err != nil {
		return nil, err
	}
	return &agentv1.AcknowledgeRunResponse{}, nil
}

// WatchRun implements agentv1.AgentServiceServer.
func (s *Server) WatchRun(req *agentv1.WatchRunRequest, stream grpc.ServerStreamingServer[agentv1.WatchRunResponse]) error {
	r, err := s.manager.get(req.GetRunId())
	if err != nil {
		return err
	}
	// The header tells the caller that it is heard, for the first chunk may be
	// long in coming.
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	for seq := max(1, req.GetFromSeq()); ; seq++ {
		b, err := r.await(stream.Context(), seq)
		if b == nil || err != nil {
			return err
		}
		if err := stream.Send(&agentv1.WatchRunResponse{Chunk: b}); err != nil {
			return err
		}
	}
}

// await returns chunk seq as soon as there is one; nil when the run ended
// before it.
func (r *run) await(ctx context.Context, seq uint64) ([]byte, error) {
	for {
		// Both are looked at before the log is: what is appended after that
		// closes changed, and after ended nothing is appended.
		changed := r.log.Changed()
		over := isClosed(r.ended)
		b, err := r.log.Read(seq)
		switch {
		case err == nil:
			return b, nil
		case errors.Is(err, os.ErrClosed):
			return nil, status.Errorf(codes.NotFound, "run %s was acknowledged, or given up for newer ones", r.id)
		case !errors.Is(err, io.EOF):
			return nil, status.Error(codes.DataLoss, err.Error())
		case over && r.lastWords != nil && seq == r.log.Last()+1:
			return r.lastWords, nil
		case over:
			return nil, nil
		}
		select {
		case <-changed:
		case <-r.ended:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// healthServer is what the probes ask (the standard health service).
type healthServer struct {
	grpc_health_v1.UnimplementedHealthServer
	manager *manager
}

// Check implements grpc_health_v1.HealthServer.
func (h *healthServer) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	s := grpc_health_v1.HealthCheckResponse_SERVING
	if h.manager.unwell.Load() {
		s = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return &grpc_health_v1.HealthCheckResponse{Status: s}, nil
}
