package echo

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

func dialGRPC(t *testing.T, a net.Addr, c credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+a.String(), grpc.WithTransportCredentials(c),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxBody+1000)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func startGRPC(t *testing.T) (workload, *grpc.ClientConn) {
	t.Helper()
	w := startWith(t, Config{GRPCListen: anyPort})
	return w, dialGRPC(t, w.GRPCAddr(), insecure.NewCredentials())
}

// message is a PingMessage as a client makes it that knows its description only.
func message(t *testing.T, seq, ts int64, payload string, delayNanos int64) *dynamicpb.Message {
	t.Helper()
	m := dynamicpb.NewMessage(pingFile.Messages().ByName("PingMessage"))
	for name, value := range map[string]any{"seq": seq, "ts": ts, "payload": payload, "delayNanos": delayNanos} {
		m.Set(m.Descriptor().Fields().ByName(protoreflect.Name(name)), protoreflect.ValueOf(value))
	}
	return m
}

func field(m *dynamicpb.Message, name string) any {
	return m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(name))).Interface()
}

func invoke(ctx context.Context, conn *grpc.ClientConn, in *dynamicpb.Message, o ...grpc.CallOption) (*dynamicpb.Message, error) {
	out := dynamicpb.NewMessage(in.Descriptor())
	return out, conn.Invoke(ctx, "/fgrpc.PingServer/Ping", in, out, o...)
}

func TestPing(t *testing.T) {
	w, conn := startGRPC(t)
	big := strings.Repeat("x", maxBody-100)
	for _, in := range []*dynamicpb.Message{
		message(t, 7, 5, "hello", 0),
		message(t, 0, 0, "", 0),
		message(t, -1, -1, "ü", 1000),
		message(t, 1, 0, big, -5),
	} {
		before := time.Now().UnixNano()
		out, err := invoke(t.Context(), conn, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"seq", "payload", "delayNanos"} {
			if field(out, name) != field(in, name) {
				t.Errorf("%s changed", name)
			}
		}
		if ts := field(out, "ts").(int64); ts < before || ts > time.Now().UnixNano() {
			t.Errorf("ts %d is not the time of the call", ts)
		}
	}
	if _, err := invoke(t.Context(), conn, message(t, 1, 1, "compressed", 0), grpc.UseCompressor(gzip.Name)); err != nil {
		t.Error(err)
	}
	w.expectSeries(t, "echo_grpc_", `echo_grpc_requests_total{code="OK",method="fgrpc.PingServer/Ping"} 5`)
}

func TestPong(t *testing.T) {
	now := time.Unix(0, 300)
	const stamp, minusOne = "\x10\xac\x02", "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
	for _, c := range []struct {
		in, out string
		delay   time.Duration
	}{
		{"", stamp, 0},
		{"\x08\x07\x10\x05\x1a\x02hi\x20\x09", "\x08\x07" + stamp + "\x1a\x02hi\x20\x09", 9},
		{"\x1a\x02hi\x08\x07", stamp + "\x1a\x02hi\x08\x07", 0},            // out of order
		{"\x10\x05\x08\x07\x10\x06", "\x08\x07" + stamp, 0},                // twice
		{"\x08\x07\xa2\x06\x01x", "\x08\x07" + stamp + "\xa2\x06\x01x", 0}, // a field of another version
		{"\x22\x01x", stamp + "\x22\x01x", 0},                              // delayNanos of another type
		{minusOne, stamp + minusOne, -1},
	} {
		out, delay, err := pong([]byte(c.in), now)
		if err != nil || string(out) != c.out || delay != c.delay {
			t.Errorf("%q: %q, %v, %v, want %q, %v", c.in, out, delay, err, c.out, c.delay)
		}
	}
	for in, want := range map[string]string{
		"\x08":                         "not a fgrpc.PingMessage",
		"\x1a\x7fshort":                "not a fgrpc.PingMessage",
		"\x20\x81\xe0\xdb\xc2\xdf\x01": "more than a minute",
	} {
		if _, _, err := pong([]byte(in), now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", in, err, want)
		}
	}
}

func TestHealth(t *testing.T) {
	_, conn := startGRPC(t)
	c := grpc_health_v1.NewHealthClient(conn)
	for service, want := range map[string]grpc_health_v1.HealthCheckResponse_ServingStatus{
		"":                 grpc_health_v1.HealthCheckResponse_SERVING,
		"ping":             grpc_health_v1.HealthCheckResponse_SERVING,
		"fgrpc.PingServer": grpc_health_v1.HealthCheckResponse_SERVING,
		"ping_down":        grpc_health_v1.HealthCheckResponse_NOT_SERVING,
	} {
		r, err := c.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || r.GetStatus() != want {
			t.Errorf("%q: %v, %v, want %v", service, r.GetStatus(), err, want)
		}
	}
	if _, err := c.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("error %v", err)
	}
}

