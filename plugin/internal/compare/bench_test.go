package compare

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
)

// 2 x 100 runs, from their documents on.
func BenchmarkCompare(b *testing.B) {
	runs := synthetic.Runs{Noise: synthetic.Noises[0], Random: rand.New(rand.NewPCG(1, 1))}
	for b.Loop() {
		one, other := &Group{}, &Group{}
		for range 100 {
			one.Add(runs.Result(0))
			other.Add(runs.Result(0))
		}
		if _, err := Compare(one, other, Options{}); err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB-kept")
		runtime.KeepAlive([]*Group{one, other})
	}
}
