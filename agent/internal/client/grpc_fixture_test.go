package client

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// shopSet describes a service that no program has generated code of.
func shopSet() *descriptorpb.FileDescriptorSet {
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, message string) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
		if message != "" {
			f.TypeName = &message
		}
		return f
	}
	method := func(name string, streaming bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{Name: &name, InputType: proto.String(".shop.v1.Order"), OutputType: proto.String(".shop.v1.Receipt"), ServerStreaming: &streaming}
	}
	const text, whole, message = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_INT32, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	return &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		protodesc.ToFileDescriptorProto(timestamppb.File_google_protobuf_timestamp_proto),
		{Name: proto.String("shop/messages.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"),
			Dependency: []string{"google/protobuf/timestamp.proto"},
			MessageType: []*descriptorpb.DescriptorProto{
				{Name: proto.String("Order"), Field: []*descriptorpb.FieldDescriptorProto{
					field("item", 1, text, ""), field("count", 2, whole, ""), field("wanted_at", 3, message, ".google.protobuf.Timestamp")}},
				{Name: proto.String("Receipt"), Field: []*descriptorpb.FieldDescriptorProto{
					field("order", 1, message, ".shop.v1.Order"), field("total_cents", 2, whole, ""), field("note", 3, text, "")}},
			}},
		{Name: proto.String("shop/service.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"),
			Dependency: []string{"shop/messages.proto"},
			Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Shop"),
				Method: []*descriptorpb.MethodDescriptorProto{method("Buy", false), method("Watch", true)}}}},
	}}
}

// shop is a gRPC server; each of its calls does what it is told.
type shop struct {
	*grpc.Server
	address string
	calls   atomic.Int64
	// do answers calls of Buy and Ping after they were counted; the message is
	// what it is to be answered with, and may be changed.
	do func(ctx context.Context, answer *dynamicpb.Message) error
	// last is what came with the last call.
	last atomic.Pointer[incoming]
}

type incoming struct {
	header   metadata.MD
	request  *dynamicpb.Message
	deadline time.Duration
}

// what a shop has beside health, ping and its own service.
type shopOptions struct {
	address            string // empty is any
	reflectV1, v1alpha bool
	// sparse is a reflection service that sends only the file it is asked for.
	sparse bool
	server []grpc.ServerOption
	do     func(ctx context.Context, answer *dynamicpb.Message) error
}

func startShop(t *testing.T, o shopOptions) *shop {
	t.Helper()
	if o.address == "" {
		o.address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", o.address)
	if err != nil {
		t.Fatal(err)
	}
	files, err := protodesc.NewFiles(shopSet())
	if err != nil {
		t.Fatal(err)
	}
	ping, err := pingFile()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{Server: grpc.NewServer(append(o.server, grpc.MaxRecvMsgSize(128<<20))...), address: l.Addr().String(), do: o.do}
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	service, err := files.FindDescriptorByName("shop.v1.Shop")
	if err != nil {
		t.Fatal(err)
	}
	s.serve(service.(protoreflect.ServiceDescriptor), "Buy")
	s.serve(ping.Services().Get(0), "Ping")
	about := reflection.ServerOptions{Services: s, DescriptorResolver: files}
	switch {
	case o.sparse:
		grpc_reflection_v1.RegisterServerReflectionServer(s, &sparseReflection{files: files})
	case o.reflectV1:
		grpc_reflection_v1.RegisterServerReflectionServer(s, reflection.NewServerV1(about))
	case o.v1alpha:
		grpc_reflection_v1alpha.RegisterServerReflectionServer(s, reflection.NewServer(about))
	}
	var served = make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-served
	})
	return s
}

