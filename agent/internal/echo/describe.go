package echo

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// pingFile describes Fortio's ping service to clients that ask by reflection. It
// follows fortio.org/fortio/fgrpc/ping.proto. It is not in the registry of the
// program, so that Fortio's own package can be linked beside it.
var pingFile = func() protoreflect.FileDescriptor {
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{
			Name: &name, Number: &number, Type: &kind,
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}
	}
	const number, text = descriptorpb.FieldDescriptorProto_TYPE_INT64, descriptorpb.FieldDescriptorProto_TYPE_STRING
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("ping.proto"), Package: proto.String("fgrpc"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("PingMessage"),
			Field: []*descriptorpb.FieldDescriptorProto{
				field("seq", 1, number), field("ts", int32(fieldTS), number),
				field("payload", 3, text), field("delayNanos", int32(fieldDelayNanos), number),
			},
		}},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("PingServer"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name:      proto.String("Ping"),
				InputType: proto.String(".fgrpc.PingMessage"), OutputType: proto.String(".fgrpc.PingMessage"),
			}},
		}},
	}, nil)
	if err != nil {
		panic(err) // it is the same in every process
	}
	return file
}()

// pingResolver knows the ping service beside all that the program has registered.
type pingResolver struct{}

func (pingResolver) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if path == pingFile.Path() {
		return pingFile, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

func (pingResolver) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	for _, d := range []protoreflect.Descriptor{
		pingFile.Services().Get(0), pingFile.Services().Get(0).Methods().Get(0), pingFile.Messages().Get(0),
	} {
		if d.FullName() == name {
			return d, nil
		}
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