func TestMetadata(t *testing.T) {
	w, conn := startGRPC(t)
	for _, c := range []struct {
		md   []string
		code codes.Code
		text string
	}{
		{nil, codes.OK, ""},
		{[]string{"delay", "1ms", "other", "value"}, codes.OK, ""},
		{[]string{"delay", "lognormal(1ms,0.1)"}, codes.OK, ""},
		{[]string{"error", "100%"}, codes.Unavailable, "asked for this error"},
		{[]string{"error", "1", "code", "RESOURCE_EXHAUSTED"}, codes.ResourceExhausted, "asked for this error"},
		{[]string{"error", "0", "code", "RESOURCE_EXHAUSTED"}, codes.OK, ""},
		{[]string{"code", "DeadlineExceeded"}, codes.DeadlineExceeded, "asked for this error"},
		{[]string{"code", "cancelled"}, codes.Canceled, "asked for this error"},
		{[]string{"code", "OK"}, codes.InvalidArgument, `code "OK" is not the name of an error's code such as "UNAVAILABLE"`},
		{[]string{"code", "503"}, codes.InvalidArgument, `code "503" is not`},
		{[]string{"error", "2"}, codes.InvalidArgument, `error "2" is not a share`},
		{[]string{"delay", "soon"}, codes.InvalidArgument, `delay "soon" is not a time`},
		{[]string{"delay", "1ms", "delay", "2ms"}, codes.InvalidArgument, `metadata "delay" stands 2 times`},
	} {
		for _, call := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := invoke(ctx, conn, message(t, 1, 1, "", 0)); return err },
			func(ctx context.Context) error {
				_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
				return err
			},
		} {
			err := call(metadata.AppendToOutgoingContext(t.Context(), c.md...))
			if status.Code(err) != c.code || !strings.Contains(status.Convert(err).Message(), c.text) {
				t.Errorf("%q: %v, want %v with %q", c.md, err, c.code, c.text)
			}
		}
	}
	var want []string
	for _, code := range []string{`"Canceled" 1`, `"DeadlineExceeded" 1`, `"InvalidArgument" 5`, `"OK" 4`, `"ResourceExhausted" 1`, `"Unavailable" 1`} {
		for _, method := range []string{"fgrpc.PingServer/Ping", "grpc.health.v1.Health/Check"} {
			name, n, _ := strings.Cut(code, " ")
			want = append(want, fmt.Sprintf("echo_grpc_requests_total{code=%s,method=%q} %s", name, method, n))
		}
	}
	w.expectSeries(t, "echo_grpc_", want...)
}

func TestErrorShareOfCallsIsExact(t *testing.T) {
	w, conn := startGRPC(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "error", "1%", "code", "ABORTED")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 125 {
				if _, err := invoke(ctx, conn, message(t, 1, 1, "x", 0)); err != nil && status.Code(err) != codes.Aborted {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.expectSeries(t, "echo_grpc_",
		`echo_grpc_requests_total{code="Aborted",method="fgrpc.PingServer/Ping"} 10`,
		`echo_grpc_requests_total{code="OK",method="fgrpc.PingServer/Ping"} 990`)
}

func TestCallsThatAreGivenUp(t *testing.T) {
	w, conn := startGRPC(t)
	slow := metadata.AppendToOutgoingContext(t.Context(), "delay", "1m")
	ctx, cancel := context.WithTimeout(slow, 50*time.Millisecond)
	defer cancel()
	if _, err := invoke(ctx, conn, message(t, 1, 1, "", 0)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("error %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := invoke(ctx, conn, message(t, 1, 1, "", int64(time.Minute))); status.Code(err) != codes.Canceled {
		t.Errorf("error %v", err)
	}
	// The server learns of it a little later; of the deadline either by its own
	// clock or from the client, who then cancels.
	for {
		given := strings.Join(w.series(t, "echo_grpc_"), " ")
		if strings.Contains(given, `Canceled",method="fgrpc.PingServer/Ping"} 2`) ||
			strings.Contains(given, `Canceled",method="fgrpc.PingServer/Ping"} 1`) &&
				strings.Contains(given, `DeadlineExceeded",method="fgrpc.PingServer/Ping"} 1`) {
			break
		}
	}
}

func TestMethodsThatAreNotServed(t *testing.T) {
	w, conn := startGRPC(t)
	for _, method := range []string{"/fgrpc.PingServer/Pong", "/shop.Cart/Add"} {
		in := message(t, 1, 1, "", 0)
		if err := conn.Invoke(t.Context(), method, in, dynamicpb.NewMessage(in.Descriptor())); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: error %v", method, err)
		}
	}
	w.expectSeries(t, "echo_grpc_", `echo_grpc_requests_total{code="Unimplemented",method="other"} 2`)
}

func TestGRPCOverTLS(t *testing.T) {
	w := startWith(t, Config{GRPCListen: anyPort, GRPCTLSListen: anyPort})
	for a, c := range map[net.Addr]credentials.TransportCredentials{
		w.GRPCAddr():    insecure.NewCredentials(),
		w.GRPCTLSAddr(): credentials.NewTLS(&tls.Config{RootCAs: w.roots()}),
	} {
		if _, err := invoke(t.Context(), dialGRPC(t, a, c), message(t, 1, 1, "", 0)); err != nil {
			t.Error(err)
		}
	}
	w.expectSeries(t, "echo_grpc_", `echo_grpc_requests_total{code="OK",method="fgrpc.PingServer/Ping"} 2`)
}

func FuzzPong(f *testing.F) {
	f.Add([]byte("\x08\x07\x10\x05\x1a\x02hi\x20\x09"))
	f.Add([]byte("\x1a\x7f"))
	f.Add([]byte("\x1100000000")) // ts of another type
	f.Fuzz(func(t *testing.T, in []byte) {
		m := dynamicpb.NewMessage(pingFile.Messages().ByName("PingMessage"))
		out, _, err := pong(in, time.Unix(0, 300))
		if err != nil || proto.Unmarshal(in, m) != nil {
			return
		}
		answer := dynamicpb.NewMessage(m.Descriptor())
		if err := proto.Unmarshal(out, answer); err != nil {
			t.Fatalf("%q: the answer %q cannot be read: %v", in, out, err)
		}
		m.Set(m.Descriptor().Fields().ByName("ts"), protoreflect.ValueOfInt64(300))
		if !proto.Equal(m, answer) {
			t.Errorf("%q: %v, want %v", in, answer, m)
		}
	})
}
