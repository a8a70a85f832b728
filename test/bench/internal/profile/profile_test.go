//go:build linux

package profile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
)

// write makes a profile of stacks, innermost function first, with one sample
// each.
func write(t *testing.T, stacks ...[]string) string {
	t.Helper()
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}
	for _, stack := range stacks {
		s := &profile.Sample{Value: []int64{10}}
		for _, name := range stack {
			f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name}
			l := &profile.Location{ID: f.ID, Line: []profile.Line{{Function: f}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			s.Location = append(s.Location, l)
		}
		p.Sample = append(p.Sample, s)
	}
	file := filepath.Join(t.TempDir(), "cpu.pprof")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSharesFollowTheStacks(t *testing.T) {
	const work = module + "agent/internal/load.(*Engine).closedLoop"
	got, err := Shares(write(t,
		[]string{"runtime.memmove", module + "agent/internal/load.(*recorder).record", work},
		[]string{"syscall.Syscall", "fortio.org/fortio/fhttp.(*FastClient).StreamFetch", module + "agent/internal/client.(*fastCaller).Call", work},
		[]string{"runtime.nanotime", work},
		[]string{"google.golang.org/grpc/internal/transport.(*loopyWriter).run"},
		[]string{"compress/flate.(*compressor).deflate", module + "internal/histogram.(*Histogram).Encode", module + "agent/internal/server.snapshotChunk"},
		[]string{"runtime.scanobject", "runtime.gcBgMarkWorker"},
		[]string{"encoding/json.Marshal", module + "plugin/cmd.(*runOptions).run"},
		[]string{"runtime.netpoll", "runtime.findRunnable"},
	))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{report.Histograms: 2. / 8, client: 1. / 8, loop: 1. / 8, report.Streaming: 2. / 8, report.Garbage: 1. / 8, rest: 1. / 8} {
		if got[name] != want {
			t.Errorf("%s: %g, want %g", name, got[name], want)
		}
	}
}

// Functions that were renamed must not look as if they were free.
func TestAProfileWithoutTheLoadIsAnError(t *testing.T) {
	if got, err := Shares(write(t, []string{"main.main"})); err == nil {
		t.Errorf("shares %v", got)
	}
}
