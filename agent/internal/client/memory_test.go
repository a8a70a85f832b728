package client

import "testing"

func TestBytesPerConnection(t *testing.T) {
	body := func(n int) []byte { return make([]byte, n) }
	for _, c := range []struct {
		name    string
		kind    string
		target  Target
		atLeast int64
		atMost  int64
	}{
		{"plain", Fast, Target{Protocol: HTTP1}, 64 << 10, 64 << 10},
		{"streams", HTTP2, Target{Protocol: HTTP2, Streams: 11}, 224 << 10, 224 << 10},
		{"what is echoed", TCP, Target{Protocol: TCP, Body: body(8 << 20)}, 8 << 20, 9 << 20},
		{"a body that all share", Std, Target{Protocol: HTTP1, Body: body(8 << 20)}, 256 << 10, 1 << 20},
		{"messages", GRPC, Target{Protocol: GRPC, Streams: 10, GRPC: GRPCCall{Message: string(body(100 << 10))}}, 1000 << 10, 2 << 20},
		{"answers that are kept", Std, Target{Protocol: HTTP1, Check: Check{BodyContains: "x"}}, 1 << 20, 2 << 20},
		{"answers of all streams", GRPC, Target{Protocol: GRPC, Streams: 10, Check: Check{JSON: []JSONCheck{{Path: "{.x}"}}}}, 10 << 20, 11 << 20},
		{"answers that are looked at in place", Fast, Target{Protocol: HTTP1, Check: Check{BodyContains: "x"}}, 64 << 10, 64 << 10},
	} {
		clients := &Clients{Kind: c.kind, target: c.target}
		if n := clients.BytesPerConnection(); n < c.atLeast || n > c.atMost {
			t.Errorf("%s: %d bytes, want %d to %d", c.name, n, c.atLeast, c.atMost)
		}
	}
}
