package client

import (
	"context"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Every way to know a method leads to the same call.
func TestGRPCMethods(t *testing.T) {
	described, err := proto.Marshal(shopSet())
	if err != nil {
		t.Fatal(err)
	}
	const order = `{"item":"tea","count":2,"wantedAt":"2026-01-02T03:04:05Z"}`
	for _, c := range []struct {
		name, method, message string
		shop                  shopOptions
		set                   []byte
	}{
		{name: "health", method: "grpc.health.v1.Health/Check"},
		{name: "ping", method: "fgrpc.PingServer/Ping", message: `{"payload":"hello","seq":"17"}`},
		{name: "descriptor set", method: "shop.v1.Shop/Buy", message: order, set: described},
		{name: "reflection", method: "shop.v1.Shop/Buy", message: order, shop: shopOptions{reflectV1: true}},
		{name: "older reflection", method: "shop.v1.Shop/Buy", message: order, shop: shopOptions{v1alpha: true}},
		{name: "reflection file by file", method: "shop.v1.Shop/Buy", message: order, shop: shopOptions{sparse: true}},
		{name: "empty message", method: "shop.v1.Shop/Buy", set: described},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startShop(t, c.shop)
			target := s.target(c.method, c.message)
			target.GRPC.DescriptorSet = c.set
			target.Header = []Header{{"X-Team", "a"}, {"X-Team", "b"}, {"Blob-Bin", "AAH/"}, {"User-Agent", "tester"}, {"Host", "shop.example:81"}}
			clients := reach(t, target)
			if clients.Kind != GRPC || clients.Reason != "" {
				t.Errorf("client %q because %q", clients.Kind, clients.Reason)
			}
			w, err := clients.New(0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			for range 3 {
				if a := w.Call(t.Context()); !a.OK() || a.Text() != "OK" || a.Waited != 0 || c.message != "" && a.Bytes == 0 {
					t.Fatalf("%+v", a)
				}
			}
			got := s.last.Load()
			if strings.HasPrefix(c.method, "grpc.health") {
				return // the server's own
			}
			if s.calls.Load() != 3 || got.deadline <= 9*time.Second || got.deadline > 10*time.Second {
				t.Errorf("%d calls, the last with %v to go", s.calls.Load(), got.deadline)
			}
			for name, want := range map[string][]string{"x-team": {"a", "b"}, "blob-bin": {"\x00\x01\xff"}, ":authority": {"shop.example:81"}, "content-type": {"application/grpc"}} {
				if have := got.header[name]; !reflect.DeepEqual(have, want) {
					t.Errorf("%s is %q, want %q", name, have, want)
				}
			}
			if agent := got.header.Get("user-agent"); len(agent) != 1 || !strings.HasPrefix(agent[0], "tester") {
				t.Errorf("user agent %q", agent)
			}
			want := dynamicpb.NewMessage(got.request.Descriptor())
			if c.message != "" {
				if err := protojson.Unmarshal([]byte(c.message), want); err != nil {
					t.Fatal(err)
				}
			}
			if c.name == "ping" {
				set(want, "seq", int64(1<<32+3)) // the worker's third
			}
			if !proto.Equal(got.request, want) {
				t.Errorf("the server got %v, want %v", got.request, want)
			}
		})
	}
}

