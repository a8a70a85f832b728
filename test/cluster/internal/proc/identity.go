// Package proc names processes in a way that survives pid reuse, and ends them.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Identity is one process for good: a pid is reused, a pid with its start time
// within one boot is not.
type Identity struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since boot, field 22 of /proc/PID/stat
	Boot  string `json:"boot"`  // kernel's id of the boot Start counts from
}

// BootID is the kernel's id of this boot.
var BootID = sync.OnceValue(func() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
})

// Of returns the identity of a process running now.
func Of(pid int) (Identity, error) {
	start, _, err := stat(pid)
	if err != nil {
		return Identity{}, err
	}
	return Identity{PID: pid, Start: start, Boot: BootID()}, nil
}

// Alive says whether this very process still runs. A zombie does not.
func (i Identity) Alive() bool {
	if i.PID <= 0 || i.Boot != BootID() {
		return false
	}
	start, state, err := stat(i.PID)
	return err == nil && start == i.Start && state != 'Z' && state != 'X'
}

// Kill sends SIGKILL to this very process, never to a later one with its pid.
// A process that is gone already is no error.
func (i Identity) Kill() error {
	if i.PID <= 1 {
		return nil
	}
	// On Linux the handle is a pidfd: opened first and checked after, it cannot
	// come to mean another process between the check and the signal.
	p, err := os.FindProcess(i.PID)
	if err != nil {
		return nil
	}
	defer p.Release()
	if !i.Alive() {
		return nil
	}
	if err := p.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end process %d: %w", i.PID, err)
	}
	return nil
}

// WaitGone polls until none of the processes runs, or the time is over; it
// returns those still running.
func WaitGone(ids []Identity, timeout time.Duration) []Identity {
	deadline := time.Now().Add(timeout)
	for {
		var alive []Identity
		for _, id := range ids {
			if id.Alive() {
				alive = append(alive, id)
			}
		}
		if len(alive) == 0 || time.Now().After(deadline) {
			return alive
		}
		ids = alive
		time.Sleep(20 * time.Millisecond)
	}
}

func stat(pid int) (start uint64, state byte, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, err
	}
	return parseStat(b)
}

// parseStat reads state and start time out of /proc/PID/stat. The command name
// is in parentheses and may itself hold spaces and parentheses, so fields are
// counted from the last closing one (proc_pid_stat(5)).
func parseStat(b []byte) (start uint64, state byte, err error) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return 0, 0, fmt.Errorf("process stat without command name: %q", b)
	}
	fields := bytes.Fields(b[end+1:])
	const stateField, startField = 0, 22 - 3
	if len(fields) <= startField || len(fields[stateField]) != 1 {
		return 0, 0, fmt.Errorf("process stat too short: %q", b)
	}
	start, err = strconv.ParseUint(string(fields[startField]), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("process start time: %w", err)
	}
	return start, fields[stateField][0], nil
}
