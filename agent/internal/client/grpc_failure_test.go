package client

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"
)

const pingMethod = "fgrpc.PingServer/Ping"

// What the server says itself is its answer, also where grpc-go says the same of
// its own failures.
func TestGRPCStatusOfTheServer(t *testing.T) {
	unavailable := status.Error(codes.Unavailable, "overloaded")
	for _, c := range []struct {
		name, want string
		do         func(ctx context.Context) error
	}{
		{"no headers", "Unavailable", func(context.Context) error { return unavailable }},
		{"after headers", "Unavailable", func(ctx context.Context) error { _ = grpc.SendHeader(ctx, nil); return unavailable }},
		{"with a trailer", "Unavailable", func(ctx context.Context) error {
			_ = grpc.SendHeader(ctx, nil)
			_ = grpc.SetTrailer(ctx, metadata.Pairs("why", "overload"))
			return unavailable
		}},
		{"its own deadline", "DeadlineExceeded", func(context.Context) error { return context.DeadlineExceeded }},
		{"its own cancelling", "Canceled", func(context.Context) error { return context.Canceled }},
		{"the words of a reset stream", "Internal", func(context.Context) error { return status.Error(codes.Internal, saysReset+"X") }},
		{"a code of its own", "Unknown", func(context.Context) error { return status.Error(17, "a code of its own") }},
		{"another", "Unknown", func(context.Context) error { return status.Error(4711, "another") }},
		{"too much", "ResourceExhausted", func(context.Context) error { return status.Error(codes.ResourceExhausted, saysOversize) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startShop(t, shopOptions{do: func(ctx context.Context, _ *dynamicpb.Message) error { return c.do(ctx) }})
			w := worker(t, s.target(pingMethod, ""))
			for range 3 {
				if a := w.Call(t.Context()); a.Text() != c.want || a.OK() || a.Failure != "" {
					t.Errorf("%+v, want %s", a, c.want)
				}
			}
			if s.calls.Load() != 3 {
				t.Errorf("%d calls arrived", s.calls.Load())
			}
		})
	}
}

// Our own timer is a timeout, whether or not the server keeps it too, and the
// connection goes on.
func TestGRPCTimeout(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		var slow atomic.Bool
		release := make(chan struct{})
		s := startShop(t, shopOptions{do: func(ctx context.Context, _ *dynamicpb.Message) error {
			switch {
			case !slow.Load():
			case keeps:
				<-ctx.Done()
				return ctx.Err()
			default:
				<-release
			}
			return nil
		}})
		target := s.target(pingMethod, "")
		target.Timeout = 200 * time.Millisecond
		w := worker(t, target)
		for i, want := range []string{"OK", FailTimeout, FailTimeout, "OK", "OK"} {
			slow.Store(want != "OK")
			start := time.Now()
			a := w.Call(t.Context())
			if a.Text() != want || (a.Connect > 0) != (i == 0) {
				t.Errorf("call %d: %+v, want %s", i, a, want)
			}
			if took := time.Since(start); a.Failure == FailTimeout && took < target.Timeout {
				t.Errorf("a timeout after %v", took)
			}
		}
		close(release)
	}
}

// A stop ends calls in flight at once, and is no timeout.
func TestGRPCStop(t *testing.T) {
	arrived := make(chan struct{}, 1)
	s := startShop(t, shopOptions{do: func(ctx context.Context, _ *dynamicpb.Message) error {
		arrived <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}})
	target := s.target(pingMethod, "")
	target.Timeout = time.Hour
	w := worker(t, target)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if a := w.Call(ctx); a.Failure != FailCancelled {
		t.Errorf("%+v", a)
	}
	if a := w.Call(ctx); a.Failure != FailCancelled {
		t.Errorf("after the stop: %+v", a)
	}
}

// A server that is killed fails the calls in flight and those after it, and is
// found again when it is back.
func TestGRPCServerIsKilledAndRestarted(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 2)
	s := startShop(t, shopOptions{do: func(ctx context.Context, _ *dynamicpb.Message) error {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}})
	target := s.target(pingMethod, "")
	target.Streams = 2
	clients := reach(t, target)
	var callers [2]Caller
	for i := range callers {
		var err error
		if callers[i], err = clients.New(i); err != nil {
			t.Fatal(err)
		}
		defer callers[i].Close()
	}
	both := func(want string) {
		t.Helper()
		var wg sync.WaitGroup
		for _, w := range callers {
			wg.Go(func() {
				if a := w.Call(t.Context()); a.Text() != want {
					t.Errorf("%+v, want %s", a, want)
				}
			})
		}
		wg.Wait()
	}
	go func() {
		<-arrived
		<-arrived
		s.Stop()
	}()
	both(FailConnection)
	for range 20 {
		both(FailConnection)
	}
	close(release)
	startShop(t, shopOptions{address: s.address})
	var failed int
	for w := callers[0]; ; failed++ {
		a := w.Call(t.Context())
		if a.OK() {
			if a.Connect == 0 {
				t.Error("the new connection is not reported")
			}
			break
		}
		if a.Failure != FailConnection || failed > 1e6 {
			t.Fatalf("%+v after %d failures", a, failed)
		}
	}
	both("OK")
}

