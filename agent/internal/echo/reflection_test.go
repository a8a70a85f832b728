package echo

//lint:file-ignore SA1019 many clients still ask in v1alpha, which is deprecated

import (
	"errors"
	"io"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

func TestReflection(t *testing.T) {
	_, conn := startGRPC(t)
	v1, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		t.Helper()
		if err := v1.Send(r); err != nil {
			t.Fatal(err)
		}
		answer, err := v1.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	var services []string
	for _, s := range ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}).GetListServicesResponse().GetService() {
		services = append(services, s.GetName())
	}
	if want := []string{
		"fgrpc.PingServer", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
	}; !slices.Equal(services, want) {
		t.Errorf("services %q, want %q", services, want)
	}
	// All that is listed is described, and by what each thing is asked for.
	for _, symbol := range append(services, "fgrpc.PingServer.Ping", "fgrpc.PingMessage", "grpc.health.v1.Health.Check") {
		files := ask(&grpc_reflection_v1.ServerReflectionRequest{
			MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol},
		}).GetFileDescriptorResponse().GetFileDescriptorProto()
		if len(files) == 0 {
			t.Errorf("%s is not described", symbol)
		}
	}
	if err := v1.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := v1.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("error %v", err)
	}

	alpha, err := grpc_reflection_v1alpha.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := alpha.Send(&grpc_reflection_v1alpha.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1alpha.ServerReflectionRequest_FileByFilename{FileByFilename: "ping.proto"},
	}); err != nil {
		t.Fatal(err)
	}
	answer, err := alpha.Recv()
	if err != nil || len(answer.GetFileDescriptorResponse().GetFileDescriptorProto()) != 1 {
		t.Fatalf("%v, %v", answer, err)
	}
	callAsDescribed(t, conn, answer.GetFileDescriptorResponse().GetFileDescriptorProto()[0])
}

// callAsDescribed calls Ping with nothing but its description.
func callAsDescribed(t *testing.T, conn *grpc.ClientConn, described []byte) {
	t.Helper()
	var p descriptorpb.FileDescriptorProto
	if err := proto.Unmarshal(described, &p); err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(&p, nil)
	if err != nil {
		t.Fatal(err)
	}
	method := file.Services().ByName("PingServer").Methods().ByName("Ping")
	in, out := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	in.Set(in.Descriptor().Fields().ByName("payload"), protoreflect.ValueOfString("described"))
	if err := conn.Invoke(t.Context(), "/"+string(method.Parent().FullName())+"/"+string(method.Name()), in, out); err != nil {
		t.Fatal(err)
	}
	if field(out, "payload") != "described" {
		t.Errorf("answer %v", out)
	}
}
