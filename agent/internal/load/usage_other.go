//go:build !linux

package load

import "runtime/metrics"

// usage is what this process has used so far.
type usage struct {
	cpuSeconds float64
	rssBytes   int64
}

// readUsage asks the Go runtime where /proc is not: CPU without the kernel's
// share, memory as mapped by the runtime.
func readUsage() usage {
	s := []metrics.Sample{{Name: "/cpu/classes/user:cpu-seconds"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(s)
	return usage{cpuSeconds: s[0].Value.Float64(), rssBytes: int64(s[1].Value.Uint64())}
}
