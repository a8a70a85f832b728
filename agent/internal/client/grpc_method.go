package client

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// grpcMethod is a unary method, with the request it is called with.
type grpcMethod struct {
	path    string // as HTTP/2 has it
	request []byte
	output  protoreflect.MessageDescriptor
	types   *dynamicpb.Types
	// ping tells Fortio's, whose requests are numbered.
	ping bool
}

// json is an answer as protobuf JSON, with the fields that have their default.
func (m *grpcMethod) json(wire []byte) ([]byte, error) {
	v := dynamicpb.NewMessage(m.output)
	if err := (proto.UnmarshalOptions{Resolver: m.types}).Unmarshal(wire, v); err != nil {
		return nil, err
	}
	return protojson.MarshalOptions{EmitDefaultValues: true, Resolver: m.types}.Marshal(v)
}

const (
	pingService   = "fgrpc.PingServer"
	healthService = "grpc.health.v1.Health"
)

// resolve finds the method and encodes its request. The connection is asked
// where neither the program nor a descriptor set knows the method.
func resolve(ctx context.Context, conn *grpc.ClientConn, call *GRPCCall) (*grpcMethod, error) {
	service, name, ok := strings.Cut(call.Method, "/")
	if !ok || service == "" || name == "" {
		return nil, planErrorf("gRPC method %q is not package.Service/Method", call.Method)
	}
	files, err := describe(ctx, conn, service, call.DescriptorSet)
	if err != nil {
		return nil, err
	}
	d, err := files.FindDescriptorByName(protoreflect.FullName(service))
	s, isService := d.(protoreflect.ServiceDescriptor)
	if err != nil || !isService {
		return nil, planErrorf("the descriptor set has no gRPC service %q: it has %s", service, list(servicesOf(files)))
	}
	method := s.Methods().ByName(protoreflect.Name(name))
	switch {
	case method == nil:
		return nil, planErrorf("gRPC service %q has no method %q: it has %s", service, name, list(methodsOf(s)))
	case method.IsStreamingClient() || method.IsStreamingServer():
		return nil, planErrorf("gRPC method %q is streaming, and load is made of unary calls: choose another of %s", call.Method, list(methodsOf(s)))
	case method.Input().IsPlaceholder() || method.Output().IsPlaceholder():
		return nil, planErrorf("the messages of gRPC method %q are not described: give a descriptor set made with protoc --include_imports", call.Method)
	}
	m := &grpcMethod{path: "/" + call.Method, output: method.Output(), types: dynamicpb.NewTypes(files), ping: call.Method == pingService+"/Ping"}
	m.request, err = m.encode(method.Input(), call.Message)
	return m, err
}

// encode makes the request of protobuf JSON.
func (m *grpcMethod) encode(input protoreflect.MessageDescriptor, text string) ([]byte, error) {
	v := dynamicpb.NewMessage(input)
	if strings.TrimSpace(text) != "" {
		if err := (protojson.UnmarshalOptions{Resolver: m.types}).Unmarshal([]byte(text), v); err != nil {
			return nil, planErrorf("gRPC message is no %s as protobuf JSON: %s; correct it", input.FullName(), plain(err))
		}
	}
	if m.ping {
		v.Clear(input.Fields().ByNumber(pingSeq))
		v.Clear(input.Fields().ByNumber(pingTS))
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(v)
	if err != nil {
		return nil, planErrorf("gRPC message %s: %s; correct it", input.FullName(), plain(err))
	}
	return b, nil
}

// describe finds the files that describe a service.
func describe(ctx context.Context, conn *grpc.ClientConn, service string, set []byte) (*protoregistry.Files, error) {
	switch service {
	case healthService:
		return only(grpc_health_v1.File_grpc_health_v1_health_proto)
	case pingService:
		ping, err := pingFile()
		if err != nil {
			return nil, err
		}
		return only(ping)
	}
	if len(set) == 0 {
		return reflected(ctx, conn, service)
	}
	var described descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &described); err != nil {
		return nil, planErrorf("the descriptor set is no FileDescriptorSet: make it with protoc --include_imports --descriptor_set_out, or buf build")
	}
	files, err := protodesc.NewFiles(&described)
	if err != nil {
		return nil, planErrorf("the descriptor set is not complete: %s; make it with protoc --include_imports", plain(err))
	}
	return files, nil
}

func only(f protoreflect.FileDescriptor) (*protoregistry.Files, error) {
	files := new(protoregistry.Files)
	return files, files.RegisterFile(f)
}

// pingFile is fortio.org/fortio/fgrpc/ping.proto, which is not in the program's
// registry, so that Fortio's own package can be linked beside it.
func pingFile() (protoreflect.FileDescriptor, error) {
	const message = "PingMessage"
	field := func(name string, number protowire.Number, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{Name: &name, JsonName: &name, Number: proto.Int32(int32(number)), Type: &kind,
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
	}
	const whole, text = descriptorpb.FieldDescriptorProto_TYPE_INT64, descriptorpb.FieldDescriptorProto_TYPE_STRING
	return protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("ping.proto"), Package: proto.String("fgrpc"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String(message), Field: []*descriptorpb.FieldDescriptorProto{
			field("seq", pingSeq, whole), field("ts", pingTS, whole), field("payload", 3, text), field("delayNanos", 4, whole)}}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("PingServer"), Method: []*descriptorpb.MethodDescriptorProto{{
			Name: proto.String("Ping"), InputType: proto.String(".fgrpc." + message), OutputType: proto.String(".fgrpc." + message)}}}},
	}, nil)
}

func servicesOf(files *protoregistry.Files) (names []string) {
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			names = append(names, string(f.Services().Get(i).FullName()))
		}
		return true
	})
	return names
}

func methodsOf(s protoreflect.ServiceDescriptor) (names []string) {
	for i := range s.Methods().Len() {
		if m := s.Methods().Get(i); !m.IsStreamingClient() && !m.IsStreamingServer() {
			names = append(names, string(m.Name()))
		}
	}
	return names
}

// list names what there is instead, as far as it fits a line.
func list(names []string) string {
	const most = 8
	sort.Strings(names)
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// plain is an error of the protobuf packages on one line, without their name and
// the spaces they vary on purpose.
func plain(err error) string {
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\u00a0", " ")), " ")
	return strings.TrimPrefix(text, "proto: ")
}
