package client

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// largestMessage is how much of memory one answer may take: grpc-go hands over
// messages whole.
const largestMessage = 64 << 20

// refusedPause is what a call takes at least that finds no connection. grpc-go
// fails it within a microsecond, so that a closed loop would do little but count
// failures; a refused connection costs other clients about this much.
const refusedPause = 100 * time.Microsecond

// grpcClients makes the clients of one target. Workers that follow each other
// share a connection, as many as there are streams on it.
type grpcClients struct {
	*Clients
	method   *grpcMethod
	metadata metadata.MD
	options  linkOptions

	mu    sync.Mutex
	links map[int]*link
}

// chooseGRPC finds out what the method is and connects once, so that a target
// that speaks no gRPC or has no such method is known before any load.
func (c *Clients) chooseGRPC(ctx context.Context) error {
	g := &grpcClients{Clients: c, links: map[int]*link{}}
	if err := g.readHeader(); err != nil {
		return err
	}
	l, err := c.newLink(0, &g.options)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.ready(ctx); err != nil {
		return err
	}
	if g.method, err = resolve(metadata.NewOutgoingContext(ctx, g.metadata), l.conn, &c.target.GRPC); err != nil {
		return err
	}
	c.Kind, c.make = GRPC, g.new
	return nil
}

// new makes the client of a worker.
func (g *grpcClients) new(worker int) (Caller, error) {
	l, err := g.link(worker / g.target.Streams)
	if err != nil {
		return nil, err
	}
	c := &grpcCaller{link: l, metadata: g.metadata, timeout: g.target.Timeout, check: g.target.Check.checker(), method: g.method}
	c.request = mem.BufferSlice{mem.SliceBuffer(g.method.request)}
	c.seq = uint64(worker+1) << 32
	c.keep = c.check.wantsBody()
	c.options = []grpc.CallOption{
		grpc.ForceCodecV2(rawCodec{}),
		grpc.MaxCallRecvMsgSize(largestMessage),
		grpc.MaxCallSendMsgSize(math.MaxInt32),
		// Nothing is kept to be sent again: a call that the server did not want is
		// one failed call.
		grpc.MaxRetryRPCBufferSize(0),
		grpc.Trailer(&c.trailer),
	}
	return c, nil
}

// link is the connection of a number, made once.
func (g *grpcClients) link(connection int) (*link, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.links[connection]; l != nil {
		return l, nil
	}
	l, err := g.newLink(connection, &g.options)
	if err != nil {
		return nil, err
	}
	g.links[connection] = l
	g.shared = append(g.shared, l)
	return l, nil
}

// grpcCaller makes unary calls for one worker, and is both the request and the
// answer that the codec is given.
type grpcCaller struct {
	link     *link
	method   *grpcMethod
	metadata metadata.MD
	timeout  time.Duration
	options  []grpc.CallOption
	check    *checker

	request mem.BufferSlice
	// Of the last ping: its number, and the one that came back.
	seq, echoed uint64
	// Of the last answer: its length, and itself if it is looked into and not too
	// large for that.
	length int
	keep   bool
	answer []byte
	// trailer stays nil when the call never became a stream.
	trailer metadata.MD

	// parent is the context that the calls come with, mostly the same; base is
	// made of it, with the metadata, and ended by the timer.
	parent, base context.Context
	release      context.CancelFunc
	timer        *time.Timer
}

// deadlined is a context with a deadline that is kept by a worker's own timer:
// to make a context and a timer for every call takes more than to send it.
type deadlined struct {
	context.Context
	at time.Time
}

// Deadline implements context.Context; the server is told.
func (d *deadlined) Deadline() (time.Time, bool) { return d.at, true }

