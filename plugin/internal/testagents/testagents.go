// Package testagents starts agents for tests as they are in pods, on lines that can
// be cut.
package testagents

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/meshery/kubectl-meshery/agent/inprocess"
)

// ErrCut is a reason why there is no line.
var ErrCut = errors.New("the cable is cut")

// Gone is the dialler's word that the pod does not exist any more.
type Gone struct{}

func (Gone) Error() string  { return "there is no such pod any more" }
func (Gone) NotFound() bool { return true }

// Agent is a running agent and the line to it.
type Agent struct {
	Node, Pod string

	dial func(context.Context) (net.Conn, error)

	mu    sync.Mutex
	down  error
	conns []net.Conn
}

// Start starts agents on nodes worker-1, worker-2 and so on; they end with the test.
func Start(t testing.TB, n int) []*Agent {
	t.Helper()
	var all []*Agent
	for i := range n {
		node := "worker-" + string(rune('1'+i))
		a, err := inprocess.Start(node)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		all = append(all, &Agent{Node: node, Pod: "agent-" + node, dial: a.Dial})
	}
	return all
}

// Dial connects to the agent.
func (a *Agent) Dial(ctx context.Context) (net.Conn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down != nil {
		return nil, a.down
	}
	c, err := a.dial(ctx)
	if err == nil {
		a.conns = append(a.conns, c)
	}
	return c, err
}

// Cut breaks the connections there are; with an error, no others can be made.
func (a *Agent) Cut(down error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
	for _, c := range a.conns {
		_ = c.Close()
	}
	a.conns = nil
}

// Refuse lets no connection be made any more, nil lets it again; those there are
// stay.
func (a *Agent) Refuse(down error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}
