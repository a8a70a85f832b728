package server

import (
	"fmt"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
)

// baseFiles is what a process has open beside its connections to targets: the
// spool, what is scraped, its own ports and watchers, and the runtime's.
const baseFiles = 64

// filesFit holds a run against how many files the process may open (RLIMIT_NOFILE):
// connections that the agent cannot make would count as failures of the target.
func filesFit(p *load.Plan, targets int, limit uint64) error {
	connections := uint64(p.Connections) * uint64(targets)
	if connections+baseFiles > limit {
		return fmt.Errorf("%d connections to each of %d targets need %d open files, the rest %d, and the agent may open %d: use fewer connections or targets, more agents, or raise the limit (ulimit -n)",
			p.Connections, targets, connections, baseFiles, limit)
	}
	return nil
}
