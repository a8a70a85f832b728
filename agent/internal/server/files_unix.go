//go:build unix

package server

import (
	"math"

	"golang.org/x/sys/unix"
)

// mayOpen is how many files this process may have open. The Go runtime has raised
// the soft limit to the hard one at its start.
func mayOpen() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return math.MaxUint64
	}
	return uint64(r.Cur)
}