// What cannot work is said before any load, with what to do.
func TestGRPCIsUnderstoodBeforeAnyLoad(t *testing.T) {
	described, err := proto.Marshal(shopSet())
	if err != nil {
		t.Fatal(err)
	}
	incomplete := shopSet()
	incomplete.File = incomplete.File[1:]
	partial, err := proto.Marshal(incomplete)
	if err != nil {
		t.Fatal(err)
	}
	reflecting := shopOptions{reflectV1: true}
	for _, c := range []struct {
		name, method, message string
		shop                  shopOptions
		set                   []byte
		header                Header
		want                  []string
	}{
		{name: "no method", method: "grpc.health.v1.Health/Chekc", want: []string{`no method "Chekc"`, "Check"}},
		{name: "streaming", method: "grpc.health.v1.Health/Watch", want: []string{`"grpc.health.v1.Health/Watch" is streaming`, "Check"}},
		{name: "streaming by reflection", method: "shop.v1.Shop/Watch", shop: reflecting, want: []string{"streaming", "Buy"}},
		{name: "no such service", method: "shop.v2.Shop/Buy", shop: reflecting, want: []string{`no gRPC service "shop.v2.Shop"`, "shop.v1.Shop", "fgrpc.PingServer"}},
		{name: "no reflection", method: "shop.v1.Shop/Buy", want: []string{`"shop.v1.Shop"`, "no reflection", "descriptor set"}},
		{name: "not in the set", method: "shop.v2.Shop/Buy", set: described, want: []string{`"shop.v2.Shop"`, "it has shop.v1.Shop"}},
		{name: "no set", method: "shop.v1.Shop/Buy", set: []byte("syntax = \"proto3\";"), want: []string{"no FileDescriptorSet", "protoc"}},
		{name: "set without imports", method: "shop.v1.Shop/Buy", set: partial, want: []string{"not complete", "google/protobuf/timestamp.proto", "--include_imports"}},
		{name: "unknown field", method: "shop.v1.Shop/Buy", set: described, message: `{"itme":"tea"}`, want: []string{"shop.v1.Order", `unknown field "itme"`}},
		{name: "wrong type", method: "shop.v1.Shop/Buy", set: described, message: `{"count":"many"}`, want: []string{"shop.v1.Order", "count"}},
		{name: "no JSON", method: "shop.v1.Shop/Buy", set: described, message: "item: tea", want: []string{"shop.v1.Order", "syntax error"}},
		{name: "own header", method: "shop.v1.Shop/Buy", header: Header{"grpc-timeout", "1S"}, want: []string{`"grpc-timeout"`, "leave it out"}},
		{name: "header of HTTP/1.1", method: "shop.v1.Shop/Buy", header: Header{"Connection", "close"}, want: []string{`"Connection"`, "leave it out"}},
		{name: "no metadata name", method: "shop.v1.Shop/Buy", header: Header{"a~b", "1"}, want: []string{`"a~b"`, "letters"}},
		{name: "no ASCII", method: "shop.v1.Shop/Buy", header: Header{"name", "Zoë"}, want: []string{`"name"`, "-bin"}},
		{name: "no base64", method: "shop.v1.Shop/Buy", header: Header{"a-bin", "?"}, want: []string{`"a-bin"`, "base64"}},
		{name: "no method name", method: "Check", want: []string{`"Check"`, "package.Service/Method"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startShop(t, c.shop)
			target := s.target(c.method, c.message)
			target.GRPC.DescriptorSet = c.set
			if c.header.Name != "" {
				target.Header = []Header{c.header}
			}
			_, err := Reach(t.Context(), target)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "") {
				if !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\u00a0") {
					t.Errorf("%q, want %q in it, on one line", err, want)
				}
			}
			if s.calls.Load() != 0 {
				t.Error("the method was called")
			}
		})
	}
}

// A port that is not gRPC's is known before any load too.
func TestGRPCPortOfSomethingElse(t *testing.T) {
	for name, answer := range map[string]string{
		"HTTP/1.1": "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"closing":  "",
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 100))
				_, _ = conn.Write([]byte(answer))
			})
			_, err := Reach(t.Context(), Target{URL: "grpc://" + address, Protocol: GRPC, Timeout: time.Second, GRPC: GRPCCall{Method: "grpc.health.v1.Health/Check"}})
			if err == nil || !strings.Contains(err.Error(), "does not answer as HTTP/2; is the port that of gRPC") {
				t.Errorf("%v", err)
			}
		})
	}
}

// Workers of one connection share it, and those of the next have another.
func TestGRPCStreamsShareAConnection(t *testing.T) {
	peers := &peerCounter{calls: map[string]int{}}
	s := startShop(t, shopOptions{server: []grpc.ServerOption{grpc.StatsHandler(peers)}})
	target := s.target("fgrpc.PingServer/Ping", "")
	target.Streams = 4
	clients := reach(t, target)
	var connects sync.Map
	var wg sync.WaitGroup
	for i := range 8 {
		w, err := clients.New(i)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer w.Close()
			for range 50 {
				a := w.Call(t.Context())
				if !a.OK() {
					t.Errorf("%+v", a)
				}
				if a.Connect > 0 {
					if _, twice := connects.LoadOrStore(a.Connect, i/4); twice {
						t.Errorf("connecting in %v was reported twice", a.Connect)
					}
				}
			}
		})
	}
	wg.Wait()
	reports := map[any]int{}
	connects.Range(func(_, connection any) bool { reports[connection]++; return true })
	peers.mu.Lock()
	defer peers.mu.Unlock()
	if len(peers.calls) != 2 || len(reports) != 2 || reports[0] != 1 || reports[1] != 1 {
		t.Errorf("connections %v, reported %v", peers.calls, reports)
	}
	for peer, calls := range peers.calls {
		if calls != 200 {
			t.Errorf("%d calls over %s", calls, peer)
		}
	}
}

