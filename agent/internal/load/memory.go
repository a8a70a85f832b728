package load

import (
	"runtime"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// maxTallies bounds how many targets times shards there are: a set of tallies is
// some 700 KB, and where there are many targets, workers meet less often at one.
const maxTallies = 16

// shards is in how many parts a recorder is split.
func (p *Plan) shards(targets int) int {
	return max(1, min(p.workers(), runtime.GOMAXPROCS(0), 8, maxTallies/max(1, targets)))
}

// Bytes is about what recording takes of memory, with every histogram in use:
// two sets of tallies for each target and shard, twice with a warm-up, and what
// is read every second.
func (p *Plan) Bytes(targets int) int64 {
	sets := int64(2 * p.shards(targets) * targets)
	if p.Warmup > 0 {
		sets *= 2
	}
	read := int64(targets)
	if targets > 1 {
		read++ // their sum
	}
	const histograms = 5
	return histograms * (sets*histogram.CounterBytes + read*histogram.Bytes)
}
