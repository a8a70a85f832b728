package server

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/agent/internal/load"
)

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	const limit = 230 << 20
	for _, c := range []struct {
		name                 string
		connections, targets int
		warmup               time.Duration
		limit                int64
		refused              bool
	}{
		{"many connections", 2000, 1, time.Second, limit, false},
		{"too many connections", 5000, 1, time.Second, limit, true},
		{"without a limit", 5000, 1, time.Second, math.MaxInt64, false},
		{"many targets", 10, 32, time.Second, limit, false},
		{"many connections to many targets", 60, 32, time.Second, limit, true},
		{"what is recorded of many targets", 1, 32, time.Second, 120 << 20, true},
	} {
		targets := make([]load.Target, c.targets)
		for i := range targets {
			targets[i].Clients = &client.Clients{}
		}
		plan := &load.Plan{Connections: c.connections, Warmup: c.warmup}
		err := fits(plan, targets, c.limit)
		if (err != nil) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "more agents") {
			t.Errorf("%v says nothing of what to do", err)
		}
	}
}

// With 32 targets, each with a warm-up, answers and failures, a run stays within
// what was reckoned.
func TestManyTargetsTakeWhatWasReckoned(t *testing.T) {
	url, _ := target(t, 0)
	plan := load.Plan{Rate: 2000, Agents: 1, Connections: 2, Warmup: time.Second, Duration: 1500 * time.Millisecond}
	targets := make([]load.Target, maxTargets)
	for i := range targets {
		clients, err := client.Reach(t.Context(), client.Target{URL: url, Method: "GET", Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		targets[i] = load.Target{Clients: clients, Weight: 1}
	}
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most := live(), int64(0)
	_, err := load.NewEngine(plan, targets, time.Now()).Run(t.Context(), func(*load.Snapshot) { most = max(most, live()-before) })
	if err != nil {
		t.Fatal(err)
	}
	reckoned := plan.Bytes(len(targets))
	for _, target := range targets {
		reckoned += int64(plan.Connections) * target.Clients.BytesPerConnection()
	}
	if most > reckoned || most < reckoned/8 {
		t.Errorf("%d MiB at most, %d MiB reckoned", most>>20, reckoned>>20)
	}
	t.Logf("%d MiB at most, %d MiB reckoned", most>>20, reckoned>>20)
}
