package client

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The names of the reflection service, the newer first. Their messages are the
// same on the wire.
// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
var reflections = []string{"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}

// reflected asks the target for the files that describe a service.
func reflected(ctx context.Context, conn *grpc.ClientConn, service string) (*protoregistry.Files, error) {
	const instead = "give a descriptor set of the service instead (protoc --include_imports --descriptor_set_out)"
	for _, name := range reflections {
		files, err := reflectedBy(ctx, conn, name, service)
		switch s, answered := status.FromError(err); {
		case err == nil || !answered:
			return files, err
		case s.Code() != codes.Unimplemented:
			return nil, fmt.Errorf("the target's reflection service failed with %s: %s; %s", s.Code(), plain(errors.New(s.Message())), instead)
		}
	}
	return nil, planErrorf("the target describes no gRPC service %q, for it has no reflection: %s", service, instead)
}

func reflectedBy(ctx context.Context, conn *grpc.ClientConn, name, service string) (*protoregistry.Files, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+name+"/ServerReflectionInfo")
	if err != nil {
		return nil, err
	}
	r := &describer{stream: stream, files: map[string]*descriptorpb.FileDescriptorProto{}}
	answer, err := r.ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service}})
	if err != nil {
		return nil, err
	}
	if answer.GetErrorResponse() != nil {
		return nil, planErrorf("the target has no gRPC service %q: it has %s", service, list(r.services()))
	}
	if err := r.collect(answer); err != nil {
		return nil, err
	}
	return r.complete()
}

// describer is a conversation with the service, and the files it has told of.
type describer struct {
	stream grpc.ClientStream
	files  map[string]*descriptorpb.FileDescriptorProto
	// missing are imports that it does not know itself.
	missing map[string]bool
}

func (r *describer) ask(request *grpc_reflection_v1.ServerReflectionRequest) (*grpc_reflection_v1.ServerReflectionResponse, error) {
	// Why sending failed is what receiving says.
	_ = r.stream.SendMsg(request)
	answer := new(grpc_reflection_v1.ServerReflectionResponse)
	return answer, r.stream.RecvMsg(answer)
}

// services lists what there is; nothing where that cannot be told.
func (r *describer) services() (names []string) {
	answer, err := r.ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
	if err != nil {
		return nil
	}
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	return names
}

func (r *describer) collect(answer *grpc_reflection_v1.ServerReflectionResponse) error {
	for _, b := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		f := new(descriptorpb.FileDescriptorProto)
		if err := proto.Unmarshal(b, f); err != nil {
			return status.Error(codes.Internal, "it sent no file descriptor")
		}
		r.files[f.GetName()] = f
	}
	return nil
}

// complete asks for the imports that are not there yet, and theirs.
func (r *describer) complete() (*protoregistry.Files, error) {
	r.missing = map[string]bool{}
	for more := true; more; {
		more = false
		for _, f := range r.files {
			for _, name := range f.GetDependency() {
				if r.files[name] != nil || r.missing[name] {
					continue
				}
				more = true
				if err := r.file(name); err != nil {
					return nil, err
				}
			}
		}
	}
	set := new(descriptorpb.FileDescriptorSet)
	for _, f := range r.files {
		set.File = append(set.File, f)
	}
	// Some servers do not know all their imports, such as those of options only.
	files, err := protodesc.FileOptions{AllowUnresolvable: true}.NewFiles(set)
	if err != nil {
		return nil, status.Error(codes.Internal, plain(err))
	}
	return files, nil
}

// file asks for one file; those that every program has need not be the server's.
func (r *describer) file(name string) error {
	answer, err := r.ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileByFilename{FileByFilename: name}})
	if err != nil {
		return err
	}
	if err := r.collect(answer); err != nil || r.files[name] != nil {
		return err
	}
	if f, err := protoregistry.GlobalFiles.FindFileByPath(name); err == nil {
		r.files[name] = protodesc.ToFileDescriptorProto(f)
		return nil
	}
	r.missing[name] = true
	return nil
}
