package echo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// ping is a fgrpc.PingMessage in its encoding: only two fields are looked at, and
// the payload need not be decoded to be sent back.
type ping struct{ wire []byte }

// codec handles pings itself, and leaves other messages to that of protobuf.
type codec struct{ encoding.CodecV2 }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if p, ok := v.(*ping); ok {
		return mem.BufferSlice{mem.SliceBuffer(p.wire)}, nil
	}
	return c.CodecV2.Marshal(v)
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if p, ok := v.(*ping); ok {
		p.wire = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

const pingName = "fgrpc.PingServer"

// pingService is Fortio's, which answers a message with the same message and the
// time.
var pingService = grpc.ServiceDesc{
	ServiceName: pingName,
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Ping", Handler: handlePing}},
	Metadata:    pingFile.Path(),
}

func handlePing(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	in := new(ping)
	if err := decode(in); err != nil {
		return nil, err
	}
	info := &grpc.UnaryServerInfo{Server: srv, FullMethod: "/" + pingName + "/Ping"}
	return interceptor(ctx, in, info, func(ctx context.Context, in any) (any, error) {
		out, delay, err := pong(in.(*ping).wire, time.Now())
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		if !wait(ctx, delay) {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		return &ping{wire: out}, nil
	})
}

// Fields of fgrpc.PingMessage that matter here.
const (
	fieldTS         protowire.Number = 2
	fieldDelayNanos protowire.Number = 4
)

// pong is the answer to a ping: all its fields, but ts is the time here in
// nanoseconds since 1970. The delay is what the message asks for.
func pong(in []byte, now time.Time) (out []byte, delay time.Duration, err error) {
	out = make([]byte, 0, len(in)+1+10) // a tag and the longest number
	stamped := false
	stamp := func() {
		if !stamped {
			out = protowire.AppendTag(out, fieldTS, protowire.VarintType)
			out = protowire.AppendVarint(out, uint64(now.UnixNano()))
			stamped = true
		}
	}
	for len(in) > 0 {
		number, kind, n := protowire.ConsumeField(in)
		if n < 0 {
			return nil, 0, fmt.Errorf("the message is not a fgrpc.PingMessage: %w", protowire.ParseError(n))
		}
		field := in[:n]
		in = in[n:]
		if number == fieldTS && kind == protowire.VarintType {
			continue
		}
		if number > fieldTS { // in the usual order
			stamp()
		}
		if number == fieldDelayNanos && kind == protowire.VarintType {
			nanos, _ := protowire.ConsumeVarint(field[protowire.SizeTag(number):])
			delay = time.Duration(nanos)
		}
		out = append(out, field...)
	}
	stamp()
	if delay > maxDelay {
		return nil, 0, errors.New("delayNanos is more than a minute: ask for less")
	}
	return out, delay, nil
}
