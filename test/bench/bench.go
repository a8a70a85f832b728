//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/meshery/kubectl-meshery/test/bench/internal/measure"
	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
)

// bench is one measuring of everything.
type bench struct {
	*options
	ctx      context.Context
	work     string
	peers    []peer.Peer
	programs map[string]peer.Program
	servers  servers
	report   report.Report
}

func measureAll(ctx context.Context, o *options) (*report.Report, error) {
	work, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	b := &bench{options: o, ctx: ctx, work: work, peers: peer.All()}
	if err := b.prepare(); err != nil {
		return nil, err
	}
	defer b.servers.stop()
	for _, s := range []struct {
		name    string
		measure func() error
	}{
		{"http1", b.http1}, {"http2", b.http2}, {"grpc", b.grpc}, {"rate", b.rate}, {"truth", b.truth},
		{"memory", b.memory}, {"lateness", b.lateness}, {"cost", b.cost}, {"pod", b.pod},
	} {
		if !o.wants(s.name) {
			continue
		}
		if err := s.measure(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if ctx.Err() != nil {
			return nil, errors.New("interrupted; nothing was kept")
		}
	}
	return &b.report, nil
}

func (b *bench) prepare() error {
	if err := raiseFiles(); err != nil {
		return err
	}
	if err := b.find(); err != nil {
		return err
	}
	// This process mostly waits; it does so away from the clients.
	if err := measure.Bind(os.Getpid(), b.serverCPU); err != nil {
		return err
	}
	return b.serve()
}

// raiseFiles lets the tools open as many connections as the system allows.
func raiseFiles() error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return err
	}
	if r.Max < 4096 {
		return fmt.Errorf("no more than %d open files are allowed: 1,000 connections take more, raise ulimit -n", r.Max)
	}
	r.Cur = min(r.Max, 65536)
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &r)
}

func (b *bench) find() error {
	b.programs = map[string]peer.Program{}
	if _, err := os.Stat(b.binary); err != nil {
		return fmt.Errorf("no program to measure: %w: run make build", err)
	}
	b.programs[peer.Ours] = peer.Program{Path: b.binary}
	names := []string{"nginx"}
	for _, p := range b.peers {
		names = append(names, p.Program)
	}
	b.report.Environment = b.environment()
	for _, name := range names {
		if _, found := b.programs[name]; found {
			continue
		}
		fmt.Fprintln(os.Stderr, "find or build", name)
		p, err := peer.Find(b.ctx, name, b.cache)
		if err != nil {
			return err
		}
		b.programs[name] = p
		b.report.Environment.Tools = append(b.report.Environment.Tools, name+" "+p.Version)
	}
	return nil
}

func (b *bench) environment() report.Environment {
	e := report.Environment{CPUs: runtime.NumCPU(), ServerCPU: b.serverCPU, ClientCPU: b.clientCPU,
		Go: runtime.Version(), Rounds: b.rounds, Seconds: b.duration.Seconds()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		// Its version, without what a distribution calls its build.
		e.Kernel, _, _ = strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	}
	return e
}

// round measures the given tools one after the other, in another order every
// round, so that a drift of the machine hits all alike.
func (b *bench) round(section string, n int, tools []peer.Peer, l peer.Load) {
	for i := range tools {
		b.measure(section, n, tools[(i+n)%len(tools)], l, hooks{})
	}
}

// hooks are called right before and right after a tool has run.
type hooks struct {
	before func() error
	after  func(*report.Run) error
}

// measure runs one tool and keeps what came of it, also when it failed; a tool
// that cannot do the load leaves nothing. A run that was disturbed by others on
// its CPUs is repeated while there is patience left.
func (b *bench) measure(section string, round int, p peer.Peer, l peer.Load, h hooks) {
	for b.ctx.Err() == nil {
		b.waitForQuiet()
		began := time.Now()
		others := measure.WatchOthers(b.serverCPU, b.clientCPU)
		r, err := b.once(p, l, h)
		if errors.Is(err, peer.ErrCannot) {
			return
		}
		r.Section, r.Tool, r.Round = section, p.Name, round
		r.Others = others.Share()
		if err != nil {
			r.Error, r.Answer = err.Error(), nil
		}
		took := time.Since(began)
		if r.Others <= report.Disturbed || took > b.patience {
			b.keep(r)
			return
		}
		b.patience -= took
		say(r, "again: others used %.0f %% of the CPUs", r.Others*100)
	}
}

