//go:build linux

package measure

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

// userHz is the unit of times in /proc, 1/100 s on every Linux (proc(5)).
const userHz = 100

// pids are the processes there are.
func pids() []int {
	entries, _ := os.ReadDir("/proc")
	var ids []int
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// stat is a process's parent, and the CPU seconds of its own and of its children
// that have ended.
type stat struct {
	parent     int
	own, ended float64
}

// readStat reads /proc/PID/stat; false when the process has ended.
func readStat(pid int) (stat, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	// The name, in parentheses, may hold spaces.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 15 {
		return stat{}, false
	}
	var ticks [4]float64 // utime stime cutime cstime
	for i := range ticks {
		ticks[i], _ = strconv.ParseFloat(f[11+i], 64)
	}
	parent, _ := strconv.Atoi(f[1])
	return stat{parent, (ticks[0] + ticks[1]) / userHz, (ticks[2] + ticks[3]) / userHz}, true
}

// ProcessCPU is the CPU time a running process has used, to 20 ms.
func ProcessCPU(pid int) time.Duration {
	s, _ := readStat(pid)
	return time.Duration(s.own * float64(time.Second))
}

// ProcessPeak is the largest resident set of a running process, in bytes.
func ProcessPeak(pid int) int64 { return highWater(strconv.Itoa(pid)) }

// Processes are those with the wanted command lines.
func Processes(wanted func(args []string) bool) []int {
	var found []int
	for _, id := range pids() {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/cmdline")
		if err == nil && len(b) > 0 && wanted(strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")) {
			found = append(found, id)
		}
	}
	return found
}
