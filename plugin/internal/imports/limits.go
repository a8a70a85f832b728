package imports

import (
	"bytes"
	"fmt"
)

// Bounds of what is taken for a run. Fortio's have a few kilobytes and a few hundred
// buckets; our own export adds the Result, with the histograms of all agents.
const (
	maxRunBytes      = 2 << 20
	maxExportedBytes = 16 << 20
	maxRuns          = 10_000
	// maxValues is how many values the lists and objects of a run hold together: an
	// agent of no byte but "{}" takes hundreds of them in memory.
	maxValues = 300_000
)

// tooLarge refuses one run, of which what is too much.
func tooLarge(raw []byte, what string) error {
	if bytes.Contains(raw, []byte(`"Meshery"`)) {
		return fmt.Errorf("it has more than %s, and no export of this plugin is imported that large: 'results get' writes the Result itself, which 'compare' and 'report' read", what)
	}
	return fmt.Errorf("it has more than %s, too many for one run: Fortio's files are far smaller", what)
}

// mebibytes is a size in words.
func mebibytes(n int) string { return fmt.Sprintf("%d MiB", n>>20) }
