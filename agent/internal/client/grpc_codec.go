package client

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// rawCodec hands over bytes as they are: a request is encoded once, and an answer
// is decoded only where the Test looks into it.
type rawCodec struct{}

// Name implements encoding.CodecV2. Empty gives "application/grpc", which
// generated clients send as well.
func (rawCodec) Name() string { return "" }

// Marshal implements encoding.CodecV2.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) { return v.(*grpcCaller).request, nil }

// Unmarshal implements encoding.CodecV2.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	g := v.(*grpcCaller)
	g.length = data.Len()
	if g.method.ping {
		whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
		g.echoed = seqOf(whole.ReadOnlyData())
		whole.Free()
	}
	if g.keep && g.length <= largestChecked {
		if cap(g.answer) < g.length {
			g.answer = make([]byte, g.length)
		}
		g.answer = g.answer[:g.length]
		data.CopyTo(g.answer)
	}
	return nil
}

// Fields of fgrpc.PingMessage that are set anew, or left to the server.
const (
	pingSeq protowire.Number = 1
	pingTS  protowire.Number = 2
)

// nextPing makes the request of the next ping. Its number is in a buffer of its
// own, for the one before may still be on its way.
func (g *grpcCaller) nextPing() {
	g.seq++
	head := protowire.AppendTag(make([]byte, 0, 11), pingSeq, protowire.VarintType)
	head = protowire.AppendVarint(head, g.seq)
	g.request = mem.BufferSlice{mem.SliceBuffer(head), mem.SliceBuffer(g.method.request)}
}

// seqOf is the number of a ping; 0, which none has, where there is none.
func seqOf(wire []byte) (seq uint64) {
	for len(wire) > 0 {
		number, kind, n := protowire.ConsumeTag(wire)
		if n < 0 {
			return 0
		}
		wire = wire[n:]
		if number == pingSeq && kind == protowire.VarintType {
			seq, _ = protowire.ConsumeVarint(wire)
		}
		if n = protowire.ConsumeFieldValue(number, kind, wire); n < 0 {
			return 0
		}
		wire = wire[n:]
	}
	return seq
}
