// Package inprocess is an agent in the calling process, for runs without a
// cluster. It is the same server as in a pod, reached through memory instead of
// a port-forward.
package inprocess

import (
	"context"
	"errors"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/meshery/kubectl-meshery/agent/internal/scrape"
	"github.com/meshery/kubectl-meshery/agent/internal/selfmetrics"
	"github.com/meshery/kubectl-meshery/agent/internal/server"
)

// Agent is an agent in this process.
type Agent struct {
	server   *server.Server
	grpc     *grpc.Server
	listener *bufconn.Listener
	spool    string
	served   chan error
}

// Start starts an agent that calls itself node. Its spool is a temporary
// directory.
func Start(node string) (*Agent, error) {
	dir, err := os.MkdirTemp("", "meshery-agent-")
	if err != nil {
		return nil, err
	}
	s, err := server.New(server.Config{Node: scrape.Node{Name: node, HostIP: "127.0.0.1"},
		SpoolDir: dir, SpoolBytes: 1 << 30, Metrics: selfmetrics.New()})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	a := &Agent{server: s, grpc: s.GRPC(), listener: bufconn.Listen(1 << 20), spool: dir, served: make(chan error, 1)}
	go func() { a.served <- a.grpc.Serve(a.listener) }()
	return a, nil
}

// Dial connects to the agent.
func (a *Agent) Dial(ctx context.Context) (net.Conn, error) { return a.listener.DialContext(ctx) }

// Close stops the agent's run, if any, and removes its spool.
func (a *Agent) Close() error {
	// Watchers still read the spool until the connections are gone.
	a.server.Stop()
	a.grpc.Stop()
	served := <-a.served
	if errors.Is(served, grpc.ErrServerStopped) { // closed before it began to serve
		served = nil
	}
	return errors.Join(served, a.server.Close(), os.RemoveAll(a.spool))
}
