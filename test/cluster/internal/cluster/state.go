package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// State is what `up` leaves for later commands. It never says what is true now,
// only what was made; processes are asked themselves.
type State struct {
	Name         string        `json:"name"`
	ControlPlane proc.Identity `json:"controlPlane"`
	Forwarder    proc.Identity `json:"forwarder"`
	Nodes        []NodeState   `json:"nodes"`
	// Listeners on the machine's loopback, host:port.
	API        string `json:"api"`
	S3         string `json:"s3"`
	Prometheus string `json:"prometheus"`
	Kubectl    string `json:"kubectl"`
	Ctr        string `json:"ctr"`
}

// NodeState is one node. Index is its number, from 1.
type NodeState struct {
	Name    string        `json:"name"`
	Index   int           `json:"index"`
	Process proc.Identity `json:"process"` // supervisor; zero while the node is stopped
	Started time.Time     `json:"started"` // when Process was
	Cut     bool          `json:"cut"`
}

// ErrNoCluster means that nothing of that name was brought up.
var ErrNoCluster = errors.New("no such cluster")

func (l Layout) loadState() (*State, error) {
	b, err := os.ReadFile(l.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cluster %q: %w: start it with 'cluster up --name %s'", l.Name, ErrNoCluster, l.Name)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w: run as root", err)
	}
	if err != nil {
		return nil, err
	}
	var s State
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("state of cluster %q is damaged: %w: take it down and up again", l.Name, err)
	}
	return &s, nil
}

func (l Layout) saveState(s *State) error { return supervise.WriteFile(l.stateFile(), s) }

func (s *State) node(name string) (*NodeState, error) {
	var have []string
	for i := range s.Nodes {
		if s.Nodes[i].Name == name {
			return &s.Nodes[i], nil
		}
		have = append(have, s.Nodes[i].Name)
	}
	return nil, fmt.Errorf("cluster %q has no node %q, it has %q", s.Name, name, have)
}

// processes lists every process the state knows.
func (s *State) processes() []proc.Identity {
	ids := []proc.Identity{s.Forwarder, s.ControlPlane}
	for _, n := range s.Nodes {
		ids = append(ids, n.Process)
	}
	return ids
}
