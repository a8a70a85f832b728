//go:build linux

package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/profile"
	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
)

// profiler is a file more for the plugin's main package, which profiles it.
//
//go:embed profiler.go.txt
var profiler []byte

// cost is what the CPU of a closed loop is spent on, from a profile of the same
// program with one file more. A profile takes the time where it is spent, which
// a comparison with a loop that measures nothing could only guess from the
// difference of two noisy sums.
func (b *bench) cost() error {
	program, err := b.profiled()
	if err != nil {
		return err
	}
	p := b.only(peer.Ours)[0]
	p.Program = "profiled"
	b.programs[p.Program] = program
	l := b.plain()
	for n := range b.rounds {
		file := filepath.Join(b.work, "cpu.pprof")
		// From when the load has begun until shortly before its end.
		p := p.With("BENCH_PROFILE="+file, "BENCH_PROFILE_FROM=1s", "BENCH_PROFILE_FOR="+(l.Duration-1500*time.Millisecond).String())
		b.measure(report.Cost, n, p, l, hooks{after: func(r *report.Run) error {
			r.Shares, err = profile.Shares(file)
			return err
		}})
	}
	return nil
}

// profiled builds our program with the profiler.
func (b *bench) profiled() (peer.Program, error) {
	source := filepath.Join(b.work, "profiler.go")
	if err := os.WriteFile(source, profiler, 0o644); err != nil {
		return peer.Program{}, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(b.root, "plugin", "profiler.go"): source},
	})
	if err != nil {
		return peer.Program{}, err
	}
	file := filepath.Join(b.work, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o644); err != nil {
		return peer.Program{}, err
	}
	out := filepath.Join(b.work, "kubectl-meshery-profiled")
	cmd := exec.CommandContext(b.ctx, "go", "build", "-C", b.root, "-overlay", file, "-o", out, "./plugin")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return peer.Program{}, fmt.Errorf("build with a profiler: %w\n%s", err, said.Bytes())
	}
	return peer.Program{Path: out}, nil
}
