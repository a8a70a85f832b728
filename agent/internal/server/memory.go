package server

import (
	"fmt"
	"math"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
)

// baseMemory is what an agent takes before its first connection.
const baseMemory = 48 << 20

// fits holds a run against the agent's memory limit (GOMEMLIMIT): an agent that
// is killed in the middle takes its measurements with it.
func fits(p *load.Plan, targets []load.Target, limit int64) error {
	recording := p.Bytes(len(targets))
	var connections int64
	for _, t := range targets {
		connections += int64(p.Connections) * t.Clients.BytesPerConnection()
	}
	if need := baseMemory + recording + connections; limit != math.MaxInt64 && need > limit {
		return fmt.Errorf("%d connections to each of %d targets take about %d MiB, recording %d MiB and the rest %d MiB, and the agent has %d MiB: use fewer connections or targets, or more agents",
			p.Connections, len(targets), connections>>20, recording>>20, baseMemory>>20, limit>>20)
	}
	return nil
}
