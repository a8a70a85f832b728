//go:build !linux

package load

import "time"

// sleeper is Go's own timer where no better one is known.
type sleeper struct{}

func newSleeper() sleeper { return sleeper{} }

func (sleeper) sleep(d time.Duration) { time.Sleep(d) }

func (sleeper) close() {}
