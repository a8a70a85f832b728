//go:build linux

package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func cpu(t *testing.T) int {
	t.Helper()
	cpus, err := CPUs()
	if err != nil {
		t.Fatal(err)
	}
	return cpus[len(cpus)-1]
}

func sh(t *testing.T, script string) Command {
	return Command{Args: []string{"sh", "-c", script}, CPU: cpu(t), Timeout: time.Minute}
}

func TestAProgramRunsOnItsCPUOnly(t *testing.T) {
	out, _, err := Run(context.Background(), sh(t, "grep Cpus_allowed_list /proc/self/status"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Fields(string(out))[1], fmt.Sprint(cpu(t)); got != want {
		t.Errorf("runs on CPUs %s, want %s", got, want)
	}
}

func TestUsageIsOfTheProgramAndNotOfThisOne(t *testing.T) {
	_, busy, err := Run(context.Background(), sh(t, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"))
	if err != nil {
		t.Fatal(err)
	}
	_, idle, err := Run(context.Background(), sh(t, "sleep 0.3"))
	if err != nil {
		t.Fatal(err)
	}
	if busy.CPU() <= idle.CPU() || busy.CPU() > busy.Elapsed+50*time.Millisecond {
		t.Errorf("busy %+v, idle %+v", busy, idle)
	}
	// It waits for a program, and that one for the time.
	if idle.Sleeps == 0 {
		t.Error("a shell that sleeps never gave up the CPU")
	}
	// A shell is smaller than a Go test, whatever the kernel made of the fork.
	if own := highWater("self"); idle.PeakRSS == 0 || idle.PeakRSS >= own {
		t.Errorf("peak of a shell %d, own %d", idle.PeakRSS, own)
	}
}

func TestFailuresSayWhatTheProgramSaid(t *testing.T) {
	c := sh(t, "echo first >&2; echo last words >&2; exit 4")
	if _, _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), "last words") {
		t.Errorf("error %v", err)
	}
	c.MayFail = []int{4}
	if _, _, err := Run(context.Background(), c); err != nil {
		t.Errorf("a failure that may be: %v", err)
	}
}

func TestRunsAreBounded(t *testing.T) {
	c := sh(t, "exec sleep 60")
	c.Timeout = 100 * time.Millisecond
	if _, _, err := Run(context.Background(), c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestServersAreWaitedForAndStopped(t *testing.T) {
	if _, err := Serve(cpu(t), nil, []string{"sh", "-c", "echo no such port; exit 1"}, Accepting("127.0.0.1:1")); err == nil ||
		!strings.Contains(err.Error(), "no such port") {
		t.Errorf("error %v", err)
	}
	s, err := Serve(cpu(t), nil, []string{"sleep", "60"}, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	pid := s.cmd.Process.Pid
	s.Stop()
	if _, there := readStat(pid); there {
		t.Error("the server is still there")
	}
}

func TestTheFamilyIncludesChildrenThatHaveEnded(t *testing.T) {
	before := family(os.Getpid())
	if _, _, err := Run(context.Background(), sh(t, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")); err != nil {
		t.Fatal(err)
	}
	if family(os.Getpid()) <= before {
		t.Error("the work of a child is missing")
	}
}