// waitForQuiet waits until others leave the CPUs alone, while there is patience
// left.
func (b *bench) waitForQuiet() {
	for b.patience > 0 && b.ctx.Err() == nil {
		o := measure.WatchOthers(b.serverCPU, b.clientCPU)
		const look = 300 * time.Millisecond
		time.Sleep(look)
		if o.Share() <= 2*report.Disturbed { // more noise in so short a time
			return
		}
		b.patience -= look
	}
}

func (b *bench) once(p peer.Peer, l peer.Load, h hooks) (report.Run, error) {
	r := report.Run{Load: report.Load{Protocol: l.Protocol, Connections: l.Connections, Streams: l.Streams,
		Rate: l.Rate, Seconds: l.Duration.Seconds()}}
	var err error
	if l.Dir, err = os.MkdirTemp(b.work, "run-"); err != nil {
		return r, err
	}
	defer os.RemoveAll(l.Dir)
	c, err := p.Command(b.programs[p.Program].Path, l)
	if err != nil {
		return r, err
	}
	if h.before != nil {
		if err := h.before(); err != nil {
			return r, err
		}
	}
	if err := b.runOnce(p, l, c, &r); err != nil {
		return r, err
	}
	if h.after != nil {
		return r, h.after(&r)
	}
	return r, nil
}

func (b *bench) runOnce(p peer.Peer, l peer.Load, c peer.Command, r *report.Run) error {
	command := measure.Command{Args: c.Args, Stdin: c.Stdin, Dir: l.Dir, CPU: b.clientCPU, MayFail: c.MayFail,
		// A Go program would start threads for CPUs it may not use.
		Env: append(c.Env, "GOMAXPROCS=1"), Timeout: l.Duration + 20*time.Second}
	out, usage, err := measure.Run(b.ctx, command)
	if err != nil {
		return err
	}
	if c.After != nil {
		out, _, err = measure.Run(b.ctx, measure.Command{Args: c.After, Dir: l.Dir, CPU: b.clientCPU, Timeout: time.Minute})
		if err != nil {
			return err
		}
	}
	a, err := p.Parse(l, out)
	if err != nil {
		return err
	}
	r.Answer, r.CPUSeconds, r.PeakBytes = &a, usage.CPU().Seconds(), usage.PeakRSS
	r.Sleeps = usage.Sleeps
	return nil
}

// keep adds a run and says a line about it.
func (b *bench) keep(r report.Run) {
	b.report.Runs = append(b.report.Runs, r)
	if r.Error != "" {
		line, _, _ := strings.Cut(r.Error, "\n")
		say(r, "failed: %s", line)
		return
	}
	a := r.Answer
	say(r, "%9.0f requests/s  %6.2f µs CPU  p50 %.3f  p99 %.3f ms  %.1f MiB  others %.0f %%  %s",
		float64(a.Requests)/a.Seconds, r.CPUSeconds/float64(a.Requests)*1e6, a.P50, a.P99,
		float64(r.PeakBytes)/(1<<20), r.Others*100, a.Invalid)
}

func say(r report.Run, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%-16s round %d  %-18s %s\n", r.Section, r.Round+1, r.Tool, fmt.Sprintf(format, args...))
}

// only those of the tools with these names, in this order.
func (b *bench) only(names ...string) []peer.Peer {
	var tools []peer.Peer
	for _, n := range names {
		for _, p := range b.peers {
			if p.Name == n {
				tools = append(tools, p)
			}
		}
	}
	return tools
}
