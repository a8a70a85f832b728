//go:build linux

// Package measure runs a program on one CPU, with a bound on its time, and says
// what the kernel charged it for.
package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is a program to run.
type Command struct {
	Args []string
	// Env is added to this process's environment.
	Env   []string
	Stdin string
	Dir   string
	// CPU is the only one the program may run on.
	CPU int
	// Timeout ends the program, and is an error.
	Timeout time.Duration
	// MayFail tells which exit codes other than 0 are no error.
	MayFail []int
}

// Usage is what a program used from its start to its end, as the kernel counts
// it (wait4(2)): start-up and output are in it.
type Usage struct {
	User, System, Elapsed time.Duration
	// PeakRSS is the largest resident set in bytes, shared libraries included.
	PeakRSS int64
	// Sleeps is how often its threads gave up the CPU to wait for something.
	Sleeps int64
}

// CPU is user and system time together.
func (u Usage) CPU() time.Duration { return u.User + u.System }

// Run runs a program to its end and returns what it wrote to stdout. An error
// holds the end of what it wrote to stderr.
func Run(ctx context.Context, c Command) ([]byte, Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.Stdin), &stdout, &stderr
	cmd.Dir, cmd.Env = c.Dir, append(os.Environ(), c.Env...)

	begin := time.Now()
	p, err := start(cmd, c.CPU)
	if err != nil {
		return nil, Usage{}, err
	}
	peak := p.watchPeak()
	err = <-p.ended
	u := Usage{Elapsed: time.Since(begin), PeakRSS: <-peak}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.User, u.System = duration(r.Utime), duration(r.Stime)
		u.PeakRSS = max(u.PeakRSS, reliablePeak(r.Maxrss<<10))
		u.Sleeps = r.Nvcsw
	}
	if ctx.Err() != nil {
		return nil, u, fmt.Errorf("%s: ended after %v: %w", c.Args[0], c.Timeout, context.Cause(ctx))
	}
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		for _, code := range c.MayFail {
			if failed.ExitCode() == code {
				return stdout.Bytes(), u, nil
			}
		}
	}
	if err != nil {
		return nil, u, fmt.Errorf("%s: %w: %s", c.Args[0], err, lastLine(stderr.String(), stdout.String()))
	}
	return stdout.Bytes(), u, nil
}

func lastLine(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			return t[strings.LastIndexByte(t, '\n')+1:]
		}
	}
	return "it said nothing"
}

func duration(t syscall.Timeval) time.Duration {
	return time.Duration(t.Sec)*time.Second + time.Duration(t.Usec)*time.Microsecond
}

// process is a running program.
type process struct {
	pid   int
	ended chan error
}

// start starts cmd on one CPU. A child inherits the affinity of the thread that
// forks it, so it gets a thread of its own, which stays until the child has
// ended: the kernel would take the thread's end for the parent's death.
func start(cmd *exec.Cmd, cpu int) (*process, error) {
	started := make(chan error, 1)
	p := &process{ended: make(chan error, 1)}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread goes with its affinity
		var set unix.CPUSet
		set.Set(cpu)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			started <- fmt.Errorf("bind to CPU %d: %w", cpu, err)
			return
		}
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.ended <- cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// watchPeak reads the process's largest resident set until it ends. The figure
// of wait4 will not do alone: it begins with the size of who forked.
func (p *process) watchPeak() <-chan int64 {
	peak := make(chan int64, 1)
	go func() {
		var highest int64
		for {
			n := highWater(strconv.Itoa(p.pid))
			if n == 0 {
				peak <- highest
				return
			}
			highest = max(highest, n)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return peak
}

// reliablePeak is n where it cannot be this process's own size.
func reliablePeak(n int64) int64 {
	if n <= highWater("self") {
		return 0
	}
	return n
}

// highWater is VmHWM of proc(5) in bytes; 0 when the process has ended.
func highWater(pid string) int64 {
	b, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(b), "VmHWM:")
	if !found {
		return 0 // a zombie has no memory
	}
	kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kb << 10
}
