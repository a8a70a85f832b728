// Package fleet makes many agents look like one: it connects to them, measures
// their clocks, prepares and starts a run on all of them at one moment, and
// follows it through broken connections. It does not know how an agent is
// reached, what the chunks mean, or where results go.
package fleet

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Member says which agent, and how to connect to it.
type Member struct {
	Node, Pod string
	Dial      func(context.Context) (net.Conn, error)
}

// Agent is a connected agent.
type Agent struct {
	Node, Pod string
	Info      *agentv1.GetInfoResponse
	Clock     Clock

	conn   *grpc.ClientConn
	client agentv1.AgentServiceClient
	dial   *dialState
}

// dialState remembers why the newest connection could not be made, for gRPC
// tells of a broken transport only in general words.
type dialState struct {
	mu  sync.Mutex
	err error
}

func (d *dialState) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *dialState) get() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Fleet is a set of connected agents, in the order of the members.
type Fleet struct {
	Agents []*Agent

	unreached map[string]error // by pod (see Reach)
}

// connectTimeout is how long one agent may take to answer first.
const connectTimeout = 30 * time.Second

// Connect connects to all members at once and asks each who it is and what time
// it has. All must answer: what is missing before a run is an error, named.
func Connect(ctx context.Context, members []Member) (*Fleet, error) {
	f := &Fleet{Agents: make([]*Agent, len(members))}
	err := f.each(len(members), func(i int) error {
		a, err := connect(ctx, members[i])
		f.Agents[i] = a
		return err
	})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Reach connects to as many of the members as can be reached. The error names
// the others; the fleet is to be closed in any case.
func Reach(ctx context.Context, members []Member) (*Fleet, error) {
	f := &Fleet{unreached: map[string]error{}}
	agents, errs := make([]*Agent, len(members)), make([]error, len(members))
	err := f.each(len(members), func(i int) error {
		agents[i], errs[i] = connect(ctx, members[i])
		return errs[i]
	})
	for i, a := range agents {
		if errs[i] == nil {
			f.Agents = append(f.Agents, a)
			continue
		}
		f.unreached[members[i].Pod] = withoutNode(errs[i])
		if a != nil && a.conn != nil {
			_ = a.conn.Close() // there is nothing it could have lost
		}
	}
	return f, err
}

// Unreached is why Reach could not connect to the agent of a pod; nil when it
// did, or was not asked to.
func (f *Fleet) Unreached(pod string) error { return f.unreached[pod] }

func connect(ctx context.Context, m Member) (*Agent, error) {
	a := &Agent{Node: m.Node, Pod: m.Pod, dial: &dialState{}}
	dialer := func(ctx context.Context, _ string) (net.Conn, error) {
		c, err := m.Dial(ctx)
		a.dial.set(err)
		return c, err
	}
	conn, err := grpc.NewClient("passthrough:///"+m.Pod,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // inside the API server's TLS
		grpc.WithContextDialer(dialer),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.3, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 10 * time.Second,
		}),
		// A port-forward that died says nothing: only silence tells.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true}),
		grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
	)
	if err != nil {
		return nil, a.named(err)
	}
	a.conn, a.client = conn, agentv1.NewAgentServiceClient(conn)
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if a.Info, err = a.client.GetInfo(ctx, &agentv1.GetInfoRequest{}); err != nil {
		return a, a.named(err)
	}
	if a.Clock, err = measureClock(ctx, a.client); err != nil {
		return a, a.named(err)
	}
	return a, nil
}

// Close closes the connections; runs go on.
func (f *Fleet) Close() error {
	var errs []error
	for _, a := range f.Agents {
		if a != nil && a.conn != nil {
			errs = append(errs, a.conn.Close())
		}
	}
	return errors.Join(errs...)
}

// each calls do for 0 to n-1 at once, waits, and joins the errors in order.
func (f *Fleet) each(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return joinAgents(errs)
}

// Agent is the agent of a pod; nil when it is not in the fleet.
func (f *Fleet) Agent(pod string) *Agent {
	for _, a := range f.Agents {
		if a.Pod == pod {
			return a
		}
	}
	return nil
}