// A server that ends its connections now and then, as many are set to, fails no
// call.
func TestGRPCMaxConnectionAge(t *testing.T) {
	s := startShop(t, shopOptions{server: []grpc.ServerOption{
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: 50 * time.Millisecond, MaxConnectionAgeGrace: time.Minute})}})
	target := s.target(pingMethod, "")
	target.Streams = 4
	clients := reach(t, target)
	var connects, calls atomic.Int64
	var wg sync.WaitGroup
	for i := range 4 {
		w, err := clients.New(i)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer w.Close()
			for connects.Load() < 6 && calls.Load() < 1e6 {
				a := w.Call(t.Context())
				if !a.OK() {
					t.Errorf("%+v", a)
				}
				calls.Add(1)
				if a.Connect > 0 {
					connects.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if s.calls.Load() != calls.Load() {
		t.Errorf("%d calls were made, %d arrived", calls.Load(), s.calls.Load())
	}
}

// frames is an HTTP/2 server that does with a stream what it is told.
func frames(t *testing.T, answer func(conn net.Conn, f *http2.Framer, stream uint32)) (target Target, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	address := serve(t, func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(conn, conn)
		_ = f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() {
					_ = f.WriteSettingsAck()
				}
			case *http2.DataFrame:
				if frame.StreamEnded() {
					requests.Add(1)
					answer(conn, f, frame.StreamID)
				}
			}
		}
	})
	return Target{URL: "grpc://" + address, Protocol: GRPC, Timeout: 5 * time.Second, GRPC: GRPCCall{Method: "grpc.health.v1.Health/Check"}}, requests
}

func headers(pairs ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return b.Bytes()
}

// What a server or a proxy may do to a stream below gRPC; no request is ever
// sent again.
func TestGRPCStreamsThatBreak(t *testing.T) {
	begin := headers(":status", "200", "content-type", "application/grpc")
	for _, c := range []struct {
		name, want string
		answer     func(conn net.Conn, f *http2.Framer, stream uint32)
	}{
		{"reset", FailStream, func(_ net.Conn, f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, http2.ErrCodeInternal) }},
		{"cancelled", FailStream, func(_ net.Conn, f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, http2.ErrCodeCancel) }},
		{"refused", FailRefused, func(_ net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}},
		{"going away before it", FailRefused, func(_ net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteGoAway(stream-1, http2.ErrCodeNo, nil)
		}},
		{"closed", FailConnection, func(conn net.Conn, _ *http2.Framer, _ uint32) { conn.Close() }},
		{"reset connection", FailConnection, func(conn net.Conn, _ *http2.Framer, _ uint32) {
			_ = conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}},
		{"closed after headers", FailConnection, func(conn net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: begin, EndHeaders: true})
			conn.Close()
		}},
		{"closed in a message", FailConnection, func(conn net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: begin, EndHeaders: true})
			_ = f.WriteData(stream, false, []byte{0, 0, 0, 0, 9, 8})
			conn.Close()
		}},
		{"no trailers", "Internal", func(_ net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: begin, EndHeaders: true})
			_ = f.WriteData(stream, true, []byte{0, 0, 0, 0, 0})
		}},
		{"a proxy's page", "Unavailable", func(_ net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: headers(":status", "503", "content-type", "text/html"), EndHeaders: true})
			_ = f.WriteData(stream, true, []byte("no healthy upstream"))
		}},
		{"larger than an agent takes", FailOversize, func(_ net.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: begin, EndHeaders: true})
			_ = f.WriteData(stream, false, []byte{0, 255, 0, 0, 0})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, requests := frames(t, c.answer)
			w := worker(t, target)
			for i := range int64(3) {
				a := w.Call(t.Context())
				// Grpc-go may notice only after the next call has begun.
				if a.Text() != c.want && !(i > 0 && a.Failure == FailConnection) || a.OK() {
					t.Errorf("call %d: %+v, want %s", i, a, c.want)
				}
				if i == 0 && requests.Load() != 1 {
					t.Errorf("the first call arrived %d times", requests.Load())
				}
			}
			if requests.Load() > 3 {
				t.Errorf("3 calls arrived %d times", requests.Load())
			}
		})
	}
}

// A server that accepts and says nothing does not hold up the start.
func TestGRPCSilentServer(t *testing.T) {
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := Reach(ctx, Target{URL: "grpc://" + address, Protocol: GRPC, Timeout: time.Second, GRPC: GRPCCall{Method: pingMethod}})
	if err == nil || !strings.Contains(err.Error(), "no HTTP/2 in time; is the port that of gRPC?") {
		t.Errorf("%v", err)
	}
}