// Call implements Caller.
func (g *grpcCaller) Call(ctx context.Context) Answer {
	within := &deadlined{at: time.Now().Add(g.timeout)}
	within.Context = g.begin(ctx)
	breaks := g.link.breaks.Load()
	g.trailer, g.length, g.echoed, g.answer = nil, 0, 0, g.answer[:0]
	if g.method.ping {
		g.nextPing()
	}
	err := g.link.conn.Invoke(within, g.method.path, g, g, g.options...)
	if !g.timer.Stop() {
		g.Close() // the next call needs a context that has not ended
	}
	a := Answer{Length: -1, Bytes: int64(g.length)}
	if g.trailer != nil {
		a.Connect = g.link.took()
	}
	if err == nil {
		a.Name = codes.OK.String()
		a.Unwanted = !g.check.name(a.Name)
		if !a.Unwanted {
			g.look(&a)
		}
		return a
	}
	s := status.Convert(err)
	if a.Failure = g.failure(ctx, s, within.at, breaks); a.Failure == "" {
		a.Name = codeName(s.Code())
		a.Unwanted = !g.check.name(a.Name)
	}
	return a
}

// codeName is what a code is counted under. One that gRPC does not know is Unknown,
// as it is to every client: https://grpc.io/docs/guides/status-codes/
func codeName(c codes.Code) string {
	if c > codes.Unauthenticated {
		c = codes.Unknown
	}
	return c.String()
}

// begin starts the timer, and makes the context of a worker's calls where there
// is none yet: with a parent of their own, calls do not wait for each other where
// they enter and leave it.
func (g *grpcCaller) begin(ctx context.Context) context.Context {
	if ctx == g.parent {
		g.timer.Reset(g.timeout)
		return g.base
	}
	g.Close()
	g.parent = ctx
	g.base, g.release = context.WithCancel(ctx)
	g.timer = time.AfterFunc(g.timeout, g.release)
	if len(g.metadata) > 0 {
		g.base = metadata.NewOutgoingContext(g.base, g.metadata)
	}
	return g.base
}

// Close implements Caller; the connection is closed with the last of them.
func (g *grpcCaller) Close() {
	if g.release != nil {
		g.timer.Stop()
		g.release()
		g.parent, g.base, g.release = nil, nil, nil
	}
}

// What grpc-go says where nothing but its words tells what happened.
const (
	saysReset    = "stream terminated by RST_STREAM with error code: "
	saysRefused  = saysReset + "REFUSED_STREAM"
	saysDraining = "the connection is draining"
	saysOversize = "grpc: received message larger than max"
)

// failure names what came of a call that the server did not answer; it is empty
// where the status is the server's.
//
// grpc-go makes codes of its own failures too, Unavailable above all. A call
// that never became a stream has no trailer at all; a server that fails a call
// without an answer (Trailers-Only, as most do) sends a trailer that is not empty;
// otherwise the words tell a reset stream, and the connection knows whether it
// broke during the call.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
func (g *grpcCaller) failure(ctx context.Context, s *status.Status, deadline time.Time, breaks int64) string {
	unsent, answered := g.trailer == nil, len(g.trailer) > 0
	// The server was told of the deadline, and may be quicker to see it.
	expired := ctx.Err() != nil || !time.Now().Before(deadline)
	switch code := s.Code(); {
	case code == codes.Canceled && errors.Is(ctx.Err(), context.Canceled):
		return FailCancelled
	case expired && (code == codes.Canceled || code == codes.DeadlineExceeded):
		return FailTimeout
	case answered:
		return ""
	case code == codes.Unavailable && unsent:
		time.Sleep(refusedPause)
		return FailConnection
	case strings.HasPrefix(s.Message(), saysRefused), code == codes.Unavailable && s.Message() == saysDraining:
		return FailRefused
	case strings.HasPrefix(s.Message(), saysReset):
		return FailStream
	case code == codes.ResourceExhausted && strings.HasPrefix(s.Message(), saysOversize):
		return FailOversize
	case code == codes.Unavailable && g.link.breaks.Load() != breaks:
		return FailConnection
	}
	return ""
}

// look sees whether an answer is what the Test wants. To turn it into JSON is a
// part of that.
func (g *grpcCaller) look(a *Answer) {
	switch {
	case g.method.ping && g.echoed != g.seq, g.keep && g.length > largestChecked:
		a.Failure = FailCheck
	case g.keep:
		start := time.Now()
		text, err := g.method.json(g.answer)
		if err != nil {
			a.Failure = FailCheck
		} else {
			a.Failure = g.check.body(text)
		}
		a.Checked = time.Since(start)
	}
}