// An answer is right when its code is, its fields are, and a ping has its number.
func TestGRPCChecks(t *testing.T) {
	described, err := proto.Marshal(shopSet())
	if err != nil {
		t.Fatal(err)
	}
	missing := func(context.Context, *dynamicpb.Message) error { return status.Error(codes.NotFound, "sold out") }
	priced := func(_ context.Context, m *dynamicpb.Message) error { set(m, "total_cents", int32(750)); return nil }
	for _, c := range []struct {
		name, method string
		do           func(context.Context, *dynamicpb.Message) error
		check        Check
		want         string
		ok           bool
	}{
		{name: "OK", method: "shop.v1.Shop/Buy", want: "OK", ok: true},
		{name: "another code", method: "shop.v1.Shop/Buy", do: missing, want: "NotFound"},
		{name: "the code that is wanted", method: "shop.v1.Shop/Buy", do: missing, check: Check{Status: []string{"OK", "NotFound"}}, want: "NotFound", ok: true},
		{name: "OK is not wanted", method: "shop.v1.Shop/Buy", check: Check{Status: []string{"NotFound"}}, want: "OK"},
		{name: "a field", method: "shop.v1.Shop/Buy", do: priced, check: Check{JSON: []JSONCheck{{"{.totalCents}", new("750")}, {"{.order.item}", new("tea")}}}, want: "OK", ok: true},
		{name: "a field with its default", method: "shop.v1.Shop/Buy", check: Check{JSON: []JSONCheck{{"{.totalCents}", new("0")}, {"{.note}", nil}}}, want: "OK", ok: true},
		{name: "a wrong field", method: "shop.v1.Shop/Buy", do: priced, check: Check{JSON: []JSONCheck{{"{.totalCents}", new("751")}}}, want: FailCheck},
		{name: "too large to look into", method: "shop.v1.Shop/Buy", do: func(_ context.Context, m *dynamicpb.Message) error {
			set(m, "note", strings.Repeat("x", 2<<20))
			return nil
		}, check: Check{JSON: []JSONCheck{{"{.note}", nil}}}, want: FailCheck},
		{name: "ping", method: "fgrpc.PingServer/Ping", want: "OK", ok: true},
		{name: "somebody else's ping", method: "fgrpc.PingServer/Ping", do: func(_ context.Context, m *dynamicpb.Message) error {
			set(m, "seq", int64(7))
			return nil
		}, want: FailCheck},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startShop(t, shopOptions{do: c.do})
			target := s.target(c.method, "")
			if c.method == "shop.v1.Shop/Buy" {
				target.GRPC.Message, target.GRPC.DescriptorSet = `{"item":"tea"}`, described
			}
			target.Check = c.check
			w := worker(t, target)
			for range 2 {
				if a := w.Call(t.Context()); a.Text() != c.want || a.OK() != c.ok {
					t.Errorf("%+v, want %s", a, c.want)
				}
			}
		})
	}
}

func TestGRPCHealthIsLookedInto(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, h := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(s, h)
	go func() { _ = s.Serve(l) }()
	defer s.Stop()
	w := worker(t, Target{URL: "grpc://" + l.Addr().String(), Protocol: GRPC, Timeout: 5 * time.Second,
		GRPC: GRPCCall{Method: "grpc.health.v1.Health/Check"}, Check: Check{JSON: []JSONCheck{{"{.status}", new("SERVING")}}}})
	if a := w.Call(t.Context()); !a.OK() {
		t.Errorf("%+v", a)
	}
	h.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	if a := w.Call(t.Context()); a.Failure != FailCheck {
		t.Errorf("%+v", a)
	}
}

// Messages beyond every window and buffer get there and back.
func TestGRPCBigMessages(t *testing.T) {
	s := startShop(t, shopOptions{})
	target := s.target("fgrpc.PingServer/Ping", `{"payload":"`+strings.Repeat("0123456789abcdef", 1<<19)+`"}`)
	target.Streams, target.Timeout = 4, time.Minute
	clients := reach(t, target)
	var wg sync.WaitGroup
	for i := range 4 {
		w, err := clients.New(i)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer w.Close()
			for range 3 {
				if a := w.Call(t.Context()); !a.OK() || a.Bytes < 8<<20 {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	wg.Wait()
}