// serve registers a unary method that answers with what it was asked.
func (s *shop) serve(service protoreflect.ServiceDescriptor, name protoreflect.Name) {
	m := service.Methods().ByName(name)
	s.RegisterService(&grpc.ServiceDesc{ServiceName: string(service.FullName()), HandlerType: (*any)(nil),
		Metadata: service.ParentFile().Path(),
		Methods: []grpc.MethodDesc{{MethodName: string(name), Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := dynamicpb.NewMessage(m.Input())
			if err := decode(in); err != nil {
				return nil, err
			}
			got := &incoming{request: in}
			got.header, _ = metadata.FromIncomingContext(ctx)
			if at, ok := ctx.Deadline(); ok {
				got.deadline = time.Until(at)
			}
			s.last.Store(got)
			s.calls.Add(1)
			out := dynamicpb.NewMessage(m.Output())
			if m.Input() == m.Output() {
				proto.Merge(out, in)
			} else {
				out.Set(m.Output().Fields().ByName("order"), protoreflect.ValueOfMessage(in))
			}
			if s.do != nil {
				if err := s.do(ctx, out); err != nil {
					return nil, err
				}
			}
			return out, nil
		}}}}, nil)
}

// set sets a field of an answer.
func set(m *dynamicpb.Message, name protoreflect.Name, v any) {
	m.Set(m.Descriptor().Fields().ByName(name), protoreflect.ValueOf(v))
}

// sparseReflection answers as some servers do: one file at a time, and not
// those of the protobuf library.
type sparseReflection struct {
	grpc_reflection_v1.UnimplementedServerReflectionServer
	files *protoregistry.Files
}

func (s *sparseReflection) ServerReflectionInfo(stream grpc_reflection_v1.ServerReflection_ServerReflectionInfoServer) error {
	for {
		ask, err := stream.Recv()
		if err != nil {
			return nil
		}
		answer := &grpc_reflection_v1.ServerReflectionResponse{OriginalRequest: ask, MessageResponse: &grpc_reflection_v1.ServerReflectionResponse_ErrorResponse{
			ErrorResponse: &grpc_reflection_v1.ErrorResponse{ErrorCode: int32(codes.NotFound), ErrorMessage: "not known"}}}
		var file protoreflect.FileDescriptor
		if d, err := s.files.FindDescriptorByName(protoreflect.FullName(ask.GetFileContainingSymbol())); err == nil {
			file = d.ParentFile()
		} else if f, err := s.files.FindFileByPath(ask.GetFileByFilename()); err == nil && f.Package() == "shop.v1" {
			file = f
		}
		if file != nil {
			b, err := proto.Marshal(protodesc.ToFileDescriptorProto(file))
			if err != nil {
				return status.Error(codes.Internal, err.Error())
			}
			answer.MessageResponse = &grpc_reflection_v1.ServerReflectionResponse_FileDescriptorResponse{
				FileDescriptorResponse: &grpc_reflection_v1.FileDescriptorResponse{FileDescriptorProto: [][]byte{b}}}
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// target is a Test's target at this server.
func (s *shop) target(method, message string) Target {
	return Target{URL: "grpc://" + s.address, Protocol: GRPC, Timeout: 10 * time.Second, GRPC: GRPCCall{Method: method, Message: message}}
}

// reach reaches a target that can be reached.
func reach(t *testing.T, target Target) *Clients {
	t.Helper()
	c, err := Reach(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// worker makes a client of a target that can be reached.
func worker(t *testing.T, target Target) Caller {
	t.Helper()
	w, err := reach(t, target).New(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// serve is a TCP server; each connection is closed when do returns.
func serve(t *testing.T, do func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			ended := context.AfterFunc(t.Context(), func() { conn.Close() })
			conns.Go(func() {
				defer ended()
				defer conn.Close()
				do(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Wait()
	})
	return l.Addr().String()
}

// peerCounter counts the calls of each connection.
type peerCounter struct {
	mu    sync.Mutex
	calls map[string]int
}

func (p *peerCounter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (p *peerCounter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (p *peerCounter) HandleConn(context.Context, stats.ConnStats)                       {}
func (p *peerCounter) HandleRPC(_ context.Context, s stats.RPCStats) {
	if h, ok := s.(*stats.InHeader); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls[h.RemoteAddr.String()]++
	}
}
